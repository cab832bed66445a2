from typing import Any

import pytest

from proxy_core.providers.demo.instance import instance, takes_command

RUN = "ls"
RECURSIVE: dict[str, Any] = {
    "$ref": "#/$defs/node",
    "$defs": {
        "node": {"type": "object", "properties": {"next": {"$ref": "#/$defs/node"}}, "required": ["next"]}
    },
}


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "string"}, "demo"),
        ({"type": "string", "enum": ["b", "a"]}, "b"),
        ({"const": 7}, 7),
        ({"type": "integer"}, 1),
        ({"type": "number", "minimum": 2.5}, 2.5),
        ({"type": "integer", "exclusiveMinimum": 4}, 5),
        ({"type": "integer", "maximum": -3}, -3),
        ({"type": "boolean"}, False),
        ({"type": "null"}, None),
        ({"type": ["null", "integer"]}, 1),
        ({"type": "STRING"}, "demo"),
        ({"type": "string", "default": "given"}, "given"),
        ({"type": "string", "minLength": 6}, "demo.."),
        ({"type": "string", "maxLength": 2}, "de"),
        ({"type": "string", "format": "date"}, "2026-01-01"),
        ({"type": "array", "items": {"type": "integer"}}, [1]),
        ({"type": "array", "items": {"type": "integer"}, "minItems": 2}, [1, 1]),
        ({"type": "array", "maxItems": 0}, []),
        ({"type": "object"}, {}),
        (
            {
                "type": "object",
                "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
                "required": ["b"],
            },
            {"b": "demo"},
        ),
        ({"type": "object", "required": ["a"]}, {"a": "demo"}),
        ({"properties": {"a": {}}, "required": ["a"]}, {"a": "demo"}),
        ({"anyOf": [{"type": "null"}, {"type": "integer"}]}, 1),
        ({"oneOf": [{"type": "boolean"}]}, False),
        (
            {
                "allOf": [
                    {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]},
                    {"properties": {"b": {"type": "null"}}, "required": ["b"]},
                ]
            },
            {"a": 1, "b": None},
        ),
        ({"$ref": "#/$defs/x", "$defs": {"x": {"type": "integer"}}}, 1),
        ({"$ref": "#/nowhere"}, "demo"),
        (True, "demo"),
        (None, "demo"),
    ],
)
def test_a_value_that_fits(schema: Any, value: Any) -> None:
    assert instance(schema, RUN) == value


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "string"}, RUN),
        ({"type": "string", "default": "rm"}, RUN),
        ({"type": "array", "items": {"type": "string"}}, ["bash", "-lc", RUN]),
    ],
)
def test_the_command_goes_where_commands_go(schema: Any, value: Any) -> None:
    whole = {"type": "object", "properties": {"command": schema}, "required": ["command"]}
    assert instance(whole, RUN) == {"command": value}
    assert instance({**whole, "required": []}, RUN) == {"command": value}
    assert takes_command(whole)


def test_only_commands_are_commands() -> None:
    assert not takes_command({"properties": {"commander": {}}})
    assert not takes_command(None)


def test_a_schema_that_holds_itself_comes_to_an_end() -> None:
    depth, value = 0, instance(RECURSIVE, RUN)
    while isinstance(value, dict):
        depth, value = depth + 1, value["next"]
    assert value == "demo"
    assert depth < 20
    assert instance({"$ref": "#"}, RUN) == "demo"
