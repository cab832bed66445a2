"""Settings for an upstream: ``generationConfig`` and the knobs beside it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from proxy_core.dialect import EncodeTarget
from proxy_core.dialects.gemini_generate.finish import NAME
from proxy_core.dialects.gemini_generate.media_limits import resolution
from proxy_core.dialects.gemini_generate.request_decode import FAMILY
from proxy_core.dialects.gemini_generate.schema import json_schema
from proxy_core.errors import UnsupportedError
from proxy_core.ir.message import EMPTY, Json
from proxy_core.ir.reasoning import asks_for_none, fit, lost_control
from proxy_core.ir.request import Loss, ReasoningControl, Request
from proxy_core.profile import ModelProfile

MOST_STOPS = 5

_REFUSED: Mapping[str, str] = MappingProxyType(
    {
        "previous_response_id": "Send the whole conversation instead.",
        "conversation": "Send the whole conversation instead.",
        "prompt": "Send the text of the stored prompt instead.",
        "background": "Ask for the answer directly.",
        "mcp_servers": "Declare the servers' tools as functions.",
        "container": "Remove it.",
    }
)
_OWNED = frozenset(
    {
        "safetySettings",
        "cachedContent",
        "labels",
        "continuationToken",
        "toolConfig.retrievalConfig",
        "toolConfig.includeServerSideToolInvocations",
        "toolConfig.functionCallingConfig.mode",
        "toolConfig.functionCallingConfig.streamFunctionCallArguments",
        "generationConfig.responseMimeType",
        "generationConfig.mediaResolution",
        "generationConfig.speechConfig",
        "generationConfig.imageConfig",
        "generationConfig.audioTimestamp",
        "generationConfig.routingConfig",
        "generationConfig.modelSelectionConfig",
        "generationConfig.enableAffectiveDialog",
        "generationConfig.enableEnhancedCivicAnswers",
        "generationConfig.responseFormat",
        "generationConfig.translationConfig",
        "generationConfig.audioTranscriptionConfig",
    }
)
_TIERS: Mapping[str, str] = MappingProxyType(
    {
        "flex": "flex",
        "standard": "standard",
        "standard_only": "standard",
        "default": "standard",
        "priority": "priority",
        "fast": "priority",
    }
)


def refuse_features(request: Request) -> None:
    """Raise UnsupportedError for what needs the other vendor's own storage or servers."""
    for family, members in request.extensions.items():
        for key, advice in _REFUSED.items():
            if family != FAMILY and members.get(key) not in (None, False, "", [], {}):
                raise UnsupportedError(f"{key} is not known to this provider. {advice}", param=key)
        if family != FAMILY and "audio" in request.sampling.modalities and members.get("audio"):
            raise UnsupportedError("This provider takes no voice and format for sound.", param="audio")


def encode_config(
    request: Request, target: EncodeTarget, has_functions: bool, losses: list[Loss]
) -> dict[str, Json]:
    """Return ``generationConfig``, perhaps empty."""
    config = _numbers(request, target.profile, losses)
    config |= _output(request, has_functions, losses)
    if (fineness := resolution(request, losses)) is not None:
        config["mediaResolution"] = fineness
    modalities = [word.upper() for word in request.sampling.modalities]
    if modalities and (modalities != ["TEXT"] or request.dialect == NAME):
        config["responseModalities"] = modalities
    thinking = encode_thinking(request.reasoning, target.profile, own=request.dialect == NAME)
    if thinking:
        config["thinkingConfig"] = thinking
    losses.extend(lost_control(request.reasoning, target.profile))
    return config


def _numbers(request: Request, profile: ModelProfile, losses: list[Loss]) -> dict[str, Json]:
    sampling = request.sampling
    chosen: dict[str, Json] = {
        "temperature": sampling.temperature,
        "topP": sampling.top_p,
        "topK": sampling.top_k,
    }
    if not profile.sampling:
        dropped = [name for name in ("temperature", "top_p", "top_k") if getattr(sampling, name) is not None]
        losses.extend(Loss(name, "The model does not take it.") for name in dropped)
        chosen = {}
    most = profile.max_output_tokens if profile.known and request.dialect != NAME else None
    length = sampling.max_output_tokens
    if most is not None and length is not None and length > most:
        losses.append(Loss("max_output_tokens", f"Lowered to {most}, the most that the model writes."))
        length = most
    chosen |= {
        "candidateCount": sampling.candidates,
        "maxOutputTokens": length,
        "stopSequences": list(sampling.stop[:MOST_STOPS]) or None,
        "seed": sampling.seed,
        "presencePenalty": sampling.presence_penalty,
        "frequencyPenalty": sampling.frequency_penalty,
        "responseLogprobs": sampling.logprobs,
        "logprobs": sampling.top_logprobs,
    }
    return {key: value for key, value in chosen.items() if value is not None}


def _output(request: Request, has_functions: bool, losses: list[Loss]) -> dict[str, Json]:
    output = request.output
    if output.kind == "text":
        return {}
    if has_functions and request.dialect != NAME:
        losses.append(Loss("response_format", "JSON output cannot be asked for beside functions there."))
        return {}
    if output.strict:
        losses.append(Loss("response_format.strict", "There is no strict mode there."))
    config: dict[str, Json] = {"responseMimeType": "application/json"}
    mime = request.extensions.get(FAMILY, EMPTY).get("generationConfig.responseMimeType")
    if output.kind == "schema" and output.schema is not None:
        config["responseJsonSchema"] = json_schema(output.schema)
    return config | ({"responseMimeType": mime} if mime else {})


def encode_thinking(control: ReasoningControl, profile: ModelProfile, *, own: bool) -> dict[str, Json]:
    """Return ``thinkingConfig``: a level or a budget, never both; empty where nothing is to be said.

    Dialects without a switch for showing thoughts mean it when they ask for an effort. Who wants no thinking
    gets no thoughts, also from a model that cannot stop.
    """
    fitted = fit(control, profile.thinking, profile.known)
    config: dict[str, Json] = {}
    match fitted.mode:
        case "level" if fitted.level == "none":
            config["thinkingBudget"] = 0
        case "level" if fitted.level is not None:
            config["thinkingLevel"] = "XHIGH" if fitted.level == "max" else fitted.level.upper()
        case "budget" if fitted.budget is not None:
            config["thinkingBudget"] = fitted.budget
        case "off":
            config["thinkingBudget"] = 0
        case "auto" if profile.thinking is not None and profile.thinking.budget is not None:
            config["thinkingBudget"] = -1
    show = fitted.show
    if asks_for_none(control):
        show = None if show is None else False
    elif show is None and not own and fitted.mode in ("level", "budget", "auto"):
        show = True
    if show is not None and (show or own):
        config["includeThoughts"] = show
    return config


def encode_rest(request: Request, losses: list[Loss]) -> dict[str, Json]:
    """Return the knobs beside ``generationConfig`` and own extensions by dotted path; note what is lost."""
    sampling, own = request.sampling, request.dialect == NAME
    knobs: dict[str, Json] = {
        "logit_bias": sampling.logit_bias,
        "parallel_tool_calls": True if sampling.parallel_tool_calls is False else None,
        "verbosity": sampling.verbosity,
        "prompt_cache_key": sampling.cache_key,
        "user": sampling.user,
        "metadata": sampling.metadata,
        "store": sampling.store if sampling.store and not own else None,
    }
    losses.extend(Loss(key, "This provider has no such setting.") for key, value in knobs.items() if value)
    rest: dict[str, Json] = {}
    for family, members in request.extensions.items():
        for key, value in members.items():
            if family == FAMILY and key in _OWNED:
                rest[key] = value
            elif value is not None:
                losses.append(Loss(key, "This provider has no such setting."))
    tier = sampling.service_tier
    if tier and tier != "auto":
        known = tier if own else _TIERS.get(tier)
        if known is None:
            losses.append(Loss("service_tier", f"There is no tier {tier!r} there."))
        else:
            rest["serviceTier"] = known
    if own and sampling.store is not None:
        rest["store"] = sampling.store
    return rest
