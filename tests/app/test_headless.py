import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from app import headless, logs
from app.headless import announce_json, announce_people, run, serve
from app.paths import Paths, paths
from app.wiring import PASSPHRASE, Workplace
from proxy_core import Proxy, Settings, SettingsError
from proxy_core.settings import ServerSettings
from proxy_core.stores.files import TomlSettings
from proxy_core.stores.sqlite import SqliteUsage
from tests.contract.rows import ROW

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows raises no SIGTERM in a process")


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Paths:
    monkeypatch.setenv(PASSPHRASE, "for-the-tests-only")
    monkeypatch.setattr(logs, "set_level", lambda level: None)
    made = paths(str(tmp_path / "home"))
    made.config.mkdir()
    made.settings.write_text("[routing]\nlocal_servers = false\n")
    return made


async def served(
    places: Paths, seen: Callable[[Workplace, Proxy], None], number: int = signal.SIGTERM
) -> None:
    """Serve until it announced itself, then stop it by a signal."""

    def announce(place: Workplace, proxy: Proxy) -> None:
        seen(place, proxy)
        asyncio.get_running_loop().call_soon(signal.raise_signal, number)

    async with asyncio.timeout(30):
        await serve(places, host=None, port=0, vault_kind="file", announce=announce)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_it_announces_listens_and_stops_on_a_signal(places: Paths, number: int) -> None:
    states = []
    proxies = []

    def seen(_: Workplace, proxy: Proxy) -> None:
        proxies.append(proxy)
        states.append(proxy.snapshot().state)

    await served(places, seen, number)
    (proxy,) = proxies
    assert [*states, proxy.snapshot().state] == ["running", "stopped"]


async def test_the_json_line(places: Paths, capsys: pytest.CaptureFixture[str]) -> None:
    await served(places, announce_json)
    (text,) = capsys.readouterr().out.splitlines()
    line = json.loads(text)
    port = line["port"]
    assert port > 0
    assert line == {
        "event": "listening",
        "url": f"http://127.0.0.1:{port}",
        "port": port,
        "openai": f"http://127.0.0.1:{port}/v1",
        "anthropic": f"http://127.0.0.1:{port}",
        "gemini": f"http://127.0.0.1:{port}",
        "pid": os.getpid(),
        "vault": "file",
        "vault_state": "ready",
    }


async def test_the_words_for_people_have_addresses_and_key(
    places: Paths, capsys: pytest.CaptureFixture[str]
) -> None:
    keys = []

    def seen(place: Workplace, proxy: Proxy) -> None:
        keys.append(proxy.default_key)
        announce_people(place, proxy)

    await served(places, seen)
    text = capsys.readouterr().out
    assert "/v1" in text
    assert str(keys[0]) in text
    assert "a passphrase" in text


@pytest.mark.allow_logs
async def test_a_locked_vault_is_announced_and_no_end(
    places: Paths, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv(PASSPHRASE)
    await served(places, announce_json)
    assert json.loads(capsys.readouterr().out)["vault_state"] == "locked"


async def test_a_port_that_is_taken_is_an_error_and_nothing_is_left_open(places: Paths) -> None:
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with pytest.raises(SettingsError, match="in use by another program"):
        await serve(places, host=None, port=port, vault_kind="file", announce=announce_json)
    server.close()
    await server.wait_closed()


async def test_old_usage_is_pruned_at_the_start(places: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = SqliteUsage(places.usage)
    await ledger.add(ROW)  # of 2024
    prune = SqliteUsage.prune

    async def prune_and_stop(self: SqliteUsage, older_than: float) -> int:
        dropped = await prune(self, older_than)
        signal.raise_signal(signal.SIGTERM)
        return dropped

    monkeypatch.setattr(SqliteUsage, "prune", prune_and_stop)
    async with asyncio.timeout(30):
        await serve(places, host=None, port=0, vault_kind="file", announce=lambda place, proxy: None)
    assert await ledger.recent(1) == []
    (total,) = await ledger.totals("day", 0, ROW.started_at + 86400 * 2)
    assert total.requests == 1
    await ledger.close()


async def test_the_followed_settings_have_the_address_of_the_command_line(tmp_path: Path) -> None:
    store = headless._AtAddress(TomlSettings(tmp_path / "settings.toml", {}), "::1", 0)
    assert (await store.load()).server == ServerSettings(host="::1", port=0)
    plain = headless._AtAddress(TomlSettings(tmp_path / "settings.toml", {}), None, None)
    assert await plain.load() == Settings()


@pytest.mark.allow_logs
@pytest.mark.parametrize(("host", "warns"), [("127.0.0.1", False), ("localhost", False), ("0.0.0.0", True)])
def test_other_interfaces_are_warned_about(caplog: pytest.LogCaptureFixture, host: str, warns: bool) -> None:
    headless._warn_if_open(Settings(server=ServerSettings(host=host)))
    assert ("other machines" in caplog.text) is warns


def test_it_runs_on_uvloop_where_there_is_one() -> None:
    async def module() -> str:
        return type(asyncio.get_running_loop()).__module__

    assert run(module()).startswith("uvloop")
