from __future__ import annotations

from typing import Any

import pytest

from proxy_core import jsonbytes
from proxy_core.dialects.gemini_generate.contents_decode import SIGNATURE
from proxy_core.dialects.gemini_generate.contents_encode import (
    SENTINEL,
    encode_contents,
    encode_media,
    encode_system,
)
from proxy_core.ir.message import (
    FileReference,
    Inline,
    Media,
    Message,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Seal,
    Text,
    ToolCall,
    ToolResult,
    Url,
)
from tests.proxy_core.dialects.gemini_generate.support import NAME


def wires(*parts: Part, sign: bool = False, own: bool = False) -> Any:
    contents = encode_contents([Message("model", parts)], sign_calls=sign, own=own)
    return jsonbytes.decode(jsonbytes.encode(contents[0]["parts"])) if contents else []


def test_only_the_first_call_of_a_turn_gets_the_bypass_word() -> None:
    first, second = ToolCall("a", "f", "{}"), ToolCall("b", "g", '{"x":1.50}')
    found = wires(Text("x"), first, second, sign=True)
    assert [part.get("thoughtSignature") for part in found] == [None, SENTINEL, None]
    assert found[2]["functionCall"] == {"id": "b", "name": "g", "args": {"x": 1.5}}
    signed = wires(ToolCall("a", "f", "{}", seal=Seal("v", SIGNATURE, "c2ln")), second, sign=True)
    assert [part.get("thoughtSignature") for part in signed] == ["c2ln", None]
    assert "thoughtSignature" not in wires(first, second)[0]


def test_numbers_keep_their_spelling() -> None:
    contents = encode_contents(
        [Message("model", (ToolCall("a", "f", '{"x":1.50}'),))], sign_calls=False, own=False
    )
    assert b'"args":{"x":1.50}' in jsonbytes.encode(contents)


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        (Refusal("no"), {"text": "no"}),
        (
            Reasoning(("a", "b"), Seal("v", SIGNATURE, "c2ln")),
            {"text": "a\n\nb", "thought": True, "thoughtSignature": "c2ln"},
        ),
        (Text("", seal=Seal("v", SIGNATURE, "c2ln")), {"text": "", "thoughtSignature": "c2ln"}),
        (Opaque(NAME, {"brandNew": 1}), {"brandNew": 1}),
    ],
)
def test_parts(part: Part, expected: Any) -> None:
    assert wires(part) == [expected]


def test_empty_parts_and_turns_do_not_exist() -> None:
    assert wires(Text(""), Refusal(""), Opaque("elsewhere", {})) == []
    assert encode_system([Text("")]) is None
    assert encode_system([Text("a"), Text("b")]) == {"parts": [{"text": "a"}, {"text": "b"}]}


def test_results_take_the_name_of_the_call_they_answer() -> None:
    image = Media("image", Inline("image/png", "eA=="))
    contents = encode_contents(
        [
            Message("model", (ToolCall("a", "f", "{}"), ToolCall("b", "g", "{}"))),
            Message(
                "user", (ToolResult("a", (Text("ok"),)), ToolResult("b", (Text("bad"), image), "x", True))
            ),
        ],
        sign_calls=False,
        own=False,
    )
    assert contents[1]["parts"] == [
        {"functionResponse": {"id": "a", "name": "f", "response": {"output": "ok"}}},
        {
            "functionResponse": {
                "id": "b",
                "name": "g",
                "response": {"error": "bad"},
                "parts": [{"inlineData": {"mimeType": "image/png", "data": "eA=="}}],
            }
        },
    ]


@pytest.mark.parametrize(
    ("source", "own", "expected"),
    [
        (Inline("image/png", "eA=="), False, {"inlineData": {"mimeType": "image/png", "data": "eA=="}}),
        (Inline("text/plain", "aGk="), False, {"text": "hi"}),
        (Inline("text/plain", "aGk="), True, {"inlineData": {"mimeType": "text/plain", "data": "aGk="}}),
        (
            Url("https://x.example/a.PNG?b=1"),
            False,
            {"fileData": {"mimeType": "image/png", "fileUri": "https://x.example/a.PNG?b=1"}},
        ),
        (
            Url("https://x.example/a", "image/gif"),
            False,
            {"fileData": {"mimeType": "image/gif", "fileUri": "https://x.example/a"}},
        ),
        (Url("https://x.example/a"), False, {"fileData": {"fileUri": "https://x.example/a"}}),
        (FileReference("files/1", NAME), True, {"fileData": {"fileUri": "files/1"}}),
    ],
)
def test_media(source: Any, own: bool, expected: Any) -> None:
    assert encode_media(Media("document", source), own=own) == expected
