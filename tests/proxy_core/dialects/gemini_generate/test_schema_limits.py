from __future__ import annotations

from typing import Any

import pytest

from proxy_core.dialects.gemini_generate.schema_limits import bounds, enumeration, notes


@pytest.mark.parametrize(
    ("node", "only_strings", "values", "hints"),
    [
        ({"enum": ["a", None]}, True, ["a"], []),
        ({"enum": [1, 2.5]}, False, [1, 2.5], []),
        ({"enum": [1, 2]}, True, None, ["allowed: 1, 2"]),
        ({"const": {"a": 1}}, False, None, ['allowed: {"a":1}']),
        ({"enum": []}, False, None, []),
        ({"enum": "a"}, False, None, []),
        ({"const": None}, False, None, []),
    ],
)
def test_values(node: Any, only_strings: bool, values: Any, hints: list[str]) -> None:
    found: list[str] = []
    assert enumeration(node, only_strings, found) == values
    assert found == hints


@pytest.mark.parametrize(
    ("node", "kind", "clean"),
    [
        ({"exclusiveMinimum": 1.5}, "integer", {"minimum": 2}),
        ({"exclusiveMaximum": 1.5}, "integer", {"maximum": 1}),
        ({"exclusiveMaximum": 3}, "integer", {"maximum": 2}),
        ({"exclusiveMinimum": 0, "minimum": 5}, "integer", {"minimum": 5}),
        ({"exclusiveMinimum": 0}, "number", {"minimum": 0}),
        ({"exclusiveMinimum": False, "minimum": 5}, "integer", {}),
        ({"exclusiveMinimum": "x"}, "integer", {}),
    ],
)
def test_exclusive_bounds(node: Any, kind: str, clean: Any) -> None:
    found: dict[str, Any] = {}
    bounds(node, kind, found, [])
    assert found == clean


def test_the_description_ends_with_every_hint() -> None:
    clean: dict[str, Any] = {}
    node = {"description": "D", "uniqueItems": True, "multipleOf": 5, "not": {"x": "y" * 300}}
    notes(node, clean, ["pattern: ^a"])
    assert clean["description"] == "D (pattern: ^a; multipleOf: 5; uniqueItems: true)"
