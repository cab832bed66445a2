"""Looks at same-dialect replies going by; takes them apart only where a byte test says that it may matter."""

from __future__ import annotations

from proxy_core import jsonbytes
from proxy_core.dialects.openai_chat.errors import encode_fault, reported
from proxy_core.dialects.openai_chat.finish import decode_finish
from proxy_core.dialects.openai_chat.usage import decode_usage
from proxy_core.errors import DecodeError, Failure
from proxy_core.ir.message import Json
from proxy_core.ir.stream import Finish, Usage
from proxy_core.sse import SseEvent, SseParser, holds_any

_TELLING = (b"[DONE]", b'"error"', b'"detail"')
_FILLED = tuple((name, name + b":null", name + b": null") for name in (b'"finish_reason"', b'"usage"'))
"""What many vendors send with every chunk, empty until the end."""


class ChatTap:
    """A ``Tap``. In mode *whole* (and for embeddings) it reads the body when it is complete."""

    def __init__(self, is_stream: bool) -> None:
        self._parser = SseParser() if is_stream else None
        self._body = bytearray()
        self._usage: Usage | None = None
        self._finish: Finish | None = None
        self._failure: Failure | None = None
        self._is_complete = False
        self._is_done = False
        self._has_content = False

    @property
    def usage(self) -> Usage | None:
        """What was reported so far."""
        return self._usage

    @property
    def finish(self) -> Finish | None:
        """Why the first candidate ended, once known."""
        return self._finish

    @property
    def failure(self) -> Failure | None:
        """An in-band error that went by."""
        return self._failure

    @property
    def is_complete(self) -> bool:
        """``[DONE]``, a finish reason or the whole body was seen."""
        return self._is_complete

    @property
    def is_done(self) -> bool:
        """``[DONE]`` went by."""
        return self._is_done

    @property
    def has_content(self) -> bool:
        """Whether more than a role, and the filter results that some vendors send first, went by."""
        return self._has_content

    def feed(self, data: bytes) -> None:
        """Look at the next bytes."""
        if self._parser is None:
            self._body += data
            return
        text = self._parser.whole(data)
        if text and (not self._has_content or _may_matter(text)):
            for event in self._parser.events(text):
                self._look(event)

    def close(self) -> None:
        """The bytes ended."""
        if self._parser is not None:
            for event in self._parser.close():
                self._look(event)
            return
        self._read(bytes(self._body))
        self._body.clear()

    def encode_fault(self, failure: Failure) -> bytes:
        """Return the in-band error for this reply; a whole body has no place for one."""
        return b"" if self._parser is None else encode_fault(failure)

    def _look(self, event: SseEvent) -> None:
        if event.data.strip() == b"[DONE]":
            self._is_complete = self._failure is None
            self._is_done = True
            return
        if not self._has_content:
            self._has_content = _says_something(event.data)
        if _may_matter(event.data):
            self._read(event.data)

    def _read(self, data: bytes) -> None:
        try:
            value = jsonbytes.decode(data)
        except DecodeError:
            return
        if not isinstance(value, dict):
            return
        self._usage = decode_usage(value.get("usage")) or self._usage
        self._failure = self._failure or reported(value)
        self._read_choices(value.get("choices"))
        if self._parser is None:
            self._is_complete = self._failure is None

    def _read_choices(self, choices: Json) -> None:
        for choice in choices if isinstance(choices, list) else []:
            word = choice.get("finish_reason") if isinstance(choice, dict) else None
            if not isinstance(word, str) or not word:
                continue
            self._is_complete = True
            if self._finish is None:
                message = choice.get("message")
                refused = isinstance(message, dict) and bool(message.get("refusal"))
                self._finish = decode_finish(word, refused)


def _may_matter(data: bytes) -> bool:
    """Whether there may be an end, an error or a count in it; by bytes alone, since most events have none."""
    if holds_any(data, _TELLING):
        return True
    for name, empty, wide in _FILLED:
        seen = data.count(name)
        if seen and seen > data.count(empty) + data.count(wide):
            return True
    return False


def _says_something(data: bytes) -> bool:
    """Whether a chunk has anything for a person or a program: text, thinking, a call, a reason to stop."""
    if not data.startswith(b"{"):
        return False
    try:
        value = jsonbytes.decode(data)
    except DecodeError:
        return False
    choices = value.get("choices") if isinstance(value, dict) else None
    if not isinstance(choices, list):
        return False
    return any(_has_said(choice) for choice in choices if isinstance(choice, dict))


def _has_said(choice: dict[str, Json]) -> bool:
    delta = choice.get("delta")
    said = delta if isinstance(delta, dict) else {"text": choice.get("text")}
    return bool(choice.get("finish_reason")) or any(said[name] for name in said if name != "role")
