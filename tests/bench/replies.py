"""What the fake upstream says, made once: frames of a stream, and whole bodies, in every dialect."""

import json
from dataclasses import dataclass
from typing import Any

from tests.bench.requests import Dialect

WORD = "word"
"""It stands once in every delta: a client counts the deltas that reached it."""


@dataclass(frozen=True, slots=True)
class Canned:
    """One reply: all it says at once, or piece by piece."""

    whole: bytes
    frames: tuple[bytes, ...]


def canned(dialect: Dialect, deltas: int) -> Canned:
    """Return a reply of so many deltas."""
    texts = [f"{WORD} {number} of it " for number in range(deltas)]
    make = {
        "openai_chat": _chat,
        "anthropic_messages": _anthropic,
        "openai_responses": _responses,
        "gemini_generate": _gemini,
    }[dialect]
    return make(texts)


def _dump(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _data(value: Any) -> bytes:
    return b"data: " + _dump(value) + b"\n\n"


def _named(value: dict[str, Any]) -> bytes:
    return b"event: " + str(value["type"]).encode() + b"\n" + _data(value)


def _chat(texts: list[str]) -> Canned:
    head = {"id": "chatcmpl-bench0123456789", "created": 1790000000, "model": "bench-2026-11-20"}
    usage = {
        "prompt_tokens": 20,
        "completion_tokens": len(texts),
        "total_tokens": 20 + len(texts),
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
    }

    def chunk(delta: dict[str, Any], finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        named = {**head, "object": "chat.completion.chunk", "service_tier": "default"}
        tail = {"system_fingerprint": "fp_bench", "choices": [choice], "usage": None}
        return _data({**named, **tail, "obfuscation": "d4x8Qm"})

    message: dict[str, Any] = {
        "role": "assistant",
        "content": "".join(texts),
        "refusal": None,
        "annotations": [],
    }
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    whole = {**head, "object": "chat.completion", "choices": [choice], "usage": usage}
    last = {**head, "object": "chat.completion.chunk", "choices": [], "usage": usage}
    begin = chunk({"role": "assistant", "content": "", "refusal": None})
    frames = (begin, *(chunk({"content": text}) for text in texts), chunk({}, "stop"), _data(last))
    return Canned(_dump(whole), (*frames, b"data: [DONE]\n\n"))


def _anthropic(texts: list[str]) -> Canned:
    head = {"id": "msg_bench0123456789", "type": "message", "role": "assistant", "model": "bench-20261120"}
    stop = {"stop_reason": "end_turn", "stop_sequence": None}
    usage = {
        "input_tokens": 20,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
        "output_tokens": len(texts),
        "service_tier": "standard",
    }
    begun: dict[str, Any] = {
        **head,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": usage,
    }
    block = {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
    deltas = (
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}}
        for text in texts
    )
    frames = (
        _named({"type": "message_start", "message": begun}),
        _named(block),
        _named({"type": "ping"}),
        *(_named(delta) for delta in deltas),
        _named({"type": "content_block_stop", "index": 0}),
        _named({"type": "message_delta", "delta": stop, "usage": {"output_tokens": len(texts)}}),
        _named({"type": "message_stop"}),
    )
    content = [{"type": "text", "text": "".join(texts)}]
    return Canned(_dump({**head, "content": content, **stop, "usage": usage}), frames)


def _responses(texts: list[str]) -> Canned:
    text = "".join(texts)
    usage = {
        "input_tokens": 20,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": len(texts),
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": 20 + len(texts),
    }
    base: dict[str, Any] = {
        "id": "resp_bench0123456789", "object": "response", "created_at": 1790000000,
        "error": None, "incomplete_details": None, "instructions": None, "max_output_tokens": None,
        "model": "bench-2026-11-20", "parallel_tool_calls": True, "previous_response_id": None,
        "reasoning": {"effort": None, "summary": None}, "store": False, "temperature": 1.0,
        "text": {"format": {"type": "text"}}, "tool_choice": "auto", "tools": [], "top_p": 1.0,
        "truncation": "disabled", "metadata": {},
    }  # fmt: skip
    running = {**base, "status": "in_progress", "output": [], "usage": None}
    part = {"type": "output_text", "annotations": [], "logprobs": [], "text": text}
    item = {"id": "msg_bench", "type": "message", "status": "completed", "role": "assistant"}
    done = {**base, "status": "completed", "output": [{**item, "content": [part]}], "usage": usage}
    at = {"item_id": "msg_bench", "output_index": 0, "content_index": 0}
    opened = {**item, "status": "in_progress", "content": []}
    events: list[dict[str, Any]] = [
        {"type": "response.created", "response": running},
        {"type": "response.in_progress", "response": running},
        {"type": "response.output_item.added", "output_index": 0, "item": opened},
        {"type": "response.content_part.added", **at, "part": {**part, "text": ""}},
        *(
            {
                "type": "response.output_text.delta",
                **at,
                "delta": text,
                "logprobs": [],
                "obfuscation": "d4x8Q",
            }
            for text in texts
        ),
        {"type": "response.output_text.done", **at, "text": text, "logprobs": []},
        {"type": "response.content_part.done", **at, "part": part},
        {"type": "response.output_item.done", "output_index": 0, "item": {**item, "content": [part]}},
        {"type": "response.completed", "response": done},
    ]
    frames = tuple(_named({**event, "sequence_number": number}) for number, event in enumerate(events))
    return Canned(_dump(done), frames)


def _gemini(texts: list[str]) -> Canned:
    def answer(text: str, finish: str | None) -> dict[str, Any]:
        content = {"parts": [{"text": text}], "role": "model"}
        ended = {} if finish is None else {"finishReason": finish}
        usage = {
            "promptTokenCount": 20,
            "candidatesTokenCount": len(texts),
            "totalTokenCount": 20 + len(texts),
            "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 20}],
        }
        return {
            "candidates": [{"content": content, **ended, "index": 0}],
            "usageMetadata": usage,
            "modelVersion": "bench-2026-11-20",
            "responseId": "bench0123456789",
        }

    last = len(texts) - 1
    frames = tuple(
        b"data: " + _dump(answer(text, "STOP" if number == last else None)) + b"\r\n\r\n"
        for number, text in enumerate(texts)
    )
    return Canned(_dump(answer("".join(texts), "STOP")), frames)
