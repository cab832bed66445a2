"""Token counts (openai 3.52.0 ``CompletionUsage``, 2026-11-20; vendors' variants as marked)."""

from __future__ import annotations

from collections.abc import Mapping

from proxy_core.ir.message import Json
from proxy_core.ir.stream import Usage

_PROMPT = "prompt_tokens_details"
_COMPLETION = "completion_tokens_details"
_MAPPED = frozenset({"cached_tokens", "cache_write_tokens", "reasoning_tokens"})


def decode_usage(value: Json) -> Usage | None:
    """Read a ``usage`` object; None when it is absent, null or not one."""
    if not isinstance(value, dict) or not ("prompt_tokens" in value or "completion_tokens" in value):
        return None
    prompt, completion = _details(value, _PROMPT), _details(value, _COMPLETION)
    cached = _count(prompt, "cached_tokens")
    if cached is None:
        # DeepSeek has its own word for it, and some vendors put OpenAI's beside the totals.
        cached = _first(_count(value, "prompt_cache_hit_tokens"), _count(value, "cached_tokens"))
    sent, written = _count(value, "prompt_tokens") or 0, _count(value, "completion_tokens") or 0
    reasoning = _count(completion, "reasoning_tokens")
    if reasoning and _count(value, "total_tokens") == sent + written + reasoning:
        written += reasoning  # as xAI counts (vercel/ai#12425, 2026-02-11)
    native = {
        name: rest for name, rest in ((_PROMPT, _rest(prompt)), (_COMPLETION, _rest(completion))) if rest
    }
    return Usage(
        input_tokens=sent,
        output_tokens=written,
        cached_tokens=cached,
        cache_write_tokens=_count(prompt, "cache_write_tokens"),
        reasoning_tokens=reasoning,
        native=native,
    )


def encode_usage(usage: Usage) -> dict[str, Json]:
    """Return the ``usage`` object; details that were not reported are left out, zeros are kept."""
    prompt = {
        "cached_tokens": usage.cached_tokens,
        "cache_write_tokens": usage.cache_write_tokens,
        **_details(usage.native, _PROMPT),
    }
    completion = {"reasoning_tokens": usage.reasoning_tokens, **_details(usage.native, _COMPLETION)}
    result: dict[str, Json] = {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.input_tokens + usage.output_tokens,
    }
    for name, details in ((_PROMPT, prompt), (_COMPLETION, completion)):
        reported = {key: value for key, value in details.items() if value is not None}
        if reported:
            result[name] = reported
    return result


def _details(value: Mapping[str, Json], name: str) -> dict[str, Json]:
    details = value.get(name)
    return details if isinstance(details, dict) else {}


def _rest(details: dict[str, Json]) -> dict[str, int]:
    return {
        name: count
        for name in details
        if name not in _MAPPED and (count := _count(details, name)) is not None
    }


def _count(value: Mapping[str, Json], name: str) -> int | None:
    count = value.get(name)
    if isinstance(count, bool) or not isinstance(count, int | float):
        return None
    return max(0, int(count)) if abs(count) < 1e15 else None


def _first(*counts: int | None) -> int | None:
    return next((count for count in counts if count is not None), None)
