"""JSON schemas of tools, made to fit what vendors demand. Pure, never in place."""

from __future__ import annotations

from collections.abc import Mapping

from proxy_core.ir.message import Json

_MAX_DEPTH = 40
_SHAPE = frozenset({"type", "enum", "const", "anyOf", "oneOf", "allOf", "$ref", "properties", "items"})
_OUTER = frozenset({"properties", "$defs", "definitions", "items", "additionalProperties", "not"})


def repaired(schema: Mapping[str, Json]) -> dict[str, Json]:
    """Return a tool's schema without the two slips that servers of tools are known for.

    A bare map of properties becomes an object of them, and ``required: true`` on a property a name in its
    owner's list: as they are, every vendor refuses the whole request.
    """
    return _listed(_wrapped(schema), 0)


def _wrapped(schema: Mapping[str, Json]) -> Mapping[str, Json]:
    values = list(schema.values())
    is_map = bool(values) and all(isinstance(value, dict) for value in values)
    if not is_map or schema.keys() & _OUTER or not any(value.keys() & _SHAPE for value in values):
        return schema
    return {"type": "object", "properties": schema}


def _listed(schema: Mapping[str, Json], depth: int) -> dict[str, Json]:
    result = dict(schema)
    if depth > _MAX_DEPTH:
        return result
    if isinstance(result.get("required"), bool):
        del result["required"]
    properties = result.get("properties")
    if isinstance(properties, dict):
        given = result.get("required")
        named = list(given) if isinstance(given, list) else []
        flagged = [name for name, value in properties.items() if _is_flagged(value)]
        result["properties"] = {name: _inner(value, depth) for name, value in properties.items()}
        if missing := [name for name in flagged if name not in named]:
            result["required"] = [*named, *missing]
    for name in ("items", "additionalProperties"):
        if name in result:
            result[name] = _inner(result[name], depth)
    for name in ("anyOf", "oneOf", "allOf"):
        if isinstance(result.get(name), list):
            result[name] = [_inner(value, depth) for value in result[name]]
    return result


def _is_flagged(value: Json) -> bool:
    return isinstance(value, dict) and value.get("required") is True


def _inner(value: Json, depth: int) -> Json:
    return _listed(value, depth + 1) if isinstance(value, dict) else value


def complete(schema: Mapping[str, Json]) -> dict[str, Json]:
    """Return the repaired schema with ``properties`` in every object type, which OpenAI demands."""
    return _completed_object(repaired(schema), 0)


def _completed_object(schema: Mapping[str, Json], depth: int) -> dict[str, Json]:
    result = dict(schema)
    if depth > _MAX_DEPTH:
        return result
    if result.get("type") == "object" and not isinstance(result.get("properties"), dict):
        result["properties"] = {}
    properties = result.get("properties")
    if isinstance(properties, dict):
        result["properties"] = {name: _completed(value, depth) for name, value in properties.items()}
    for name in ("items", "additionalProperties"):
        if name in result:
            result[name] = _completed(result[name], depth)
    for name in ("anyOf", "oneOf", "allOf"):
        if isinstance(result.get(name), list):
            result[name] = [_completed(value, depth) for value in result[name]]
    return result


def _completed(value: Json, depth: int) -> Json:
    return _completed_object(value, depth + 1) if isinstance(value, dict) else value
