"""Vendors' replies in their own words, short enough to read in a test."""

from collections.abc import Mapping
from typing import Any

Body = dict[str, Any]


def anthropic(*blocks: Body, stop: str = "end_turn", sequence: str | None = None, **usage: int) -> Body:
    """A whole Anthropic message."""
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": list(blocks) or [{"type": "text", "text": "x"}],
        "stop_reason": stop,
        "stop_sequence": sequence,
        "usage": {"input_tokens": 18, "output_tokens": 5, **usage},
    }


def anthropic_stream(*blocks: Body, stop: str = "end_turn") -> list[Body]:
    """The same as events, one delta per block."""
    start = {**anthropic(), "content": [], "stop_reason": None}
    events: list[Body] = [{"type": "message_start", "message": start}]
    for index, block in enumerate(blocks):
        empty, delta = _opened(block)
        events += [
            {"type": "content_block_start", "index": index, "content_block": empty},
            {"type": "content_block_delta", "index": index, "delta": delta},
            {"type": "content_block_stop", "index": index},
        ]
    end = {"stop_reason": stop, "stop_sequence": None}
    return [
        *events,
        {"type": "message_delta", "delta": end, "usage": {"output_tokens": 5}},
        {"type": "message_stop"},
    ]


def _opened(block: Body) -> tuple[Body, Body]:
    if block["type"] == "tool_use":
        return {**block, "input": {}}, {"type": "input_json_delta", "partial_json": "{}"}
    return {"type": "text", "text": ""}, {"type": "text_delta", "text": block["text"]}


def gemini(*parts: Body, finish: str | None = "STOP", usage: Body | None = None) -> Body:
    """A Gemini answer, whole or one chunk of a stream."""
    candidate = {"content": {"role": "model", "parts": list(parts) or [{"text": "x"}]}, "index": 0}
    if finish is not None:
        candidate["finishReason"] = finish
    counted = {"promptTokenCount": 10, "candidatesTokenCount": 15, "totalTokenCount": 25}
    return {
        "candidates": [candidate],
        "usageMetadata": usage or counted,
        "responseId": "r1",
        "modelVersion": "m",
    }


def chat(message: Body | None = None, finish: str = "stop", details: Mapping[str, int] | None = None) -> Body:
    """A whole Chat completion; ``details`` are those of its prompt's tokens."""
    usage: Body = {"prompt_tokens": 9, "completion_tokens": 1, "total_tokens": 10}
    if details:
        usage["prompt_tokens_details"] = dict(details)
    choice = {
        "index": 0,
        "message": message or {"role": "assistant", "content": "x"},
        "finish_reason": finish,
    }
    return {
        "id": "c",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [choice],
        "usage": usage,
    }


def chunk(delta: Body, finish: str | None = None) -> Body:
    """A Chat chunk."""
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
