"""``usage`` of a response: totals on both sides, with two details objects that are required by type."""

from __future__ import annotations

from proxy_core.dialects.openai_responses.output_decode import whole_number
from proxy_core.dialects.openai_responses.wire import ResponseUsage
from proxy_core.ir.message import Json
from proxy_core.ir.stream import Usage


def decode_usage(usage: Json) -> Usage | None:
    """Read ``usage``; None if there is none. An absent detail stays None, which is not zero."""
    if not isinstance(usage, dict):
        return None
    given = _inside(usage, "input_tokens_details")
    made = _inside(usage, "output_tokens_details")
    return Usage(
        input_tokens=_count(usage.get("input_tokens")) or 0,
        output_tokens=_count(usage.get("output_tokens")) or 0,
        cached_tokens=_count(given.get("cached_tokens")),
        cache_write_tokens=_count(given.get("cache_write_tokens")),
        cache_write_long_tokens=_count(_inside(given, "cache_write_tokens_details").get("ttl_12h_tokens")),
        reasoning_tokens=_count(made.get("reasoning_tokens")),
    )


def _inside(holder: dict[str, Json], name: str) -> dict[str, Json]:
    value = holder.get(name)
    return value if isinstance(value, dict) else {}


def _count(value: Json) -> int | None:
    number = whole_number(value)
    return None if number is None else max(0, number)


def encode_usage(usage: Usage | None) -> ResponseUsage:
    """Write ``usage``; zeros where nothing is known, because some clients loop for ever without it."""
    usage = usage or Usage()
    return {
        "input_tokens": usage.input_tokens,
        "input_tokens_details": {
            "cached_tokens": usage.cached_tokens or 0,
            "cache_write_tokens": usage.cache_write_tokens or 0,
        },
        "output_tokens": usage.output_tokens,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens or 0},
        "total_tokens": usage.input_tokens + usage.output_tokens,
    }
