from typing import Any

import pytest

from proxy_core.errors import UnsupportedError
from proxy_core.ir.message import (
    CacheMark,
    FileReference,
    Inline,
    Media,
    Message,
    Reasoning,
    Refusal,
    Seal,
    Text,
    ToolCall,
    ToolResult,
)
from tests.proxy_core.dialects.openai_chat.exchange import encode, losses, message, request

PICTURE = Media("image", Inline("image/png", "aGk="))
CALL = ToolCall("c1", "f", "{}")


def wire(*messages: Message, strict: bool = True) -> list[Any]:
    body = encode(request(*messages), strict)
    assert isinstance(body["messages"], list)
    return body["messages"]


def user(*parts: Any) -> Message:
    return message(*parts, role="user")


def test_instructions_are_one_message() -> None:
    body = encode(request(system=(Text("a"), Text(""), Text("b", cache=CacheMark()))))
    assert body["messages"][0] == {
        "role": "system",
        "content": [
            {"type": "text", "text": "a"},
            {"type": "text", "text": "b", "prompt_cache_breakpoint": {"mode": "explicit"}},
        ],
    }
    assert encode(request(system=(Text("a"), Text("b"))), strict=False)["messages"][0]["content"] == "a\n\nb"


def test_a_picture_in_the_instructions_is_refused() -> None:
    with pytest.raises(UnsupportedError):
        encode(request(system=(PICTURE,)))


def test_text_and_calls_share_one_message_and_results_follow() -> None:
    found = wire(
        user(Text("Hi")),
        message(Text("Checking."), CALL, ToolCall("c2", "g", '{"a":1}')),
        user(ToolResult("c2", (Text("2"),)), ToolResult("c1", (Text("1"),)), Text("Go on")),
    )
    assert [item["role"] for item in found] == ["user", "assistant", "tool", "tool", "user"]
    assert found[1]["content"] == "Checking."
    assert [call["id"] for call in found[1]["tool_calls"]] == ["c1", "c2"]
    assert {item["tool_call_id"] for item in found[2:4]} == {"c1", "c2"}
    assert found[4]["content"] == "Go on"


def test_calls_alone_have_no_content() -> None:
    assert wire(user(Text("Hi")), message(CALL), user(ToolResult("c1")))[1]["content"] is None


def test_pictures_of_results_follow_all_results() -> None:
    found = wire(
        user(Text("Hi")),
        message(CALL, ToolCall("c2", "g", "{}")),
        user(ToolResult("c1", (Text("see"), PICTURE), as_text=False)),
        user(ToolResult("c2", (PICTURE,), as_text=False)),
    )
    assert [item["role"] for item in found] == ["user", "assistant", "tool", "tool", "user"]
    labels = [part["text"] for part in found[4]["content"] if part["type"] == "text"]
    assert labels == ["Output of tool call c1:", "Output of tool call c2:"]
    assert found[3]["content"]


def test_an_error_result_says_so_once() -> None:
    turns = (user(Text("Hi")), message(CALL))
    assert wire(*turns, user(ToolResult("c1", (Text("boom"),), is_error=True)))[2]["content"] == "Error: boom"
    assert (
        wire(*turns, user(ToolResult("c1", (Text("error: x"),), is_error=True)))[2]["content"] == "error: x"
    )


def test_thinking_goes_only_to_lenient_targets() -> None:
    turn = message(Reasoning(("hm",), Seal("else", "anthropic.signature", "s")), Text("ok"))
    assert wire(user(Text("Hi")), turn)[1] == {"role": "assistant", "content": "ok"}
    assert wire(user(Text("Hi")), turn, strict=False)[1] == {
        "role": "assistant",
        "content": "ok",
        "reasoning_content": "hm",
    }


def test_own_seals_go_back_and_foreign_ones_never() -> None:
    own = ToolCall("c1", "f", "{}", seal=Seal("vendor", "chat.signature", "abc"))
    foreign = ToolCall("c2", "f", "{}", seal=Seal("else", "chat.signature", "xyz"))
    results = user(ToolResult("c1"), ToolResult("c2"))
    calls = wire(user(Text("Hi")), message(own, foreign), results, strict=False)[1]["tool_calls"]
    assert calls[0]["extra_content"] == {"google": {"thought_signature": "abc"}}
    assert "extra_content" not in calls[1]
    strict = wire(user(Text("Hi")), message(own, foreign), results)[1]["tool_calls"]
    assert not any("extra_content" in call for call in strict)


def test_a_turn_of_thinking_alone_joins_the_next_or_goes() -> None:
    turns = (user(Text("Hi")), message(Reasoning(("hm",))), message(Text("ok")))
    assert [item["role"] for item in wire(*turns)] == ["user", "assistant"]
    assert wire(*turns, strict=False)[1]["reasoning_content"] == "hm"
    assert [item["role"] for item in wire(*turns[:2])] == ["user"]


def test_refusals_sound_names_and_late_instructions() -> None:
    found = wire(
        Message("user", (Text("Hi"),), "ada"),
        message(Refusal("no"), Media("audio", FileReference("audio_1", "openai_chat"))),
        message(Text("be brief"), role="system"),
    )
    assert found[0]["name"] == "ada"
    assert found[1]["content"] == [{"type": "refusal", "refusal": "no"}]
    assert found[1]["audio"] == {"id": "audio_1"}
    assert found[2] == {"role": "system", "content": "be brief"}


def test_pictures_of_the_assistant_are_a_loss_for_strict_targets() -> None:
    asked = request(user(Text("Hi")), message(Text("here"), PICTURE))
    assert "messages[].image" in losses(asked)
    assert encode(asked, strict=False)["messages"][1]["images"][0]["type"] == "image_url"
