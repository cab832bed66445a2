import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

from app.bridge import Bridge, needs_restart
from app.loop import DesktopLoop
from app.status import Status
from proxy_core import SettingsError
from proxy_core.events import (
    ExchangeFinished,
    ExchangeStarted,
    ServerChanged,
    SettingsChanged,
    SettingsRejected,
    VaultChanged,
)
from proxy_core.store import VaultStatus
from tests.app.fakes import URL, FakeLines, settings

Scene = Callable[[Bridge, FakeLines], Coroutine[Any, Any, None]]
Play = Callable[[Scene], None]


@pytest.fixture
def play(qapp: QApplication) -> Play:
    """Run a scene with a bridge over fake lines; the bridge is closed afterwards."""

    def play(scene: Scene) -> None:
        async def work() -> None:
            lines = FakeLines()
            bridge = Bridge(lines.open)
            try:
                await asyncio.wait_for(scene(bridge, lines), 20)
            finally:
                await bridge.close()

        with asyncio.Runner(loop_factory=lambda: DesktopLoop(qapp)) as runner:
            runner.run(work())

    return play


async def shown(bridge: Bridge, wanted: Callable[[Status], bool]) -> Status:
    """Wait for a status."""
    if wanted(bridge.status):
        return bridge.status
    found: asyncio.Future[Status] = asyncio.get_running_loop().create_future()

    def look(status: Status) -> None:
        if wanted(status) and not found.done():
            found.set_result(status)

    forget = bridge.watch(look)
    try:
        return await found
    finally:
        forget()


def test_start_stop_and_start_again_use_one_line(play: Play) -> None:
    async def scene(bridge: Bridge, lines: FakeLines) -> None:
        bridge.start_proxy()
        status = await shown(bridge, lambda status: status.can_stop)
        assert [(known.title, known.url) for known in status.addresses] == [
            ("OpenAI", f"{URL}/v1"),
            ("Other", URL),
        ]
        assert status.summary.endswith("2 accounts")
        bridge.stop_proxy()
        await shown(bridge, lambda status: status.can_start)
        bridge.start_proxy()
        await shown(bridge, lambda status: status.can_stop)
        assert [proxy.done for proxy in lines.proxies] == [["follow", "start", "stop", "start"]] or (
            sorted(lines.proxies[0].done) == ["follow", "start", "start", "stop"]
        )

    play(scene)


def test_a_changed_port_takes_a_new_line_at_the_next_start(play: Play) -> None:
    async def scene(bridge: Bridge, lines: FakeLines) -> None:
        bridge.start_proxy()
        await shown(bridge, lambda status: status.can_stop)
        bridge.stop_proxy()
        await shown(bridge, lambda status: status.can_start)
        lines.file.settings = settings(port=9000)
        bridge.start_proxy()
        await shown(bridge, lambda status: status.can_stop)
        assert len(lines.proxies) == 2
        assert lines.proxies[0].done[-1] == "close"

    play(scene)


@pytest.mark.parametrize("where", ["opening", "starting"])
def test_what_fails_is_said_and_can_be_tried_again(play: Play, where: str) -> None:
    async def scene(bridge: Bridge, lines: FakeLines) -> None:
        error = SettingsError("Port 8317 is in use. Choose another.")
        if where == "opening":
            lines.failures.append(error)
        else:
            real = lines.open

            async def open_failing(tell: Any) -> Any:
                line = await real(tell)
                lines.proxies[-1].failures.append(error)
                return line

            bridge._open_line = open_failing
        bridge.start_proxy()
        status = await shown(bridge, lambda status: status.state == "error" and status.can_start)
        assert status.heading == "Cannot start: Port 8317 is in use"
        assert status.notices[0].text == error.message
        bridge.start_proxy()
        await shown(bridge, lambda status: status.can_stop)

    play(scene)


@pytest.mark.allow_logs
def test_the_unexpected_is_said_too(play: Play, caplog: pytest.LogCaptureFixture) -> None:
    async def scene(bridge: Bridge, lines: FakeLines) -> None:
        lines.failures.append(PermissionError("denied"))
        bridge.start_proxy()
        status = await shown(bridge, lambda status: status.state == "error")
        assert "PermissionError" in status.notices[0].text

    play(scene)
    assert any(record.exc_info for record in caplog.records)


def test_updates_come_at_most_once_a_second(play: Play) -> None:
    async def scene(bridge: Bridge, lines: FakeLines) -> None:
        bridge.start_proxy()
        await shown(bridge, lambda status: status.can_stop)
        seen: list[Status] = []
        bridge.watch(seen.append)
        loop = asyncio.get_running_loop()
        begun = loop.time()
        told = 0
        while loop.time() - begun < 1.5:
            bridge.tell(ExchangeStarted("1", "d", "chat", 0.0))
            bridge.tell(ExchangeFinished("1", "d", "m", "p", "a", 200, 0.1))
            bridge.tell(ExchangeFinished("2", "d", "m", "p", "a", 502, 0.1))
            told += 1
            await asyncio.sleep(0.002)
        assert 1 <= len(seen) <= 2
        whole = f"{2 * told} requests since Trunkline was opened, {told} failed."
        await shown(bridge, lambda status: status.traffic == whole)
        assert len(seen) <= 3
        assert told > 50

    play(scene)


def test_a_quick_start_is_not_shown(play: Play) -> None:
    async def scene(bridge: Bridge, lines: FakeLines) -> None:
        bridge.start_proxy()
        await shown(bridge, lambda status: status.can_stop)
        bridge.stop_proxy()
        await shown(bridge, lambda status: status.can_start)
        seen: list[Status] = []
        bridge.watch(seen.append)
        bridge.start_proxy()
        await shown(bridge, lambda status: status.can_stop)
        assert "starting" not in [status.state for status in seen]

    play(scene)


def test_vault_and_settings_events(play: Play) -> None:
    async def scene(bridge: Bridge, lines: FakeLines) -> None:
        lines.vault_status = VaultStatus("locked", "GNOME Keyring", "The keyring is locked.")
        bridge.start_proxy()
        status = await shown(bridge, lambda status: status.state == "attention")
        assert status.notices[0].can_unlock
        bridge.unlock()
        bridge.tell(VaultChanged("ready"))
        await shown(bridge, lambda status: status.state == "running" and status.can_stop)
        assert lines.proxies[0].done[-1] == "unlock"
        bridge.tell(SettingsRejected("settings.toml, line 3: no.", 3))
        await shown(bridge, lambda status: any("line 3" in notice.text for notice in status.notices))
        lines.file.settings = settings(port=9000)
        bridge.tell(SettingsChanged())
        status = await shown(bridge, lambda status: any("stop and start" in n.text for n in status.notices))
        assert len(status.notices) == 1

    play(scene)


def test_copying(play: Play) -> None:
    async def scene(bridge: Bridge, lines: FakeLines) -> None:
        bridge.copy_key()
        bridge.start_proxy()
        await shown(bridge, lambda status: status.can_stop)
        bridge.copy_address(0)
        assert QGuiApplication.clipboard().text() == f"{URL}/v1"
        bridge.copy_address(17)
        bridge.copy_key()
        assert QGuiApplication.clipboard().text() == "tl-the-local-key"
        QGuiApplication.clipboard().clear()

    play(scene)


def test_only_one_thing_at_a_time(play: Play) -> None:
    async def scene(bridge: Bridge, lines: FakeLines) -> None:
        for _ in range(5):
            bridge.start_proxy()
        await shown(bridge, lambda status: status.can_stop)
        assert len(lines.proxies) == 1
        assert lines.proxies[0].done.count("start") == 1

    play(scene)


def test_closing_stops_the_proxy_and_takes_nothing_more(play: Play) -> None:
    async def scene(bridge: Bridge, lines: FakeLines) -> None:
        bridge.start_proxy()
        await shown(bridge, lambda status: status.can_stop)
        wished: list[bool] = []
        bridge.quit_wanted.connect(lambda: wished.append(True))
        bridge.quit()
        assert (wished, bridge.is_quitting) == ([True], True)
        await bridge.close()
        assert lines.proxies[0].done[-1] == "close"
        bridge.start_proxy()
        assert len(lines.proxies) == 1

    play(scene)


@pytest.mark.allow_logs
def test_a_proxy_that_does_not_stop_does_not_keep_us(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.bridge._CLOSE_WITHIN_S", 0.05)

    async def scene(bridge: Bridge, lines: FakeLines) -> None:
        bridge.start_proxy()
        await shown(bridge, lambda status: status.can_stop)

        async def never() -> None:
            await asyncio.Event().wait()

        hanging: Callable[[], Awaitable[None]] = never
        lines.proxies[0].close = hanging  # type: ignore[method-assign, assignment]
        await bridge.close()

    play(scene)


def test_has_tray_asks(qapp: QApplication) -> None:
    there = [False]
    bridge = Bridge(FakeLines().open, lambda: there[0])
    assert not bridge.has_tray
    there[0] = True
    assert bridge.has_tray


def test_needs_restart() -> None:
    assert not needs_restart(settings(), settings(require_key=False))
    assert needs_restart(settings(), settings(port=1))
    assert needs_restart(settings(), settings(host="0.0.0.0"))


def test_a_server_that_fails_by_itself_is_shown(play: Play) -> None:
    async def scene(bridge: Bridge, lines: FakeLines) -> None:
        bridge.start_proxy()
        await shown(bridge, lambda status: status.can_stop)
        bridge.tell(ServerChanged("error", None, "The network went away."))
        status = await shown(bridge, lambda status: status.state == "error")
        assert status.can_start

    play(scene)
