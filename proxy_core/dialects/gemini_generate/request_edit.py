"""Shallow edits of a body that stays in this dialect."""

from __future__ import annotations

from typing import Any

from msgspec import Raw

from proxy_core import jsonbytes
from proxy_core.dialect import Call, Edits
from proxy_core.dialects.gemini_generate.reading import camel
from proxy_core.dialects.gemini_generate.settings_encode import encode_thinking
from proxy_core.errors import DecodeError
from proxy_core.ir.reasoning import asks_for_none, lost_control
from proxy_core.ir.request import Loss
from proxy_core.profile import ModelProfile


def edit_request(body: bytes, call: Call, edits: Edits, profile: ModelProfile) -> bytes:
    """Return the body with another thinking control, and another model where the body names one.

    Model and stream stand in the address, and usage is always reported: nothing of that is in the body of
    a chat request. Unchanged bytes where nothing applies.
    """
    members = jsonbytes.members(body)
    replaced: dict[str, Any] = {}
    if edits.model is not None and call.endpoint.operation == "count_tokens":
        replaced |= _renamed(members, edits.model)
    if edits.reasoning is not None and call.endpoint.operation == "chat":
        thinking = encode_thinking(edits.reasoning, profile, own=True)
        if thinking:
            if asks_for_none(edits.reasoning):
                thinking["includeThoughts"] = False  # the body's own wish for them must not stay
            replaced |= _rethought(members, thinking)
    return jsonbytes.edit(body, replaced) if replaced else body


def edit_losses(call: Call, edits: Edits, profile: ModelProfile) -> tuple[Loss, ...]:
    """Return what the edit leaves unsaid."""
    if edits.reasoning is None or call.endpoint.operation != "chat":
        return ()
    return lost_control(edits.reasoning, profile)


def _named(members: dict[str, Any], name: str) -> str | None:
    """Return the spelling under which a member is there."""
    return next((key for key in (name, *members) if key in members and camel(key) == name), None)


def _renamed(members: dict[str, Any], model: str) -> dict[str, Any]:
    key = _named(members, "generateContentRequest")
    if key is None:
        return {}
    inner = bytes(members[key])
    if "model" not in jsonbytes.members(inner):
        return {}
    return {key: _raw(jsonbytes.edit(inner, {"model": f"models/{model}"}))}


def _rethought(members: dict[str, Any], thinking: dict[str, Any]) -> dict[str, Any]:
    key = _named(members, "generationConfig")
    config = b"{}" if key is None else bytes(members[key])
    if config.strip() == b"null":
        config = b"{}"
    inner = jsonbytes.members(config)
    old = _named(inner, "thinkingConfig")
    if old is not None and "includeThoughts" not in thinking:
        thinking = {**_shown(jsonbytes.decode(bytes(inner[old]))), **thinking}
    edited = jsonbytes.edit(config, {"thinkingConfig": thinking}, drop=[old] if old else [])
    return {key or "generationConfig": _raw(edited)}


def _shown(old: Any) -> dict[str, Any]:
    if not isinstance(old, dict):
        raise DecodeError("generationConfig.thinkingConfig must be an object.")
    shown = {camel(name): value for name, value in old.items()}.get("includeThoughts")
    return {} if shown is None else {"includeThoughts": shown}


def _raw(encoded: bytes) -> Any:
    return Raw(encoded)
