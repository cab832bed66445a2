from typing import Any

import pytest

from proxy_core.ir.schema import complete, is_strict, object_root, repaired

TEXT = {"type": "string"}


def test_object_types_get_properties_and_names_are_left_alone() -> None:
    schema = {
        "type": "object",
        "properties": {"properties": {"type": "object"}, "type": {"type": "string"}},
        "items": {"anyOf": [{"type": "object"}, {"type": "null"}]},
    }
    assert complete(schema) == {
        "type": "object",
        "properties": {"properties": {"type": "object", "properties": {}}, "type": {"type": "string"}},
        "items": {"anyOf": [{"type": "object", "properties": {}}, {"type": "null"}]},
    }
    assert complete(complete(schema)) == complete(schema)


def test_a_bare_map_of_properties_becomes_an_object() -> None:
    assert repaired({"path": TEXT, "mode": {"enum": ["a"]}}) == {
        "type": "object",
        "properties": {"path": TEXT, "mode": {"enum": ["a"]}},
    }


def test_what_is_a_schema_already_stays() -> None:
    for schema in (
        {},
        {"type": "object"},
        {"properties": {"a": TEXT}},
        {"items": TEXT},
        {"$defs": {"a": TEXT}},
        {"words": {"title": "no shape at all"}},
    ):
        assert repaired(schema) == schema


def test_flags_become_names_at_every_depth() -> None:
    flagged = {"type": "string", "required": True}
    inner = {"type": "object", "properties": {"a": flagged, "b": {"type": "string", "required": False}}}
    fixed = {"type": "object", "properties": {"a": TEXT, "b": TEXT}, "required": ["a"]}
    assert repaired({"type": "array", "items": inner}) == {"type": "array", "items": fixed}
    assert repaired({"anyOf": [inner]}) == {"anyOf": [fixed]}
    named = {"type": "object", "properties": {"a": flagged, "c": flagged}, "required": ["c"]}
    assert repaired(named) == {"type": "object", "properties": {"a": TEXT, "c": TEXT}, "required": ["c", "a"]}


def test_nothing_is_changed_in_place_and_depth_is_bounded() -> None:
    deep: dict[str, object] = {"type": "string"}
    for _ in range(500):
        deep = {"type": "array", "items": deep}
    assert repaired(deep) == deep
    given = {"type": "object", "properties": {"a": {"type": "string", "required": True}}}
    complete(given)
    assert given == {"type": "object", "properties": {"a": {"type": "string", "required": True}}}


@pytest.mark.parametrize("schema", [None, {}, {"type": "string"}, {"type": ["object", "null"]}])
def test_the_root_is_an_object_with_properties(schema: dict[str, Any] | None) -> None:
    assert object_root(schema) == {"type": "object", "properties": {}}


def test_a_good_schema_stays() -> None:
    schema = {
        "type": "object",
        "properties": {"b": {"type": "string"}, "a": {"anyOf": [{"type": "null"}]}},
        "required": ["a", "b"],
        "additionalProperties": False,
        "description": "d",
    }
    before = repr(schema)
    assert object_root(schema) == schema
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
    merged = object_root(schema)
    assert set(merged["properties"]) == {"x", "a", "b"}
    assert merged["properties"]["x"] == {"type": "string"}
    assert merged["required"] == ["x"]
    assert not {"oneOf", "additionalProperties"} & set(merged)


def test_all_of_adds_up() -> None:
    parts = [{"properties": {"a": {}}, "required": ["a"]}, {"properties": {"b": {}}, "required": ["b"]}]
    assert object_root({"allOf": parts})["required"] == ["a", "b"]


def test_a_reference_at_the_root_is_followed_once() -> None:
    schema = {"$ref": "#/$defs/A", "$defs": {"A": {"type": "object", "properties": {"a": {}}}}}
    assert object_root(schema)["properties"] == {"a": {}}
    assert object_root({"$ref": "#"})["properties"] == {}
    assert object_root({"$ref": "#/missing/x"})["properties"] == {}
    assert object_root({"properties": 3, "required": True, "anyOf": 1}) == object_root(None)


@pytest.mark.parametrize(
    ("schema", "strict"),
    [
        ({"type": "object", "properties": {}, "additionalProperties": False}, True),
        ({"type": "object", "properties": {}}, False),
        ({"type": "object", "properties": {"a": TEXT}, "additionalProperties": False}, False),
        (
            {"type": "object", "properties": {"a": TEXT}, "required": ["a"], "additionalProperties": False},
            True,
        ),
        (
            {
                "type": "object",
                "properties": {"a": {"type": "array", "items": {"type": "object", "properties": {}}}},
                "required": ["a"],
                "additionalProperties": False,
            },
            False,
        ),
        ({"anyOf": [{"type": "object"}]}, False),
        ({"$defs": {"a": {"type": "object"}}}, False),
    ],
)
def test_what_openai_takes_as_strict(schema: dict[str, Any], strict: bool) -> None:
    assert is_strict(schema) is strict


def test_a_root_that_is_no_plain_object_becomes_one() -> None:
    either = [{"type": "object", "properties": {"a": TEXT}}, {"type": "object", "properties": {"b": TEXT}}]
    for schema in ({"anyOf": either}, {"type": "object", "oneOf": either}):
        assert complete(schema) == {"type": "object", "properties": {"a": TEXT, "b": TEXT}}
    assert complete({}) == {"type": "object", "properties": {}}
    assert complete({"type": "object", "properties": {"l": {"type": "array"}}})["properties"] == {
        "l": {"type": "array", "items": {}}
    }
