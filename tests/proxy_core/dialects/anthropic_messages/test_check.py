from typing import Any

import pytest

from proxy_core.dialects.anthropic_messages.check import Fields, name_of
from proxy_core.errors import DecodeError


def test_types_and_nulls() -> None:
    fields = Fields({"a": "x", "b": True, "c": 1.5, "d": 2.0, "e": None, "f": ["x"], "g": [{"h": 1}]})
    assert fields.text("a") == "x"
    assert fields.maybe_bool("b") is True
    assert fields.maybe_number("c") == 1.5
    assert fields.maybe_int("d") == 2
    assert fields.maybe_text("e") is None
    assert fields.texts("f") == ("x",)
    assert [item.path for item in fields.objects("g")] == ["g[0]"]
    assert fields.rest(frozenset("abcdef")) == {"g": [{"h": 1}]}


@pytest.mark.parametrize(
    ("read", "value"),
    [
        ("text", 1),
        ("text", None),
        ("maybe_text", []),
        ("maybe_bool", 1),
        ("maybe_number", True),
        ("maybe_number", "1"),
        ("maybe_int", 1.5),
        ("maybe_int", -1),
        ("maybe_int", float("inf")),
        ("maybe_int", float("nan")),
        ("maybe_object", []),
        ("items", {}),
        ("objects", ["x"]),
        ("texts", [1]),
    ],
)
def test_a_wrong_type_names_its_place(read: str, value: object) -> None:
    with pytest.raises(DecodeError) as caught:
        getattr(Fields({"key": value}, "messages[2]"), read)("key")
    assert (caught.value.param or "").startswith("messages[2].key")
    assert "messages[2].key" in caught.value.message


def test_json_names() -> None:
    values: tuple[Any, ...] = (None, True, 1, "", [], {})
    assert [name_of(value) for value in values] == [
        "null",
        "a boolean",
        "a number",
        "a string",
        "an array",
        "an object",
    ]
