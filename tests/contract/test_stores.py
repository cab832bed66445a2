"""What every store of a kind must do, whichever it is."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from proxy_core.store import CredentialStore, UsageRow, UsageStore
from proxy_core.stores.file_vault import FileVault
from proxy_core.stores.keyring import KeyringVault
from proxy_core.stores.memory import MemoryUsage, MemoryVault
from proxy_core.stores.sqlite import SqliteUsage
from tests.contract.rows import DAY_S, NOON, ROW
from tests.proxy_core.stores.backends import KeptBackend, use_backend

SECRETS = ("short", "x" * 6000, "späte Schlüssel → 🗝", "line\nline", '{"json": "as text"}', "")


def file_vault(folder: Path) -> CredentialStore:
    return FileVault(folder / "vault", "passphrase")


def keyring_vault(folder: Path) -> CredentialStore:
    return KeyringVault("Trunkline test", folder / "keyring.lock")


def keyring_in_parts(folder: Path) -> CredentialStore:
    return KeyringVault("Trunkline test", folder / "keyring.lock", part_size=7)


def memory_vault(_: Path) -> CredentialStore:
    return MemoryVault()


@pytest.fixture(params=[file_vault, keyring_vault, keyring_in_parts, memory_vault])
def vault(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CredentialStore:
    use_backend(monkeypatch, KeptBackend())
    make: Callable[[Path], CredentialStore] = request.param
    return make(tmp_path)


async def test_a_new_vault_is_ready_and_empty(vault: CredentialStore) -> None:
    status = await vault.status()
    assert status.state == "ready"
    assert status.protected_by
    assert await vault.names() == ()
    assert await vault.get("account/none") is None


@pytest.mark.parametrize("secret", SECRETS)
async def test_secrets_come_back_as_they_were(vault: CredentialStore, secret: str) -> None:
    await vault.put("account/a", "before")
    await vault.put("account/a", secret)
    assert await vault.get("account/a") == secret


async def test_names_are_sorted_and_each_there_once(vault: CredentialStore) -> None:
    for name in ("client-key/z", "account/b", "account/a/../b", "account/b"):
        await vault.put(name, name)
    assert await vault.names() == ("account/a/../b", "account/b", "client-key/z")
    assert [await vault.get(name) for name in await vault.names()] == list(await vault.names())


async def test_what_is_removed_is_gone_and_removing_twice_is_fine(vault: CredentialStore) -> None:
    await vault.put("account/a", "x" * 100)
    await vault.put("account/b", "y")
    await vault.remove("account/a")
    await vault.remove("account/a")
    assert await vault.get("account/a") is None
    assert await vault.names() == ("account/b",)


def sqlite_usage(folder: Path) -> UsageStore:
    return SqliteUsage(folder / "usage.sqlite3")


def memory_usage(_: Path) -> UsageStore:
    return MemoryUsage()


@pytest.fixture(params=[sqlite_usage, memory_usage])
async def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[UsageStore]:
    made: UsageStore = request.param(tmp_path)
    yield made
    await made.close()


BARE = replace(
    ROW,
    id="bare",
    client_key=None,
    requested_model=None,
    model=None,
    provider=None,
    account=None,
    upstream_dialect=None,
    status=401,
    error="CredentialError",
    attempts=0,
    first_byte_s=None,
    input_tokens=None,
    cached_tokens=None,
    cache_write_tokens=None,
    output_tokens=None,
    reasoning_tokens=None,
    usage_estimated=True,
    cost_micro=None,
    streamed=False,
    dropped="",
)


@pytest.mark.parametrize("row", [ROW, BARE], ids=lambda row: row.id)
async def test_rows_come_back_as_they_were(ledger: UsageStore, row: UsageRow) -> None:
    await ledger.add(row)
    assert list(await ledger.recent(5)) == [row]


async def test_the_newest_rows_come_first_and_in_pages(ledger: UsageStore) -> None:
    for number in (2, 0, 3, 1):
        await ledger.add(replace(ROW, id=str(number), started_at=NOON + number))
    assert [row.id for row in await ledger.recent(2)] == ["3", "2"]
    assert [row.id for row in await ledger.recent(2, before=NOON + 2)] == ["1", "0"]


async def test_pruning_drops_old_rows_and_says_how_many(ledger: UsageStore) -> None:
    for number in range(4):
        await ledger.add(replace(ROW, id=str(number), started_at=NOON - number * DAY_S))
    assert await ledger.prune(NOON - 1.5 * DAY_S) == 2
    assert await ledger.prune(NOON - 1.5 * DAY_S) == 0
    assert [row.id for row in await ledger.recent(9)] == ["0", "1"]


async def test_closing_twice_or_unused_is_fine(ledger: UsageStore) -> None:
    await ledger.close()
    await ledger.close()
