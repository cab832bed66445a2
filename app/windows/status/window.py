"""The small window's layout; what it shows is decided in the presenter."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QCloseEvent, QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from app.status import Status
from app.widgets.copy_row import CopyRow
from app.widgets.notice_bar import NoticeBar
from app.widgets.picture import state_icon
from app.window import Host
from app.windows.status.presenter import ASK, StatusPresenter, View

_PICTURE_PX = 48
_ADDRESSES, _NOTICES = 6, 4
_HIDDEN_KEY = "•" * 24


class StatusWindow(QWidget):
    """State, start and stop, addresses, key; all of it by keyboard."""

    def __init__(self, host: Host) -> None:
        super().__init__()
        self._host = host
        self._presenter = StatusPresenter(host)
        self._state = ""
        self._is_settled = True
        self.setWindowTitle("Trunkline")
        self._build()
        self._shortcuts()
        self._forget = host.watch(self.show_status)
        self.show_status(host.status)

    def present(self) -> None:
        """Show it in front."""
        self.setWindowState(self.windowState() & ~Qt.WindowState.WindowMinimized)
        self.show()
        self.raise_()
        self.activateWindow()

    def discard(self) -> None:
        """Close it for good."""
        self._forget()
        self.hide()
        self.deleteLater()

    def show_status(self, status: Status) -> None:
        """Bring every part up to date."""
        view = self._presenter.view(status)
        if view.state != self._state:
            self._state = view.state
            self.picture.setPixmap(state_icon(view.state, mono=False).pixmap(_PICTURE_PX))
        self.headline.setText(view.headline)
        self.subline.setText(view.subline)
        self.main.setText(view.main)
        self.main.setEnabled(view.main_enabled)
        self._settle()
        self.footer.setText(view.footer)
        self._show_notices(view)
        self._show_rows(view)

    def closeEvent(self, event: QCloseEvent) -> None:
        """With a tray closing hides; without one it asks, in the window."""
        meaning = self._presenter.closing()
        if meaning == "ask":
            event.ignore()
            self._ask()
        else:
            self.farewell.hide()
            event.accept()

    def showEvent(self, event: QShowEvent) -> None:
        """Begin with the keyboard on the large button."""
        super().showEvent(event)
        self._is_settled = False
        self._settle()

    def _settle(self) -> None:
        if not self._is_settled and self.main.isEnabled():
            self._is_settled = True
            self.main.setFocus(Qt.FocusReason.OtherFocusReason)

    def _show_notices(self, view: View) -> None:
        for number, bar in enumerate(self.notices):
            if number < len(view.notices):
                notice = view.notices[number]
                state = "error" if view.state == "error" and number == 0 else "attention"
                bar.say(notice.text, state if notice.urgent else None)
            else:
                bar.hide()
        self.unlock.setVisible(any(notice.can_unlock for notice in view.notices))

    def _show_rows(self, view: View) -> None:
        for number, row in enumerate(self.rows):
            if number < len(view.rows):
                shown = view.rows[number]
                row.show_value(shown.label, shown.url, shown.spoken)
            row.set_visible(number < len(view.rows))
        self.key.show_value("Key", _HIDDEN_KEY if view.key_enabled else "", "Copy the key")
        self.key.field.setAccessibleDescription("hidden; the button copies it")
        self.key.button.setEnabled(view.key_enabled)

    def _ask(self) -> None:
        self.farewell.say(ASK, "attention")
        self.minimise.setFocus(Qt.FocusReason.OtherFocusReason)

    def _minimise(self) -> None:
        self.farewell.hide()
        self.showMinimized()

    def _build(self) -> None:
        outer = QVBoxLayout(self)
        outer.setContentsMargins(20, 18, 20, 16)
        outer.setSpacing(14)
        outer.addLayout(self._head())
        self.notices = [NoticeBar() for _ in range(_NOTICES)]
        for bar in self.notices:
            bar.hide()
            outer.addWidget(bar)
        self.unlock = QPushButton("&Try to open the vault again")
        self.unlock.clicked.connect(self._host.unlock)
        outer.addWidget(self.unlock, 0, Qt.AlignmentFlag.AlignRight)
        grid = QGridLayout()
        grid.setHorizontalSpacing(10)
        grid.setColumnStretch(1, 1)
        self.rows = [CopyRow(grid, number) for number in range(_ADDRESSES)]
        for number, row in enumerate(self.rows):
            row.wanted.connect(lambda which=number: self._host.copy_address(which))
        self.key = CopyRow(grid, _ADDRESSES)
        self.key.wanted.connect(self._host.copy_key)
        outer.addLayout(grid)
        self.farewell = NoticeBar()
        self.minimise = self.farewell.add_button("&Minimise", self._minimise)
        self.farewell.add_button("&Quit Trunkline", self._host.quit)
        self.farewell.hide()
        outer.addStretch(1)
        outer.addWidget(self.farewell)
        outer.addLayout(self._foot())

    def _head(self) -> QHBoxLayout:
        self.picture = QLabel()
        self.headline = QLabel()
        font = self.headline.font()
        font.setPointSizeF(font.pointSizeF() * 1.5)
        font.setBold(True)
        self.headline.setFont(font)
        self.subline = QLabel()
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self.headline)
        words.addWidget(self.subline)
        self.main = QPushButton()
        self.main.clicked.connect(self._presenter.toggle)
        row = QHBoxLayout()
        row.setSpacing(14)
        row.addWidget(self.picture)
        row.addLayout(words, 1)
        row.addWidget(self.main)
        return row

    def _foot(self) -> QHBoxLayout:
        self.footer = QLabel()
        self.footer.setEnabled(True)
        self.leave = QPushButton("&Quit")
        self.leave.setToolTip("Quit (stops the proxy)")
        self.leave.setAccessibleName("Quit (stops the proxy)")
        self.leave.clicked.connect(self._host.quit)
        row = QHBoxLayout()
        row.addWidget(self.footer, 1)
        row.addWidget(self.leave, 0, Qt.AlignmentFlag.AlignBottom)
        return row

    def _shortcuts(self) -> None:
        keys = (
            ("Ctrl+Q", self._host.quit),
            ("Ctrl+W", self.close),
            ("Esc", self.close),
            ("Ctrl+L", lambda: self._host.copy_address(0)),
        )
        for key, slot in keys:
            QShortcut(QKeySequence(key), self).activated.connect(slot)
