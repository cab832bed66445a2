"""JSON Schemas as the vendor takes them in structured output. Pure, never in place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from proxy_core import jsonbytes
from proxy_core.ir.message import Json

Schema = dict[str, Any]

_KEPT = frozenset({"title", "description", "$defs", "$ref", "enum", "const", "anyOf", "allOf"})
_DROPPED = frozenset({"$schema", "$id", "$comment"})
_FORMATS = frozenset(
    {"date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"}
)


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
