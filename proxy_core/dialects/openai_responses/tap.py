"""Watches a same-dialect reply for usage, end and in-band errors, without touching it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

from proxy_core import jsonbytes
from proxy_core.dialects.openai_responses.errors import failure_of, in_band_error
from proxy_core.dialects.openai_responses.output_decode import Origin, decode_finish, decode_item, objects
from proxy_core.dialects.openai_responses.stream_encode import encode_fault
from proxy_core.dialects.openai_responses.usage import decode_usage
from proxy_core.errors import DecodeError, Failure
from proxy_core.ir.message import EMPTY, Json, ToolCall
from proxy_core.ir.stream import Finish, Usage
from proxy_core.sse import SseEvent, SseParser, holds_any

_WORTH_READING = (b"response.completed", b"response.incomplete", b"response.failed", b'"error"', b'_call"')
_CREATED = "response.created"
_CREATED_MARK = _CREATED.encode()
_NUMBERED = b'"sequence_number"'
_NUMBER = re.compile(rb'"sequence_number"\s*:\s*(\d{1,18})')
_HEAD = ("id", "model", "created_at")
_TERMINAL = frozenset({"response.completed", "response.incomplete", "response.failed"})
_CALLS = ("function_call", "custom_tool_call")
_NOWHERE = Origin("", "", 0)


class ReplyTap:
    """Facts of one reply; events are decoded only where a byte test says that they may matter."""

    def __init__(self, kind: Literal["whole", "stream"]) -> None:
        self._parser = SseParser() if kind == "stream" else None
        self._body = bytearray()
        self._usage: Usage | None = None
        self._finish: Finish | None = None
        self._failure: Failure | None = None
        self._is_complete = False
        self._has_content = False
        self._called: ToolCall | None = None
        self._head: Mapping[str, Json] = EMPTY
        self._next_number = 0

    @property
    def usage(self) -> Usage | None:
        """What was reported."""
        return self._usage

    @property
    def finish(self) -> Finish | None:
        """Why the response ended."""
        return self._finish

    @property
    def failure(self) -> Failure | None:
        """A failed response, or an error event."""
        return self._failure

    @property
    def is_complete(self) -> bool:
        """Whether the terminal event went by."""
        return self._is_complete

    @property
    def is_done(self) -> bool:
        """Whether the terminal event of a stream went by."""
        return self._is_complete and self._parser is not None

    @property
    def has_content(self) -> bool:
        """Whether more than the opening of a response, or of an item that is still empty, went by."""
        return self._has_content

    def feed(self, data: bytes) -> None:
        """Look at the next bytes."""
        if self._parser is None:
            self._body += data
            return
        text = self._parser.whole(data)
        if text and self._has_content and not holds_any(text, _WORTH_READING):
            self._pass_by(text)
        elif text:
            for event in self._parser.events(text):
                self._event(event)

    def close(self) -> None:
        """Look at what is left; a whole body is read now."""
        if self._parser is not None:
            number = self._next_number
            for event in self._parser.close():
                self._event(event)
            if not self._is_complete:
                self._next_number = number  # half an event is not passed on, and its number is free
            return
        try:
            body = jsonbytes.decode_object(bytes(self._body))
        except DecodeError:
            return
        if body.get("object") == "response" or "output" in body:
            self._response(body, f"response.{body.get('status', 'completed')}")
        elif body.get("error"):
            self._failure = failure_of(in_band_error(body))

    def encode_fault(self, failure: Failure) -> bytes:
        """Return ``response.failed`` of the response that went by; a whole body has no place for one."""
        return b"" if self._parser is None else encode_fault(failure, self._head, self._next_number)

    def _pass_by(self, text: bytes) -> None:
        """Take note of events that only have their number to tell."""
        number = _NUMBER.search(text, max(0, text.rfind(_NUMBERED)))
        self._next_number = self._next_number + text.count(b"\n\n") if number is None else 1 + int(number[1])

    def _event(self, event: SseEvent) -> None:
        if self._is_complete:
            return
        if not self._has_content:
            self._has_content = _says_something(event)
        number = _NUMBER.search(event.data)
        self._next_number = 1 + (self._next_number if number is None else int(number[1]))
        is_first = not self._head and _CREATED_MARK in event.data
        if not is_first and not holds_any(event.data, _WORTH_READING):
            return
        try:
            data = jsonbytes.decode(event.data)
        except DecodeError:
            return
        if isinstance(data, dict):
            self._read(str(data.get("type") or event.name or ""), data)

    def _read(self, kind: str, data: Mapping[str, Json]) -> None:
        response, item = data.get("response"), data.get("item")
        if kind in _TERMINAL:
            self._response(response if isinstance(response, dict) else {}, kind)
        elif kind == _CREATED and isinstance(response, dict):
            self._head = {name: response[name] for name in _HEAD if response.get(name) is not None}
        elif kind == "error" or (not kind and "error" in data):
            self._failure = failure_of(in_band_error(data))
        elif kind == "response.output_item.done" and isinstance(item, dict) and item.get("type") in _CALLS:
            # Codex's back end leaves the output of the terminal event empty.
            self._called = ToolCall("", str(item.get("name")), "{}")

    def _response(self, response: Mapping[str, Json], kind: str) -> None:
        if kind not in _TERMINAL:
            return
        self._is_complete = True
        self._usage = decode_usage(response.get("usage"))
        if kind == "response.failed":
            error = response.get("error")
            self._failure = failure_of(error if isinstance(error, dict) else {})
            return
        parts = [part for item in objects(response.get("output")) for part in decode_item(item, _NOWHERE)]
        if self._called is not None:
            parts.append(self._called)
        status = kind.removeprefix("response.")
        self._finish = decode_finish({**response, "status": status}, parts)


_TYPE = re.compile(rb'"type"\s*:\s*"(response\.[a-z_.]+)"')
_OPENING = frozenset(
    {
        "response.created",
        "response.in_progress",
        "response.queued",
        "response.failed",
        "response.content_part.added",
        "response.reasoning_summary_part.added",
    }
)
_EMPTY_ITEM = re.compile(rb'"item"\s*:\s*\{[^{}]*"type"\s*:\s*"(?:message|reasoning)"')


def _says_something(event: SseEvent) -> bool:
    """Whether it is more than the opening of the response, or of a message or reasoning."""
    found = _TYPE.search(event.data)
    kind = found[1].decode() if found is not None else event.name or ""
    if not kind.startswith("response.") or kind in _OPENING:
        return False
    return not (kind == "response.output_item.added" and _EMPTY_ITEM.search(event.data))
