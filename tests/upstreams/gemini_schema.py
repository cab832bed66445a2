"""The two schema doors of the Gemini API (google-genai 3.4.0 field texts, 2026-11-20).

`parameters`/`responseSchema` take Google's own Schema object; `parametersJsonSchema`/`responseJsonSchema`
take a subset of JSON Schema. Either way a word that is not on the list fails the whole request.
"""

from collections.abc import Mapping
from typing import Any

from tests.upstreams.shapes import Flaw, Path, mapping, rule

_SCHEMA_WORDS = frozenset(
    {
        "type", "format", "title", "description", "nullable", "enum", "maxItems", "minItems", "properties",
        "required", "minProperties", "maxProperties", "minLength", "maxLength", "pattern", "example", "anyOf",
        "propertyOrdering", "default", "items", "minimum", "maximum",
    }
)  # fmt: skip
_ROOT_WORDS = frozenset({"defs", "ref"})
_SCHEMA_TYPES = frozenset({"STRING", "NUMBER", "INTEGER", "BOOLEAN", "ARRAY", "OBJECT", "NULL"})
_JSON_WORDS = frozenset(
    {
        "$id", "$defs", "$ref", "$anchor", "type", "format", "title", "description", "enum", "items",
        "prefixItems", "minItems", "maxItems", "minimum", "maximum", "anyOf", "oneOf", "properties",
        "additionalProperties", "required", "propertyOrdering",
        "$schema",  # not in the documented list, but Gemini CLI 0.61 sends it
    }
)  # fmt: skip
_JSON_TYPES = frozenset({"string", "number", "integer", "boolean", "array", "object", "null"})
_STRING_FORMATS = frozenset({"enum", "date-time"})


def camel(name: str) -> str:
    """A snake_case field name in the spelling that the API prints."""
    head, *rest = name.split("_")
    return head + "".join(part[:1].upper() + part[1:] for part in rest)


def schema_door(node: Any, at: Path, root: bool = True) -> None:
    """Refuse what the Schema object does not know."""
    mapping(node, at)
    folded = {camel(key): value for key, value in node.items()}
    for key in folded:
        if key not in _SCHEMA_WORDS and not (root and key in _ROOT_WORDS):
            raise Flaw("unknown", (*at, key))
    kind = str(folded.get("type", "")).upper()
    if "type" in folded and (not isinstance(folded["type"], str) or kind not in _SCHEMA_TYPES):
        raise Flaw("value", (*at, "type"), "a Type")
    _schema_enum(folded, kind, at)
    _required(folded, at)
    if kind == "ARRAY" and "items" not in folded:
        raise rule(at, f"* GenerateContentRequest.{'.'.join(map(str, at))}.items: missing field.")
    for key, child in folded.get("properties", {}).items():
        schema_door(child, (*at, "properties", key), root=False)
    for index, child in enumerate(folded.get("anyOf", ())):
        schema_door(child, (*at, "any_of", index), root=False)
    if "items" in folded:
        schema_door(folded["items"], (*at, "items"), root=False)


def _schema_enum(node: Mapping[str, Any], kind: str, at: Path) -> None:
    if "enum" in node:
        if kind not in ("STRING", ""):
            raise rule((*at, "enum"), "only allowed for STRING type")
        for index, value in enumerate(node["enum"]):
            if not isinstance(value, str):
                raise Flaw("type", (*at, "enum", index), "TYPE_STRING")
            if not value:
                raise rule((*at, "enum", index), "cannot be empty")
    if kind == "STRING" and "format" in node and node["format"] not in _STRING_FORMATS:
        raise rule((*at, "format"), "only 'enum' and 'date-time' are supported for STRING type")


def _required(node: Mapping[str, Any], at: Path) -> None:
    for index, name in enumerate(node.get("required", ())):
        if name not in node.get("properties", {}):
            raise rule((*at, "required", index), "property is not defined")


def json_door(node: Any, at: Path) -> None:
    """Refuse what the JSON Schema subset does not have."""
    if isinstance(node, bool):
        return
    mapping(node, at)
    for key in node:
        if key not in _JSON_WORDS:
            raise Flaw("unknown", (*at, key))
        if "$ref" in node and not key.startswith("$"):
            raise rule(at, "a schema with `$ref` may only have other keys that start with `$`")
    _json_type(node, at)
    _required(node, at)
    for value in node.get("enum", ()):
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise rule((*at, "enum"), "enum values must be strings or numbers")
    _json_children(node, at)


def _json_type(node: Mapping[str, Any], at: Path) -> None:
    if "type" not in node:
        return
    kinds = node["type"] if isinstance(node["type"], list) else [node["type"]]
    for kind in kinds:
        if kind not in _JSON_TYPES:
            raise Flaw("value", (*at, "type"), "a JSON Schema type")


def _json_children(node: Mapping[str, Any], at: Path) -> None:
    for group in ("properties", "$defs"):
        for key, child in node.get(group, {}).items():
            json_door(child, (*at, group, key))
    for group in ("anyOf", "oneOf", "prefixItems"):
        for index, child in enumerate(node.get(group, ())):
            json_door(child, (*at, group, index))
    for group in ("items", "additionalProperties"):
        if group in node:
            json_door(node[group], (*at, group))
