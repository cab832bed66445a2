"""A sentence that wants something, with buttons; part of the window, never in front of it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QStyle, QVBoxLayout, QWidget

from app.widgets.picture import state_icon

_PICTURE_PX = 20


class NoticeBar(QFrame):
    """A picture, a text that wraps, and buttons below it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setAutoFillBackground(True)
        self.picture = QLabel()
        self.text = QLabel(wordWrap=True)
        self.text.setTextFormat(Qt.TextFormat.PlainText)
        self.text.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self._buttons = QHBoxLayout()
        self._buttons.addStretch(1)
        column = QVBoxLayout()
        column.addWidget(self.text)
        column.addLayout(self._buttons)
        row = QHBoxLayout(self)
        row.addWidget(self.picture, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(column, 1)

    def say(self, text: str, state: str | None) -> None:
        """Show a text with the picture of a state; None: something good to know."""
        if self.text.text() != text:
            self.text.setText(text)
            self.text.setAccessibleName(text)
        good_to_know = QStyle.StandardPixmap.SP_MessageBoxInformation
        icon = state_icon(state, mono=False) if state else self.style().standardIcon(good_to_know)
        self.picture.setPixmap(icon.pixmap(_PICTURE_PX))
        self.show()

    def add_button(self, label: str, slot: Callable[[], None]) -> QPushButton:
        """Add a button."""
        button = QPushButton(label)
        button.setAutoDefault(False)
        button.clicked.connect(lambda _checked=False: slot())
        self._buttons.addWidget(button)
        return button
