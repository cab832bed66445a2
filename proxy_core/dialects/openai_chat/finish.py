"""Finish reasons: the five words of openai 3.52.0 (2026-11-20), and what compatible vendors say instead."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from proxy_core.dialects.openai_chat.wire import NAME
from proxy_core.ir.stream import Finish, FinishReason

_REASONS: Mapping[str, FinishReason] = MappingProxyType({
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool",
    "function_call": "tool",
    "content_filter": "filter",
    # words of compatible vendors and gateways that translate others' words badly
    "eos": "stop",
    "end_turn": "stop",
    "stop_sequence": "stop_sequence",
    "tool_use": "tool",
    "max_tokens": "length",
    "model_length": "length",
    "sensitive": "filter",
})  # fmt: skip
_WORDS: Mapping[FinishReason, str] = MappingProxyType({
    "tool": "tool_calls",
    "length": "length",
    "context_full": "length",
    "continue": "length",
    "filter": "content_filter",
})  # fmt: skip


def decode_finish(word: str | None, refused: bool) -> Finish:
    """Read ``finish_reason``; an unknown word is *other*, a missing one *stop*."""
    reason: FinishReason = _REASONS.get(word, "other") if word else "stop"
    if refused and reason == "stop":
        reason = "refusal"
    return Finish(reason, word, NAME)


def encode_finish(finish: Finish, has_calls: bool) -> str:
    """Return ``finish_reason``: never ``tool_calls`` without a call, never ``stop`` with one."""
    word = _WORDS.get(finish.reason, "stop")
    if has_calls and word == "stop":
        return "tool_calls"
    if not has_calls and word == "tool_calls":
        return "stop"
    return word
