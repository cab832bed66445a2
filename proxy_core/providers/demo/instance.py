"""Makes a value that fits a JSON Schema: always the same one, and only what is required."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_DEEPEST = 12
_COMMANDS = frozenset({"command", "cmd", "script", "commands"})
_FORMATS: tuple[tuple[str, str], ...] = (
    ("date-time", "2026-01-01T00:00:00Z"),
    ("date", "2026-01-01"),
    ("time", "00:00:00Z"),
    ("email", "demo@example.com"),
    ("uri", "https://example.com/"),
    ("uuid", "00000000-0000-4000-8000-000000000000"),
)


def instance(schema: Any, command: str, text: str = "demo") -> Any:
    """Return a value for the schema.

    ``command`` fills properties that hold a shell command (as ``bash -lc`` where they take a list), ``text``
    every other string. Whatever cannot be understood becomes the text.
    """
    root = schema if isinstance(schema, Mapping) else {}
    return _Maker(root, command, text).make(root, "", 0)


def takes_command(schema: Any) -> bool:
    """Say whether the schema has a property that holds a shell command."""
    properties = schema.get("properties") if isinstance(schema, Mapping) else None
    return isinstance(properties, Mapping) and not _COMMANDS.isdisjoint(properties)


class _Maker:
    def __init__(self, root: Mapping[str, Any], command: str, text: str) -> None:
        self._root = root
        self._command = command
        self._text = text

    def make(self, schema: Any, name: str, depth: int) -> Any:
        if not isinstance(schema, Mapping) or depth > _DEEPEST:
            return self._text
        schema = self._resolved(schema)
        for key in ("const", "default"):
            if key in schema and name not in _COMMANDS:
                return schema[key]
        if isinstance(options := schema.get("enum"), list) and options:
            return options[0]
        kind = _kind(schema)
        if kind == "object":
            return self._object(schema, depth)
        if kind == "array":
            return self._array(schema, name, depth)
        if kind in ("number", "integer"):
            return _number(schema)
        if kind in ("boolean", "null"):
            return False if kind == "boolean" else None
        return self._string(schema, name)

    def _resolved(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        """Follow references and take the first of several choices that is not null."""
        for _ in range(_DEEPEST):
            choices = schema.get("anyOf") or schema.get("oneOf")
            if isinstance(schema.get("$ref"), str):
                schema = self._referred(schema["$ref"])
            elif isinstance(choices, list) and choices:
                real = (
                    choice for choice in choices if isinstance(choice, Mapping) and _kind(choice) != "null"
                )
                schema = {**_without(schema, "anyOf", "oneOf"), **next(real, {})}
            elif isinstance(schema.get("allOf"), list):
                schema = _merged(schema)
            else:
                break
        return schema

    def _referred(self, reference: str) -> Mapping[str, Any]:
        found: Any = self._root
        for step in reference.removeprefix("#").strip("/").split("/"):
            if step:
                key = step.replace("~1", "/").replace("~0", "~")
                found = found.get(key) if isinstance(found, Mapping) else None
        return found if isinstance(found, Mapping) else {}

    def _object(self, schema: Mapping[str, Any], depth: int) -> dict[str, Any]:
        properties = schema.get("properties")
        properties = properties if isinstance(properties, Mapping) else {}
        required = schema.get("required")
        names = [name for name in required if isinstance(name, str)] if isinstance(required, list) else []
        if not names:
            names = [name for name in properties if name in _COMMANDS][:1]
        return {name: self.make(properties.get(name, {}), name, depth + 1) for name in names}

    def _array(self, schema: Mapping[str, Any], name: str, depth: int) -> list[Any]:
        if name in _COMMANDS:
            return ["bash", "-lc", self._command]
        least = schema.get("minItems")
        length = max(1, least) if isinstance(least, int) else 1
        if schema.get("maxItems") == 0:
            return []
        return [self.make(schema.get("items", {}), "", depth + 1) for _ in range(min(length, _DEEPEST))]

    def _string(self, schema: Mapping[str, Any], name: str) -> str:
        if name in _COMMANDS:
            return self._command
        text = dict(_FORMATS).get(str(schema.get("format")), self._text)
        least, most = schema.get("minLength"), schema.get("maxLength")
        if isinstance(least, int):
            text = text.ljust(least, ".")
        return text[:most] if isinstance(most, int) else text


def _kind(schema: Mapping[str, Any]) -> str:
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((word for word in kind if word != "null"), "null")
    if isinstance(kind, str):
        return kind.lower()
    if "properties" in schema:
        return "object"
    return "array" if "items" in schema else "string"


def _number(schema: Mapping[str, Any]) -> int | float:
    least, above = schema.get("minimum"), schema.get("exclusiveMinimum")
    most = schema.get("maximum")
    if isinstance(least, int | float) and not isinstance(least, bool):
        return least
    if isinstance(above, int | float) and not isinstance(above, bool):
        return above + 1
    return min(1, most) if isinstance(most, int | float) else 1


def _without(schema: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in schema.items() if name not in names}


def _merged(schema: Mapping[str, Any]) -> dict[str, Any]:
    merged = _without(schema, "allOf")
    for part in schema["allOf"]:
        if isinstance(part, Mapping):
            both = {**merged.get("properties", {}), **part.get("properties", {})}
            required = [*merged.get("required", []), *part.get("required", [])]
            merged = {**merged, **part, "properties": both, "required": required}
    return merged
