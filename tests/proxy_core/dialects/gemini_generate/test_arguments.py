from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy_core import jsonbytes
from proxy_core.dialects.gemini_generate.arguments import (
    decode_arguments,
    decode_output,
    encode_arguments,
    encode_output,
)


@pytest.mark.parametrize(
    ("text", "wire"),
    [
        ('{"n":1.50,"big":18446744073709551617}', b'{"n":1.50,"big":18446744073709551617}'),
        ("", b"{}"),
        (" ", b"{}"),
        ("[1]", b'{"_raw":"[1]"}'),
        ("not json", b'{"_raw":"not json"}'),
        ('{\n"a": 1}', b'{"a":1}'),
        ('{"a":"\\ud83d"}', b'{"a":"\\ud83d"}'),
    ],
)
def test_arguments_keep_their_spelling(text: str, wire: bytes) -> None:
    assert jsonbytes.encode(encode_arguments(text)) == wire


@pytest.mark.parametrize(
    ("text", "is_error", "wire"),
    [
        ("sunny", False, {"output": "sunny"}),
        ('{"t":1}', False, {"t": 1}),
        ("[1]", False, {"output": "[1]"}),
        ("", False, {"output": ""}),
        (" {} ", False, {"output": " {} "}),
        ('{"t":1}', True, {"error": '{"t":1}'}),
    ],
)
def test_outputs(text: str, is_error: bool, wire: Any) -> None:
    assert jsonbytes.decode(jsonbytes.encode(encode_output(text, is_error))) == wire


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        ({"output": "x"}, ("x", False)),
        ({"result": {"a": 1}}, ('{"a":1}', False)),
        ({"error": "bad"}, ("bad", True)),
        ({"name": "f", "content": "x"}, ("x", False)),
        ({"name": "g", "content": "x"}, ('{"name":"g","content":"x"}', False)),
        ({"output": "x", "more": 1}, ('{"output":"x","more":1}', False)),
        ({}, ("", False)),
        (None, ("", False)),
        ("words", ("words", False)),
        ({"output": None}, ("", False)),
    ],
)
def test_responses(response: Any, expected: tuple[str, bool]) -> None:
    assert decode_output(response, "f") == expected


@given(st.text(), st.booleans())
def test_any_text_comes_back_with_the_same_meaning(text: str, is_error: bool) -> None:
    wire = jsonbytes.decode(jsonbytes.encode(encode_output(text, is_error)))
    back, flag = decode_output(wire, "f")
    assert flag == is_error
    try:
        same = jsonbytes.decode(back) == jsonbytes.decode(text)
    except Exception:  # noqa: BLE001 - not JSON: then it is the text itself
        same = back == text
    assert same


def test_freeform_input_is_wrapped_as_the_tool_was_declared() -> None:
    assert encode_arguments("*** Begin Patch", "freeform") == {"input": "*** Begin Patch"}
    assert encode_arguments("", "freeform") == {"input": ""}


def test_no_arguments_are_an_empty_object() -> None:
    assert decode_arguments(None) == "{}"
    assert decode_arguments({"a": "é"}) == '{"a":"é"}'
