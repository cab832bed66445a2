"""Looks at same-dialect replies going by; parses an event only where a byte test says it may matter."""

from __future__ import annotations

import re

from proxy_core import jsonbytes
from proxy_core.dialects.openai_chat.errors import encode_fault, reported
from proxy_core.dialects.openai_chat.finish import decode_finish
from proxy_core.dialects.openai_chat.usage import decode_usage
from proxy_core.errors import DecodeError, Failure
from proxy_core.ir.message import Json
from proxy_core.ir.stream import Finish, Usage
from proxy_core.sse import SseEvent, SseParser

_TELLING = re.compile(
    rb'"(?:usage|error)"\s*:\s*[{"]|"finish_reason"\s*:\s*"|"object"\s*:\s*"error"|"detail"'
)


class ChatTap:
    """A ``Tap``. In mode *whole* (and for embeddings) it reads the body when it is complete."""

    def __init__(self, is_stream: bool) -> None:
        self._parser = SseParser() if is_stream else None
        self._body = bytearray()
        self._usage: Usage | None = None
        self._finish: Finish | None = None
        self._failure: Failure | None = None
        self._is_complete = False

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

    def feed(self, data: bytes) -> None:
        """Look at the next bytes."""
        if self._parser is None:
            self._body += data
            return
        for event in self._parser.feed(data):
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
        elif _TELLING.search(event.data):
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
