"""What a picture costs: by its size in pixels, which stands in its first bytes.

The rule is the one that Anthropic publishes (vision guide, 2026-11): width times height over 750, after the
longer edge is scaled down to 1,568 pixels, and about 1,600 at most. Its newest models scale down less, so a
large picture may cost them three times as much; others publish rules by tiles whose results lie around it.
"""

from __future__ import annotations

import binascii
from collections.abc import Iterator

from proxy_core.ir.message import Inline

PER_UNKNOWN = 1_000
"""For an address, or a kind of file whose size is not read."""

_MOST = 1_600
_LONGEST_EDGE = 1_568
_PIXELS_PER_TOKEN = 750
_READ = 1 << 18  # of base64; a JPEG's size may stand behind a preview
# Markers of JPEG frames, which begin with the size; C4, C8 and CC mean something else.
_FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})


def picture_tokens(source: object) -> int:
    """Return about how many tokens a picture costs."""
    size = pixel_size(source.data) if isinstance(source, Inline) else None
    if size is None:
        return PER_UNKNOWN
    width, height = size
    longest = max(width, height)
    if longest > _LONGEST_EDGE:
        width, height = width * _LONGEST_EDGE // longest, height * _LONGEST_EDGE // longest
    return min(_MOST, max(1, -(-width * height // _PIXELS_PER_TOKEN)))


def pixel_size(data_b64: str) -> tuple[int, int] | None:
    """Return width and height of a PNG, GIF, WebP or JPEG; None where they cannot be read."""
    try:
        start = binascii.a2b_base64(data_b64[:_READ])
    except (binascii.Error, ValueError):
        return None
    size = None
    if start[:8] == b"\x89PNG\r\n\x1a\n" and len(start) >= 24:
        size = int.from_bytes(start[16:20]), int.from_bytes(start[20:24])
    elif start[:4] == b"GIF8" and len(start) >= 10:
        size = int.from_bytes(start[6:8], "little"), int.from_bytes(start[8:10], "little")
    elif start[:4] == b"RIFF" and start[8:12] == b"WEBP" and len(start) >= 30:
        size = _webp(start)
    elif start[:2] == b"\xff\xd8":
        size = next(_jpeg(start), None)
    return size if size is not None and min(size) > 0 and max(size) <= 1 << 16 else None


def _webp(start: bytes) -> tuple[int, int] | None:
    match start[12:16]:
        case b"VP8X":
            return int.from_bytes(start[24:27], "little") + 1, int.from_bytes(start[27:30], "little") + 1
        case b"VP8 ":
            fields = int.from_bytes(start[26:28], "little"), int.from_bytes(start[28:30], "little")
            return fields[0] & 0x3FFF, fields[1] & 0x3FFF
        case b"VP8L":
            bits = int.from_bytes(start[21:25], "little")
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    return None


def _jpeg(start: bytes) -> Iterator[tuple[int, int]]:
    place = 2
    while place + 9 <= len(start) and start[place] == 0xFF:
        if start[place + 1] in _FRAMES:
            yield int.from_bytes(start[place + 7 : place + 9]), int.from_bytes(start[place + 5 : place + 7])
        place += 2 + max(2, int.from_bytes(start[place + 2 : place + 4]))
