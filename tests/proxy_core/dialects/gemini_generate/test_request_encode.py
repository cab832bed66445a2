from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from proxy_core.dialects.gemini_generate.contents_encode import SENTINEL
from proxy_core.ir.message import Message, Text, ToolCall, ToolResult
from proxy_core.profile import ModelProfile
from tests.proxy_core.dialects.gemini_generate.support import (
    DIALECT,
    NAME,
    call,
    decoded,
    encoded,
    foreign,
    target,
)
from tests.samples import load


def _without_thoughts(body: Any) -> Any:
    """The body without unsigned thoughts, which the vendor does not need back."""
    for content in body.get("contents", ()):
        content["parts"] = [
            part for part in content["parts"] if not part.get("thought") or "thoughtSignature" in part
        ]
    return body


@pytest.mark.parametrize("sample", load.samples(NAME), ids=lambda sample: sample.name)
def test_samples_come_out_as_they_went_in(sample: load.Sample) -> None:
    kind = "count" if sample.is_count else "whole"
    request = DIALECT.decode_request(sample.request_bytes, call(kind))
    encode = DIALECT.encode_count_request if sample.is_count else DIALECT.encode_request
    done = encode(request, target())
    assert done is not None
    assert json.loads(done.body) == _without_thoughts(sample.request)
    assert done.losses == ()
    assert done.memory.tools == {}
    again = DIALECT.decode_request(done.body, call(kind))
    assert DIALECT.decode_request(sample.request_bytes, call(kind)) == request
    if _without_thoughts(sample.request) == sample.request:
        assert again == request


def test_results_follow_their_calls_in_the_same_order() -> None:
    body, _ = encoded(
        foreign(
            Message("user", (Text("Hi"),)),
            Message("model", (ToolCall("a", "f", "{}"), Text("both"), ToolCall("b", "g", "{}"))),
            Message("user", (Text("go on"), ToolResult("b", (Text("2"),)))),
            Message("user", (ToolResult("a", (Text("1"),)),)),
            Message("model", (Text("done"),)),
            Message("system", (Text("Be brief."),)),
        )
    )
    assert [turn["role"] for turn in body["contents"]] == ["user", "model", "user", "model", "user"]
    assert [next(iter(part)) for part in body["contents"][1]["parts"]] == [
        "text",
        "functionCall",
        "functionCall",
    ]
    results = body["contents"][2]["parts"]
    assert [part["functionResponse"]["id"] for part in results[:2]] == ["a", "b"]
    assert results[2] == {"text": "go on"}
    assert "<system-reminder>" in body["contents"][4]["parts"][0]["text"]


def test_calls_of_others_are_signed_with_the_bypass_word_in_every_turn() -> None:
    turns = (
        Message("user", (Text("Hi"),)),
        Message("model", (ToolCall("a", "f", "{}"), ToolCall("b", "f", "{}"))),
        Message("user", (ToolResult("a"), ToolResult("b"))),
        Message("model", (ToolCall("c", "f", "{}"),)),
        Message("user", (ToolResult("c"),)),
    )
    body, _ = encoded(foreign(*turns))
    signed = [
        part["functionCall"]["id"]
        for turn in body["contents"]
        for part in turn["parts"]
        if part.get("thoughtSignature") == SENTINEL
    ]
    assert signed == ["a", "c"]
    body, _ = encoded(foreign(*turns), ModelProfile("m", known=True, thinking=None))
    assert "thoughtSignature" not in json.dumps(body)


def test_a_trailing_answer_is_followed_by_a_question() -> None:
    turns = (Message("user", (Text("Hi"),)), Message("model", (Text("Well"),)))
    body, _ = encoded(foreign(*turns))
    assert [turn["role"] for turn in body["contents"]] == ["user", "model", "user"]
    body, _ = encoded(foreign(*turns), ModelProfile("m", prefill=True))
    assert [turn["role"] for turn in body["contents"]] == ["user", "model"]


def test_a_lone_system_text_is_the_question() -> None:
    body, _ = encoded(replace(foreign(system=(Text("Hi"),)), messages=()))
    assert body == {"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]}


def test_the_members_stand_in_one_order_and_twice_is_the_same() -> None:
    request = decoded(
        {
            "generationConfig": {"seed": 1},
            "contents": [{"parts": [{"text": "Hi"}]}],
            "tools": [{"functionDeclarations": [{"name": "f"}]}],
            "systemInstruction": "Be brief.",
        }
    )
    first = DIALECT.encode_request(request, target()).body
    assert first == DIALECT.encode_request(request, target()).body
    assert list(json.loads(first)) == ["systemInstruction", "tools", "contents", "generationConfig"]


def test_a_count_holds_system_text_and_tools_too() -> None:
    done = DIALECT.encode_count_request(foreign(system=(Text("Be brief."),)), target())
    assert done is not None
    inner = json.loads(done.body)["generateContentRequest"]
    assert inner["model"] == "models/gemini-3.8-flash"
    assert inner["systemInstruction"] == {"parts": [{"text": "Be brief."}]}
