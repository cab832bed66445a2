"""Token counts, both ways.

On the wire ``candidatesTokenCount`` leaves thoughts out and ``promptTokenCount`` holds cached tokens;
``totalTokenCount`` is prompt + candidates + thoughts + tool use (google-genai 3.4.0 types, 2026-11-20).
"""

from __future__ import annotations

from collections.abc import Mapping

from proxy_core.dialects.gemini_generate.reading import camel
from proxy_core.ir.message import Json
from proxy_core.ir.stream import Usage

_NATIVE = frozenset(
    {
        "promptTokensDetails",
        "cacheTokensDetails",
        "candidatesTokensDetails",
        "toolUsePromptTokensDetails",
        "trafficType",
        "serviceTier",
    }
)


def decode_usage(raw: Json) -> Usage | None:
    """Read ``usageMetadata``; None if it is not an object or counts nothing (a keep-alive)."""
    if not isinstance(raw, dict):
        return None
    found = {camel(key): value for key, value in raw.items()}
    prompt, tool = _count(found, "promptTokenCount"), _count(found, "toolUsePromptTokenCount")
    candidates, thoughts = _count(found, "candidatesTokenCount"), _count(found, "thoughtsTokenCount")
    if not any((prompt, tool, candidates, thoughts)):
        return None
    return Usage(
        input_tokens=(prompt or 0) + (tool or 0),
        output_tokens=(candidates or 0) + (thoughts or 0),
        cached_tokens=_count(found, "cachedContentTokenCount"),
        reasoning_tokens=thoughts,
        tool_prompt_tokens=tool,
        native={key: value for key, value in found.items() if key in _NATIVE},
    )


def _count(found: Mapping[str, Json], name: str) -> int | None:
    value = found.get(name)
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return max(0, value)


def encode_usage(usage: Usage) -> dict[str, Json]:
    """Return ``usageMetadata``; a detail that was not reported is left out."""
    tool = usage.tool_prompt_tokens or 0
    thoughts = usage.reasoning_tokens or 0
    prompt = max(0, usage.input_tokens - tool)
    candidates = max(0, usage.output_tokens - thoughts)
    wire: dict[str, Json] = {
        "promptTokenCount": prompt,
        "candidatesTokenCount": candidates,
        "totalTokenCount": prompt + candidates + thoughts + tool,
    }
    if usage.cached_tokens is not None:
        wire["cachedContentTokenCount"] = usage.cached_tokens
    if usage.reasoning_tokens is not None:
        wire["thoughtsTokenCount"] = thoughts
    if usage.tool_prompt_tokens is not None:
        wire["toolUsePromptTokenCount"] = tool
    wire.update({key: value for key, value in usage.native.items() if key in _NATIVE})
    return wire
