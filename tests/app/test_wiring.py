import asyncio
from pathlib import Path

import keyring.errors
import pytest

from app.paths import Paths, paths
from app.wiring import PASSPHRASE, open_workplace, prune_daily
from proxy_core import Settings, VaultLockedError, VaultUnavailableError
from proxy_core.errors import StoreError
from proxy_core.settings import UsageSettings
from proxy_core.stores.memory import MemoryUsage
from tests.proxy_core.stores.backends import KeptBackend, RaisingBackend, use_backend

LOCKED = keyring.errors.KeyringLocked("locked")
NONE = keyring.errors.NoKeyringError("none")


@pytest.fixture
def places(tmp_path: Path) -> Paths:
    return paths(str(tmp_path / "home"))


async def test_the_vault_that_was_chosen_is_remembered(places: Paths) -> None:
    environment = {PASSPHRASE: "x"}
    first = await open_workplace(places, environment, vault_kind="file")
    assert (first.vault_kind, first.vault_status.state) == ("file", "ready")
    again = await open_workplace(places, environment)
    assert again.vault_kind == "file"
    assert again.settings.vault.kind == "file"


async def test_a_choice_for_once_does_not_change_the_settings(
    places: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_backend(monkeypatch, KeptBackend())
    await open_workplace(places, {PASSPHRASE: "x"}, vault_kind="file")
    other = await open_workplace(places, {}, vault_kind="keyring")
    assert (other.vault_kind, other.settings.vault.kind) == ("keyring", "file")


async def test_without_a_probe_the_vault_is_not_touched(
    places: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = KeptBackend()
    backend.before_read = backend.before_write = lambda name: pytest.fail("touched")
    use_backend(monkeypatch, backend)
    place = await open_workplace(places, {}, probe=False)
    assert place.vault_status.state != "ready"


@pytest.mark.allow_logs
async def test_memory_takes_over_where_there_is_no_keyring_and_nothing_in_it(
    places: Paths, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    use_backend(monkeypatch, RaisingBackend(NONE))
    place = await open_workplace(places, {}, memory_fallback=True)
    assert place.vault_kind == "memory"
    assert "--vault file" in place.vault_status.message
    assert "only in memory" in caplog.text
    place.need_vault()


@pytest.mark.parametrize(
    "text",
    [
        "[[accounts]]\nid = 'a'\nprovider = 'p'\n",
        "[[client_keys]]\nid = 'k'\nname = 'n'\n",
    ],
)
async def test_memory_never_hides_that_a_vault_with_secrets_is_dead(
    places: Paths, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    use_backend(monkeypatch, RaisingBackend(NONE))
    await asyncio.to_thread(places.config.mkdir)
    await asyncio.to_thread(places.settings.write_text, text)
    place = await open_workplace(places, {}, memory_fallback=True)
    assert (place.vault_kind, place.vault_status.state) == ("keyring", "unavailable")
    with pytest.raises(VaultUnavailableError):
        place.need_vault()


async def test_a_locked_keyring_of_an_installation_in_use_stays_locked(
    places: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_backend(monkeypatch, RaisingBackend(LOCKED))
    await asyncio.to_thread(places.config.mkdir)
    await asyncio.to_thread(places.settings.touch)
    place = await open_workplace(places, {}, memory_fallback=True)
    assert (place.vault_kind, place.vault_status.state) == ("keyring", "locked")
    with pytest.raises(VaultLockedError):
        place.need_vault()


async def test_a_keyring_that_was_asked_for_by_name_is_not_replaced(
    places: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_backend(monkeypatch, RaisingBackend(NONE))
    place = await open_workplace(places, {}, vault_kind="keyring", memory_fallback=True)
    assert place.vault_kind == "keyring"


async def test_a_file_vault_without_its_passphrase_is_locked_and_never_memory(places: Paths) -> None:
    place = await open_workplace(places, {}, vault_kind="file", memory_fallback=True)
    assert (place.vault_kind, place.vault_status.state) == ("file", "locked")


class OneDay:
    """A clock on which the second day never comes."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def now(self) -> float:
        return 100 * 86400.0

    def monotonic(self) -> float:
        return 0.0

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        if len(self.slept) > 1:
            raise asyncio.CancelledError


@pytest.mark.allow_logs
async def test_old_usage_is_pruned_at_once_and_daily_also_after_a_failure(
    caplog: pytest.LogCaptureFixture,
) -> None:
    asked: list[float] = []

    class Ledger(MemoryUsage):
        async def prune(self, older_than: float) -> int:
            asked.append(older_than)
            if len(asked) == 1:
                raise StoreError("the disk is full")
            return 0

    clock = OneDay()
    settings = Settings(usage=UsageSettings(keep_days=30))
    with pytest.raises(asyncio.CancelledError):
        await prune_daily(Ledger(), lambda: settings, clock)
    assert asked == [70 * 86400.0] * 2
    assert clock.slept == [86400.0] * 2
    assert "the disk is full" in caplog.text
