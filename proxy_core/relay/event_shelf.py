"""Holds the bytes of an event until it is complete: nobody can use a part of one.

So a stream that breaks, or whose vendor fails in the middle, breaks between two events. An event that is very
long (a picture in one line) is not held to its end: it passes in pieces.
"""

from __future__ import annotations

MOST_HELD = 1 << 16
_ENDS = (b"\n\n", b"\r\n\r\n", b"\r\r")
_LONGEST_END = 4


class EventShelf:
    """Takes bytes in any pieces, gives them back at the ends of events."""

    def __init__(self) -> None:
        self._held = b""  # mostly the very bytes that came: a vendor sends whole events
        self._ready = 0  # so many of them end an event
        self._seen = 0  # so many were searched

    def put(self, data: bytes) -> None:
        """Take the next bytes."""
        self._held = self._held + data if self._held else data
        if data.endswith(_ENDS[0]):
            self._ready = self._seen = len(self._held)
            return
        start = max(self._ready, self._seen - _LONGEST_END + 1)
        for end in _ENDS:
            at = self._held.rfind(end, start)
            if at >= 0:
                self._ready = max(self._ready, at + len(end))
        self._seen = len(self._held)

    @property
    def size(self) -> int:
        """How much is held."""
        return len(self._held)

    def take(self) -> bytes:
        """Return what ends an event, and of a very long one what there is."""
        if len(self._held) - self._ready >= MOST_HELD:
            return self.take_all()
        if not self._ready:
            return b""
        ready, self._held = self._held[: self._ready], self._held[self._ready :]
        self._ready, self._seen = 0, len(self._held)
        return ready

    def take_all(self) -> bytes:
        """Return everything."""
        found, self._held = self._held, b""
        self._ready = self._seen = 0
        return found
