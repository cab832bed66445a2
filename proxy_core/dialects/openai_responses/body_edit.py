"""Shallow edits of a body that stays in this dialect."""

from __future__ import annotations

from typing import Any

from proxy_core import jsonbytes
from proxy_core.dialect import Call, Edits, Mended
from proxy_core.dialects.openai_responses.request_decode import session_of
from proxy_core.dialects.openai_responses.settings_encode import encode_reasoning
from proxy_core.ir.reasoning import lost_control
from proxy_core.ir.request import Loss, ReasoningControl
from proxy_core.profile import ModelProfile

_PEEKED = ("model", "stream", "reasoning")


def edit_request(body: bytes, edits: Edits, profile: ModelProfile) -> bytes:
    """Return the body with the edits, byte for byte as it came where nothing changes. Raises DecodeError.

    Usage needs no asking in this dialect. ``reasoning`` keeps the members that the edit does not name.
    """
    members = jsonbytes.members(body)
    now = jsonbytes.peek(members, _PEEKED)
    changed: dict[str, Any] = {}
    dropped: list[str] = []
    if edits.model is not None and edits.model != now.get("model"):
        changed["model"] = edits.model
    if edits.stream is not None and edits.stream != bool(now.get("stream")):
        changed["stream"] = edits.stream
    if edits.reasoning is not None:
        reasoning = _reasoning(now.get("reasoning"), edits.reasoning, profile)
        if reasoning:
            changed["reasoning"] = reasoning
        elif "reasoning" in now:
            dropped.append("reasoning")
        if changed.get("reasoning") == now.get("reasoning"):
            changed.pop("reasoning", None)
    return jsonbytes.edit(body, changed, dropped, members) if changed or dropped else body


def mend(body: bytes, call: Call) -> Mended | None:
    """Make the session that Codex names in a header the cache key of a body without. Raises DecodeError."""
    session = session_of(call) if call.endpoint.operation == "chat" else None
    if session is None or b'"prompt_cache_key"' in body:
        return None
    return Mended(jsonbytes.edit(body, {"prompt_cache_key": session}))


def edit_losses(edits: Edits, profile: ModelProfile) -> tuple[Loss, ...]:
    """Return what the edit leaves unsaid."""
    return () if edits.reasoning is None else lost_control(edits.reasoning, profile)


def _reasoning(now: Any, control: ReasoningControl, profile: ModelProfile) -> dict[str, Any]:
    kept = dict(now) if isinstance(now, dict) and profile.thinking is not None else {}
    if control.mode != "unset":
        kept.pop("effort", None)
    kept.update(encode_reasoning(control, profile))
    return kept
