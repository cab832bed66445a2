"""Killed without warning, again and again: what was acknowledged is there, and every file can be read."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from proxy_core.stores.file_vault import FileVault
from proxy_core.stores.files import TomlSettings
from proxy_core.stores.keyring import KeyringVault
from proxy_core.stores.sqlite import SqliteUsage
from tests.architecture.tree import ROOT

ROUNDS = 6
BUDGET_S = 12.0

WRITER = """
import asyncio, itertools, sys
from dataclasses import replace
from pathlib import Path

folder, first = Path(sys.argv[2]), int(sys.argv[3])

async def settings(number):
    from proxy_core.stores.files import TomlSettings
    def edit(document):
        document.setdefault("usage", {})["keep_days"] = 1 + number % 3000
    global store
    store = globals().get("store") or TomlSettings(folder / "settings.toml", {})
    await store.change(edit)

async def file_vault(number):
    from proxy_core.stores.file_vault import FileVault
    global store
    store = globals().get("store") or FileVault(folder / "vault", "passphrase")
    await store.put("account/a", f"{number}-" + "x" * 3000)

async def keyring_vault(number):
    import keyring
    from tests.end_to_end.file_backend import FileBackend
    from proxy_core.stores.keyring import KeyringVault
    global store
    if "store" not in globals():
        keyring.set_keyring(FileBackend(folder))
        store = KeyringVault("Trunkline test", folder / "lock", part_size=700)
    await store.put("account/a", f"{number}-" + "x" * 3000)

async def ledger(number):
    from proxy_core.stores.sqlite import SqliteUsage
    from tests.contract.rows import ROW
    global store
    store = globals().get("store") or SqliteUsage(folder / "usage.sqlite3")
    await store.add(replace(ROW, id=f"{number:09}", started_at=float(number)))

async def main():
    write = globals()[sys.argv[1]]
    for number in itertools.count(first):
        await write(number)
        print(number, flush=True)

asyncio.run(main())
"""


def killed_writer(kind: str, folder: Path, first: int, lines: int, delay_s: float) -> int:
    """Let a writer acknowledge some lines, kill it a little later; return the last number that it printed."""
    command = [sys.executable, "-c", WRITER, kind, str(folder), str(first)]
    last = first - 1
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        for _ in range(lines):
            last = int(writer.stdout.readline())
        # no signal tells when it is in the middle of a write, so the moment is varied
        deadline = time.monotonic() + delay_s
        while time.monotonic() < deadline:
            pass
        writer.kill()
        for line in writer.stdout:
            if line.endswith("\n"):
                last = int(line)
    return last


def survives(kind: str, folder: Path, read: Callable[[], int]) -> None:
    """Kill writers in a loop; ``read`` returns the newest number that is kept."""
    began = time.monotonic()
    last = 0
    for attempt in range(ROUNDS):
        acknowledged = killed_writer(kind, folder, last + 1, lines=2 + attempt, delay_s=0.0007 * attempt)
        last = read()
        assert last in (acknowledged, acknowledged + 1), f"{acknowledged} was acknowledged, {last} is there"
        if time.monotonic() - began > BUDGET_S:
            break
    assert last > 3


def days(path: Path) -> int:
    return asyncio.run(TomlSettings(path, {}).load()).usage.keep_days


def test_settings(tmp_path: Path) -> None:
    survives("settings", tmp_path, lambda: days(tmp_path / "settings.toml") - 1)
    left = [path for path in tmp_path.iterdir() if path.suffix == ".tmp"]
    assert len(left) <= 1, "what killed writers leave is swept by the next one"


AT_A_CALL = """
import asyncio, os, signal, sys
from pathlib import Path
from proxy_core.stores.files import TomlSettings

def before(owner, name, wanted):
    call = getattr(owner, name)
    def called(*args, **named):
        if wanted(*args):
            os.kill(os.getpid(), signal.SIGKILL)
        return call(*args, **named)
    setattr(owner, name, called)

step = sys.argv[2]
if step == "before it is synced":
    before(os, "fsync", lambda number: True)
if step == "before it is renamed":
    before(Path, "replace", lambda *paths: True)
if step == "before the folder is synced":
    from proxy_core.stores import atomic
    before(atomic, "sync_folder", lambda folder: True)
store = TomlSettings(Path(sys.argv[1]), {})
asyncio.run(store.change(lambda document: document["usage"].update(keep_days=2)))
if step == "after it was acknowledged":
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
@pytest.mark.parametrize(
    ("step", "kept"),
    [
        ("before it is synced", 1),
        ("before it is renamed", 1),
        ("before the folder is synced", 2),
        ("after it was acknowledged", 2),
    ],
)
def test_settings_at_each_step(tmp_path: Path, step: str, kept: int) -> None:
    path = tmp_path / "settings.toml"
    path.write_text("# mine\n[usage]\nkeep_days = 1 # why\n")
    done = subprocess.run([sys.executable, "-c", AT_A_CALL, str(path), step], cwd=ROOT, check=False)
    assert done.returncode == -9
    assert path.read_text() == f"# mine\n[usage]\nkeep_days = {kept} # why\n"
    # and the next writer is neither held up nor misled
    changed = TomlSettings(path, {}).change(lambda document: document.update({"log": {"level": "debug"}}))
    assert asyncio.run(changed).usage.keep_days == kept
    assert sorted(file.name for file in tmp_path.iterdir()) == [".settings.toml.lock", "settings.toml"]


def test_file_vault(tmp_path: Path) -> None:
    def read() -> int:
        secret = asyncio.run(FileVault(tmp_path / "vault", "passphrase").get("account/a"))
        assert secret is not None
        assert secret.endswith("x" * 3000)
        return int(secret.partition("-")[0])

    survives("file_vault", tmp_path, read)


def test_keyring_vault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.end_to_end.file_backend import FileBackend
    from tests.proxy_core.stores.backends import use_backend

    use_backend(monkeypatch, FileBackend(tmp_path))

    def read() -> int:
        vault = KeyringVault("Trunkline test", tmp_path / "lock", part_size=700)
        secret = asyncio.run(vault.get("account/a"))
        assert secret is not None
        assert secret.endswith("x" * 3000)
        assert asyncio.run(vault.names()) == ("account/a",)
        return int(secret.partition("-")[0])

    survives("keyring_vault", tmp_path, read)


def test_ledger(tmp_path: Path) -> None:
    async def newest() -> int:
        ledger = SqliteUsage(tmp_path / "usage.sqlite3")
        rows = await ledger.recent(100_000)
        await ledger.close()
        numbers = sorted(int(row.id) for row in rows)
        assert numbers == list(range(1, len(numbers) + 1)), "a row in the middle is lost"
        return numbers[-1]

    survives("ledger", tmp_path, lambda: asyncio.run(newest()))
    assert not list(tmp_path.glob("*damaged*"))
