"""The vendor's OpenAPI-like ``Schema`` as JSON Schema: types in lower case, ``nullable`` as a type.

Used when a client of this dialect sends ``parameters`` or ``responseSchema``. Property names are never
touched; keywords are taken in both spellings (google-genai 3.4.0 types, 2026-11-20).
"""

from __future__ import annotations

from collections.abc import Mapping

from proxy_core.dialects.gemini_generate.reading import camel
from proxy_core.ir.message import Json

_DEEPEST = 60
_COUNTS = frozenset({"minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties"})
_DROPPED = frozenset({"propertyOrdering", "nullable", "type"})


def decode_schema(schema: Mapping[str, Json], depth: int = 0) -> dict[str, Json]:
    """Return the JSON Schema; what is deeper than any real schema stays as it is."""
    if depth > _DEEPEST:
        return dict(schema)
    clean: dict[str, Json] = {}
    node = {key if key.startswith("$") else camel(key): value for key, value in schema.items()}
    kind = node.get("type")
    if isinstance(kind, str) and kind.upper() != "TYPE_UNSPECIFIED":
        clean["type"] = kind.lower()
    elif isinstance(kind, list):
        clean["type"] = [word.lower() if isinstance(word, str) else word for word in kind]
    for key, value in node.items():
        if key not in _DROPPED and value is not None:
            _member(key, value, clean, depth)
    return _with_null(clean) if node.get("nullable") is True else clean


def _member(key: str, value: Json, clean: dict[str, Json], depth: int) -> None:
    match key:
        case "properties" | "defs" | "$defs" if isinstance(value, Mapping):
            name = "$defs" if key == "defs" else key
            clean[name] = {inner: _nested(item, depth) for inner, item in value.items()}
        case "items" | "additionalProperties" | "not":
            clean[key] = _nested(value, depth)
        case "anyOf" | "oneOf" | "allOf" | "prefixItems" if isinstance(value, list):
            clean[key] = [_nested(item, depth) for item in value]
        case "ref" if isinstance(value, str):
            clean["$ref"] = value.replace("#/defs/", "#/$defs/")
        case "example":
            clean["examples"] = [value]
        case "format" if value == "enum":
            pass
        case _ if key in _COUNTS and isinstance(value, str) and value.isdecimal():
            clean[key] = int(value)
        case _:
            clean[key] = value


def _nested(value: Json, depth: int) -> Json:
    return decode_schema(value, depth + 1) if isinstance(value, Mapping) else value


def _with_null(clean: dict[str, Json]) -> dict[str, Json]:
    kind = clean.get("type")
    if isinstance(kind, str) and kind != "null":
        clean["type"] = [kind, "null"]
        if isinstance(clean.get("enum"), list) and None not in clean["enum"]:
            clean["enum"] = [*clean["enum"], None]
    elif isinstance(clean.get("anyOf"), list) and {"type": "null"} not in clean["anyOf"]:
        clean["anyOf"] = [*clean["anyOf"], {"type": "null"}]
    return clean
