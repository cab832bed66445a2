"""Token counts, both ways (anthropic 2.11.0 ``Usage``, 2026-11-20).

The vendor's ``input_tokens`` leaves out what was read from or written to the cache; ours is the total.
"""

from __future__ import annotations

from collections.abc import Mapping

from proxy_core.ir.message import Json
from proxy_core.ir.stream import Usage

_NATIVE = ("server_tool_use", "service_tier", "speed", "inference_geo")


def decode_usage(wire: Mapping[str, Json]) -> Usage:
    """Read a usage object; what is missing or no number counts as not reported."""
    split = wire.get("cache_creation")
    split = split if isinstance(split, dict) else {}
    long = _count(split.get("ephemeral_1h_input_tokens"))
    short = _count(split.get("ephemeral_5m_input_tokens"))
    written = _count(wire.get("cache_creation_input_tokens"))
    if written is None and (long is not None or short is not None):
        written = (long or 0) + (short or 0)
    cached = _count(wire.get("cache_read_input_tokens"))
    details = wire.get("output_tokens_details")
    thinking = _count(details.get("thinking_tokens")) if isinstance(details, dict) else None
    return Usage(
        input_tokens=(_count(wire.get("input_tokens")) or 0) + (cached or 0) + (written or 0),
        output_tokens=_count(wire.get("output_tokens")) or 0,
        cached_tokens=cached,
        cache_write_tokens=written,
        cache_write_long_tokens=long,
        reasoning_tokens=thinking,
        native={key: wire[key] for key in _NATIVE if wire.get(key) is not None},
    )


def merge_usage(before: Mapping[str, Json], after: Json) -> dict[str, Json]:
    """Return ``before`` overwritten by what ``after`` reports: its values are totals, never added."""
    news = after if isinstance(after, dict) else {}
    return {**before, **{key: value for key, value in news.items() if value is not None}}


def encode_delta_usage(usage: Usage | None) -> dict[str, Json]:
    """Return the usage of a ``message_delta``: cumulative totals, zeros where nothing was reported."""
    usage = usage or Usage()
    cached, written = usage.cached_tokens or 0, usage.cache_write_tokens or 0
    out: dict[str, Json] = {
        "input_tokens": max(0, usage.input_tokens - cached - written),
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": cached,
        "output_tokens": usage.output_tokens,
    }
    if usage.reasoning_tokens is not None:
        out["output_tokens_details"] = {"thinking_tokens": usage.reasoning_tokens}
    searches = usage.native.get("server_tool_use")
    if isinstance(searches, dict):
        out["server_tool_use"] = searches
    return out


def encode_usage(usage: Usage | None) -> dict[str, Json]:
    """Return the usage of a whole message or a ``message_start``."""
    out = encode_delta_usage(usage)
    if usage is None:
        return out
    long = usage.cache_write_long_tokens
    if long is not None:
        short = max(0, (usage.cache_write_tokens or 0) - long)
        out["cache_creation"] = {"ephemeral_5m_input_tokens": short, "ephemeral_1h_input_tokens": long}
    tier, speed, place = (usage.native.get(key) for key in _NATIVE[1:])
    if tier in ("standard", "priority", "batch"):
        out["service_tier"] = tier
    if speed in ("standard", "fast"):
        out["speed"] = speed
    if isinstance(place, str):
        out["inference_geo"] = place
    return out


def _count(value: Json) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return max(0, int(value)) if abs(value) < 1e15 else None
