from typing import Any

import pytest

from proxy_core.dialects.openai_chat.shape import Shape
from proxy_core.errors import DecodeError


def test_null_is_absent() -> None:
    shape = Shape({"a": None}, "")
    assert (shape.text("a"), shape.number("a"), shape.items("a"), shape.member("b")) == (
        None,
        None,
        None,
        None,
    )
    assert shape.rest(()) == {}


@pytest.mark.parametrize(
    ("reader", "value"),
    [
        ("text", 1), ("needed_text", ""), ("needed_text", None), ("number", True), ("number", "1"),
        ("integer", 1.5), ("integer", float("inf")), ("flag", 1), ("items", {}), ("member", []),
        ("mapping", "x"), ("needed_member", None), ("objects", [1]),
    ],
)  # fmt: skip
def test_a_wrong_type_names_its_place(reader: str, value: Any) -> None:
    shape = Shape({"a": value}, "messages[2]")
    with pytest.raises(DecodeError) as caught:
        getattr(shape, reader)("a")
    assert caught.value.param is not None
    assert caught.value.param.startswith("messages[2].a")


def test_an_integral_float_is_an_integer() -> None:
    assert Shape({"a": 100.0}, "").integer("a") == 100


def test_a_minimum_holds() -> None:
    with pytest.raises(DecodeError, match="at least 1"):
        Shape({"a": 0}, "").integer("a", 1)


def test_only_an_object_has_members() -> None:
    with pytest.raises(DecodeError) as caught:
        Shape([], "")
    assert caught.value.param is None
