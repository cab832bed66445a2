"""Knobs of a request to the wire: lengths, sampling, stop strings, identity, tiers."""

from __future__ import annotations

from types import MappingProxyType

from proxy_core.dialects.anthropic_messages.blocks_encode import Block
from proxy_core.dialects.anthropic_messages.words import DEFAULT_MAX_TOKENS, NAME
from proxy_core.errors import UnsupportedError
from proxy_core.ir.request import Loss, Request, Sampling
from proxy_core.profile import ModelProfile

_TIERS = MappingProxyType({"auto": "auto", "default": "standard_only", "standard": "standard_only"})
FASTER = frozenset({"priority", "fast"})
"""Tiers that mean the vendor's fast mode; both cost more for an answer that comes sooner."""
FAST_BETA = "fast-mode-2026-02-01"
"""Some models want it in ``anthropic-beta`` for any speed, others do not mind (vendor's guide, 2026-11)."""
_NOWHERE = (
    "seed", "presence_penalty", "frequency_penalty", "logit_bias", "logprobs", "top_logprobs", "verbosity",
    "cache_key", "metadata", "store",
)  # fmt: skip
_SPELLED = MappingProxyType({"cache_key": "prompt_cache_key"})
_FEATURES = frozenset({"cachedContent", "cached_content"})
"""Extensions that change what the model sees: leaving them out would answer another question."""


def refuse_unsayable(request: Request) -> None:
    """Raise UnsupportedError for several candidates, output other than text, and state kept elsewhere."""
    for members in request.extensions.values():
        for name in _FEATURES & members.keys():
            raise UnsupportedError(f"Anthropic cannot read `{name}`; send its content.", param=name)
    candidates = request.sampling.candidates
    if candidates is not None and candidates > 1:
        raise UnsupportedError(
            f"Anthropic gives one answer per request, not {candidates}; ask several times.", param="n"
        )
    foreign = [word for word in request.sampling.modalities if word.lower() != "text"]
    if foreign:
        raise UnsupportedError(f"Anthropic answers in text only, not in {foreign[0]}.", param="modalities")


def max_tokens_for(request: Request, profile: ModelProfile) -> int:
    """Return ``max_tokens``: the caller's, else the model's most, else 32000; never above the model's most.

    0, which only warms the cache, is passed on for callers of this dialect alone.
    """
    asked = request.sampling.max_output_tokens
    if asked is None:
        return profile.max_output_tokens or DEFAULT_MAX_TOKENS
    if asked < 1 and request.dialect != NAME:
        asked = 1
    return asked if profile.max_output_tokens is None else min(asked, profile.max_output_tokens)


def encode_sampling(
    body: Block, request: Request, profile: ModelProfile, *, thinking_on: bool, losses: list[Loss]
) -> tuple[str, ...]:
    """Add the knobs to the body; return stop strings that the vendor refuses and the proxy must cut at."""
    sampling = request.sampling
    most = profile.max_output_tokens
    if most is not None and (sampling.max_output_tokens or 0) > most:
        losses.append(Loss("max_output_tokens", f"limited to the {most} tokens that the model can write"))
    _randomness(body, sampling, profile, thinking_on, losses)
    if stops := [text for text in sampling.stop if text.strip()]:
        body["stop_sequences"] = stops
    if sampling.user:
        body["metadata"] = {"user_id": sampling.user}
    _tier(body, request, profile, losses)
    for name in _NOWHERE:
        if getattr(sampling, name) not in (None, False):
            losses.append(Loss(_SPELLED.get(name, name), "Anthropic has nothing like it"))
    return tuple(text for text in sampling.stop if text and not text.strip())


def _tier(body: Block, request: Request, profile: ModelProfile, losses: list[Loss]) -> None:
    wanted, is_own = request.sampling.service_tier, request.dialect == NAME
    if wanted is None:
        return
    if wanted in FASTER and (profile.fast or is_own or not profile.known):
        body["speed"] = "fast"
    elif (tier := _TIERS.get(wanted) or (wanted if is_own else None)) is not None:
        body["service_tier"] = tier
    else:
        losses.append(Loss("service_tier", f"Anthropic has no tier {wanted!r} for this model"))


def _randomness(
    body: Block, sampling: Sampling, profile: ModelProfile, thinking_on: bool, losses: list[Loss]
) -> None:
    given = {name: getattr(sampling, name) for name in ("temperature", "top_p", "top_k")}
    given = {name: value for name, value in given.items() if value is not None}
    if not profile.sampling or thinking_on:
        why = "not together with thinking" if profile.sampling else "the model takes no sampling settings"
        losses += [Loss(name, why) for name, value in given.items() if name == "top_k" or value != 1]
        return
    if "temperature" in given and given.pop("top_p", None) is not None:
        losses.append(Loss("top_p", "Anthropic takes either temperature or top_p"))
    if "top_k" in given:
        given["top_k"] = int(given["top_k"])
    for name in ("temperature", "top_p"):
        if name in given and not 0 <= given[name] <= 1:
            losses.append(Loss(name, "limited to the range from 0 to 1"))
            given[name] = min(max(given[name], 0), 1)
    body |= given
