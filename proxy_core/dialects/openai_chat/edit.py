"""Shallow edits of a body that stays in this dialect: top-level members only, nested bytes untouched."""

from __future__ import annotations

from typing import Any

from proxy_core import jsonbytes
from proxy_core.dialect import Edits
from proxy_core.dialects.openai_chat.request_encode import encode_reasoning
from proxy_core.ir.message import Json
from proxy_core.ir.reasoning import lost_control
from proxy_core.ir.request import Loss
from proxy_core.profile import ModelProfile

_READ = frozenset({"model", "stream", "stream_options", "reasoning_effort"})


def edit_request(body: bytes, is_chat: bool, edits: Edits, profile: ModelProfile) -> bytes:
    """Return the body with the edits, the same bytes if none applies. Raises DecodeError.

    Usage is asked for only in a stream; ``stream_options`` goes away with the stream, because vendors
    refuse it without one.
    """
    members = jsonbytes.members(body)
    found = jsonbytes.peek(members, _READ)
    replace: dict[str, Any] = {}
    drop: list[str] = []
    if edits.model is not None and found.get("model") != edits.model:
        replace["model"] = edits.model
    if is_chat:
        _stream(found, edits, replace, drop)
    if is_chat and edits.reasoning is not None:
        effort = encode_reasoning(edits.reasoning, profile)
        drop.append("reasoning")
        if effort is None:
            drop.append("reasoning_effort")
        else:
            replace["reasoning_effort"] = effort
    if not replace and not drop:
        return body
    return jsonbytes.edit(body, replace, drop, members)


def edit_losses(is_chat: bool, edits: Edits, profile: ModelProfile) -> tuple[Loss, ...]:
    """Return what the edit leaves unsaid."""
    if not is_chat or edits.reasoning is None:
        return ()
    return lost_control(edits.reasoning, profile)


def _stream(found: dict[str, Json], edits: Edits, replace: dict[str, Any], drop: list[str]) -> None:
    streams = bool(found.get("stream")) if edits.stream is None else edits.stream
    if edits.stream is not None and bool(found.get("stream")) != edits.stream:
        replace["stream"] = edits.stream
    options = found.get("stream_options")
    options = options if isinstance(options, dict) else {}
    if streams and edits.want_usage and options.get("include_usage") is not True:
        replace["stream_options"] = {**options, "include_usage": True}
    elif not streams and "stream_options" in found and edits.stream is not None:
        drop.append("stream_options")
