"""Writes the demo's answers as an OpenAI chat reply (openai 3.52.0 types, 2026-11-20), whole or streamed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from zlib import crc32

from proxy_core import jsonbytes
from proxy_core.provider import Step
from proxy_core.providers.demo.catalogue import CREATED, SLOW
from proxy_core.providers.demo.question import Question
from proxy_core.providers.demo.reply import Call, Reply
from proxy_core.providers.demo.words import pieces

# Slow enough to watch, and still over in about a second and a half.
_PIECES = 30
_DELAY_S = 0.025
_SLOW_DELAY_S = 0.25

DONE = b"data: [DONE]\n\n"


def whole(question: Question, reply: Reply) -> bytes:
    """Return the reply as one JSON body."""
    message: dict[str, Any] = {"role": "assistant", "content": reply.text or None, "refusal": None}
    if reply.reasoning:
        message["reasoning_content"] = reply.reasoning
    if reply.calls:
        message["tool_calls"] = [_call(call, call.arguments) for call in reply.calls]
    elif message["content"] is None:
        message["content"] = ""
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": reply.finish}
    head = _head(question, "chat.completion")
    return jsonbytes.encode({**head, "choices": [choice], "usage": _usage(question, reply)})


def chunks(question: Question, reply: Reply) -> Iterator[bytes]:
    """Yield the reply as server-sent events up to its finish reason and usage, without the last line."""
    head = _head(question, "chat.completion.chunk")
    yield _chunk(head, {"role": "assistant", "content": None})
    for piece in pieces(reply.reasoning, _PIECES):
        yield _chunk(head, {"reasoning_content": piece})
    for piece in pieces(reply.text, _PIECES):
        yield _chunk(head, {"content": piece})
    for place, call in enumerate(reply.calls):
        yield _chunk(head, {"tool_calls": [{"index": place, **_call(call, "")}]})
        for piece in pieces(call.arguments, _PIECES // 2):
            yield _chunk(head, {"tool_calls": [{"index": place, **_more(call, piece)}]})
    yield _chunk(head, {}, reply.finish)
    if question.wants_usage:
        yield event({**head, "choices": [], "usage": _usage(question, reply)})


def stream(question: Question, reply: Reply) -> Iterator[Step]:
    """Yield the whole stream, slowly enough to watch."""
    for chunk in chunks(question, reply):
        yield Step(chunk, delay(question))
    yield Step(DONE)


def delay(question: Question) -> float:
    """Return how long to wait before each piece, in seconds."""
    return _SLOW_DELAY_S if question.model == SLOW else _DELAY_S


def event(value: Any) -> bytes:
    """Return one server-sent event."""
    return b"data: " + jsonbytes.encode(value) + b"\n\n"


def _head(question: Question, kind: str) -> dict[str, Any]:
    seed = f"{question.model}\0{question.turns}\0{question.said}\0{question.results}"
    return {
        "id": f"chatcmpl-demo-{crc32(seed.encode(errors='replace')):08x}",
        "object": kind,
        "created": CREATED,
        "model": question.model,
    }


def _chunk(head: dict[str, Any], delta: dict[str, Any], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
    return event({**head, "choices": [choice]})


def _call(call: Call, arguments: str) -> dict[str, Any]:
    return {"id": call.id, "type": "custom" if call.freeform else "function", **_inner(call, arguments, True)}


def _more(call: Call, arguments: str) -> dict[str, Any]:
    return _inner(call, arguments, False)


def _inner(call: Call, arguments: str, named: bool) -> dict[str, Any]:
    name = {"name": call.name} if named else {}
    if call.freeform:
        return {"custom": {**name, "input": arguments}}
    return {"function": {**name, "arguments": arguments}}


def _usage(question: Question, reply: Reply) -> dict[str, Any]:
    return {
        "prompt_tokens": question.input_tokens,
        "completion_tokens": reply.output_tokens,
        "total_tokens": question.input_tokens + reply.output_tokens,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": reply.reasoning_tokens,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }
