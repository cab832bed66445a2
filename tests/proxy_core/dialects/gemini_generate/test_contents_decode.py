from __future__ import annotations

from typing import Any

import pytest

from proxy_core.dialects.gemini_generate.contents_decode import SENTINELS, SIGNATURE
from proxy_core.errors import DecodeError
from proxy_core.ir.message import (
    FileReference,
    HostedStep,
    Inline,
    Media,
    Message,
    Opaque,
    Part,
    Reasoning,
    Seal,
    Text,
    ToolCall,
    ToolResult,
    Url,
    Work,
)
from proxy_core.ir.seal import wrap_base64
from tests.proxy_core.dialects.gemini_generate.support import NAME, decoded

PIXEL = "iVBORw0KGgo="


def parts(*wire: Any, role: str = "model") -> tuple[Part, ...]:
    return decoded({"contents": [{"role": role, "parts": list(wire)}]}).messages[0].parts


@pytest.mark.parametrize(
    ("wire", "expected"),
    [
        ({"text": "a"}, Text("a")),
        ({"text": "a", "thought_signature": "c2ln"}, Text("a", seal=Seal(None, SIGNATURE, "c2ln"))),
        ({"text": "t", "thought": True}, Reasoning(("t",))),
        (
            {"text": "", "thought": True, "thoughtSignature": "c2ln"},
            Reasoning((), Seal(None, SIGNATURE, "c2ln")),
        ),
        (
            {"inline_data": {"mime_type": "image/png", "data": PIXEL}},
            Media("image", Inline("image/png", PIXEL)),
        ),
        ({"inlineData": {"data": "iVBORw0KGgo"}}, Media("image", Inline("image/png", PIXEL))),
        (
            {"fileData": {"fileUri": "https://x.example/a.pdf", "mimeType": "application/pdf"}},
            Media("document", Url("https://x.example/a.pdf", "application/pdf")),
        ),
        (
            {"fileData": {"fileUri": "gs://b/a.png", "mimeType": "image/png"}},
            Media("image", FileReference("gs://b/a.png", NAME, "image/png")),
        ),
        ({"fileData": {"fileUri": "https://youtu.be/x"}}, Media("video", Url("https://youtu.be/x"))),
        (
            {"functionCall": {"id": "a", "name": "f", "args": {"x": 1}}},
            ToolCall("a", "f", '{"x":1}'),
        ),
        ({"functionCall": {"id": "a", "name": "f"}}, ToolCall("a", "f", "{}")),
        (
            {"executableCode": {"code": "1"}},
            HostedStep(
                "code_execution", NAME, {"executableCode": {"code": "1"}}, stage="call", work=Work(code="1")
            ),
        ),
        ({"brandNew": {"a": 1}}, Opaque(NAME, {"brandNew": {"a": 1}})),
    ],
)
def test_parts(wire: Any, expected: Part) -> None:
    assert parts(wire) == (expected,)


@pytest.mark.parametrize("sentinel", sorted(SENTINELS))
def test_the_bypass_word_is_nobodys_seal(sentinel: str) -> None:
    (call,) = parts({"functionCall": {"id": "a", "name": "f"}, "thoughtSignature": sentinel})
    assert call == ToolCall("a", "f", "{}")


def test_sealed_thinking_of_another_vendor_stands_before_what_carried_it() -> None:
    seal = Seal("other", "anthropic.redacted", "blob")
    wire = {"functionCall": {"id": "a", "name": "f"}, "thoughtSignature": wrap_base64(seal)}
    assert parts(wire) == (Reasoning((), seal, redacted=True), ToolCall("a", "f", "{}"))
    assert parts({"text": "", "thoughtSignature": wrap_base64(seal)}) == (Reasoning((), seal, redacted=True),)


def test_what_a_stream_cut_is_whole_again_in_the_model_s_turns() -> None:
    cut = [
        {"text": "th", "thought": True},
        {"text": "ought", "thought": True},
        {"text": "vis"},
        {"text": "ible"},
        {"text": "", "thoughtSignature": "c2ln"},
        {"text": "signed", "thoughtSignature": "c2ln"},
        {"text": "after"},
    ]
    seal = Seal(None, SIGNATURE, "c2ln")
    assert parts(*cut) == (
        Reasoning(("thought",)),
        Text("visible", seal=seal),
        Text("signed", seal=seal),
        Text("after"),
    )
    # what a user sends in pieces is in pieces
    assert parts({"text": "a"}, {"text": "b"}, role="user") == (Text("a"), Text("b"))


def test_a_seal_that_sits_on_calls_elsewhere_stays_on_its_call() -> None:
    wrapped = wrap_base64(Seal("v", "chat.signature", "c2ln"))
    (call,) = parts({"functionCall": {"id": "c", "name": "f"}, "thoughtSignature": wrapped})
    assert call == ToolCall("c", "f", "{}", seal=Seal("v", "chat.signature", "c2ln"))


def test_our_envelope_around_a_signature_of_this_dialect_names_its_issuer() -> None:
    seal = Seal("vendor", SIGNATURE, "c2ln")
    assert parts({"text": "a", "thoughtSignature": wrap_base64(seal)}) == (Text("a", seal=seal),)


def test_empty_parts_and_thoughts_of_the_user_are_left_out() -> None:
    assert parts({}, {"videoMetadata": {}}, {"thought": True}, {"text": "a"}) == (Text("a"),)
    assert parts({"text": "t", "thought": True}, {"text": "a"}, role="user") == (Text("a"),)


def test_roles() -> None:
    roles = [None, "model", "function", "weird", "ASSISTANT", "system"]
    wire = [{"parts": [{"text": "a"}], **({"role": role} if role else {})} for role in roles]
    found = [message.role for message in decoded({"contents": wire}).messages]
    assert found == ["user", "model", "user", "model", "model", "system"]


@pytest.mark.parametrize("contents", ["Hi", ["Hi"], {"parts": "Hi"}, [{"text": "Hi"}], [{"parts": ["Hi"]}]])
def test_short_forms(contents: Any) -> None:
    assert decoded({"contents": contents}).messages == (Message("user", (Text("Hi"),)),)


def test_results_with_media_and_without_id() -> None:
    request = decoded(
        {
            "contents": [
                {
                    "role": "model",
                    "parts": [{"functionCall": {"name": "f"}}, {"functionCall": {"name": "f"}}],
                },
                {
                    "role": "user",
                    "parts": [
                        {"function_response": {"name": "f", "response": {"output": "1"}}},
                        {
                            "functionResponse": {
                                "name": "f",
                                "response": {"error": "no"},
                                "parts": [{"inlineData": {"mimeType": "image/png", "data": PIXEL}}],
                            },
                            "thoughtSignature": "c2ln",
                        },
                    ],
                },
            ]
        }
    )
    first, second = request.messages[0].parts
    assert isinstance(first, ToolCall)
    assert isinstance(second, ToolCall)
    assert request.messages[1].parts == (
        ToolResult(first.id, (Text("1"),), "f"),
        ToolResult(
            second.id, (Text("no"), Media("image", Inline("image/png", PIXEL))), "f", True, as_text=False
        ),
    )


@pytest.mark.parametrize(
    "wire",
    [
        "Be brief.",
        {"parts": [{"text": "Be brief."}]},
        {"parts": {"text": "Be brief."}, "role": "x"},
        [{"text": "Be brief."}, {"text": ""}],
    ],
)
def test_system_instructions(wire: Any) -> None:
    for name in ("systemInstruction", "system_instruction"):
        assert decoded({"contents": [], name: wire}).system == (Text("Be brief."),)


@pytest.mark.parametrize(
    ("contents", "param"),
    [
        (None, "contents"),
        ([1], "contents[0]"),
        ([{"parts": [3]}], "contents[0].parts[0]"),
        ([{"parts": [{"text": 3}]}], "contents[0].parts[0].text"),
        ([{"parts": [{"inlineData": {"mimeType": "a/b"}}]}], "contents[0].parts[0].inlineData.data"),
        ([{"parts": [{"inlineData": {"data": "!"}}]}], "contents[0].parts[0].inlineData.data"),
        ([{"parts": [{"fileData": {}}]}], "contents[0].parts[0].fileData.fileUri"),
        ([{"parts": [{"functionCall": {}}]}], "contents[0].parts[0].functionCall.name"),
        ([{"parts": [{"functionCall": {"name": "f", "args": 1}}]}], "contents[0].parts[0].functionCall.args"),
        ([{"role": 3, "parts": []}], "contents[0].role"),
    ],
)
def test_what_is_wrong_is_named(contents: Any, param: str) -> None:
    with pytest.raises(DecodeError) as caught:
        decoded({"contents": contents})
    assert caught.value.param == param
