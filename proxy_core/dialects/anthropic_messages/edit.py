"""Shallow edits of a body that stays in this dialect: top-level members only."""

from __future__ import annotations

from typing import Any

from proxy_core import jsonbytes
from proxy_core.dialect import Call, Edits, Mended
from proxy_core.dialects.anthropic_messages.thinking import (
    FORCED,
    ThinkingWire,
    encode_thinking,
    without_thinking,
)
from proxy_core.dialects.anthropic_messages.words import DEFAULT_MAX_TOKENS
from proxy_core.ir.request import Loss, ReasoningControl
from proxy_core.profile import ModelProfile

_SAMPLING = ("temperature", "top_p", "top_k")
BETAS = "anthropic-beta"
"""The header that names what is not for everybody yet; the vendor's SDK takes the names as ``betas``."""
_READ = ("model", "stream", "max_tokens", "thinking", "output_config", "tool_choice", *_SAMPLING)
_FORCING = ("any", "tool")


def edit_request(body: bytes, edits: Edits, profile: ModelProfile, *, is_chat: bool) -> bytes:
    """Return the body with the edits, the very same bytes if none applies. Raises DecodeError.

    A counting request has no ``stream``, so that edit passes it by.
    """
    members = jsonbytes.members(body)
    found = jsonbytes.peek(members, _READ)
    replace: dict[str, Any] = {}
    drop: list[str] = []
    if edits.model is not None and edits.model != found.get("model"):
        replace["model"] = edits.model
    if is_chat and edits.stream is not None and edits.stream != bool(found.get("stream")):
        replace["stream"] = edits.stream
    if edits.reasoning is not None:
        _think(edits.reasoning, profile, found, replace, drop)
    if not replace and not drop:
        return body
    return jsonbytes.edit(body, replace, drop, members)


def mend(body: bytes, call: Call) -> Mended | None:
    """Move ``betas`` from the body to the header, behind those that stand there. Raises DecodeError."""
    if b'"betas"' not in body:
        return None
    members = jsonbytes.members(body)
    names = betas_of(jsonbytes.peek(members, ("betas",)).get("betas"))
    if names is None:
        return None
    told = [name.strip() for name in call.headers.get(BETAS, "").split(",")]
    every = dict.fromkeys(name for name in (*told, *names) if name)
    headers = {BETAS: ",".join(every)} if every else {}
    return Mended(jsonbytes.edit(body, {}, ["betas"], members), headers)


def betas_of(value: Any) -> tuple[str, ...] | None:
    """Return the names in a ``betas`` member; None where it is none, or holds what no header can."""
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list) or not all(isinstance(name, str) and _is_plain(name) for name in names):
        return None
    return tuple(names)


def _is_plain(name: str) -> bool:
    return name.isascii() and name.isprintable() and "," not in name


def edit_losses(body: bytes, edits: Edits, profile: ModelProfile) -> tuple[Loss, ...]:
    """Return what the edit leaves unsaid. Raises DecodeError."""
    if edits.reasoning is None:
        return ()
    lost = _wire(edits.reasoning, profile, jsonbytes.peek(body, _READ)).lost
    return () if lost is None else (Loss("reasoning", lost),)


def _wire(control: ReasoningControl, profile: ModelProfile, found: dict[str, Any]) -> ThinkingWire:
    """Return what thinking comes to beside the body's ``max_tokens`` and ``tool_choice``."""
    most = found.get("max_tokens")
    most = most if isinstance(most, int) else profile.max_output_tokens or DEFAULT_MAX_TOKENS
    wire = encode_thinking(control, profile, most)
    choice = found.get("tool_choice")
    if wire.is_on and isinstance(choice, dict) and choice.get("type") in _FORCING:
        return without_thinking(profile, FORCED)
    return wire


def _think(
    control: ReasoningControl,
    profile: ModelProfile,
    found: dict[str, Any],
    replace: dict[str, Any],
    drop: list[str],
) -> None:
    """Set thinking and effort; what the vendor refuses beside thinking goes."""
    if control.mode == "unset":
        return
    wire = _wire(control, profile, found)
    _set("thinking", wire.thinking, found, replace, drop)
    config = found.get("output_config")
    config = (
        {key: value for key, value in config.items() if key != "effort"} if isinstance(config, dict) else {}
    )
    if wire.effort is not None:
        config["effort"] = wire.effort
    _set("output_config", config or None, found, replace, drop)
    if wire.is_on:
        drop += [name for name in _SAMPLING if name in found]


def _set(
    name: str, value: dict[str, Any] | None, found: dict[str, Any], replace: dict[str, Any], drop: list[str]
) -> None:
    if value is None:
        drop += [name] * (name in found)
    elif found.get(name) != value:
        replace[name] = value
