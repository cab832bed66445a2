import pytest

from proxy_core.dialects.openai_responses.fields import Fields, fields
from proxy_core.errors import DecodeError


def test_absent_and_null_read_as_none() -> None:
    top = Fields({"a": None})
    assert (top.text("a"), top.flag("b"), top.whole("c"), top.number("d"), top.inner("e")) == (None,) * 5
    assert (top.array("f"), top.texts("g"), list(top.objects("h"))) == (None, (), [])


def test_values_keep_their_kind() -> None:
    top = Fields({"i": 3, "f": 3.0, "n": 0.5, "s": "x", "b": False})
    assert top.whole("i") == 3
    assert top.whole("f") == 3
    assert isinstance(top.whole("f"), int)
    assert top.number("n") == 0.5
    assert top.text("s") == "x"
    assert top.flag("b") is False


@pytest.mark.parametrize(
    ("reader", "value"),
    [
        ("text", 1),
        ("need", ""),
        ("flag", 1),
        ("whole", True),
        ("whole", 1.5),
        ("whole", "1"),
        ("number", True),
        ("number", "1"),
        ("inner", []),
        ("array", {}),
        ("texts", [1]),
    ],
)
def test_wrong_types_name_their_place(reader: str, value: object) -> None:
    with pytest.raises(DecodeError) as raised:
        getattr(fields({"x": value}, "input[2]"), reader)("x")
    assert raised.value.param is not None
    assert raised.value.param.startswith("input[2].x")
    assert raised.value.param in raised.value.message


def test_objects_are_numbered() -> None:
    with pytest.raises(DecodeError) as raised:
        list(Fields({"x": [{}, 1]}).objects("x"))
    assert raised.value.param == "x[1]"
