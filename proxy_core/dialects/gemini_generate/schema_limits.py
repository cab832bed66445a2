"""Values and bounds of a schema node, and the hints for what cannot be said."""

from __future__ import annotations

import math
from collections.abc import Mapping

from proxy_core.dialects.gemini_generate.schema_merge import hint
from proxy_core.ir.message import Json

_HINTED = ("multipleOf", "uniqueItems", "contains", "not", "propertyNames", "patternProperties")
_LONGEST_HINT = 200


def enumeration(node: Mapping[str, Json], only_strings: bool, hints: list[str]) -> list[Json] | None:
    """Return the allowed values of ``enum`` or ``const``; what the door does not take becomes a hint."""
    values = node.get("enum")
    if not isinstance(values, list):
        values = [node["const"]] if "const" in node else None
    if values is None:
        return None
    values = [value for value in values if value is not None]
    if not values:
        return None
    if all(isinstance(value, str) for value in values):
        return values
    numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
    if numbers and not only_strings:
        return values
    hints.append("allowed: " + ", ".join(hint("", value)[2:] for value in values))
    return None


def bounds(node: Mapping[str, Json], kind: str | None, clean: dict[str, Json], hints: list[str]) -> None:
    """Turn exclusive bounds into inclusive ones, exactly for integers, else with a hint."""
    for key, exclusive, step in (("minimum", "exclusiveMinimum", 1), ("maximum", "exclusiveMaximum", -1)):
        edge = node.get(exclusive)
        if edge is True:
            edge = node.get(key)
        if isinstance(edge, bool) or not isinstance(edge, int | float) or not -math.inf < edge < math.inf:
            continue
        if kind == "integer":
            nearest = math.floor(edge) if step > 0 else math.ceil(edge)
            edge = nearest + step
        else:
            hints.append(f"{'greater' if step > 0 else 'less'} than {edge}")
        clean[key] = _tighter(edge, node.get(key), step)


def _tighter(edge: float, other: Json, step: int) -> float:
    if isinstance(other, bool) or not isinstance(other, int | float) or not -math.inf < other < math.inf:
        return edge
    return max(edge, other) if step > 0 else min(edge, other)


def notes(node: Mapping[str, Json], clean: dict[str, Json], hints: list[str]) -> None:
    """Write the description: the schema's own, then every hint in parentheses."""
    found = [
        text
        for key in _HINTED
        if key in node
        and node[key] not in (None, False)
        and len(text := hint(key, node[key])) <= _LONGEST_HINT
    ]
    described = node.get("description")
    words = described if isinstance(described, str) else ""
    hints = [*hints, *found]
    if hints:
        words = f"{words} ({'; '.join(hints)})".strip()
    if words:
        clean["description"] = words
