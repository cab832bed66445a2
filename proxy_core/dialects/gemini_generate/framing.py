"""How chunks travel: server-sent events, or one JSON array that grows.

``google-genai`` takes nothing but ``data: {json}`` lines (3.4.0, measured 2026-11-20); a request without
``alt=sse`` is answered with an array of the same objects.
"""

from __future__ import annotations

import re

from proxy_core.dialect import Mode
from proxy_core.sse import SseParser

_MARK = re.compile(rb'["\\{}\[\]]')
_BLANK = b" \t\r\n,\xef\xbb\xbf"


class ObjectCutter:
    """Cuts the top-level objects out of a JSON array (or a row of bare objects), fed in any pieces."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._at = 0
        self._depth = 0
        self._in_string = False

    def feed(self, data: bytes) -> list[bytes]:
        """Take the next bytes and return the objects that they complete."""
        self._buffer += data
        found: list[bytes] = []
        while (mark := _MARK.search(self._buffer, self._at)) is not None:
            at = mark.start()
            sign = bytes(self._buffer[at : at + 1])
            if sign == b"\\":
                if at + 1 >= len(self._buffer):
                    self._at = at
                    return found
                self._at = at + 2
                continue
            self._at = at + 1
            self._step(sign, at, found)
        self._at = len(self._buffer)
        return found

    def _step(self, sign: bytes, at: int, found: list[bytes]) -> None:
        if sign == b'"':
            self._in_string = not self._in_string
        elif self._in_string or (self._depth == 0 and sign != b"{"):
            return
        elif sign in b"{[":
            if self._depth == 0:
                del self._buffer[:at]
                self._at = 1
            self._depth += 1
        else:
            self._depth -= 1
            if self._depth == 0:
                found.append(bytes(self._buffer[: at + 1]))
                del self._buffer[: at + 1]
                self._at = 0


class ChunkCutter:
    """Cuts an upstream's streamed body into JSON objects, whichever way it travels.

    The first byte that is not blank decides: some gateways answer ``alt=sse`` with a bare array or one
    object.
    """

    def __init__(self) -> None:
        self._events = SseParser()
        self._objects: ObjectCutter | None = None
        self._decided = False

    def feed(self, data: bytes) -> list[bytes]:
        """Take the next bytes and return the chunks that they complete."""
        if not self._decided:
            first = data.lstrip(_BLANK)[:1]
            if first:
                self._decided = True
                self._objects = ObjectCutter() if first in b"[{" else None
        if self._objects is not None:
            return self._objects.feed(data)
        return [event.data for event in self._events.feed(data)]

    def close(self) -> list[bytes]:
        """The bytes ended: return a chunk whose closing blank line never came."""
        return [] if self._objects is not None else [event.data for event in self._events.close()]


def last_chunk(mode: Mode, data: bytes) -> bytes:
    """Return a chunk that ends a reply under way; an array is closed as well, a whole body takes none."""
    if mode == "whole":
        return b""
    return b"\n," + data + b"\n]" if mode == "array" else ChunkFramer(mode).chunk(data)


class ChunkFramer:
    """Frames chunks for a client: ``data: …`` lines, or the elements and brackets of an array."""

    def __init__(self, mode: Mode) -> None:
        self._array = mode == "array"
        self._started = False

    def chunk(self, data: bytes) -> bytes:
        """Frame one encoded object, which must hold no line break."""
        if not self._array:
            return b"data: " + data + b"\n\n"
        lead = b"\n," if self._started else b"["
        self._started = True
        return lead + data

    def close(self) -> bytes:
        """Return what ends the body."""
        if not self._array:
            return b""
        return b"\n]" if self._started else b"[]"
