from dataclasses import replace

from proxy_core.stores.memory import MemoryUsage, MemoryVault
from tests.contract.rows import ROW


async def test_the_vault_says_that_nothing_protects_it() -> None:
    status = await MemoryVault("No keyring here.").status()
    assert (status.state, status.protected_by) == ("ready", "nothing: memory only")
    assert status.message == "No keyring here."


async def test_the_ledger_keeps_only_the_newest_rows() -> None:
    ledger = MemoryUsage(most=2)
    for number in range(3):
        await ledger.add(replace(ROW, id=str(number), started_at=float(number)))
    assert [row.id for row in await ledger.recent(9)] == ["2", "1"]
