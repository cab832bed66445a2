"""Watches a same-dialect reply go by: usage, finish reason, in-band errors."""

from __future__ import annotations

from proxy_core import jsonbytes
from proxy_core.dialect import Mode
from proxy_core.dialects.gemini_generate.errors import decode_error_object, error_object
from proxy_core.dialects.gemini_generate.finish import NAME, decode_finish
from proxy_core.dialects.gemini_generate.framing import ChunkCutter, last_chunk
from proxy_core.dialects.gemini_generate.usage import decode_usage
from proxy_core.errors import DecodeError, Failure
from proxy_core.ir.message import Json
from proxy_core.ir.stream import Finish, Usage
from proxy_core.sse import holds_any

_READ = ("usageMetadata", "promptFeedback", "error", "candidates")
_TELLING = (b'"finishReason"', b'"promptFeedback"', b'"error"')
_COUNT = b'"usageMetadata"'


class ReplyTap:
    """A ``Tap``; it decodes candidates only in chunks that may end one."""

    def __init__(self, mode: Mode) -> None:
        self._mode: Mode = mode
        self._cutter = None if mode == "whole" else ChunkCutter()
        self._body = bytearray()
        self._has_call = False
        self._is_closed = False
        self._counted: bytes | None = None
        self._usage: Usage | None = None
        self.has_content = False
        self.finish: Finish | None = None
        self.failure: Failure | None = None

    @property
    def usage(self) -> Usage | None:
        """What was reported so far. Most vendors count in every chunk; only the last one is read."""
        if self._counted is not None:
            chunk, self._counted = self._counted, None
            self._read(chunk, ("usageMetadata",))
        return self._usage

    @property
    def is_complete(self) -> bool:
        """Whether the finish reason of a candidate (or a blocked prompt) was seen."""
        return self.finish is not None

    @property
    def is_done(self) -> bool:
        """Return False: usage may follow a finish reason, so only the end of the body ends a reply."""
        return False

    def feed(self, data: bytes) -> None:
        """Look at the next bytes."""
        if self._cutter is None:
            self._body += data
            return
        for chunk in self._cutter.feed(data):
            self._see(chunk)

    def close(self) -> None:
        """The bytes ended."""
        if self._is_closed:
            return
        self._is_closed = True
        for chunk in [bytes(self._body)] if self._cutter is None else self._cutter.close():
            self._see(chunk)
        self._body.clear()

    def encode_fault(self, failure: Failure) -> bytes:
        """Return the in-band error for this reply; a whole body has no place for one."""
        return last_chunk(self._mode, jsonbytes.encode(error_object(failure)))

    def _see(self, chunk: bytes) -> None:
        self._has_call = self._has_call or b'"functionCall"' in chunk
        if self.has_content and not holds_any(chunk, _TELLING):
            if _COUNT in chunk:
                self._counted = chunk
            return
        if _COUNT in chunk:
            self._counted = None
        self._read(chunk, _READ)

    def _read(self, chunk: bytes, names: tuple[str, ...]) -> None:
        try:
            found = jsonbytes.peek(chunk, names)
        except DecodeError:
            return
        self._usage = decode_usage(found.get("usageMetadata")) or self._usage
        if found.get("error") is not None:
            self.failure = decode_error_object(found, 0)
        for candidate in _dicts(found.get("candidates")):
            self.has_content = self.has_content or _says_something(candidate)
            reason = candidate.get("finishReason")
            if isinstance(reason, str) and candidate.get("index", 0) == 0:
                self.finish = decode_finish(reason, self._has_call)
        feedback = found.get("promptFeedback")
        if isinstance(feedback, dict) and feedback.get("blockReason") and self.finish is None:
            self.finish = Finish("filter", str(feedback["blockReason"]), NAME)


def _dicts(value: Json) -> list[dict[str, Json]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _says_something(candidate: dict[str, Json]) -> bool:
    content = candidate.get("content")
    parts = _dicts(content.get("parts")) if isinstance(content, dict) else []
    return any(part.get("text") or set(part) - {"text", "thought"} for part in parts)
