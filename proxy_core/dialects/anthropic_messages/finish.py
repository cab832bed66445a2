"""Why a reply ended, both ways (anthropic 2.11.0 ``StopReason``, 2026-11-20)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from proxy_core.dialects.anthropic_messages.words import NAME
from proxy_core.ir.message import Json
from proxy_core.ir.stream import Finish, FinishReason

_TO_NEUTRAL: Mapping[str, FinishReason] = MappingProxyType(
    {
        "end_turn": "stop",
        "max_tokens": "length",
        "stop_sequence": "stop_sequence",
        "tool_use": "tool",
        "pause_turn": "pause",
        "refusal": "filter",
        "model_context_window_exceeded": "context_full",
    }
)
_TO_NATIVE: Mapping[FinishReason, str] = MappingProxyType(
    {
        "stop": "end_turn",
        "length": "max_tokens",
        "stop_sequence": "stop_sequence",
        "tool": "tool_use",
        "pause": "pause_turn",
        "continue": "pause_turn",
        "filter": "refusal",
        "refusal": "refusal",
        "context_full": "model_context_window_exceeded",
        "malformed_call": "end_turn",
        "other": "end_turn",
    }
)


def decode_finish(holder: Mapping[str, Json]) -> Finish | None:
    """Read ``stop_reason``, ``stop_sequence`` and ``stop_details``; None where there is no reason yet."""
    native = holder.get("stop_reason")
    if not isinstance(native, str):
        return None
    sequence = holder.get("stop_sequence")
    details = holder.get("stop_details")
    return Finish(
        reason=_TO_NEUTRAL.get(native, "other"),
        native=native,
        dialect=NAME,
        stop_sequence=sequence if isinstance(sequence, str) else None,
        detail=details if isinstance(details, dict) else None,
    )


def encode_finish(finish: Finish) -> dict[str, Json]:
    """Return ``stop_reason`` and ``stop_sequence``, and ``stop_details`` for a refusal.

    The vendor's own word is used again as long as it still means the neutral reason.
    """
    word = _TO_NATIVE[finish.reason]
    is_own = finish.dialect == NAME
    if is_own and finish.native is not None and _TO_NEUTRAL.get(finish.native, "other") == finish.reason:
        word = finish.native
    sequence = finish.stop_sequence if word == "stop_sequence" else None
    out: dict[str, Json] = {"stop_reason": word, "stop_sequence": sequence}
    if is_own and finish.detail is not None:
        out["stop_details"] = dict(finish.detail)
    return out
