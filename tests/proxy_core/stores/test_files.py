# ruff: noqa: ASYNC240 - tests look at small files directly
import asyncio
import contextlib
import os
import stat
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from proxy_core.errors import SettingsError, StoreError
from proxy_core.settings import Settings
from proxy_core.store import SettingsEdit
from proxy_core.stores import atomic
from proxy_core.stores.files import JsonState, TomlSettings
from tests.architecture.tree import ROOT


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "config" / "settings.toml"


@pytest.fixture
def store(path: Path) -> TomlSettings:
    path.parent.mkdir()
    return TomlSettings(path, {})


def port(number: object) -> SettingsEdit:
    def edit(document: dict[str, Any]) -> None:
        document.setdefault("server", {})["port"] = number

    return edit


async def test_no_file_means_the_defaults_and_makes_none(store: TomlSettings, path: Path) -> None:
    assert await store.load() == Settings()
    assert not await store.exists()
    assert not path.exists()


async def test_a_created_file_is_the_defaults_and_is_private(store: TomlSettings, path: Path) -> None:
    await store.create()
    assert await store.load() == Settings()
    assert os.name == "nt" or stat.S_IMODE(path.stat().st_mode) == 0o600
    path.write_text("# mine\n")
    await store.create()
    assert path.read_text() == "# mine\n"


async def test_a_change_keeps_comments_and_order(store: TomlSettings, path: Path) -> None:
    text = "# top\nversion = 1\n\n[usage] # why\nkeep_days = 5\n\n[server]\n# before\nport = 1 # after\n"
    path.write_text(text)
    settings = await store.change(port(2))
    assert settings.server.port == 2
    assert path.read_text() == text.replace("port = 1", "port = 2")


async def test_a_change_without_a_file_begins_with_the_explained_one(store: TomlSettings, path: Path) -> None:
    await store.change(port(2))
    assert "# Address." in path.read_text()
    assert (await store.load()).server.port == 2


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("[server]\nport = \n", 2, "line 2"),
        ("[server]\nport = 'x'\n", 2, "server.port"),
        ("[server]\nhost = 'h'\nport = 70000\n", 3, "65535"),
        ("[server]\n\nprot = 1\n", 3, "Did you mean 'port'?"),
        ("[servers]\nport = 1\n", 1, "Did you mean 'server'?"),
        ("[[accounts]]\nid='a'\nprovider='p'\n[[accounts]]\nid='a'\nprovider='p'\n", 5, "Two accounts"),
        ("[[accounts]]\nid='a'\nprovider='p'\nproxy='ftp://x'\n", 4, "no proxy"),
        ("[server]\nport = 1\nport = 2\n", 3, "already exists"),
        ("[aliases.a]\nmodel='m'\n[aliases.b]\nmodel='m'\nraesoning='low'\n", 5, "Did you mean 'reasoning'?"),
        ("[aliases]\na={model='m'}\nb={model=1}\n", 3, "aliases.b.model"),
        ("version = 99\n", 1, "Update Trunkline"),
        ("server = 1\n", 1, "server"),
    ],
)
async def test_a_mistake_is_told_with_its_line_and_the_file_is_never_overwritten(
    store: TomlSettings, path: Path, text: str, line: int, words: str
) -> None:
    path.write_text(text)
    with pytest.raises(SettingsError) as caught:
        await store.load()
    assert caught.value.line == line
    assert words in caught.value.message
    with pytest.raises(SettingsError):
        await store.change(port(2))
    await store.create()
    assert path.read_text() == text


async def test_bytes_that_are_no_text_are_told_with_their_line(store: TomlSettings, path: Path) -> None:
    path.write_bytes(b"# one\n# two\n# \xff\n")
    with pytest.raises(SettingsError, match="not UTF-8 in line 3"):
        await store.load()


async def test_a_change_that_does_not_fit_changes_nothing(store: TomlSettings, path: Path) -> None:
    path.write_text("# mine\n")
    with pytest.raises(SettingsError, match=r"server\.port"):
        await store.change(port(70000))

    def give_up(_: dict[str, object]) -> None:
        raise SettingsError("no")

    with pytest.raises(SettingsError, match="no"):
        await store.change(give_up)
    assert path.read_text() == "# mine\n"


async def test_files_of_windows_editors(store: TomlSettings, path: Path) -> None:
    path.write_bytes(b"\xef\xbb\xbf# note\r\n[server]\r\nport = 1\r\n")
    assert (await store.load()).server.port == 1
    await store.change(port(2))
    assert path.read_bytes().endswith(b"# note\r\n[server]\r\nport = 2\r\n")


async def test_the_environment_overrides_and_is_never_written(path: Path) -> None:
    store = TomlSettings(path, {"TRUNKLINE_SERVER_PORT": "7"})
    settings = await store.change(lambda document: document.update({"usage": {"keep_days": 3}}))
    assert (settings.server.port, settings.usage.keep_days) == (7, 3)
    assert (await TomlSettings(path, {}).load()).server.port == Settings().server.port


async def test_a_link_stays_a_link(store: TomlSettings, path: Path, tmp_path: Path) -> None:
    if os.name == "nt":
        pytest.skip("links need a privilege on Windows")
    real = tmp_path / "dotfiles" / "trunkline.toml"
    real.parent.mkdir()
    real.write_text("# mine\n")
    path.symlink_to(real)
    await store.change(port(2))
    assert path.is_symlink()
    assert "port = 2" in real.read_text()


async def test_what_killed_writers_left_is_swept(store: TomlSettings, path: Path) -> None:
    (path.parent / ".settings.toml.0123456789ab.tmp").touch()
    await store.change(port(2))
    assert sorted(file.name for file in path.parent.iterdir()) == [".settings.toml.lock", "settings.toml"]


async def test_is_unset(store: TomlSettings, path: Path) -> None:
    for text, unset in (("", True), ("[vault]\n", True), ("[vault]\nkind='file'", False), ("vault=1", True)):
        path.write_text(text)
        assert await store.is_unset("vault", "kind") is unset


async def test_a_full_disk_keeps_the_old(
    store: TomlSettings, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path.write_text("# mine\n")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(atomic, "write", full)
    with pytest.raises(StoreError, match="No space left"):
        await store.change(port(2))
    assert path.read_text() == "# mine\n"


CHANGE = """
import asyncio, sys
from pathlib import Path
from proxy_core.stores.files import TomlSettings

async def main():
    store = TomlSettings(Path(sys.argv[1]), {})
    for number in range(5):
        name = f"{sys.argv[2]}-{number}"
        def edit(document):
            document.setdefault("aliases", {})[name] = {"model": "m"}
        await store.change(edit)

asyncio.run(main())
"""


async def test_changes_of_eight_processes_are_all_kept(store: TomlSettings, path: Path) -> None:
    command = [sys.executable, "-c", CHANGE, str(path)]
    writers = [await asyncio.create_subprocess_exec(*command, str(number), cwd=ROOT) for number in range(8)]
    assert [await writer.wait() for writer in writers] == [0] * 8
    settings = await store.load()
    assert set(settings.aliases) == {f"{one}-{two}" for one in range(8) for two in range(5)}


@contextlib.asynccontextmanager
async def watched(store: TomlSettings) -> AsyncIterator[AsyncIterator[None]]:
    changes = store.changes()
    await anext(changes)  # the one at the beginning: from here on nothing is missed
    try:
        yield changes
    finally:
        await changes.aclose()


async def test_a_change_wakes_and_silence_does_not(store: TomlSettings, path: Path) -> None:
    async with watched(store) as changes:
        await store.change(port(2))
        await asyncio.wait_for(anext(changes), 20)
        waiting = asyncio.ensure_future(anext(changes))  # noqa: TID251 - awaited below
        await store.load()
        (path.parent / "other.toml").write_text("x")
        done, _ = await asyncio.wait({waiting}, timeout=0.5)
        assert not done, "reading, or another file, woke the watch"
        path.write_text("[server]\nport = 3\n")
        await asyncio.wait_for(waiting, 20)
        assert (await store.load()).server.port == 3


async def test_a_new_and_a_replaced_file_wake(store: TomlSettings, path: Path) -> None:
    async with watched(store) as changes:
        path.write_text("[server]\nport = 3\n")
        await asyncio.wait_for(anext(changes), 20)
        other = path.with_name("edited")
        other.write_text("[server]\nport = 4\n")
        other.replace(path)
        await asyncio.wait_for(anext(changes), 20)
        assert (await store.load()).server.port == 4


async def test_an_edit_behind_a_link_wakes(store: TomlSettings, path: Path, tmp_path: Path) -> None:
    if os.name == "nt":
        pytest.skip("links need a privilege on Windows")
    real = tmp_path / "dotfiles" / "trunkline.toml"
    real.parent.mkdir()
    real.write_text("# mine\n")
    path.symlink_to(real)
    async with watched(store) as changes:
        real.write_text("[server]\nport = 4\n")
        await asyncio.wait_for(anext(changes), 20)


async def test_state_comes_back(tmp_path: Path) -> None:
    state = JsonState(tmp_path / "state")
    assert await state.read("cooldowns") is None
    await state.write("cooldowns", {"a": [1, None, "ü"]})
    assert await JsonState(tmp_path / "state").read("cooldowns") == {"a": [1, None, "ü"]}


@pytest.mark.allow_logs
async def test_damaged_state_is_set_aside(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "cooldowns.json").write_text("{")
    state = JsonState(tmp_path)
    assert await state.read("cooldowns") is None
    assert (tmp_path / "cooldowns.json.damaged-1").read_text() == "{"
    assert "damaged" in caplog.text
    await state.write("cooldowns", 1)
    assert await state.read("cooldowns") == 1


async def test_state_that_cannot_be_written_is_an_error_of_the_store(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot be written"):
        await JsonState(tmp_path / "file").write("cooldowns", 1)


def test_nothing_of_the_watch_is_left_when_the_loop_ends(path: Path) -> None:
    code = (
        "import asyncio, sys; from pathlib import Path\n"
        "from proxy_core.stores.files import TomlSettings\n"
        "async def main():\n"
        "    async for _ in TomlSettings(Path(sys.argv[1]), {}).changes():\n"
        "        break\n"
        "asyncio.run(main())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert done.stderr == ""
