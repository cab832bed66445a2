"""What the desktop lends us: a clipboard, a place for icons that may come late, and its name for us."""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from PySide6.QtCore import QEvent, QMimeData, QObject, QTimer, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QSystemTrayIcon

from app.widgets.picture import preload, program_icon

ID = "dev.trunkline.Trunkline"
NAME = "Trunkline"
"""Panels remember by this name whether an icon is shown: it never changes."""

_WATCHER = "org.kde.StatusNotifierWatcher"
_OFTEN_MS, _SELDOM_MS, _OFTEN_FOR_S = 2_000, 30_000, 60.0


def screen_problem(environment: Mapping[str, str]) -> str | None:
    """Return why no window can be shown, as a sentence; None if one can. Qt itself would abort."""
    chosen = environment.get("QT_QPA_PLATFORM", "")
    if not sys.platform.startswith("linux") or (chosen and chosen not in ("xcb", "wayland")):
        return None
    display, wayland = environment.get("DISPLAY", ""), environment.get("WAYLAND_DISPLAY", "")
    if wayland and (Path(environment.get("XDG_RUNTIME_DIR", "/nowhere")) / wayland).is_socket():
        return None
    if display and _x11_answers(display):
        return None
    return (
        f"No screen can be opened (DISPLAY is {display or 'not set'}, WAYLAND_DISPLAY is "
        f"{wayland or 'not set'}). Without a screen, use: trunkline serve"
    )


def _x11_answers(display: str) -> bool:
    host, _, number = display.rpartition(":")
    number = number.partition(".")[0]
    if not number.isdigit():
        return False
    if host not in ("", "unix"):
        return _connects(socket.AF_INET, (host, 6000 + int(number)))
    path = f"/tmp/.X11-unix/X{number}"
    return _connects(socket.AF_UNIX, path) or _connects(socket.AF_UNIX, f"\0{path}")


def _connects(family: int, address: object) -> bool:
    with socket.socket(family) as probe:
        probe.settimeout(3)
        try:
            probe.connect(address)  # type: ignore[arg-type]
        except OSError:
            return False
    return True


class DesktopApplication(QApplication):
    """Qt's application, whose ends all become a wish: the proxy is stopped before Qt's loop is."""

    quit_wanted = Signal()

    def __init__(self, arguments: list[str]) -> None:
        _name_process()
        super().__init__(arguments)
        preload()
        self.setApplicationName(NAME)
        self.setApplicationDisplayName(NAME)
        self.setDesktopFileName(ID)
        self.setQuitOnLastWindowClosed(False)
        self.setWindowIcon(program_icon())

    def event(self, event: QEvent) -> bool:
        """Take Qt's own quit (the session's end, ⌘Q) as a wish."""
        if event.type() == QEvent.Type.Quit:
            self.quit_wanted.emit()
            return True
        return super().event(event)


class TrayWatch(QObject):
    """Says when a place for icons comes or goes.

    Where the place is a service on the message bus its coming is heard at once. An X11 tray announces
    itself to nobody, so while there is none we look: every 2 s for a minute, then every 30 s. Once there
    is one, nothing wakes us.
    """

    changed = Signal(bool)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._is_there = QSystemTrayIcon.isSystemTrayAvailable()
        self._since = time.monotonic()
        self._clock = QTimer(self)
        self._clock.setSingleShot(True)
        self._clock.timeout.connect(self.look)
        self._bus = _bus_watch(self)
        self._pace()

    @property
    def is_there(self) -> bool:
        """Whether there was a place at the last look."""
        return self._is_there

    @property
    def is_looking(self) -> bool:
        """Whether a timer runs."""
        return self._clock.isActive()

    def look(self) -> bool:
        """Look now."""
        there = QSystemTrayIcon.isSystemTrayAvailable()
        changed, self._is_there = there != self._is_there, there
        if changed and not there:
            self._since = time.monotonic()
        self._pace()
        if changed:
            self.changed.emit(there)
        return there

    def _pace(self) -> None:
        if self._is_there:
            self._clock.stop()
        else:
            fresh = time.monotonic() - self._since < _OFTEN_FOR_S
            self._clock.start(_OFTEN_MS if fresh else _SELDOM_MS)


def _bus_watch(watch: TrayWatch) -> QObject | None:
    if sys.platform in ("win32", "darwin"):
        return None
    from PySide6.QtDBus import QDBusConnection, QDBusServiceWatcher

    bus = QDBusConnection.sessionBus()
    if not bus.isConnected():
        return None
    services = QDBusServiceWatcher(
        _WATCHER, bus, QDBusServiceWatcher.WatchModeFlag.WatchForOwnerChange, watch
    )
    services.serviceOwnerChanged.connect(lambda *_: watch.look())
    return services


def menus_go_over_the_bus() -> bool:
    """Whether a tray icon's menu is drawn by the panel, from texts sent over the message bus."""
    if sys.platform in ("win32", "darwin"):
        return False
    from PySide6.QtDBus import QDBusConnection

    bus = QDBusConnection.sessionBus()
    return bus.isConnected() and bool(bus.interface().isServiceRegistered(_WATCHER).value())


def copy(text: str, *, secret: bool = False) -> None:
    """Put text on the clipboard; a secret is marked so that clipboard histories leave it out."""
    content = QMimeData()
    content.setText(text)
    if secret:
        content.setData("x-kde-passwordManagerHint", b"secret")
        if sys.platform == "win32":
            # Qt hands such names to Windows as they are; their presence is what counts.
            name = "ExcludeClipboardContentFromMonitorProcessing"
            content.setData(f'application/x-qt-windows-mime;value="{name}"', b"\0\0\0\0")
    QGuiApplication.clipboard().setMimeData(content)


def _name_process() -> None:
    if sys.platform == "win32":
        import ctypes

        # else the taskbar and notifications show Python's name and icon
        ctypes.windll.shell32.SetCurrentProcessExplicitAppUserModelID(ID)
