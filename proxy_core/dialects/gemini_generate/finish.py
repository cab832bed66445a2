"""Finish reasons, both ways (google-genai 3.4.0 types, 2026-11-20)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from proxy_core.ir.message import EMPTY, Json
from proxy_core.ir.stream import Finish, FinishReason

NAME = "gemini_generate"

_IN: Mapping[str, FinishReason] = MappingProxyType(
    {
        "STOP": "stop",
        "MAX_TOKENS": "length",
        "CONTINUATION": "continue",
        **dict.fromkeys(
            (
                "SAFETY",
                "RECITATION",
                "LANGUAGE",
                "BLOCKLIST",
                "PROHIBITED_CONTENT",
                "SPII",
                "IMAGE_SAFETY",
                "IMAGE_PROHIBITED_CONTENT",
                "IMAGE_RECITATION",
                "MODEL_ARMOR",
                "ESCALATION",
            ),
            "filter",
        ),
        **dict.fromkeys(
            (
                "MALFORMED_FUNCTION_CALL",
                "UNEXPECTED_TOOL_CALL",
                "MALFORMED_RESPONSE",
                "MISSING_THOUGHT_SIGNATURE",
                "TOO_MANY_TOOL_CALLS",
            ),
            "malformed_call",
        ),
    }
)

_OUT: Mapping[FinishReason, str] = MappingProxyType(
    {
        "stop": "STOP",
        "stop_sequence": "STOP",
        "tool": "STOP",
        "refusal": "STOP",
        "length": "MAX_TOKENS",
        "context_full": "MAX_TOKENS",
        "filter": "SAFETY",
        "continue": "CONTINUATION",
    }
)

_BENIGN = frozenset({"stop", "length", "other", "malformed_call"})


def decode_finish(native: str, has_call: bool, detail: Mapping[str, Json] = EMPTY) -> Finish:
    """Return the neutral reason; ``has_call``: the candidate holds a call.

    A call's arguments arrive whole, so a call that is there is complete and the client must run it,
    whatever the reason says, unless the vendor blocked the answer.
    """
    reason = _IN.get(native, "other")
    if has_call and reason in _BENIGN:
        reason = "tool"
    return Finish(reason, native, NAME, detail=detail or None)


def encode_finish(finish: Finish) -> str:
    """Return the vendor's word: its own if the reply came from this dialect and was not changed since."""
    if (
        finish.dialect == NAME
        and finish.native
        and finish.reason in ("tool", _IN.get(finish.native, "other"))
    ):
        return finish.native
    return _OUT.get(finish.reason, "OTHER")
