from typing import Any

from proxy_core.dialects.anthropic_messages.schema import strict_schema
from tests.samples import load


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


def test_keywords_of_any_type_are_survived() -> None:
    values: tuple[Any, ...] = ([], {}, None, 1.5, [1])
    for value in values:
        cleaned = strict_schema({"type": "object", "format": value, "minItems": value, "required": value})
        assert cleaned["additionalProperties"] is False
