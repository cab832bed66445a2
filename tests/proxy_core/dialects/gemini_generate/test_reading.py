from __future__ import annotations

from typing import Any

import pytest

from proxy_core.dialects.gemini_generate.reading import Node, as_list, camel
from proxy_core.errors import DecodeError


@pytest.mark.parametrize(
    ("given", "expected"),
    [("inline_data", "inlineData"), ("inlineData", "inlineData"), ("_self", "_self"), ("a_b_c", "aBC")],
)
def test_both_spellings_are_one_name(given: str, expected: str) -> None:
    assert camel(given) == expected


def test_camel_case_wins_where_both_are_there_and_null_is_absent() -> None:
    node = Node.of({"top_p": 0.1, "topP": 0.2, "seed": None}, "generationConfig")
    assert node.number("topP") == 0.2
    assert not node.has("seed")
    assert node.rest(("topP",)) == {}


@pytest.mark.parametrize(
    ("getter", "value"),
    [
        ("text", 1),
        ("flag", "yes"),
        ("number", True),
        ("number", "x"),
        ("integer", 1.5),
        ("node", []),
        ("nodes", [1]),
        ("texts", "a"),
        ("texts", [1]),
    ],
)
def test_a_wrong_type_names_its_place(getter: str, value: Any) -> None:
    node = Node.of({"x": value}, "contents[0]")
    with pytest.raises(DecodeError) as caught:
        getattr(node, getter)("x")
    assert caught.value.param is not None
    assert caught.value.param.startswith("contents[0].x")


def test_integers_come_in_three_spellings() -> None:
    node = Node.of({"a": 8, "b": 8.0, "c": "-8"}, "")
    assert [node.integer(name) for name in "abcd"] == [8, 8, -8, None]


def test_one_thing_counts_as_a_list_of_one() -> None:
    assert as_list({"a": 1}) == [{"a": 1}]
    assert [item.path for item in Node.of({"parts": {"text": "x"}}, "contents[1]").nodes("parts")] == [
        "contents[1].parts[0]"
    ]
