from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy_core.dialects.gemini_generate.schema import (
    json_parameters,
    json_schema,
    open_parameters,
    open_schema,
)

JSON_DOOR = {
    "type",
    "format",
    "description",
    "enum",
    "items",
    "prefixItems",
    "minItems",
    "maxItems",
    "minimum",
    "maximum",
    "anyOf",
    "properties",
    "additionalProperties",
    "required",
    "propertyOrdering",
}
OPEN_DOOR = {
    "type",
    "format",
    "description",
    "nullable",
    "enum",
    "items",
    "minItems",
    "maxItems",
    "properties",
    "required",
    "minProperties",
    "maxProperties",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "pattern",
    "anyOf",
    "default",
    "propertyOrdering",
}


def nodes(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield schema
    inner = [*schema.get("properties", {}).values(), *schema.get("anyOf", ()), *schema.get("prefixItems", ())]
    inner += [schema[key] for key in ("items", "additionalProperties") if isinstance(schema.get(key), dict)]
    for item in inner:
        yield from nodes(item)


def prop(schema: Any, door: Any = json_schema) -> Any:
    return door({"type": "object", "properties": {"p": schema}})["properties"]["p"]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"type": "STRING"}, {"type": "string"}),
        ({"const": "a"}, {"type": "string", "enum": ["a"]}),
        ({"const": 3}, {"enum": [3]}),
        ({"type": "string", "title": "T", "$comment": "c", "examples": [1], "x-y": 1}, {"type": "string"}),
        ({"type": ["string", "null"]}, {"anyOf": [{"type": "string"}, {"type": "null"}]}),
        ({"type": "string", "nullable": True}, {"anyOf": [{"type": "string"}, {"type": "null"}]}),
        (
            {"type": ["string", "integer"], "minLength": 2, "minimum": 1},
            {
                "anyOf": [
                    {"type": "string", "description": "(minLength: 2)"},
                    {"type": "integer", "minimum": 1},
                ]
            },
        ),
        ({"oneOf": [{"type": "string"}]}, {"type": "string"}),
        (
            {"oneOf": [{"type": "string"}, {"type": "number"}]},
            {"anyOf": [{"type": "string"}, {"type": "number"}]},
        ),
        ({"type": "integer", "exclusiveMinimum": 0}, {"type": "integer", "minimum": 1}),
        ({"type": "integer", "exclusiveMaximum": 10, "maximum": 7}, {"type": "integer", "maximum": 7}),
        ({"type": "integer", "minimum": 3, "exclusiveMinimum": True}, {"type": "integer", "minimum": 4}),
        (
            {"type": "number", "exclusiveMinimum": 0.5},
            {"type": "number", "minimum": 0.5, "description": "(greater than 0.5)"},
        ),
        ({"type": "array"}, {"type": "array", "items": {"type": "string"}}),
        (
            {"type": "array", "items": [{"type": "string"}]},
            {"type": "array", "prefixItems": [{"type": "string"}]},
        ),
        ({"enum": ["a", None]}, {"anyOf": [{"type": "string", "enum": ["a"]}, {"type": "null"}]}),
        ({"enum": [True, "a"]}, {"description": "(allowed: true, a)"}),
        (
            {"type": "string", "pattern": "^a", "description": "D"},
            {"type": "string", "description": "D (pattern: ^a)"},
        ),
        ({"allOf": [{"type": "string"}, {"description": "D"}]}, {"type": "string", "description": "D"}),
        ({"type": "integer", "enum": [1, 2]}, {"type": "integer", "enum": [1, 2]}),
        ({"type": "integer", "maximum": 9007199254740993}, {"type": "integer", "maximum": 9007199254740993}),
        (True, {}),
        ({"$ref": "https://example.com/x.json"}, {"type": "object", "description": "See: x.json"}),
    ],
)
def test_door_one(given: Any, expected: Any) -> None:
    assert prop(given) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"type": ["string", "null"]}, {"type": "STRING", "nullable": True}),
        ({"type": "integer", "enum": [1, 2]}, {"type": "INTEGER", "description": "(allowed: 1, 2)"}),
        (
            {"type": "string", "minLength": 1, "format": "email"},
            {"type": "STRING", "minLength": 1, "description": "(format: email)"},
        ),
        (
            {"type": "object", "additionalProperties": False, "properties": {}},
            {"type": "OBJECT", "properties": {}, "description": "(no extra properties allowed)"},
        ),
        (
            {"anyOf": [{"type": "string"}, {"type": "number"}, {"type": "null"}]},
            {"anyOf": [{"type": "STRING"}, {"type": "NUMBER"}], "nullable": True},
        ),
    ],
)
def test_door_two(given: Any, expected: Any) -> None:
    assert prop(given, open_schema) == expected


def test_properties_named_like_keywords_are_left_alone() -> None:
    names = ["properties", "title", "format", "$ref", "type", "anyOf", "required", "default"]
    schema = {"type": "object", "properties": {name: {"type": "string"} for name in names}, "required": names}
    clean = json_parameters(schema)
    assert list(clean["properties"]) == names
    assert clean["required"] == names


def test_references_are_inlined_and_recursion_ends() -> None:
    schema = {
        "$defs": {
            "Node": {
                "type": "object",
                "properties": {"next": {"$ref": "#/$defs/Node"}, "v": {"$ref": "#/$defs/V"}},
            },
            "V": {"type": "integer", "description": "V."},
        },
        "type": "object",
        "properties": {"head": {"$ref": "#/$defs/Node", "description": "Head."}},
    }
    head = json_parameters(schema)["properties"]["head"]
    assert head["description"] == "Head."
    assert head["properties"]["v"] == {"type": "integer", "description": "V."}
    assert head["properties"]["next"] == {"type": "object", "description": "See: Node"}


def test_references_that_double_at_every_step_stay_small() -> None:
    defs = {f"n{i}": {"properties": {s: {"$ref": f"#/$defs/n{i + 1}"} for s in "ab"}} for i in range(40)}
    assert len(json.dumps(json_parameters({"$defs": defs, "$ref": "#/$defs/n0"}))) < 10**6


@pytest.mark.parametrize("clean", [json_parameters, open_parameters])
def test_parameters_are_an_object_whatever_came(clean: Any) -> None:
    for schema in ({}, {"type": "string"}, {"anyOf": [{"type": "string"}]}, {"type": ["object", "null"]}):
        found = clean(schema)
        assert found["type"].lower() == "object"
        assert "anyOf" not in found
        assert isinstance(found["properties"], dict)


def test_root_branches_become_one_object() -> None:
    first = {
        "type": "object",
        "properties": {"a": {"type": "string"}, "k": {"type": "string"}},
        "required": ["a", "k"],
    }
    second = {
        "type": "object",
        "properties": {"b": {"type": "string"}, "k": {"type": "string"}},
        "required": ["b", "k"],
    }
    found = json_parameters({"oneOf": [first, second]})
    assert set(found["properties"]) == {"a", "b", "k"}
    assert found["required"] == ["k"]


def test_schemas_of_careless_servers_are_repaired() -> None:
    found = json_parameters({"url": {"type": "string", "required": True}, "n": {"type": "integer"}})
    assert found == {
        "type": "object",
        "properties": {"url": {"type": "string"}, "n": {"type": "integer"}},
        "required": ["url"],
    }
    pruned = json_parameters(
        {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a", "b", 3]}
    )
    assert pruned["required"] == ["a"]


keywords = st.sampled_from(
    [
        "type",
        "properties",
        "items",
        "anyOf",
        "oneOf",
        "allOf",
        "enum",
        "const",
        "required",
        "description",
        "not",
        "format",
        "minLength",
        "minimum",
        "exclusiveMinimum",
        "default",
        "nullable",
        "prefixItems",
        "$ref",
        "title",
        "additionalProperties",
        "patternProperties",
        "then",
        "propertyOrdering",
        "$defs",
        "maxItems",
        "uniqueItems",
    ]
)
plain = st.sampled_from(
    [
        "string",
        "object",
        "array",
        "integer",
        "null",
        "any",
        ["string", "null"],
        ["integer", "object"],
        1,
        2.5,
        True,
        None,
        "#",
        "#/$defs/a",
        "#/properties/a",
        ["a"],
        [1],
        [None, "x"],
        [True],
    ]
)
anything = st.recursive(
    plain,
    lambda inner: (
        st.dictionaries(keywords | st.sampled_from("ab"), inner, max_size=5) | st.lists(inner, max_size=3)
    ),
    max_leaves=12,
)
schemas = st.dictionaries(keywords, anything, max_size=6)


@settings(max_examples=300)
@given(schemas)
def test_only_known_keywords_come_out_and_twice_is_once(schema: dict[str, Any]) -> None:
    for clean, allowed in (
        (json_schema, JSON_DOOR),
        (json_parameters, JSON_DOOR),
        (open_schema, OPEN_DOOR),
        (open_parameters, OPEN_DOOR),
    ):
        found = clean(schema)
        json.dumps(found)
        for node in nodes(found):
            assert node.keys() <= allowed
            assert set(node.get("required", ())) <= set(node.get("properties", {}))
        assert clean(found) == found
