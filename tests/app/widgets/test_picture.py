import itertools

import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QApplication

from app.widgets.picture import SIZES, preload, program_icon, state_icon

STATES = ("stopped", "starting", "running", "attention", "error")


def image(state: str, size: int, *, mono: bool) -> QImage:
    pixmap = state_icon(state, mono=mono).pixmap(QSize(size, size), 1.0)
    return pixmap.toImage().convertToFormat(QImage.Format.Format_ARGB32)


def covered(picture: QImage) -> set[tuple[int, int]]:
    """The places where the picture has ink."""
    return {
        (x, y)
        for x in range(picture.width())
        for y in range(picture.height())
        if picture.pixelColor(x, y).alpha() > 127
    }


@pytest.mark.parametrize("size", [16, 22, 32])
def test_states_differ_in_shape_not_only_in_colour(qapp: QApplication, size: int) -> None:
    shapes = {state: covered(image(state, size, mono=True)) for state in STATES}
    for one, other in itertools.combinations(STATES, 2):
        assert len(shapes[one] ^ shapes[other]) > size * size / 50, (one, other)


def contrast(one: QColor, other: QColor) -> float:
    """WCAG 2.2's contrast ratio."""

    def light(colour: QColor) -> float:
        parts = (colour.redF(), colour.greenF(), colour.blueF())
        red, green, blue = (
            part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
        )
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    bright, dark = sorted((light(one), light(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("panel", ["#ffffff", "#2b2b2b"])
def test_colours_are_seen_on_light_and_dark_panels(qapp: QApplication, state: str, panel: str) -> None:
    picture = image(state, 64, mono=False)
    ink = picture.pixelColor(8, 32)
    assert ink.alpha() == 255
    assert contrast(ink, QColor(panel)) >= 3


@pytest.mark.parametrize("size", SIZES)
def test_every_size_is_drawn_for_itself(qapp: QApplication, size: int) -> None:
    icon = state_icon("running", mono=False)
    assert QSize(size, size) in icon.availableSizes()
    assert QSize(size, size) in program_icon().availableSizes()
    edge = image("running", size, mono=False)
    soft = sum(0 < edge.pixelColor(x, size // 2).alpha() < 255 for x in range(size))
    assert soft <= 4, "a scaled picture has soft edges"


def test_masks_are_for_the_system_to_colour(qapp: QApplication) -> None:
    assert state_icon("running", mono=True).isMask()
    assert not state_icon("running", mono=False).isMask()


def test_nothing_is_read_after_the_preload(qapp: QApplication, monkeypatch: pytest.MonkeyPatch) -> None:
    preload()

    def fail(_package: str) -> None:
        raise AssertionError("read again")

    monkeypatch.setattr("app.widgets.picture.files", fail)
    for state in STATES:
        assert not state_icon(state).isNull()
    assert not program_icon().isNull()


def test_unknown_states_have_no_picture(qapp: QApplication) -> None:
    with pytest.raises(FileNotFoundError):
        state_icon("asleep")
