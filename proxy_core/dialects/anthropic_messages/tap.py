"""Watches a same-dialect reply for usage, finish and failure, without touching it."""

from __future__ import annotations

import re
from typing import Any

from proxy_core import jsonbytes
from proxy_core.dialects.anthropic_messages.errors import error_event, failure_of
from proxy_core.dialects.anthropic_messages.finish import decode_finish
from proxy_core.dialects.anthropic_messages.usage import decode_usage, merge_usage
from proxy_core.errors import DecodeError, Failure
from proxy_core.ir.message import Json
from proxy_core.ir.stream import Finish, Usage
from proxy_core.sse import SseEvent, SseParser, holds_any

_TELLING = (b'"message_start"', b'"message_delta"', b'"message_stop"', b'"error"')
_HEAD = 64  # the type is the first member of every event that the vendor sends


class Tap:
    """A tap for one reply; ``is_stream`` says how its bytes are framed."""

    def __init__(self, *, is_stream: bool) -> None:
        self._sse = SseParser() if is_stream else None
        self._body = bytearray()
        self._wire: dict[str, Json] = {}
        self._is_done = False
        self.has_content = False
        self.finish: Finish | None = None
        self.failure: Failure | None = None

    @property
    def usage(self) -> Usage | None:
        """What was reported so far."""
        return decode_usage(self._wire) if self._wire else None

    @property
    def is_complete(self) -> bool:
        """Whether the terminal event or a reason to stop was seen."""
        return self._is_done or self.finish is not None

    @property
    def is_done(self) -> bool:
        """Whether the terminal event was seen."""
        return self._is_done and self._sse is not None

    def feed(self, data: bytes) -> None:
        """Look at the next bytes."""
        if self._sse is None:
            self._body += data
            return
        text = self._sse.whole(data)
        if text and (not self.has_content or _may_matter(text)):
            for event in self._sse.events(text):
                self._look(event)

    def close(self) -> None:
        """The bytes ended; a whole body is looked at now."""
        if self._sse is not None:
            for event in self._sse.close():
                self._look(event)
            return
        names = ("type", "usage", "error", "stop_reason", "stop_sequence", "stop_details")
        try:
            found = jsonbytes.peek(bytes(self._body), names)
        except DecodeError:
            return
        self._body.clear()
        if found.get("type") == "error":
            self.failure = failure_of(found.get("error"), 200)
            return
        self._wire = merge_usage(self._wire, found.get("usage"))
        self.finish = decode_finish(found)
        self._is_done = True

    def encode_fault(self, failure: Failure) -> bytes:
        """Return the in-band error for this reply; a whole body has no place for one."""
        return b"" if self._sse is None else error_event(failure)

    def _look(self, event: SseEvent) -> None:
        if not self.has_content:
            self.has_content = _says_something(event)
        if not any(word in event.data[:_HEAD] for word in _TELLING) and not _is_telling(event.name):
            return
        try:
            message = jsonbytes.decode(event.data)
        except DecodeError:
            return
        if isinstance(message, dict):
            self._take(message.get("type") or event.name, message)

    def _take(self, kind: Json, message: dict[str, Any]) -> None:
        match kind:
            case "message_start":
                begun = message.get("message")
                self._wire = merge_usage(self._wire, begun.get("usage") if isinstance(begun, dict) else None)
            case "message_delta":
                self._wire = merge_usage(self._wire, message.get("usage"))
                delta = message.get("delta")
                self.finish = decode_finish(delta if isinstance(delta, dict) else {}) or self.finish
            case "message_stop":
                self._is_done = True
            case "error":
                self.failure = failure_of(message.get("error"), 200)
            case _:
                pass


def _may_matter(text: bytes) -> bool:
    """Whether one of several events may be telling; looks for the words wherever they stand."""
    return holds_any(text, (b"message_", b"error"))


def _is_telling(name: str | None) -> bool:
    return name is not None and (name.startswith("message_") or name == "error")


_OPENING = (b'"ping"', b'"message_start"', b'"error"')
_EMPTY_BLOCK = re.compile(rb'"content_block"\s*:\s*\{[^{}]*"(?:text|thinking)"\s*:\s*""[^{}]*\}')


def _says_something(event: SseEvent) -> bool:
    """Whether it is more than the opening of a message, or of a text or thinking that is still empty."""
    head = event.data[:_HEAD]
    if not head.startswith(b"{") or any(word in head for word in _OPENING):
        return False
    return not (b'"content_block_start"' in head and _EMPTY_BLOCK.search(event.data))
