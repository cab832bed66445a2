import pytest
from pytestqt.qtbot import QtBot

from app.widgets.notice_bar import NoticeBar

# The offscreen platform has no window manager to hint to.
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")


def test_a_notice(qtbot: QtBot) -> None:
    bar = NoticeBar()
    qtbot.addWidget(bar)
    clicked: list[bool] = []
    button = bar.add_button("&Again", lambda: clicked.append(True))
    bar.say("The <b>vault</b> is locked.", "attention")
    assert bar.isVisible()
    assert bar.text.text() == "The <b>vault</b> is locked."
    assert bar.text.accessibleName() == bar.text.text()
    assert not bar.picture.pixmap().isNull()
    before = bar.picture.pixmap().cacheKey()
    bar.say("Good to know.", None)
    assert bar.picture.pixmap().cacheKey() != before
    button.click()
    assert clicked == [True]
