import pytest
from PySide6.QtWidgets import QGridLayout, QWidget
from pytestqt.qtbot import QtBot

from app.widgets import copy_row
from app.widgets.copy_row import CopyRow

# The offscreen platform has no window manager to hint to.
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")


def test_a_row(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copy_row, "_SAY_SO_MS", 1)
    window = QWidget()
    qtbot.addWidget(window)
    row = CopyRow(QGridLayout(window), 0)
    row.show_value("OpenAI address", "http://127.0.0.1:8317/v1", "Copy the OpenAI address")
    window.show()
    assert row.field.isReadOnly()
    assert row.label.buddy() is row.field
    assert (row.field.accessibleName(), row.button.accessibleName()) == (
        "OpenAI address",
        "Copy the OpenAI address",
    )
    with qtbot.waitSignal(row.wanted, timeout=5000):
        row.button.click()
    assert row.button.text() == "Copied"
    qtbot.waitUntil(lambda: row.button.text() == "Copy")
    row.set_visible(False)
    assert not any(part.isVisible() for part in (row.label, row.field, row.button))
