"""A value to look at and a button that copies it."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QGridLayout, QLabel, QLineEdit, QPushButton

_SAY_SO_MS = 1500


class CopyRow(QObject):
    """A row of a grid: label, read-only field, button. The button says that it has copied."""

    wanted = Signal()

    def __init__(self, grid: QGridLayout, row: int) -> None:
        super().__init__(grid)
        self.label = QLabel()
        self.field = QLineEdit(readOnly=True)
        self.button = QPushButton("Copy")
        self.label.setBuddy(self.field)
        grid.addWidget(self.label, row, 0)
        grid.addWidget(self.field, row, 1)
        grid.addWidget(self.button, row, 2)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(lambda: self.button.setText("Copy"))
        self.button.clicked.connect(self._clicked)

    def show_value(self, label: str, value: str, spoken: str) -> None:
        """Fill the row."""
        self.label.setText(label)
        if self.field.text() != value:
            self.field.setText(value)
            self.field.setCursorPosition(0)
            room = self.field.fontMetrics().horizontalAdvance(value + "MM")
            self.field.setMinimumWidth(room)
        self.field.setAccessibleName(label)
        self.button.setAccessibleName(spoken)
        self.button.setToolTip(spoken)

    def set_visible(self, visible: bool) -> None:
        """Show or hide the row."""
        for part in (self.label, self.field, self.button):
            part.setVisible(visible)

    def _clicked(self) -> None:
        self.wanted.emit()
        self.button.setText("Copied")
        self._timer.start(_SAY_SO_MS)
