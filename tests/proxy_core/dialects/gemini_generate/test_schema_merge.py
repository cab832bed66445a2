from __future__ import annotations

from typing import Any

import pytest

from proxy_core.dialects.gemini_generate import schema_merge as merge


def test_a_reference_takes_its_siblings_along_and_knows_where_it_was() -> None:
    root = {"$defs": {"a/b": {"$ref": "#/$defs/c", "title": "T"}, "c": {"type": "string"}}}
    node, refs, stub = merge.resolve({"$ref": "#/$defs/a~1b", "description": "D"}, root, ())
    assert node == {"type": "string", "title": "T", "description": "D"}
    assert refs == ("#/$defs/a~1b", "#/$defs/c")
    assert stub is None


@pytest.mark.parametrize("ref", ["#/nowhere", "other.json", "#/$defs/a/9", "#/$defs/list/5"])
def test_a_reference_that_leads_nowhere_is_a_stub(ref: str) -> None:
    _, _, stub = merge.resolve({"$ref": ref}, {"$defs": {"a": 1, "list": []}}, ())
    assert stub is not None
    assert stub["type"] == "object"


def test_all_of_is_merged_through_references() -> None:
    root = {"$defs": {"a": {"properties": {"x": {}}, "required": ["x"], "description": "A."}}}
    node = {
        "allOf": [{"$ref": "#/$defs/a"}, {"properties": {"y": {}}, "required": ["y"]}],
        "description": "N.",
    }
    found = merge.merge_all(node, root)
    assert found["properties"].keys() == {"x", "y"}
    assert found["required"] == ["x", "y"]
    assert found["description"] == "N. A."


def test_all_of_that_contains_itself_ends() -> None:
    root = {"$defs": {"a": {"allOf": [{"$ref": "#/$defs/a"}], "type": "string"}}}
    assert merge.merge_all({"allOf": [{"$ref": "#/$defs/a"}]}, root)["type"] == "string"


def test_properties_of_then_and_else_are_offered_but_not_required() -> None:
    node = {"if": {}, "then": {"properties": {"x": {}}, "required": ["x"]}, "else": {"properties": {"y": {}}}}
    found = merge.merge_all(node, {})
    assert found["properties"].keys() == {"x", "y"}
    assert "required" not in found


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        ({"type": "STRING"}, (["string"], False)),
        ({"type": ["null", "int", "float"]}, (["integer", "number"], True)),
        ({"type": "null"}, (["null"], False)),
        ({"type": {"a": 1}}, ([], False)),
        ({"type": "any", "nullable": True}, ([], True)),
    ],
)
def test_types(node: Any, expected: Any) -> None:
    assert merge.types_of(node) == expected


def test_a_parent_that_contradicts_its_only_branch_gives_way() -> None:
    found = merge.overlay(
        {"type": "string", "description": "in"}, {"type": "array", "items": {}, "description": "out"}
    )
    assert found == {"type": "string", "description": "out in"}


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object"},
        {},
        {"properties": {"a": {"type": "string"}}},
        {"a": {"type": "string"}, "b": 1},
        {"$defs": {"type": {}}},
    ],
)
def test_what_is_no_bare_map_stays(schema: Any) -> None:
    assert merge.bare_map(schema) is schema
