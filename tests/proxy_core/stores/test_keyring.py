import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import keyring.errors
import pytest

from proxy_core.errors import CredentialError, StoreError, VaultLockedError, VaultUnavailableError
from proxy_core.stores.keyring import KeyringVault
from tests.architecture.tree import ROOT
from tests.proxy_core.stores.backends import (
    ForgetfulBackend,
    KeptBackend,
    RaisingBackend,
    WaitingBackend,
    use_backend,
)


class Crash(BaseException):
    """The program is killed."""


@pytest.fixture
def backend(monkeypatch: pytest.MonkeyPatch) -> KeptBackend:
    made = KeptBackend()
    use_backend(monkeypatch, made)
    return made


def vault(folder: Path, **more: float) -> KeyringVault:
    part_size = more.pop("part_size", None)
    size = None if part_size is None else int(part_size)
    return KeyringVault("Trunkline test", folder / "lock", size, **more)


async def test_a_probe_leaves_nothing_behind(tmp_path: Path, backend: KeptBackend) -> None:
    assert (await vault(tmp_path).status()).state == "ready"
    assert backend.entries == {}


async def test_small_backends_get_parts_and_keep_no_old_ones(tmp_path: Path, backend: KeptBackend) -> None:
    backend.limit = 2560  # the Windows Credential Manager, in bytes of UTF-16
    small = vault(tmp_path, part_size=1200)
    for secret in ("a" * 5000, "b" * 3000, "c"):
        await small.put("account/a", secret)
        assert await small.get("account/a") == secret
    assert sorted(name for _, name in backend.entries) == ["account/a", "index"]


async def test_a_crash_at_any_write_leaves_the_old_or_the_new(tmp_path: Path, backend: KeptBackend) -> None:
    old, new = "o" * 30, "n" * 40
    outcomes = []
    for crash_at in range(12):
        backend.before_write = lambda _: None
        backend.entries.clear()
        small = vault(tmp_path, part_size=10)
        await small.put("account/a", old)
        writes = iter(range(100))

        def crash(_: str, writes: Iterator[int] = writes, crash_at: int = crash_at) -> None:
            if next(writes) == crash_at:
                raise Crash

        backend.before_write = crash
        try:
            await small.put("account/a", new)
        except Crash:
            acknowledged = False
        else:
            acknowledged = True
        backend.before_write = lambda _: None
        found = await vault(tmp_path, part_size=10).get("account/a")
        assert found == new if acknowledged else found in (old, new)
        outcomes.append(found)
    assert set(outcomes) == {old, new}


async def test_a_reader_survives_that_another_process_replaces_the_parts(
    tmp_path: Path, backend: KeptBackend
) -> None:
    reader, writer = vault(tmp_path, part_size=5), vault(tmp_path, part_size=5)
    await writer.put("account/a", "o" * 20)
    flipped = dict(backend.entries)
    await writer.put("account/a", "n" * 20)
    after = dict(backend.entries)
    backend.entries = flipped

    def flip_once(name: str) -> None:
        if "#" in name:
            backend.entries = after
            backend.before_read = lambda _: None

    backend.before_read = flip_once
    assert await reader.get("account/a") == "n" * 20


async def test_a_lost_part_is_said_and_is_not_an_empty_vault(tmp_path: Path, backend: KeptBackend) -> None:
    small = vault(tmp_path, part_size=5)
    await small.put("account/a", "x" * 20)
    backend.entries = {key: value for key, value in backend.entries.items() if not key[1].endswith("#2")}
    with pytest.raises(CredentialError, match="lost a part"):
        await small.get("account/a")


async def test_services_do_not_mix(tmp_path: Path, backend: KeptBackend) -> None:
    one, two = KeyringVault("one", tmp_path / "lock"), KeyringVault("two", tmp_path / "lock")
    await one.put("account/a", "1")
    assert await two.get("account/a") is None
    assert await two.names() == ()


SECRET = "sk-in-the-error"  # what a backend might quote


@pytest.mark.parametrize(
    ("error", "kind", "state", "words"),
    [
        (keyring.errors.NoKeyringError("none"), VaultUnavailableError, "unavailable", "--vault file"),
        (keyring.errors.KeyringLocked("the collection"), VaultLockedError, "locked", "Unlock it"),
        (keyring.errors.InitError("Prompt dismissed.."), VaultLockedError, "locked", "Prompt dismissed)"),
        (keyring.errors.PasswordSetError(SECRET), VaultUnavailableError, "unavailable", "PasswordSetError"),
        (ConnectionResetError(SECRET), VaultUnavailableError, "unavailable", "ConnectionResetError"),
    ],
)
async def test_a_dead_keyring_is_a_state_and_never_empty(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    kind: type[CredentialError],
    state: str,
    words: str,
) -> None:
    use_backend(monkeypatch, RaisingBackend(error))
    dead = vault(tmp_path)
    status = await dead.status()
    assert (status.state, SECRET in status.message) == (state, False)
    assert words in status.message
    for call in (dead.get("a"), dead.put("a", "b"), dead.remove("a"), dead.names()):
        with pytest.raises(kind):
            await call


async def test_a_keyring_that_forgets_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use_backend(monkeypatch, ForgetfulBackend())
    status = await vault(tmp_path).status()
    assert status.state == "unavailable"
    assert "does not keep" in status.message


async def test_a_plain_text_keyring_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = type("PlaintextKeyring", (KeptBackend,), {"__module__": "keyrings.alt.file"})
    use_backend(monkeypatch, plain())
    status = await vault(tmp_path).status()
    assert status.state == "unavailable"
    assert "plain text" in status.message


async def test_a_keyring_that_waits_for_its_user_is_locked_until_it_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = WaitingBackend()
    waiting.entries["Trunkline test", "account/a"] = "w:x"
    use_backend(monkeypatch, waiting)
    slow = vault(tmp_path, timeout_s=0.05)
    assert (await slow.status()).state == "locked"
    # the second call does not even queue up
    with pytest.raises(VaultLockedError, match="does not answer"):
        await slow.get("account/a")
    waiting.answered.set()
    await slow._worker.run(lambda: None)  # what was begun is finished
    assert await slow.get("account/a") == "x"
    assert (await slow.status()).state == "ready"


async def test_a_lock_that_cannot_be_had_is_an_error_of_the_store(
    tmp_path: Path, backend: KeptBackend
) -> None:
    (tmp_path / "file").touch()
    stuck = KeyringVault("Trunkline test", tmp_path / "file" / "lock")
    with pytest.raises(StoreError, match="cannot be written"):
        await stuck.put("a", "b")


@pytest.mark.skipif(not os.environ.get("TRUNKLINE_GATE_DESKTOP"), reason="needs the gate's keyring")
class TestSecretService:
    """Against the real one: GNOME keyring, unlocked."""

    @pytest.fixture
    def service(self, monkeypatch: pytest.MonkeyPatch) -> str:
        from keyring.backends.SecretService import Keyring

        use_backend(monkeypatch, Keyring())  # type: ignore[no-untyped-call]
        return f"Trunkline test {secrets.token_hex(4)}"

    async def test_round_trips(self, tmp_path: Path, service: str) -> None:
        real = KeyringVault(service, tmp_path / "lock")
        status = await real.status()
        assert (status.state, status.message) == ("ready", "")
        assert "SecretService" in status.protected_by
        for secret in ("short", "x" * 6000, "späte Schlüssel → 🗝"):
            await real.put("account/a", secret)
            assert await KeyringVault(service, tmp_path / "lock").get("account/a") == secret
        assert await real.names() == ("account/a",)
        await real.remove("account/a")
        assert await real.get("account/a") is None
        assert await real.names() == ()

    async def test_parts(self, tmp_path: Path, service: str) -> None:
        real = KeyringVault(service, tmp_path / "lock", part_size=50)
        for secret in ("a" * 400, "b" * 120, "c"):
            await real.put("account/a", secret)
            assert await real.get("account/a") == secret
        await real.remove("account/a")
        assert await real.get("account/a") is None

    def test_without_a_bus_it_is_unavailable(self, tmp_path: Path) -> None:
        code = (
            "import asyncio, sys; from pathlib import Path\n"
            "from proxy_core.stores.keyring import KeyringVault\n"
            "print(asyncio.run(KeyringVault('x', Path(sys.argv[1])).status()))"
        )
        foreign = ("DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR", "DISPLAY", "WAYLAND_DISPLAY")
        env = {name: value for name, value in os.environ.items() if name not in foreign}
        env["XDG_RUNTIME_DIR"] = str(tmp_path)
        done = subprocess.run(
            [sys.executable, "-c", code, str(tmp_path / "lock")],
            cwd=ROOT,
            env=env,
            capture_output=True,
            text=True,
            check=True,
        )
        assert "state='unavailable'" in done.stdout, done.stdout
        assert "--vault file" in done.stdout
