from __future__ import annotations

from typing import Any

import pytest

from proxy_core.dialects.gemini_generate.schema import open_schema
from proxy_core.dialects.gemini_generate.schema_decode import decode_schema


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"type": "STRING", "nullable": True}, {"type": ["string", "null"]}),
        ({"type": "TYPE_UNSPECIFIED", "description": "d"}, {"description": "d"}),
        (
            {"type": "STRING", "format": "enum", "enum": ["a"], "nullable": True},
            {"type": ["string", "null"], "enum": ["a", None]},
        ),
        (
            {"any_of": [{"type": "STRING"}], "nullable": True},
            {"anyOf": [{"type": "string"}, {"type": "null"}]},
        ),
        (
            {"type": "ARRAY", "items": {"type": "INTEGER", "format": "int32"}, "minItems": "2"},
            {"type": "array", "items": {"type": "integer", "format": "int32"}, "minItems": 2},
        ),
        (
            {
                "type": "OBJECT",
                "properties": {"max_items": {"type": "STRING"}},
                "propertyOrdering": ["max_items"],
            },
            {"type": "object", "properties": {"max_items": {"type": "string"}}},
        ),
        ({"ref": "#/defs/A", "defs": {"A": {}}}, {"$ref": "#/$defs/A", "$defs": {"A": {}}}),
        ({"type": "STRING", "example": "x", "title": None}, {"type": "string", "examples": ["x"]}),
        ({"type": ["STRING", "null"]}, {"type": ["string", "null"]}),
    ],
)
def test_open_api_becomes_json_schema(given: Any, expected: Any) -> None:
    assert decode_schema(given) == expected


def test_there_and_back() -> None:
    wire = {
        "type": "OBJECT",
        "properties": {
            "a": {"type": "STRING", "nullable": True},
            "b": {"type": "ARRAY", "items": {"type": "NUMBER"}},
        },
        "required": ["a"],
    }
    assert open_schema(decode_schema(wire)) == wire


def test_very_deep_schemas_end() -> None:
    deep: dict[str, Any] = {}
    for _ in range(300):
        deep = {"type": "ARRAY", "items": deep}
    assert decode_schema(deep)["type"] == "array"
