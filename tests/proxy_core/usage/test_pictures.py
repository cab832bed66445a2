import base64
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy_core.ir.message import Inline, Url
from proxy_core.usage.pictures import PER_UNKNOWN, picture_tokens, pixel_size
from tests.samples import load

PREVIEW = b"\xff\xe1" + struct.pack(">H", 60_002) + bytes(60_000)
KINDS = {
    "png": b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", 300, 200),
    "gif": b"GIF89a" + struct.pack("<HH", 300, 200),
    "lossy webp": b"RIFF\0\0\0\0WEBPVP8 " + bytes(7) + b"\x9d\x01\x2a" + struct.pack("<HH", 300, 200),
    "plain webp": b"RIFF\0\0\0\0WEBPVP8L\0\0\0\0\x2f" + struct.pack("<I", 299 | 199 << 14) + bytes(5),
    "long webp": b"RIFF\0\0\0\0WEBPVP8X" + bytes(8) + b"\x2b\x01\0" + b"\xc7\0\0",
    "jpeg": b"\xff\xd8" + PREVIEW + b"\xff\xc2" + struct.pack(">HBHH", 17, 8, 200, 300),
}


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def png(width: int, height: int) -> Inline:
    data = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", width, height)
    return Inline("image/png", encoded(data))


@pytest.mark.parametrize("kind", KINDS)
def test_the_size_stands_in_the_first_bytes(kind: str) -> None:
    assert pixel_size(encoded(KINDS[kind])) == (300, 200)


@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_that_breaks_off_has_no_size(kind: str) -> None:
    assert pixel_size(encoded(KINDS[kind][: -4 if kind != "plain webp" else -6])) is None


@pytest.mark.parametrize(
    ("width", "height", "tokens"),
    [(1, 1, 1), (300, 200, 80), (1000, 1000, 1334), (1092, 1092, 1590), (1568, 200, 419), (3136, 400, 419),
     (4000, 4000, 1600)],
)  # fmt: skip
def test_pixels_cost_tokens_up_to_a_limit(width: int, height: int, tokens: int) -> None:
    assert picture_tokens(png(width, height)) == tokens


@pytest.mark.parametrize(
    "source",
    [Url("https://example.test/a.png"), Inline("image/png", "QUJD"), Inline("image/png", "!"), png(0, 9),
     png(1 << 20, 1)],
)  # fmt: skip
def test_what_cannot_be_read_costs_a_fixed_sum(source: object) -> None:
    assert picture_tokens(source) == PER_UNKNOWN


@given(st.binary(max_size=60), st.sampled_from(sorted(KINDS)))
def test_no_bytes_break_it(tail: bytes, kind: str) -> None:
    pixel_size(encoded(KINDS[kind][:12] + tail))
    pixel_size(encoded(tail))


def test_the_sample_picture_has_a_size() -> None:
    content = load.sample("anthropic_messages", "04-image-input").request["messages"][0]["content"]
    picture = next(block for block in content if block["type"] == "image")
    assert pixel_size(picture["source"]["data"]) is not None
