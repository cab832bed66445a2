"""The tray: an icon and a menu that is built once and updated in place.

A menu that is cleared and filled again gives its entries new ids, and a click that the panel sends for an
old one is lost without a sound (measured on the message bus, Qt 6.8 to 6.12). So nothing is ever removed.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtWidgets import QMenu, QSystemTrayIcon

from app.desktop import menus_go_over_the_bus
from app.status import Status, first_sentence
from app.widgets.picture import state_icon
from app.window import Host, WindowSpec

_ADDRESSES = 6
_NOTICES = 3


class Tray(QObject):
    """Icon and menu. Everything that the icon does is in the menu too."""

    window_wanted = Signal(str)

    def __init__(self, host: Host, windows: Sequence[WindowSpec]) -> None:
        super().__init__()
        self._host = host
        self._windows = windows
        self._icon: QSystemTrayIcon | None = None
        self._over_bus = False
        self._state = ""
        self.menu = QMenu()
        self._heading = self._action("")
        self._heading.setEnabled(False)
        self._notices = [self._action("") for _ in range(_NOTICES)]
        for notice in self._notices:
            notice.setEnabled(False)
        self.menu.addSeparator()
        self._start = self._action("Start proxy", host.start_proxy)
        self._stop = self._action("Stop proxy", host.stop_proxy)
        self._unlock = self._action("Try to open the vault again", host.unlock)
        self._copy = QMenu("Copy address", self.menu)
        self.menu.addMenu(self._copy)
        self._addresses = [self._address(number) for number in range(_ADDRESSES)]
        self._key = self._action("Copy key", host.copy_key)
        self.menu.addSeparator()
        for spec in windows:
            self._action(spec.title, partial(self.window_wanted.emit, spec.name))
        self._quit = self._action("Quit (stops the proxy)", host.quit)
        self._forget = host.watch(self.show_status)
        self.show_status(host.status)

    def appear(self) -> None:
        """Show the icon. To be called once there is a tray: one made before never appears (measured)."""
        if self._icon is not None:
            return
        self._over_bus = menus_go_over_the_bus()
        self._icon = QSystemTrayIcon(self)
        self._icon.setContextMenu(self.menu)
        self._icon.activated.connect(self._clicked)
        self._state = ""
        self.show_status(self._host.status)
        self._icon.show()
        screen = QGuiApplication.primaryScreen()
        if screen is not None:
            screen.logicalDotsPerInchChanged.connect(self._redraw)

    def close(self) -> None:
        """Take the icon away."""
        self._forget()
        if self._icon is not None:
            self._icon.hide()
            self._icon.deleteLater()
            self._icon = None
        self.menu.deleteLater()

    @property
    def icon(self) -> QSystemTrayIcon | None:
        """The icon, once there is one."""
        return self._icon

    def show_status(self, status: Status) -> None:
        """Bring icon and menu up to date; what is the same is not touched."""
        self._name(self._heading, f"{status.mark} {status.heading}")
        told = [notice.text for notice in status.notices if first_sentence(notice.text) not in status.heading]
        for number, action in enumerate(self._notices):
            if number < len(told):
                self._name(action, first_sentence(told[number]))
            _reveal(action, number < len(told))
        _reveal(self._start, not status.can_stop)
        _enable(self._start, status.can_start)
        _reveal(self._stop, status.can_stop)
        _reveal(self._unlock, any(notice.can_unlock for notice in status.notices))
        for number, action in enumerate(self._addresses):
            if number < len(status.addresses):
                known = status.addresses[number]
                self._name(action, f"{known.title}   {known.url}")
            _reveal(action, number < len(status.addresses))
        _enable(self._copy.menuAction(), bool(status.addresses))
        _enable(self._key, status.has_key)
        self._draw(status)

    def _draw(self, status: Status) -> None:
        if self._icon is None:
            return
        if status.state != self._state:
            self._state = status.state
            self._icon.setIcon(state_icon(status.state))
        if self._icon.toolTip() != status.summary:
            self._icon.setToolTip(status.summary)

    def _redraw(self) -> None:
        self._state = ""
        self._draw(self._host.status)

    def _clicked(self, reason: QSystemTrayIcon.ActivationReason) -> None:
        # macOS opens the menu on this click
        if reason == QSystemTrayIcon.ActivationReason.Trigger and sys.platform != "darwin":
            self.window_wanted.emit(self._windows[0].name)

    def _name(self, action: QAction, text: str) -> None:
        label = escaped(text, over_bus=self._over_bus)
        if action.text() != label:
            action.setText(label)

    def _action(self, text: str, slot: Callable[[], None] | None = None) -> QAction:
        action = QAction(text, self.menu)
        if slot is not None:
            action.triggered.connect(lambda _checked=False: slot())
        self.menu.addAction(action)
        return action

    def _address(self, number: int) -> QAction:
        action = QAction("", self._copy)
        action.triggered.connect(lambda _checked=False: self._host.copy_address(number))
        self._copy.addAction(action)
        return action


def escaped(text: str, *, over_bus: bool) -> str:
    """Return a menu label that shows exactly ``text``: & and, over the message bus, _ mark access keys."""
    text = text.replace("&", "&&")
    return text.replace("_", "__") if over_bus else text


def _reveal(action: QAction, visible: bool) -> None:
    if action.isVisible() != visible:
        action.setVisible(visible)


def _enable(action: QAction, enabled: bool) -> None:
    if action.isEnabled() != enabled:
        action.setEnabled(enabled)
