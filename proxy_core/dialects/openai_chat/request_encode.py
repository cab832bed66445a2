"""A request for an upstream that speaks Chat Completions (openai 3.52.0, 2026-11-20)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from types import MappingProxyType

from proxy_core import jsonbytes
from proxy_core.dialect import EncodeTarget
from proxy_core.dialects.openai_chat.message_encode import encode_messages, encode_system
from proxy_core.dialects.openai_chat.part_encode import CacheMarks, ContentEncoder
from proxy_core.dialects.openai_chat.thinking import stand_in
from proxy_core.dialects.openai_chat.tools_encode import (
    encode_tool_choice,
    encode_tools,
    narrow,
    split_hosted,
)
from proxy_core.dialects.openai_chat.wire import FAMILY, NAME
from proxy_core.errors import UnsupportedError
from proxy_core.ir.message import Json
from proxy_core.ir.offers import offered
from proxy_core.ir.reasoning import fit, lost_control, lost_thoughts
from proxy_core.ir.request import EncodedRequest, Loss, OutputFormat, ReasoningControl, ReplyMemory, Request
from proxy_core.ir.structure import StructureLaws, arrange
from proxy_core.ir.tools import ToolLimits, fit_call_ids, fit_tools
from proxy_core.profile import ModelProfile, clamp_level, level_for

_MAX_STOPS = 4
_MAX_CALL_ID = 40
_MAX_USER = 64
_LAWS = StructureLaws(text_before_calls=True)
_OWNED = frozenset({"audio", "prediction", "moderation", "prompt_cache_options", "prompt_cache_retention"})
"""Members of the family without a neutral place that this dialect has."""
_FEATURES = frozenset({
    "previous_response_id", "conversation", "background", "prompt", "mcp_servers", "container",
    "cachedContent", "cached_content",
})  # fmt: skip
"""Extensions that change what the model sees or can do: leaving them out would answer another question."""
_TIERS = frozenset({"auto", "default", "flex", "scale", "priority", "fast"})
_TIER_WORDS: Mapping[str, str] = MappingProxyType({"standard": "default", "standard_only": "default"})
# OpenAI refuses the old name for its reasoning models, also behind a gateway
_NEW_LENGTH = re.compile(r"(?:^|/)(?:gpt-[5-9]|o[1-9])")
_NOT_HERE = "The chosen model's API has no such setting."


def encode_request(request: Request, target: EncodeTarget) -> EncodedRequest:
    """Encode a request. Raises UnsupportedError for a feature that Chat cannot say."""
    _refuse(request, target)
    losses: list[Loss] = []
    if request.dialect != NAME:
        request, unoffered = offered(request)
        losses.extend(unoffered)
    request, search = split_hosted(request, losses)
    if search is not None and request.dialect != NAME:
        _refuse_search(target)
    request, memory = fit_tools(request, ToolLimits(freeform=target.strict))
    request = fit_call_ids(request, _MAX_CALL_ID)
    request, arranged = arrange(request, _LAWS)
    losses.extend(arranged)
    if not target.strict:
        request = narrow(request)
    marks = CacheMarks(target.strict, request.system, request.messages)
    content = ContentEncoder(target.strict, target.takes_extensions, marks, losses)
    body: dict[str, Json] = {"model": target.model}
    body["messages"] = encode_system(request.system, content) + encode_messages(
        request.messages, content, target.issuer
    )
    if target.without_reasoning and target.takes_extensions:
        stand_in(body["messages"])
    if marks.dropped:
        losses.append(Loss("cache_control", "The chosen model's API takes no or fewer cache marks."))
    body |= _tools(request, losses)
    body |= _options(request, target, losses)
    losses.extend(lost_control(request.reasoning, target.profile))
    losses.extend(lost_thoughts(request.messages, request.messages if content.extends else ()))
    if search is not None:
        body["web_search_options"] = search
    body |= _extensions(request, target, losses)
    if target.stream:
        body["stream"] = True
        body["stream_options"] = {"include_usage": True}
    stop = request.sampling.stop[_MAX_STOPS:]
    memory = ReplyMemory(memory.tools, stop, memory.hosted)
    return EncodedRequest(jsonbytes.encode(body), tuple(dict.fromkeys(losses)), memory)


def encode_reasoning(control: ReasoningControl, profile: ModelProfile) -> str | None:
    """Return ``reasoning_effort``; None where nothing is to be said (the model decides)."""
    fitted = fit(control, profile.thinking, profile.known)
    match fitted.mode:
        case "off":
            return "none"
        case "level":
            return fitted.level
        case "budget" if fitted.budget is not None and fitted.budget >= 0:
            level = level_for(fitted.budget)
            return level if profile.thinking is None else clamp_level(level, profile.thinking)
        case _:
            return None


def _refuse(request: Request, target: EncodeTarget) -> None:
    for members in request.extensions.values():
        for name, value in members.items():
            if name in _FEATURES and value:
                raise UnsupportedError(
                    f"The chosen model's API has no `{name}`; send the whole conversation in the request.",
                    param=name,
                )
    modalities = set(request.sampling.modalities)
    if target.strict and modalities - {"text", "audio"}:
        raise UnsupportedError("The chosen model's API cannot give pictures.", param="modalities")
    if "audio" in modalities and "audio" not in request.extensions.get(FAMILY, {}):
        raise UnsupportedError(
            "The chosen model's API needs a voice and a format for sound.", param="modalities"
        )


def _refuse_search(target: EncodeTarget) -> None:
    """Raise UnsupportedError where the vendor imitates the common core only: it would not search."""
    if target.lean:
        raise UnsupportedError(
            f"The provider of {target.model} has no hosted tool 'web_search': remove it or take a model of "
            "another provider.",
            param="tools",
        )


def _tools(request: Request, losses: list[Loss]) -> dict[str, Json]:
    if not request.tools:
        return {}
    wire: dict[str, Json] = {"tools": encode_tools(request.tools, losses, own=request.dialect == NAME)}
    if request.tool_choice is not None:
        wire["tool_choice"] = encode_tool_choice(request.tool_choice, request.tools)
    if request.sampling.parallel_tool_calls is not None:
        wire["parallel_tool_calls"] = request.sampling.parallel_tool_calls
    return wire


def _options(request: Request, target: EncodeTarget, losses: list[Loss]) -> dict[str, Json]:
    sampling = request.sampling
    new_name = target.strict or _NEW_LENGTH.search(target.model)
    length = "max_completion_tokens" if new_name else "max_tokens"
    samples = target.profile.sampling
    if not samples:
        unsaid = (("temperature", sampling.temperature), ("top_p", sampling.top_p))
        losses.extend(
            Loss(name, "The chosen model takes no such setting.")
            for name, value in unsaid
            if value is not None
        )
    if sampling.top_k is not None and not target.takes_extensions:
        losses.append(Loss("top_k", _NOT_HERE))
    options: dict[str, Json] = {
        length: sampling.max_output_tokens,
        "temperature": sampling.temperature if samples else None,
        "top_p": sampling.top_p if samples else None,
        "top_k": sampling.top_k if target.takes_extensions else None,
        "stop": list(sampling.stop[:_MAX_STOPS]) or None,
        "seed": sampling.seed,
        "n": sampling.candidates,
        "presence_penalty": sampling.presence_penalty,
        "frequency_penalty": sampling.frequency_penalty,
        "logit_bias": sampling.logit_bias,
        "logprobs": sampling.logprobs,
        "top_logprobs": sampling.top_logprobs if sampling.logprobs else None,
        "response_format": _output(request.output),
        "reasoning_effort": encode_reasoning(request.reasoning, target.profile),
        "verbosity": sampling.verbosity,
        "modalities": list(sampling.modalities) or None,
        "service_tier": _tier(sampling.service_tier, losses),
        "prompt_cache_key": sampling.cache_key,
        "safety_identifier" if target.strict else "user": _user(sampling.user),
        "metadata": _metadata(sampling.metadata, losses),
        "store": sampling.store,
    }
    return {name: value for name, value in options.items() if value is not None}


def _output(output: OutputFormat) -> dict[str, Json] | None:
    match output.kind:
        case "json":
            return {"type": "json_object"}
        case "schema" if output.schema is not None:
            schema: dict[str, Json] = {"name": re.sub(r"[^A-Za-z0-9_-]", "_", output.name or "reply")[:64]}
            if output.description is not None:
                schema["description"] = output.description
            schema["schema"] = output.schema
            if output.strict is not None:
                schema["strict"] = output.strict
            return {"type": "json_schema", "json_schema": schema}
        case _:
            return None


def _tier(tier: str | None, losses: list[Loss]) -> str | None:
    if tier is None:
        return None
    word = _TIER_WORDS.get(tier, tier)
    if word not in _TIERS:
        losses.append(Loss("service_tier", f"The chosen model's API has no tier {tier!r}."))
        return None
    return word


def _user(user: str | None) -> str | None:
    """Return the end user's key; one that is too long is hashed, so that it stays the same."""
    if user is None or len(user) <= _MAX_USER:
        return user
    return hashlib.sha256(user.encode("utf-8", "surrogatepass")).hexdigest()


def _metadata(metadata: Mapping[str, Json] | None, losses: list[Loss]) -> dict[str, str] | None:
    """Return the map: at most 16 pairs of strings, names of up to 64 and values of up to 512 characters."""
    if not metadata:
        return None
    fits = {
        name: value
        for name, value in metadata.items()
        if isinstance(value, str) and len(value) <= 512 and len(name) <= 64
    }
    kept = dict(list(fits.items())[:16])
    losses.extend(
        Loss(f"metadata.{name}", "It does not fit the API's limits.") for name in metadata if name not in kept
    )
    return kept or None


def _extensions(request: Request, target: EncodeTarget, losses: list[Loss]) -> dict[str, Json]:
    """Return own extensions, and to a lenient target everything that a Chat client sent."""
    wire: dict[str, Json] = {}
    for family, members in request.extensions.items():
        for name, value in members.items():
            owned = family == FAMILY and (
                name in _OWNED or (request.dialect == NAME and target.takes_extensions)
            )
            if owned and name != "stream_options":
                wire[name] = value
            elif value is not None:
                losses.append(Loss(name, _NOT_HERE))
    return wire
