"""Replies in ``text_completion`` shape, whole and streamed (openai 3.52.0 ``Completion``, 2026-11-20).

Only visible text has a place here: thinking, pictures and citations are left out, a refusal is text.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from proxy_core import jsonbytes
from proxy_core.dialects.openai_completions.errors import encode_fault
from proxy_core.errors import Failure, UpstreamProtocolError
from proxy_core.ir.message import Json, Part, Refusal, Text
from proxy_core.ir.request import Request
from proxy_core.ir.stream import (
    Beat,
    Begin,
    End,
    Fault,
    FinishReason,
    PartBegin,
    PartDelta,
    PartEnd,
    Reply,
    StreamEvent,
    Usage,
    UsageReport,
)
from proxy_core.sse import COMMENT_BEAT, data_event

_DONE = data_event(b"[DONE]")
_UNFINISHED = Failure("server", 502, "The provider's stream stopped before the reply was complete.")
_MALFORMED = "The model answered with something other than text."
_WORDS: Mapping[FinishReason, str] = MappingProxyType({
    "length": "length", "context_full": "length", "continue": "length", "filter": "content_filter",
})  # fmt: skip


def encode_reply(reply: Reply, request: Request, created: int) -> bytes:
    """Return the whole body. Raises UpstreamProtocolError for a malformed tool call without text."""
    choices = []
    for candidate in reply.candidates:
        text = "".join(_text(part) for part in candidate.parts)
        if candidate.finish.reason == "malformed_call" and not text:
            raise UpstreamProtocolError(_MALFORMED)
        choices.append(_choice(candidate.index, text, _WORDS.get(candidate.finish.reason, "stop")))
    moment = created if reply.created is None else reply.created
    body = {**_head(reply.id, request.model, moment), "choices": choices}
    if reply.usage is not None:
        body["usage"] = _usage(reply.usage)
    return jsonbytes.encode(body)


class StreamEncoder:
    """A ``ReplyEncoder``: chunks of the same shape as the whole body, then ``[DONE]``."""

    def __init__(self, request: Request, created: int) -> None:
        self._head = _head("", request.model, created)
        self._want_usage = request.want_usage
        self._written: dict[int, int] = {}
        self._has_text: set[int] = set()
        self._open: dict[int, Part] = {}
        self._usage: Usage | None = None
        self._has_end = False
        self._is_over = False
        self.failure: Failure | None = None

    def encode(self, event: StreamEvent) -> bytes:
        """Return the chunks for an event."""
        if self._is_over:
            return b""
        match event:
            case Begin():
                self._begin(event)
            case PartBegin() | PartDelta() | PartEnd():
                return self._part(event)
            case UsageReport():
                self._usage = event.usage
            case End():
                return self._end(event)
            case Fault():
                return self._fault(event.failure)
            case Beat():
                return COMMENT_BEAT
        return b""

    def close(self) -> bytes:
        """Return usage if it was asked for, and ``[DONE]``; an in-band error where the reply has no end."""
        if self._is_over:
            return b""
        if not self._has_end:
            return self._fault(_UNFINISHED)
        self._is_over = True
        if not self._want_usage or self._usage is None:
            return _DONE
        return (
            data_event(jsonbytes.encode({**self._head, "choices": [], "usage": _usage(self._usage)})) + _DONE
        )

    def _part(self, event: PartBegin | PartDelta | PartEnd) -> bytes:
        match event:
            case PartBegin():
                self._open[event.candidate] = event.part
                self._written[event.candidate] = 0
                return b""
            case PartDelta():
                is_text = isinstance(self._open.get(event.candidate), Text | Refusal)
                return self._piece(event.candidate, event.text) if is_text else b""
            case PartEnd():
                rest = _text(event.part)[self._written.get(event.candidate, 0) :]
                return self._piece(event.candidate, rest)

    def _begin(self, event: Begin) -> None:
        self._head["id"] = event.id
        if event.created is not None:
            self._head["created"] = event.created
        self._usage = event.usage or self._usage

    def _piece(self, candidate: int, text: str) -> bytes:
        if not text:
            return b""
        self._written[candidate] = self._written.get(candidate, 0) + len(text)
        self._has_text.add(candidate)
        return self._chunk(_choice(candidate, text, None))

    def _end(self, event: End) -> bytes:
        if event.finish.reason == "malformed_call" and event.candidate not in self._has_text:
            return self._fault(Failure("server", 502, _MALFORMED))
        self._has_end = True
        return self._chunk(_choice(event.candidate, "", _WORDS.get(event.finish.reason, "stop")))

    def _fault(self, failure: Failure) -> bytes:
        self._is_over = True
        self.failure = failure
        return encode_fault(failure)

    def _chunk(self, choice: dict[str, Json]) -> bytes:
        chunk = {**self._head, "choices": [choice]}
        if self._want_usage:
            chunk["usage"] = None
        return data_event(jsonbytes.encode(chunk))


def _head(identity: str, model: str, created: int) -> dict[str, Json]:
    return {"id": identity, "object": "text_completion", "created": created, "model": model}


def _choice(index: int, text: str, finish: str | None) -> dict[str, Json]:
    return {"text": text, "index": index, "logprobs": None, "finish_reason": finish}


def _text(part: Part) -> str:
    return part.text if isinstance(part, Text | Refusal) else ""


def _usage(usage: Usage) -> dict[str, Json]:
    result: dict[str, Json] = {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.input_tokens + usage.output_tokens,
    }
    if usage.cached_tokens is not None:
        result["prompt_tokens_details"] = {"cached_tokens": usage.cached_tokens}
    if usage.reasoning_tokens is not None:
        result["completion_tokens_details"] = {"reasoning_tokens": usage.reasoning_tokens}
    return result
