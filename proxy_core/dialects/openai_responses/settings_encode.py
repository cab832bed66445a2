"""Knobs of a request: sampling, thinking, output format, and what is left of the caller's own members."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from proxy_core.dialect import EncodeTarget
from proxy_core.dialects.openai_responses.wire import FAMILY, LOGPROBS, NAME
from proxy_core.ir.message import Json
from proxy_core.ir.reasoning import fit
from proxy_core.ir.request import Loss, OutputFormat, ReasoningControl, Request, Sampling
from proxy_core.profile import ModelProfile, level_for

LEAST_OUTPUT = 16
"""The vendor refuses a lower ``max_output_tokens``."""

OWNED = frozenset(
    {
        "access_programs",
        "client_metadata",
        "context_management",
        "image",
        "include",
        "max_tool_calls",
        "moderation",
        "prompt_cache_options",
        "prompt_cache_retention",
        "safety_identifier",
        "truncation",
        "user",
    }
)
_SUMMARIES = frozenset({"auto", "concise", "detailed"})
_TIERS = frozenset({"auto", "default", "flex", "scale", "priority", "fast", "ultrafast"})
_ABSENT = ("top_k", "seed", "presence_penalty", "frequency_penalty", "logit_bias")
_MAX_PAIRS, _MAX_KEY, _MAX_VALUE, _MAX_USER = 16, 64, 512, 64

Body = dict[str, Json]


def encode_sampling(
    sampling: Sampling, profile: ModelProfile, body: Body, *, own: bool = False
) -> list[Loss]:
    """Write the sampling members into ``body``; return what was dropped or changed."""
    losses = [
        Loss(name, "The dialect has no such setting.")
        for name in _ABSENT
        if getattr(sampling, name) not in (None, {})
    ]
    if (limit := sampling.max_output_tokens) is not None:
        body["max_output_tokens"] = limit
        if limit < LEAST_OUTPUT and not own:  # its own clients hear from the vendor what it does not take
            losses.append(Loss("max_output_tokens", f"Raised to {LEAST_OUTPUT}, the least that is taken."))
            body["max_output_tokens"] = LEAST_OUTPUT
    for name, value in (("temperature", sampling.temperature), ("top_p", sampling.top_p)):
        if value is not None and profile.sampling:
            body[name] = value
        elif value is not None:
            losses.append(Loss(name, "The model takes no sampling settings."))
    if sampling.logprobs:
        body["include"] = [LOGPROBS]
        body["top_logprobs"] = sampling.top_logprobs or 0
    elif sampling.top_logprobs is not None:
        body["top_logprobs"] = sampling.top_logprobs
    return losses + _service(sampling, body)


def _service(sampling: Sampling, body: Body) -> list[Loss]:
    losses: list[Loss] = []
    if sampling.service_tier in _TIERS:
        body["service_tier"] = sampling.service_tier
    elif sampling.service_tier is not None:
        losses.append(Loss("service_tier", "The vendor has no such tier."))
    if sampling.cache_key:
        body["prompt_cache_key"] = sampling.cache_key
    if sampling.user:
        body["safety_identifier"] = user_key(sampling.user)
    if sampling.metadata:
        kept = {key: value for key, value in sampling.metadata.items() if _is_metadata(key, value)}
        kept = dict(list(kept.items())[:_MAX_PAIRS])
        body["metadata"] = kept
        losses += [
            Loss(f"metadata.{key}", "Not a short text.") for key in sampling.metadata if key not in kept
        ]
    body["store"] = bool(sampling.store)
    return losses


def user_key(user: str) -> str:
    """Return a user key that the vendor takes: at most 64 characters, a longer one as its SHA-256."""
    if len(user) <= _MAX_USER:
        return user
    return hashlib.sha256(user.encode("utf-8", "surrogatepass")).hexdigest()


def _is_metadata(key: str, value: Json) -> bool:
    return isinstance(value, str) and len(key) <= _MAX_KEY and len(value) <= _MAX_VALUE


def encode_reasoning(control: ReasoningControl, profile: ModelProfile) -> dict[str, Json]:
    """Return the ``reasoning`` member for a model, empty where there is nothing to say.

    A token budget becomes the level that stands for it: the dialect has no budgets.
    """
    fitted = fit(control, profile.thinking, profile.known)
    written: dict[str, Json] = {}
    match fitted.mode:
        case "off":
            written["effort"] = "none"
        case "level":
            written["effort"] = fitted.level
        case "budget":
            written["effort"] = level_for(fitted.budget or 0) if (fitted.budget or 0) >= 0 else None
        case _:
            pass
    if fitted.show:
        written["summary"] = fitted.detail if fitted.detail in _SUMMARIES else "auto"
    return {key: value for key, value in written.items() if value is not None}


def encode_format(output: OutputFormat) -> dict[str, Json]:
    """Return the ``text.format`` member; a schema format without a schema is plain JSON."""
    if output.kind == "text":
        return {"type": "text"}
    if output.kind == "json" or output.schema is None:
        return {"type": "json_object"}
    written: dict[str, Json] = {"type": "json_schema", "name": output.name or "output"}
    if output.description is not None:
        written["description"] = output.description
    written["schema"] = dict(output.schema)
    if output.strict is not None:
        written["strict"] = output.strict
    return written


def encode_extensions(request: Request, target: EncodeTarget, body: Body) -> list[Loss]:
    """Put back the caller's members that this dialect owns; the others are losses."""
    losses = [
        Loss(key, "Known to another vendor only.")
        for family, members in request.extensions.items()
        if family != FAMILY
        for key in members
    ]
    own = request.dialect == NAME
    for key, value in _own(request.extensions).items():
        if not own and (key not in OWNED or not target.strict):
            losses.append(Loss(key, "The dialect has no such setting."))
        elif key.startswith("reasoning."):
            body.setdefault("reasoning", {})[key.removeprefix("reasoning.")] = value
        elif "tools[" in key:
            body.setdefault("tools", []).append(value)
        elif key == "include" and isinstance(value, list):
            body["include"] = list(dict.fromkeys([*body.get("include", ()), *value]))
        else:
            body.setdefault(key, value)
    return losses


def _own(extensions: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]:
    return extensions.get(FAMILY) or {}
