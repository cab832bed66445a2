from collections.abc import Iterator

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QColor, QFont, QImage, QPalette
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QLineEdit, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from app.windows.status.window import StatusWindow
from tests.app.fakes import URL, FakeHost, status

# The offscreen platform has no window manager to hint to.
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")


@pytest.fixture
def host() -> FakeHost:
    return FakeHost(status())


@pytest.fixture
def window(qtbot: QtBot, host: FakeHost) -> Iterator[StatusWindow]:
    window = StatusWindow(host)
    window.present()
    qtbot.waitExposed(window)
    yield window
    window.discard()


def press(
    widget: QWidget | None, key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier
) -> None:
    assert widget is not None
    QTest.keyClick(widget, key, modifier)


def shown(window: QWidget) -> list[str]:
    return [
        child.text()
        for child in window.findChildren(QWidget)
        if isinstance(child, QLabel | QLineEdit | QAbstractButton) and child.isVisible() and child.text()
    ]


def test_it_shows_state_addresses_and_where_secrets_are(window: StatusWindow) -> None:
    words = shown(window)
    for wanted in ("Running", "OpenAI address", f"{URL}/v1", "Copy", "&Quit", "&Stop proxy"):
        assert wanted in words
    assert any("GNOME Keyring" in word for word in words)
    assert not any("tl-" in word for word in words), "the key is not on the screen"


def test_buttons(window: StatusWindow, host: FakeHost) -> None:
    window.main.click()
    window.rows[1].button.click()
    window.key.button.click()
    window.leave.click()
    assert host.asked == ["stop", "copy address 1", "copy key", "quit"]
    assert window.rows[1].button.text() == "Copied"


def test_everything_is_reached_by_the_tab_key(window: StatusWindow, qtbot: QtBot) -> None:
    window.activateWindow()
    qtbot.waitUntil(lambda: window.main.hasFocus())
    seen = []
    for _ in range(20):
        focused = QApplication.focusWidget()
        if focused in seen:
            break
        seen.append(focused)
        press(focused, Qt.Key.Key_Tab)
    buttons = [button for button in window.findChildren(QPushButton) if button.isVisible()]
    assert buttons
    assert set(buttons) <= set(seen)


def test_everything_has_a_name_for_screen_readers(window: StatusWindow) -> None:
    for button in window.findChildren(QPushButton):
        if button.isVisible():
            assert button.accessibleName() or button.text().strip("&") not in ("", "Copy")
    for field in window.findChildren(QLineEdit):
        if field.isVisible():
            assert field.accessibleName()


def test_keys(window: StatusWindow, host: FakeHost, qtbot: QtBot) -> None:
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    press(window, Qt.Key.Key_L, Qt.KeyboardModifier.ControlModifier)
    press(window, Qt.Key.Key_Q, Qt.KeyboardModifier.ControlModifier)
    assert host.asked == ["copy address 0", "quit"]
    press(window, Qt.Key.Key_Escape)
    assert not window.isVisible()


def test_with_a_tray_closing_hides(window: StatusWindow) -> None:
    assert window.close()
    assert not window.isVisible()
    window.present()
    assert window.isVisible()


def test_without_a_tray_closing_asks_in_the_window(window: StatusWindow, host: FakeHost) -> None:
    host.has_tray = False
    assert not window.close()
    assert window.isVisible()
    assert window.farewell.isVisible()
    quit_button = window.farewell.findChildren(QPushButton)[1]
    quit_button.click()
    assert host.asked == ["quit"]
    window.minimise.click()
    assert window.isMinimized()
    assert not window.farewell.isVisible()
    host.is_quitting = True
    assert window.close()


def test_notices_come_and_go(window: StatusWindow, host: FakeHost) -> None:
    host.tell(status(vault_state="locked", vault_message="The keyring is locked.", host="0.0.0.0"))
    assert [bar.text.text() for bar in window.notices if bar.isVisible()][0] == "The keyring is locked."
    window.unlock.click()
    assert host.asked == ["unlock"]
    host.tell(status(server="error", message="Port 8317 is in use."))
    assert [bar.text.text() for bar in window.notices if bar.isVisible()] == ["Port 8317 is in use."]
    assert not window.unlock.isVisible()
    host.tell(status())
    assert not any(bar.isVisible() for bar in window.notices)


def test_a_start_gives_the_keyboard_to_the_large_button(qtbot: QtBot) -> None:
    host = FakeHost(status(server="starting", addresses=(), has_key=False))
    window = StatusWindow(host)
    window.present()
    qtbot.waitExposed(window)
    assert not window.main.isEnabled()
    assert not window.key.button.isEnabled()
    host.tell(status())
    qtbot.waitUntil(lambda: window.main.hasFocus())
    window.discard()
    assert host.watchers == []


@pytest.mark.parametrize("ground", ["#efefef", "#2d2d2d"])
@pytest.mark.parametrize("zoom", [1.0, 2.0])
def test_texts_are_legible_and_not_cut(
    qapp: QApplication, qtbot: QtBot, host: FakeHost, ground: str, zoom: float
) -> None:
    palette, font = qapp.palette(), qapp.font()
    larger = QFont(font)
    larger.setPointSizeF(font.pointSizeF() * zoom)
    qapp.setPalette(QPalette(QColor(ground)))
    qapp.setFont(larger)
    try:
        window = StatusWindow(host)
        window.present()
        qtbot.waitExposed(window)
        assert len(shown(window)) > 10
        picture = window.grab().toImage()
        for part in window.findChildren(QWidget):
            if not isinstance(part, QLabel | QLineEdit | QPushButton) or not part.isVisible():
                continue
            if words := part.text().replace("&", ""):
                longest = max(part.fontMetrics().horizontalAdvance(line) for line in words.splitlines())
                assert part.width() >= longest, words
                place = QRect(part.mapTo(window, QPoint(0, 0)), part.size())
                assert window.rect().contains(place), words
                assert spread(picture, place) > 90, f"{words} cannot be told from its ground"
        window.discard()
    finally:
        qapp.setPalette(palette)
        qapp.setFont(font)


def spread(picture: QImage, place: QRect) -> int:
    """How far the lightest and the darkest point are apart, of 255."""
    seen = [
        picture.pixelColor(x, y).lightness()
        for x in range(place.left() + 3, place.right() - 3)
        for y in range(place.top() + 3, place.bottom() - 3)
    ]
    return max(seen) - min(seen)
