"""JSON Schemas as the vendor takes them: a tool's root and structured output. Pure, never in place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from proxy_core import jsonbytes
from proxy_core.ir.message import Json

Schema = dict[str, Any]

_UNIONS = ("anyOf", "oneOf", "allOf")
_KEPT = frozenset({"title", "description", "$defs", "$ref", "enum", "const", "anyOf", "allOf"})
_DROPPED = frozenset({"$schema", "$id", "$comment"})
_FORMATS = frozenset(
    {"date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"}
)


def object_schema(schema: Mapping[str, Json] | None) -> Schema:
    """Return a tool's schema with an object at its root and ``properties`` in it.

    Unions at the root are refused by the vendor, so their branches are merged: all properties, and as
    required only what every branch of a choice requires.
    """
    root: Schema = dict(schema or {})
    root = _resolved(root, root)
    branches: list[tuple[str, Schema]] = []
    for union in _UNIONS:
        found = root.pop(union, None)
        for branch in found if isinstance(found, list) else ():
            if isinstance(branch, dict):
                branches.append((union, _resolved(branch, root)))
    out: Schema = {**root, "type": "object", "properties": _properties(root)}
    required = set(_required(root))
    choices: dict[str, list[set[str]]] = {}
    for union, branch in branches:
        inner = object_schema(branch)
        for name, value in inner["properties"].items():
            out["properties"].setdefault(name, value)
        choices.setdefault(union, []).append(set(_required(inner)))
    for union, sets in choices.items():
        required |= set.union(*sets) if union == "allOf" else set.intersection(*sets)
    out.pop("required", None)
    order = dict.fromkeys((*_required(root), *out["properties"]))
    if names := [name for name in order if name in required and name in out["properties"]]:
        out["required"] = names
    if branches:
        out.pop("additionalProperties", None)
    return out


def _resolved(schema: Schema, root: Schema) -> Schema:
    reference = schema.get("$ref")
    if not isinstance(reference, str) or not reference.startswith("#/"):
        return dict(schema)
    found: Json = root
    for step in reference[2:].split("/"):
        found = found.get(step.replace("~1", "/").replace("~0", "~")) if isinstance(found, dict) else None
    rest = {key: value for key, value in schema.items() if key != "$ref"}
    if not isinstance(found, dict) or found is root:
        return rest
    return {**{key: value for key, value in found.items() if key != "$ref"}, **rest}


def _properties(schema: Schema) -> Schema:
    found = schema.get("properties")
    return dict(found) if isinstance(found, dict) else {}


def _required(schema: Schema) -> list[str]:
    found = schema.get("required")
    return [name for name in found if isinstance(name, str)] if isinstance(found, list) else []


def strict_schema(schema: Mapping[str, Json]) -> Schema:
    """Return a schema for ``output_config.format``.

    Objects are closed, ``oneOf`` becomes ``anyOf``, and bounds that the vendor does not enforce go into the
    description, as its own SDK does it (anthropic 2.11.0 ``transform_schema``, 2026-11-20).
    """
    out: Schema = {}
    hints: Schema = {}
    for key, value in schema.items():
        if key in ("properties", "$defs", "definitions") and isinstance(value, dict):
            out[key] = {name: _inner(item) for name, item in value.items()}
        elif key in ("anyOf", "oneOf", "allOf") and isinstance(value, list):
            out["anyOf" if key == "oneOf" else key] = [_inner(item) for item in value]
        elif key == "items" and isinstance(value, dict):
            out[key] = _inner(value)
        elif _is_kept(key, value):
            out[key] = value
        elif key not in _DROPPED and key != "additionalProperties":
            hints[key] = value
    if _is_object(out):
        out.setdefault("properties", {})
        out["additionalProperties"] = False
    if hints:
        hint = jsonbytes.text(hints)
        said = out.get("description")
        out["description"] = f"{said}\n\n{hint}" if isinstance(said, str) and said else hint
    return out


def _inner(value: Json) -> Json:
    return strict_schema(value) if isinstance(value, dict) else value


def _is_object(schema: Schema) -> bool:
    return schema.get("type") == "object" or ("properties" in schema and "type" not in schema)


def _is_kept(key: str, value: Json) -> bool:
    match key:
        case "type":
            return isinstance(value, str | list)
        case "format":
            return isinstance(value, str) and value in _FORMATS
        case "minItems":
            return isinstance(value, int) and value in (0, 1)
        case "required":
            return isinstance(value, list)
        case _:
            return key in _KEPT
