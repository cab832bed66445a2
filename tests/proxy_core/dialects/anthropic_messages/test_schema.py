from typing import Any

import pytest

from proxy_core.dialects.anthropic_messages.schema import object_schema, strict_schema
from tests.samples import load


@pytest.mark.parametrize("schema", [None, {}, {"type": "string"}, {"type": ["object", "null"]}])
def test_the_root_is_an_object_with_properties(schema: dict[str, Any] | None) -> None:
    assert object_schema(schema) == {"type": "object", "properties": {}}


def test_a_good_schema_stays() -> None:
    schema = {
        "type": "object",
        "properties": {"b": {"type": "string"}, "a": {"anyOf": [{"type": "null"}]}},
        "required": ["a", "b"],
        "additionalProperties": False,
        "description": "d",
    }
    before = repr(schema)
    assert object_schema(schema) == schema
    assert repr(schema) == before


def test_a_union_at_the_root_becomes_one_object() -> None:
    schema = {
        "$defs": {"B": {"type": "object", "properties": {"x": {}, "b": {}}, "required": ["b", "x"]}},
        "oneOf": [
            {"type": "object", "properties": {"x": {"type": "string"}, "a": {}}, "required": ["a", "x"]},
            {"$ref": "#/$defs/B"},
        ],
        "additionalProperties": False,
    }
    merged = object_schema(schema)
    assert set(merged["properties"]) == {"x", "a", "b"}
    assert merged["properties"]["x"] == {"type": "string"}
    assert merged["required"] == ["x"]
    assert not {"oneOf", "additionalProperties"} & set(merged)


def test_all_of_adds_up() -> None:
    parts = [{"properties": {"a": {}}, "required": ["a"]}, {"properties": {"b": {}}, "required": ["b"]}]
    assert object_schema({"allOf": parts})["required"] == ["a", "b"]


def test_a_reference_at_the_root_is_followed_once() -> None:
    schema = {"$ref": "#/$defs/A", "$defs": {"A": {"type": "object", "properties": {"a": {}}}}}
    assert object_schema(schema)["properties"] == {"a": {}}
    assert object_schema({"$ref": "#"})["properties"] == {}
    assert object_schema({"$ref": "#/missing/x"})["properties"] == {}
    assert object_schema({"properties": 3, "required": True, "anyOf": 1}) == object_schema(None)


def test_strict_closes_objects_and_turns_bounds_into_words() -> None:
    schema = {
        "$schema": "x",
        "type": "object",
        "properties": {
            "n": {"type": "integer", "minimum": 1, "description": "A number"},
            "minimum": {"type": "string", "format": "date", "maxLength": 3},
            "list": {"type": "array", "items": {"type": "object"}, "minItems": 2},
            "either": {"oneOf": [{"type": "null"}, {"$ref": "#/$defs/D"}]},
        },
        "$defs": {"D": {"type": "object", "additionalProperties": True}},
        "required": ["n"],
    }
    out = strict_schema(schema)
    inner = out["properties"]
    assert out["additionalProperties"] is False
    assert inner["n"] == {"type": "integer", "description": 'A number\n\n{"minimum":1}'}
    assert inner["minimum"] == {"type": "string", "format": "date", "description": '{"maxLength":3}'}
    assert inner["list"]["items"] == {"type": "object", "properties": {}, "additionalProperties": False}
    assert inner["list"]["description"] == '{"minItems":2}'
    assert inner["either"] == {"anyOf": [{"type": "null"}, {"$ref": "#/$defs/D"}]}
    assert out["$defs"]["D"]["additionalProperties"] is False
    assert "$schema" not in out
    assert strict_schema(out) == out


def test_strict_leaves_the_sample_alone() -> None:
    body = load.sample("anthropic_messages", "10-structured-output").request
    schema = body["output_config"]["format"]["schema"]
    assert strict_schema(schema) == schema
