from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from proxy_core.dialect import Call, Peek
from proxy_core.errors import DecodeError
from proxy_core.ir.message import Message, Text
from proxy_core.ir.request import Function
from tests.proxy_core.dialects.gemini_generate.support import DIALECT, MODEL, call
from tests.samples import load

ASK = {"contents": [{"parts": [{"text": "Hi"}]}]}


@pytest.mark.parametrize(
    ("given", "mode"),
    [
        (call("whole"), "whole"),
        (call("stream", alt="sse"), "stream"),
        (call("stream"), "array"),
        (call("stream", alt="json"), "array"),
        (call("count"), "whole"),
    ],
)
def test_the_path_says_model_and_mode(given: Call, mode: Any) -> None:
    assert DIALECT.peek(b'{"model":"other","stream":true}', given) == Peek(MODEL, mode)


def test_a_body_at_a_foreign_address_says_them_itself() -> None:
    body = json.dumps({**ASK, "model": "models/x", "stream": True}).encode()
    elsewhere = Call(call("whole").endpoint)
    assert DIALECT.peek(body, elsewhere) == Peek("x", "stream")
    request = DIALECT.decode_request(body, elsewhere)
    assert (request.model, request.stream, request.extensions) == ("x", True, {})
    with pytest.raises(DecodeError, match="model is missing"):
        DIALECT.peek(json.dumps(ASK).encode(), elsewhere)


def test_a_count_may_wrap_the_request_or_not() -> None:
    tools = [{"functionDeclarations": [{"name": "f"}]}]
    wrapped = {"generateContentRequest": {"model": "models/x", **ASK, "tools": tools}}
    for body in (wrapped, {**ASK, "tools": tools}):
        request = DIALECT.decode_request(json.dumps(body).encode(), call("count"))
        assert request.messages == (Message("user", (Text("Hi"),)),)
        assert request.tools == (Function("f"),)
        assert request.model == MODEL


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"contents":', b"\xff\xfe", b"null"])
def test_bad_json_is_a_decode_error(body: bytes) -> None:
    for function in (DIALECT.peek, DIALECT.decode_request):
        with pytest.raises(DecodeError):
            function(body, call())


names = st.sampled_from(
    [
        "contents",
        "parts",
        "role",
        "text",
        "thought",
        "thoughtSignature",
        "inlineData",
        "inline_data",
        "data",
        "mimeType",
        "fileData",
        "fileUri",
        "functionCall",
        "functionResponse",
        "name",
        "id",
        "args",
        "response",
        "tools",
        "functionDeclarations",
        "parameters",
        "parametersJsonSchema",
        "toolConfig",
        "functionCallingConfig",
        "mode",
        "allowedFunctionNames",
        "generationConfig",
        "thinkingConfig",
        "thinkingBudget",
        "responseSchema",
        "systemInstruction",
        "generateContentRequest",
        "stopSequences",
        "serviceTier",
        "store",
        "labels",
    ]
)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["", "x", "user", "model", "ANY", "c2ln", "image/png"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=4),
    max_leaves=15,
)


@given(st.dictionaries(names, values, max_size=6), st.sampled_from(["whole", "stream", "count"]))
def test_any_object_is_a_request_or_a_decode_error(body: dict[str, Any], kind: str) -> None:
    try:
        DIALECT.decode_request(json.dumps(body).encode(), call(kind))
    except DecodeError:
        event("refused")


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inner:
        found += places(item, (*path, key))
    return found


@pytest.mark.parametrize("sample", load.samples("gemini_generate"), ids=lambda sample: sample.name)
def test_samples_with_any_one_thing_wrong(sample: load.Sample) -> None:
    kind = "count" if sample.is_count else "whole"
    for path in places(sample.request):
        replacements: tuple[Any, ...] = (None, 7, "x", [], {}, [None])
        for wrong in replacements:
            body = sample.request
            holder = body
            for key in path[:-1]:
                holder = holder[key]
            holder[path[-1]] = wrong
            with suppress(DecodeError):
                DIALECT.decode_request(json.dumps(body).encode(), call(kind))
