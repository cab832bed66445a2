from collections.abc import Iterator

import pytest
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QApplication, QMenu

from app.tray import Tray, escaped
from app.window import Window, WindowSpec
from tests.app.fakes import FakeHost, status

# The offscreen platform has no X11 tray to hear of.
pytestmark = pytest.mark.qt_log_ignore("systemTrayWindowChanged")


def no_window(_host: object) -> Window:
    raise NotImplementedError


SPECS = (WindowSpec("one", "Open Trunkline", 0, no_window), WindowSpec("two", "Log", 1, no_window))


@pytest.fixture
def host() -> FakeHost:
    return FakeHost(status())


@pytest.fixture
def tray(qapp: QApplication, host: FakeHost) -> Iterator[Tray]:
    tray = Tray(host, SPECS)
    tray.appear()
    yield tray
    tray.close()


def actions(menu: QMenu) -> list[QAction]:
    found: list[QAction] = []
    for action in menu.actions():
        found.append(action)
        submenu = action.menu()
        if isinstance(submenu, QMenu):
            found += actions(submenu)
    return found


def labels(tray: Tray) -> list[str]:
    return [action.text() for action in actions(tray.menu) if action.isVisible() and action.text()]


def choose(tray: Tray, label: str) -> None:
    action = next(action for action in actions(tray.menu) if action.text() == label and action.isVisible())
    assert action.isEnabled()
    action.trigger()


def test_the_menu(tray: Tray) -> None:
    assert labels(tray) == [
        "● Running · 127.0.0.1:8317",
        "Stop proxy",
        "Copy address",
        "OpenAI   http://127.0.0.1:8317/v1",
        "R&&D_lab   http://127.0.0.1:8317",
        "Copy key",
        "Open Trunkline",
        "Log",
        "Quit (stops the proxy)",
    ]
    assert not actions(tray.menu)[0].isEnabled()


def test_every_entry_does_what_it_says(tray: Tray, host: FakeHost) -> None:
    wanted: list[str] = []
    tray.window_wanted.connect(wanted.append)
    for label in labels(tray)[1:]:
        if label != "Copy address":
            choose(tray, label)
    assert host.asked == ["stop", "copy address 0", "copy address 1", "copy key", "quit"]
    assert wanted == ["one", "two"]
    host.tell(status(server="stopped"))
    choose(tray, "Start proxy")
    assert host.asked[-1] == "start"


def test_entries_are_never_made_anew(tray: Tray, host: FakeHost) -> None:
    before = [id(action) for action in actions(tray.menu)]
    for new in (
        status(server="error", message="Port 8317 is in use."),
        status(server="stopped", addresses=()),
        status(vault_state="locked", vault_message="The keyring is locked. Unlock it."),
        status(),
    ):
        host.tell(new)
    assert [id(action) for action in actions(tray.menu)] == before


def test_the_same_status_touches_nothing(tray: Tray, host: FakeHost) -> None:
    touched: list[str] = []
    for action in actions(tray.menu):
        action.changed.connect(lambda action=action: touched.append(action.text()))
    host.tell(status())
    assert touched == []
    host.tell(status(server="stopped"))
    assert "● Running · 127.0.0.1:8317" not in labels(tray)
    assert touched


def test_a_locked_vault_is_one_line_and_one_entry(tray: Tray, host: FakeHost) -> None:
    host.tell(status(vault_state="locked", vault_message="The keyring is locked. Unlock it."))
    assert "The keyring is locked" in labels(tray)
    choose(tray, "Try to open the vault again")
    assert host.asked == ["unlock"]


def test_an_error_is_said_once(tray: Tray, host: FakeHost) -> None:
    host.tell(status(server="error", message="Port 8317 is in use. Choose another.", has_key=False))
    said = [label for label in labels(tray) if "in use" in label]
    assert said == ["✕ Cannot start: Port 8317 is in use"]
    assert not next(action for action in actions(tray.menu) if action.text() == "Copy key").isEnabled()


def test_icon_and_tooltip_follow(tray: Tray, host: FakeHost) -> None:
    icon = tray.icon
    assert icon is not None
    before = icon.icon().cacheKey()
    assert icon.toolTip() == "Trunkline – Running · 127.0.0.1:8317"
    host.tell(status(requests=3))
    assert icon.icon().cacheKey() == before
    host.tell(status(server="stopped"))
    assert icon.icon().cacheKey() != before
    assert icon.toolTip() == "Trunkline – Stopped"


def test_a_click_opens_the_first_window(tray: Tray, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted: list[str] = []
    tray.window_wanted.connect(wanted.append)
    icon = tray.icon
    assert icon is not None
    monkeypatch.setattr("app.tray.sys.platform", "linux")
    icon.activated.emit(icon.ActivationReason.Trigger)
    icon.activated.emit(icon.ActivationReason.MiddleClick)
    monkeypatch.setattr("app.tray.sys.platform", "darwin")
    icon.activated.emit(icon.ActivationReason.Trigger)
    assert wanted == ["one"]


def test_a_second_appearance_keeps_the_icon(tray: Tray) -> None:
    icon = tray.icon
    tray.appear()
    assert tray.icon is icon


def test_closing_ends_the_watch(qapp: QApplication, host: FakeHost) -> None:
    tray = Tray(host, SPECS)
    tray.close()
    assert host.watchers == []
    assert tray.icon is None


def test_labels_show_what_they_are_given() -> None:
    assert escaped("R&D john_doe", over_bus=False) == "R&&D john_doe"
    assert escaped("R&D john_doe", over_bus=True) == "R&&D john__doe"
