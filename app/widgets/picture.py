"""Icons drawn from SVG for every size that a panel, a title bar or a screen may ask for."""

from __future__ import annotations

import functools
import sys
from importlib.resources import files

from PySide6.QtCore import QByteArray, QRectF, QSize, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

SIZES = (16, 18, 20, 22, 24, 32, 36, 40, 44, 48, 54, 64, 96, 128, 256)
"""Pixels; one picture each, because panels that scale one picture blur it."""

_PROGRAM = "trunkline"
_INK = b"#000000"
# Each is legible on light panels and on dark ones (contrast 3:1 or better against #ffffff and #2b2b2b).
_COLOURS = (
    ("stopped", b"#80868f"),
    ("starting", b"#3f82e8"),
    ("running", b"#22985a"),
    ("attention", b"#c77f0a"),
    ("error", b"#dc4a41"),
)


def state_icon(state: str, *, mono: bool | None = None) -> QIcon:
    """Return the icon of *stopped*, *starting*, *running*, *attention* or *error*.

    Every state has its own shape. ``mono`` True: black with transparency, for the system to colour
    (macOS); None: as this system wants it.
    """
    mono = sys.platform == "darwin" if mono is None else mono
    svg = _svg(f"tray-{state}")
    icon = _icon(svg if mono else svg.replace(_INK, dict(_COLOURS)[state]))
    icon.setIsMask(mono)
    return icon


def program_icon() -> QIcon:
    """Return the program's own icon."""
    return _icon(_svg(_PROGRAM))


def preload() -> None:
    """Read every picture's file, so that later none is read on the loop."""
    for name in (*(f"tray-{state}" for state, _ in _COLOURS), _PROGRAM):
        _svg(name)


@functools.cache
def _svg(name: str) -> bytes:
    return files("resources").joinpath("icons", f"{name}.svg").read_bytes()


def _icon(svg: bytes) -> QIcon:
    renderer = QSvgRenderer(QByteArray(svg))
    icon = QIcon()
    for size in SIZES:
        pixmap = QPixmap(QSize(size, size))
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        renderer.render(painter, QRectF(0, 0, size, size))
        painter.end()
        icon.addPixmap(pixmap)
    return icon
