"""Cache marks that found no place: the dialect has them on content parts only, and not at every vendor."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from proxy_core.ir.message import CacheMark, Json, Part, ToolResult
from proxy_core.ir.request import Loss, Request

_MEMBER = "prompt_cache_breakpoint"


def lost_marks(request: Request, body: Mapping[str, Json]) -> list[Loss]:
    """Return a loss if the request has more marks than the body that was made of it."""
    parts: list[Part] = [*request.system]
    for message in request.messages:
        parts += message.parts
    wanted = sum(1 for _ in _marks(parts)) + sum(
        getattr(tool, "cache", None) is not None for tool in request.tools
    )
    if wanted <= _written(body.get("input")):
        return []
    return [Loss("cache_control", "The vendor takes marks on content only, or none.")]


def _marks(parts: list[Part]) -> Iterator[CacheMark]:
    for part in parts:
        mark: CacheMark | None = getattr(part, "cache", None)
        if mark is not None:
            yield mark
        if isinstance(part, ToolResult):
            yield from _marks([*part.content])


def _written(value: Json) -> int:
    if isinstance(value, list):
        return sum(map(_written, value))
    if not isinstance(value, dict):
        return 0
    # parts stand in a message's content or a result's output
    return (_MEMBER in value) + _written(value.get("content")) + _written(value.get("output"))
