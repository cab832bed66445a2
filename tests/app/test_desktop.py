import socket
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QSystemTrayIcon
from pytestqt.qtbot import QtBot

from app import desktop
from app.desktop import DesktopApplication, TrayWatch, copy, menus_go_over_the_bus, screen_problem


@pytest.fixture
def tray_comes_and_goes(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    there = [False]
    monkeypatch.setattr(QSystemTrayIcon, "isSystemTrayAvailable", staticmethod(lambda: there[0]))
    monkeypatch.setattr(desktop, "_bus_watch", lambda watch: None)
    return there


def test_the_watch_rests_once_there_is_a_tray(
    qtbot: QtBot, tray_comes_and_goes: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desktop, "_OFTEN_MS", 1)
    watch = TrayWatch()
    assert watch.is_looking
    with qtbot.waitSignal(watch.changed, timeout=5000) as told:
        tray_comes_and_goes[0] = True
    assert told.args == [True]
    assert (watch.is_there, watch.is_looking) == (True, False)
    tray_comes_and_goes[0] = False
    with qtbot.waitSignal(watch.changed, timeout=5000) as told:
        assert not watch.look()
    assert told.args == [False]
    assert watch.is_looking


def test_after_a_minute_the_watch_looks_seldom(
    qtbot: QtBot, tray_comes_and_goes: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = TrayWatch()
    assert watch._clock.interval() == 2_000
    monkeypatch.setattr("app.desktop.time.monotonic", lambda: watch._since + 61)
    watch.look()
    assert watch._clock.interval() == 30_000


def test_copied_secrets_are_marked(qapp: QApplication) -> None:
    copy("http://127.0.0.1:8317")
    assert QGuiApplication.clipboard().text() == "http://127.0.0.1:8317"
    assert not QGuiApplication.clipboard().mimeData().hasFormat("x-kde-passwordManagerHint")
    copy("tl-secret", secret=True)
    content = QGuiApplication.clipboard().mimeData()
    assert content.text() == "tl-secret"
    assert content.data("x-kde-passwordManagerHint").data() == b"secret"
    QGuiApplication.clipboard().clear()


def test_offscreen_has_no_bus_menu(qapp: QApplication, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.desktop.sys.platform", "win32")
    assert not menus_go_over_the_bus()


def test_qts_own_quit_is_only_a_wish(qapp: QApplication, qtbot: QtBot) -> None:
    class Stub:
        """Qt allows one application; the method under test needs only its signal."""

        wished = 0

        class quit_wanted:  # noqa: N801
            @staticmethod
            def emit() -> None:
                Stub.wished += 1

    assert DesktopApplication.event(Stub(), QEvent(QEvent.Type.Quit))  # type: ignore[arg-type]
    assert Stub.wished == 1
    assert QCoreApplication.instance() is qapp


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="X11 and Wayland")
def test_a_screen_that_does_not_answer_is_said(tmp_path: Path) -> None:
    for environment in (
        {},
        {"DISPLAY": ":64123"},
        {"DISPLAY": "nonsense"},
        {"WAYLAND_DISPLAY": "wayland-0", "XDG_RUNTIME_DIR": str(tmp_path)},
    ):
        problem = screen_problem(environment)
        assert problem is not None
        assert "trunkline serve" in problem
    assert screen_problem({"QT_QPA_PLATFORM": "offscreen"}) is None
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "wayland-0"))
        environment = {"WAYLAND_DISPLAY": "wayland-0", "XDG_RUNTIME_DIR": str(tmp_path)}
        assert screen_problem(environment) is None


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="X11")
def test_a_screen_that_answers(screen_environment: dict[str, str]) -> None:
    assert screen_problem(screen_environment) is None
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        number = server.getsockname()[1] - 6000
        assert screen_problem({"DISPLAY": f"127.0.0.1:{number}.0"}) is None
