import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy_core.ir.json_object import JsonObject

WHOLE = (
    "{}",
    ' { "a" : [ ] , "b" : { } } ',
    '{"a": [1, -0.5e+3, true, false, null, "x\\u00e9\\n\\"", {"k": [[]]}], "ü": "→"}',
    '{"n": 0, "m": 10E5, "s": "\\\\"}',
)
BROKEN = (
    "{'a': 1}",
    '{"a": 1, oops',
    '{"a" 1}',
    '{"a": 01}',
    '{"a": 1.e3}',
    '{"a": nul}',
    '{"a": [1, ]}',
    '{"a": 1,}',
    '{"a": "x\ny"}',
    '{"a": "\\x"}',
    '{"a": "\\u00g0"}',
    '{"a": [1}',
    '{"a": tru, "b": 1}',
    '{"a": {"b": 1, ?',
    '{"a": -}',
    "[1]",
    "x",
)


def _fed(pieces: list[str]) -> tuple[str, JsonObject]:
    found = JsonObject()
    return "".join(found.feed(piece) for piece in pieces), found


@pytest.mark.parametrize("text", WHOLE)
@pytest.mark.parametrize("size", [1, 3, 1000])
def test_a_good_object_goes_through_in_any_pieces(text: str, size: int) -> None:
    kept, found = _fed([text[at : at + size] for at in range(0, len(text), size)])
    assert kept == text
    assert not found.is_broken
    assert found.ending("_raw", text) == ""


@pytest.mark.parametrize("text", [*WHOLE, *(text for text in BROKEN if text.startswith("{"))])
def test_cut_or_spoilt_anywhere_it_can_be_ended(text: str) -> None:
    for cut in range(1, len(text) + 1):
        kept, found = _fed(list(text[:cut]))
        if not kept.strip():
            continue
        value = json.loads(kept + found.ending("_raw", text))
        assert isinstance(value, dict)
        assert "_raw" in value or kept == text[:cut]


@pytest.mark.parametrize("text", BROKEN)
def test_what_is_no_object_is_noticed(text: str) -> None:
    kept, found = _fed([text])
    assert found.is_broken
    assert kept != text
    assert text.startswith(kept)
    assert found.feed("}") == ""


def test_text_after_the_end_is_left_out() -> None:
    kept, found = _fed(['{"a": 1} ', "} and more"])
    assert kept == '{"a": 1} '
    assert (found.is_broken, found.ending("_raw", "x")) == (True, "")


@given(
    st.dictionaries(
        st.text(),
        st.recursive(
            st.none()
            | st.booleans()
            | st.integers()
            | st.floats(allow_nan=False, allow_infinity=False)
            | st.text(max_size=9),
            lambda inner: (
                st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
            ),
            max_leaves=8,
        ),
        max_size=3,
    ),
    st.booleans(),
    st.data(),
)
def test_any_object_may_be_cut_anywhere(value: dict[str, Any], plain: bool, data: st.DataObject) -> None:
    text = json.dumps(value, ensure_ascii=plain)
    kept, found = _fed([text])
    assert (kept, found.is_broken) == (text, False)
    cut = data.draw(st.integers(1, len(text)))
    kept, found = _fed([text[:cut]])
    assert kept == text[:cut]
    assert isinstance(json.loads(kept + found.ending("_raw", text)), dict)
