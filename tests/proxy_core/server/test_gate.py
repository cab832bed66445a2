import asyncio
from contextlib import suppress

import pytest

from proxy_core.errors import VaultLockedError
from proxy_core.keys import vault_name
from proxy_core.server.gate import RETRY_S, Gate
from proxy_core.stores.memory import MemoryVault
from tests.proxy_core.clocks import FakeClock


class Vault(MemoryVault):
    """Locked, hanging or open; counts."""

    is_locked = True
    hangs = False
    asked = 0

    async def get(self, name: str) -> str | None:
        self.asked += 1
        if self.hangs:
            await asyncio.Event().wait()
        if self.is_locked:
            raise VaultLockedError("Locked.")
        return await super().get(name)


async def locked(patience_s: float = 3.0) -> tuple[Gate, Vault, FakeClock]:
    vault, clock = Vault(), FakeClock()
    await vault.put(vault_name("default"), "tl-mine")

    async def reopen() -> None:
        with suppress(VaultLockedError):
            await gate.load(())

    gate = Gate(vault, clock, reopen, patience_s)
    with pytest.raises(VaultLockedError):
        await gate.load(())
    return gate, vault, clock


async def test_an_open_vault_needs_no_second_question() -> None:
    gate, vault, _ = await locked()
    vault.is_locked = False
    await gate.load(())
    asked = vault.asked
    assert await gate.identify("tl-mine") == "default"
    assert await gate.identify("tl-other") is None
    assert (gate.default, gate.error, vault.asked) == ("tl-mine", None, asked)


async def test_a_locked_one_is_asked_again_but_not_at_every_call() -> None:
    gate, vault, clock = await locked()
    for _ in range(3):
        with pytest.raises(VaultLockedError):
            await gate.identify("tl-mine")
    assert vault.asked == 1
    await clock.advance(RETRY_S + 1)
    with pytest.raises(VaultLockedError):
        await gate.identify("tl-mine")
    assert vault.asked == 2
    vault.is_locked = False
    await clock.advance(RETRY_S + 1)
    assert await gate.identify("tl-mine") == "default"


async def test_one_that_hangs_holds_nobody_up_and_is_asked_once() -> None:
    gate, vault, clock = await locked(patience_s=0.01)
    vault.hangs = True
    await clock.advance(RETRY_S + 1)
    found = await asyncio.gather(*[gate.identify("tl-mine") for _ in range(3)], return_exceptions=True)
    assert [type(one) for one in found] == [VaultLockedError] * 3
    with pytest.raises(VaultLockedError):
        await gate.identify("tl-mine")
    assert vault.asked == 2
    await gate.close()


async def test_keys_that_are_known_stay_good_when_the_vault_locks() -> None:
    gate, vault, _ = await locked()
    vault.is_locked = False
    await gate.load(())
    vault.is_locked = True
    with pytest.raises(VaultLockedError):
        await gate.load(())
    assert await gate.identify("tl-mine") == "default"
