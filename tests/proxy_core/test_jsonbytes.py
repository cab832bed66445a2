import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy_core.errors import DecodeError
from proxy_core.jsonbytes import decode, decode_object, edit, encode, members, peek, text

values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
surrogates = st.text(st.characters())

ODD = (
    b"1.50",
    b"1e400",
    b"-1E+2",
    b"0.1000000000000000055511151231257827",
    b"18446744073709551616",
    str(2**70).encode(),
    b"9" * 5000,
    b'"\\u00e9\\/\\ud83c\\udf0d"',
    b'"\\ud800"',
    b'{"b" : 1,  "a":[ 1.0 , 2 ], "b":2}',
    '"naïve\u2028"'.encode(),
    b"[]",
)


@given(values)
def test_values_survive(value: Any) -> None:
    assert decode(encode(value)) == value
    assert decode(text(value)) == value
    assert encode(value) == text(value).encode()


@given(st.dictionaries(surrogates, st.lists(surrogates)))
def test_text_that_is_not_utf8_survives_as_escapes(value: dict[str, list[str]]) -> None:
    assert decode(encode(value)) == value
    assert decode(json.dumps(value, ensure_ascii=False)) == value


@given(st.binary() | st.text(st.characters()) | values.map(lambda value: json.dumps(value)[:-1]))
def test_anything_is_a_value_or_a_decode_error(body: bytes | str) -> None:
    for read in (decode, decode_object):
        with suppress(DecodeError):
            encode(read(body))


READERS: tuple[Callable[[bytes], Any], ...] = (
    decode,
    decode_object,
    members,
    lambda body: peek(body, ("a",)),
    lambda body: edit(body, {"model": "x"}),
)


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" \n",
        b"{",
        b'{"a":1',
        b'{"a":1}}',
        b'{"a":1,}',
        b'{"a":NaN}',
        b'{"a":-Infinity}',
        b'{"a":"\x01"}',
        b"{'a':1}",
        b"[" * 100_000,
        b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        b'{"a":"\xff"}',
        b'{"\xff":1}',
        b'{"a":"\xed\xa0\x80"}',
        '{"a":1}'.encode("utf-16"),
        '{"a":1}'.encode("utf-32"),
        b"\x00",
    ],
    ids=lambda body: repr(body[:12]),
)
def test_bad_bodies_are_decode_errors_everywhere(read: Callable[[bytes], Any], body: bytes) -> None:
    with pytest.raises(DecodeError):
        read(body)


@pytest.mark.parametrize("body", [b"[1]", b"null", b'"a"', b"1"])
def test_an_object_is_asked_for(body: bytes) -> None:
    for read in READERS[1:]:
        with pytest.raises(DecodeError, match="object"):
            read(body)


def test_the_place_is_told() -> None:
    with pytest.raises(DecodeError, match="byte 8"):
        decode(b'{"a":"  \xff"}')
    with pytest.raises(DecodeError, match="byte 8"):
        members(b'{"a":"  \xff"}')
    with pytest.raises(DecodeError, match="byte 70007"):
        members(b'{"a":"\xc3\xa9' + b" " * 69_999 + b'\xff"}')
    with pytest.raises(DecodeError, match="UTF-8"):
        members(b'{"a":"\xc3')
    with pytest.raises(DecodeError, match="byte 5"):
        decode(b'{"a":?}')
    with pytest.raises(DecodeError, match="empty"):
        decode_object(b" ")


def test_values_that_other_readers_refuse() -> None:
    assert decode(b"18446744073709551616") == 2**64
    assert decode(b'{"a":1,"a":2}') == {"a": 2}
    assert decode(b'"\\ud800"') == "\ud800"
    assert decode(b'\xef\xbb\xbf{"a":1}') == {"a": 1}


@pytest.mark.parametrize("number", ["1e400", "-1e400", "1.5E+9999"])
def test_a_number_beyond_every_float_is_kept(number: str) -> None:
    kept = decode(b'{"a":[' + number.encode() + b"]}")
    assert Decimal(encode(kept)[6:-2].decode()) == Decimal(number)
    assert Decimal(encode({**kept, "b": "\ud800"})[6:].partition(b"]")[0].decode()) == Decimal(number)


def test_a_number_beyond_every_machine_is_refused() -> None:
    with pytest.raises(DecodeError, match="out of range"):
        decode(b"1e" + b"9" * 30)


def test_nesting_too_deep_to_encode_is_an_error_of_ours() -> None:
    value: list[Any] = []
    for _ in range(100_000):
        value = [value]
    with pytest.raises(DecodeError, match="nested"):
        encode(value)
    with pytest.raises(DecodeError, match="nested"):
        encode(["\ud800", value])
    while value:
        value = value.pop()


@dataclass(frozen=True, slots=True)
class Point:
    x: int
    name: str


def test_what_the_neutral_words_are_made_of_is_encoded() -> None:
    value = {"p": Point(1, "a"), "m": MappingProxyType({"b": (1, None)}), "r": msgspec.Raw(b"1.50")}
    assert encode(value) == b'{"p":{"x":1,"name":"a"},"m":{"b":[1,null]},"r":1.50}'
    odd = {**value, "p": Point(1, "\ud800")}
    assert encode(odd) == b'{"p":{"x":1,"name":"\\ud800"},"m":{"b":[1,null]},"r":1.50}'


def test_what_is_not_json_is_refused() -> None:
    with pytest.raises(TypeError):
        encode({"a": object()})
    with pytest.raises(TypeError):
        encode(["\ud800", object()])


@pytest.mark.parametrize("value", ODD, ids=lambda value: repr(value[:12]))
def test_an_edit_keeps_every_nested_byte(value: bytes) -> None:
    body = b'{ "deep" : {"k": ' + value + b' }, "model":"a", "top":' + value + b', "n\\u00e9": 1.0}'
    assert edit(body, {"model": "b"}) == body.replace(b'"model":"a"', b'"model":"b"')
    assert edit(body, {"more": 1}) == body[:-1] + b',"more":1}'
    assert edit(body, {}, ("model",)) == body.replace(b' "model":"a",', b"")


def test_an_edit_replaces_adds_and_drops() -> None:
    body = b'{"model":"a","stream":true,"n":1.50}'
    assert (
        edit(body, {"model": "b", "store": False}, ("stream", "absent"))
        == b'{"model":"b","n":1.50,"store":false}'
    )
    assert edit(body, {"n": msgspec.Raw(b"2.50")}) == b'{"model":"a","stream":true,"n":2.50}'
    assert edit(body, {"stream": None}, ("stream",)) == b'{"model":"a","stream":null,"n":1.50}'
    assert edit(b"\xef\xbb\xbf{}", {}) == b"\xef\xbb\xbf{}"
    assert edit(b"\xef\xbb\xbf{ }\n", {"a": 1}) == b'\xef\xbb\xbf{"a":1 }\n'
    assert edit(b' { "a" : 1 , "b":2}', {}, ("a", "b")) == b" { }"
    assert edit(b'{"a":1,"b":2, "c":3}', {"d": 4}, ("a", "c")) == b'{"b":2,"d":4}'


@given(st.dictionaries(st.text(), values), st.dictionaries(st.text(), values), st.sets(st.text()))
def test_an_edit_is_an_edit_of_the_value(body: dict[str, Any], new: dict[str, Any], gone: set[str]) -> None:
    expected = {key: value for key, value in body.items() if key not in gone} | new
    assert decode(edit(encode(body), new, gone)) == expected


def test_text_that_is_not_utf8_does_not_cost_the_other_members() -> None:
    assert edit(b'{"a":1.50}', {"model": "\ud800"}) == b'{"a":1.50,"model":"\\ud800"}'
    odd = b' {"\\ud800" : "\\udc00" ,\t"b":{ "c":1e400}, "a" :1.50\n} '
    assert edit(odd, {}) == odd
    assert edit(odd, {"a": 2}) == odd.replace(b"1.50", b"2")
    wide = '{"é":"é🌍","\\ud800":"é","a":1.50}'.encode()
    assert edit(wide, {"a": 2}) == wide.replace(b"1.50", b"2")
    assert edit(b'{"\\ud800":{}}', {}, ("\ud800",)) == b"{}"


@given(st.dictionaries(st.text(), values), st.sets(st.text()))
def test_a_peek_sees_only_what_it_asks_for(body: dict[str, Any], names: set[str]) -> None:
    assert peek(encode(body), names) == {key: value for key, value in body.items() if key in names}


TWICE = (
    b'{"model":"a","model":"b"}',
    b'{"x":1,"model":"a", "x":1 ,"y":1,"model":"abc"}',
    b'{"model":[1],"x":1,"model":[1],"y":{"model":1}}',
    b'{"\\u006dodel":"a","x":[' + b"9" * 5000 + b'],"model":1e400}',
)


@pytest.mark.parametrize("body", TWICE, ids=range(len(TWICE)))
def test_a_member_that_comes_twice_is_edited_twice_and_stays_twice(body: bytes) -> None:
    old = [value for name, value in pairs(body) if name == "model"]
    edited = edit(body, {"model": "new"})
    assert pairs(edited) == [(name, "new" if name == "model" else value) for name, value in pairs(body)]
    assert len(old) == 2
    assert len(edited) == len(body) + 2 * len('"new"') - sum(map(len, RAW[body]))


def pairs(body: bytes) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = json.loads(body, object_pairs_hook=list, parse_int=str, parse_float=str)
    return found


RAW: dict[bytes, tuple[str, str]] = dict(
    zip(TWICE, [('"a"', '"b"'), ('"a"', '"abc"'), ("[1]", "[1]"), ('"a"', "1e400")], strict=True)
)


def test_of_a_member_that_comes_twice_the_last_counts() -> None:
    assert peek(b'{"model":"a","model":"b"}', ("model",)) == {"model": "b"}
