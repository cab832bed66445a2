"""Finds opaque reasoning in bytes that go by, without decoding them."""

from __future__ import annotations

import re
from collections.abc import Callable

from proxy_core.dialect import Mode, SealFields
from proxy_core.sse import holds_any

_LONGEST_MARK = 32
_MOST_HELD = 1 << 20
"""A value longer than this is not followed; no vendor's comes near it."""

_START = re.compile(rb'\s*:\s*"')
_ESCAPED = re.compile(rb'[^"\\]*(?:\\.[^"\\]*)*')


def marked(body: bytes, fields: SealFields) -> bool:
    """Say whether opaque reasoning may be in a body; cheap also where the body is large."""
    return holds_any(body, fields.marks)


def values(body: bytes, fields: SealFields) -> list[bytes]:
    """Return the values in a body as they are spelled there, in their order."""
    return [body[start:end] for start, end in _found(body, fields)]


def _found(body: bytes, fields: SealFields) -> list[tuple[int, int]]:
    """Return where each value begins and ends; `find` goes from one to the next faster than an expression."""
    found: list[tuple[int, int]] = []
    for member in fields.members:
        at = body.find(member)
        while at >= 0:
            at += len(member)
            start = _START.match(body, at)
            end = -1 if start is None else _end(body, start.end())
            if start is not None and end >= 0:
                found.append((start.end(), end))
                at = end
            at = body.find(member, at)
    if fields.others is not None and marked(body, fields):
        found += [match.span(match.lastindex or 0) for match in fields.others.finditer(body)]
    return sorted(found)


def _end(body: bytes, start: int) -> int:
    """Return where the JSON string ends that begins at ``start``; -1 where the bytes end before."""
    end = body.find(b'"', start)
    if body.find(b"\\", start, end) < 0:
        return end
    match = _ESCAPED.match(body, start)
    end = start if match is None else match.end()
    return end if body[end : end + 1] == b'"' else -1


class SealWatch:
    """Tells of every value in a reply, however it is cut. ``has_marks``: some may have gone by."""

    def __init__(self, fields: SealFields, mode: Mode, found: Callable[[bytes], None]) -> None:
        self._fields = fields
        self._marks = fields.marks
        self._found = found
        self._is_whole = mode == "whole"
        self._pieces: list[bytes] = []
        self._size = 0
        self._is_open = False
        self._edge = b""
        self.has_marks = False

    def feed(self, data: bytes) -> None:
        """Look at the next bytes."""
        if self._is_open or self._is_whole:
            self._hold(data)
            return
        window = self._edge + data
        if holds_any(window, self._marks):
            self.has_marks = True
            self._look(window)
        else:
            self._edge = window[-_LONGEST_MARK:]

    def close(self) -> None:
        """The bytes ended."""
        if self._is_whole:
            body = b"".join(self._pieces)
            self._pieces.clear()
            if marked(body, self._fields):
                self.has_marks = True
                self._tell(body)

    def _hold(self, data: bytes) -> None:
        self._pieces.append(data)
        self._size += len(data)
        # a whole body is held by the relay as well; in the middle of a value nothing is to be seen
        if not self._is_whole and (b'"' in data or self._size >= _MOST_HELD):
            self._look(b"".join(self._pieces))

    def _look(self, window: bytes) -> None:
        end = self._tell(window)
        # neither a mark nor a value goes over the end of a line
        rest = window[max(end, window.rfind(b"\n") + 1) :]
        self._is_open = len(rest) < _MOST_HELD and holds_any(rest, self._marks)
        self._pieces, self._size = ([rest], len(rest)) if self._is_open else ([], 0)
        self._edge = rest[-_LONGEST_MARK:]

    def _tell(self, data: bytes) -> int:
        found = _found(data, self._fields)
        for start, end in found:
            self._found(data[start:end])
        return found[-1][1] + 1 if found else 0
