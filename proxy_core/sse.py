"""Server-sent-event framing without I/O (WHATWG HTML, section 9.2).

Lines end in LF, CRLF or CR on the wire of the vendors that we know; only those count, never U+2028 or
U+0085, and there is no limit on a line's length (images and signatures travel in one line).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SseEvent:
    """One event. ``data`` is the data lines joined by LF, undecoded; ``name`` the event line's value."""

    data: bytes
    name: str | None = None


class SseParser:
    """Cuts a byte stream into events; it may be fed in any pieces."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._scanned = 0
        self._name: str | None = None
        self._data: list[bytes] = []
        self._after_cr = False
        self._is_first = True

    def feed(self, data: bytes) -> list[SseEvent]:
        """Take the next bytes and return the events that they complete."""
        if self._after_cr and data:
            if data[:1] == b"\n":
                data = data[1:]
            self._after_cr = False
        self._buffer += data
        events: list[SseEvent] = []
        while (line := self._next_line()) is not None:
            event = self._take(line)
            if event is not None:
                events.append(event)
        return events

    def close(self) -> list[SseEvent]:
        """The stream ended: return an event whose closing blank line never came."""
        events = []
        if self._buffer:
            line = bytes(self._buffer)
            self._buffer.clear()
            self._take(line)
        last = self._take(b"")
        if last is not None:
            events.append(last)
        return events

    def _next_line(self) -> bytes | None:
        buffer = self._buffer
        lf = buffer.find(b"\n", self._scanned)
        cr = buffer.find(b"\r", self._scanned, lf if lf >= 0 else len(buffer))
        end = cr if cr >= 0 else lf
        if end < 0:
            self._scanned = len(buffer)
            return None
        line = bytes(buffer[:end])
        skip = end + 1
        if cr >= 0:
            if skip < len(buffer):
                skip += buffer[skip : skip + 1] == b"\n"
            else:
                self._after_cr = True
        del buffer[:skip]
        self._scanned = 0
        return line

    def _take(self, line: bytes) -> SseEvent | None:
        if self._is_first:
            self._is_first = False
            line = line.removeprefix(b"\xef\xbb\xbf")
        if not line:
            return self._dispatch()
        field, _, value = line.partition(b":")
        if value[:1] == b" ":
            value = value[1:]
        if field == b"data":
            self._data.append(value)
        elif field == b"event":
            self._name = value.decode("utf-8", "replace")
        return None

    def _dispatch(self) -> SseEvent | None:
        name, self._name = self._name, None
        if not self._data:
            return None
        data, self._data = b"\n".join(self._data), []
        return SseEvent(data, name)


def data_event(data: bytes, name: str | None = None) -> bytes:
    """Return one framed event; ``data`` must hold no line break."""
    if name is None:
        return b"data: " + data + b"\n\n"
    return b"event: " + name.encode() + b"\ndata: " + data + b"\n\n"


COMMENT_BEAT = b": keep-alive\n\n"
"""A keep-alive that every client but Gemini's survives (measured 2026-11-20)."""
