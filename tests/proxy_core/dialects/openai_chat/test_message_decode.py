from typing import Any

import pytest

from proxy_core.errors import DecodeError
from proxy_core.ir.message import (
    CacheMark,
    FileReference,
    Media,
    Message,
    Reasoning,
    Refusal,
    Seal,
    Text,
    ToolCall,
    ToolResult,
)
from tests.proxy_core.dialects.openai_chat.exchange import decode


def messages(*wire: Any) -> tuple[Message, ...]:
    return decode(messages=list(wire)).messages


def test_leading_instructions_are_one_part_per_block() -> None:
    request = decode(
        messages=[
            {"role": "system", "content": "a"},
            {"role": "developer", "content": [{"type": "text", "text": "b"}, {"type": "text", "text": "c"}]},
            {"role": "system", "content": ""},
            {"role": "user", "content": "Hi"},
            {"role": "system", "content": "late"},
        ]
    )
    assert request.system == (Text("a"), Text("b"), Text("c"))
    assert [message.role for message in request.messages] == ["user", "system"]


def test_a_message_level_mark_goes_to_the_last_part_without_its_own() -> None:
    mark = {"type": "ephemeral"}
    own = {"type": "text", "text": "b", "cache_control": {"type": "ephemeral", "ttl": "1h"}}
    turn = {"role": "user", "content": [{"type": "text", "text": "a"}, own], "cache_control": mark}
    assert messages(turn)[0].parts == (Text("a"), Text("b", cache=CacheMark("1h")))
    assert messages({"role": "user", "content": "x", "cache_control": mark})[0].parts == (
        Text("x", cache=CacheMark()),
    )


def test_an_assistant_turn_is_thinking_then_text_then_calls() -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}}
    free = {"id": "c2", "type": "custom", "custom": {"name": "patch", "input": "*** x"}}
    turn = {
        "role": "assistant",
        "reasoning_content": "hm",
        "content": "ok",
        "refusal": "no",
        "tool_calls": [call, free],
    }
    assert messages({"role": "user", "content": "Hi"}, turn)[1].parts == (
        Reasoning(("hm",)),
        Text("ok"),
        Refusal("no"),
        ToolCall("c1", "f", '{"a":1}'),
        ToolCall("c2", "patch", "*** x", "freeform"),
    )


@pytest.mark.parametrize(
    ("arguments", "text"), [("", "{}"), (None, "{}"), ({"a": 1}, '{"a":1}'), ("nonsense", "nonsense")]
)
def test_arguments_are_text_and_never_empty(arguments: Any, text: str) -> None:
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": arguments}}
    part = messages({"role": "assistant", "tool_calls": [call]})[0].parts[0]
    assert isinstance(part, ToolCall)
    assert part.arguments == text


@pytest.mark.parametrize(
    ("signature", "seal"),
    [
        ("c2ln", Seal(None, "chat.signature", "c2ln")),
        ("trunkline.1:g:gemini.signature:YWJj", Seal("g", "gemini.signature", "abc")),
        ("trunkline.1:broken", None),
    ],
)
def test_a_thought_signature_rides_on_the_call(signature: str, seal: Seal | None) -> None:
    call = {
        "id": "c",
        "type": "function",
        "function": {"name": "f", "arguments": "{}"},
        "extra_content": {"google": {"thought_signature": signature}},
    }
    assert messages({"role": "assistant", "tool_calls": [call]})[0].parts[0] == ToolCall(
        "c", "f", "{}", seal=seal
    )


def test_results_are_one_turn_each() -> None:
    turn = {"role": "tool", "tool_call_id": "c1", "content": "19"}
    assert messages(turn)[0] == Message("user", (ToolResult("c1", (Text("19"),)),), None, {})


def test_deprecated_function_turns_pair_up() -> None:
    found = messages(
        {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": "{}"}},
        {"role": "function", "name": "f", "content": "19"},
    )
    call, result = found[0].parts[0], found[1].parts[0]
    assert isinstance(call, ToolCall)
    assert isinstance(result, ToolResult)
    assert call.id == result.call_id


def test_sound_and_pictures_of_the_assistant_come_back() -> None:
    turn = {
        "role": "assistant",
        "content": "",
        "audio": {"id": "audio_1"},
        "images": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}}],
    }
    kinds = [part for part in messages(turn)[0].parts if isinstance(part, Media)]
    assert kinds[0].source == FileReference("audio_1", "openai_chat")
    assert kinds[1].kind == "image"


@pytest.mark.parametrize(
    ("message", "place"),
    [
        ({"role": "robot", "content": "x"}, "messages[0].role"),
        ({"content": "x"}, "messages[0].role"),
        ({"role": "user"}, "messages[0].content"),
        ({"role": "user", "content": 3}, "messages[0].content"),
        ({"role": "user", "content": [{"type": "text", "text": 3}]}, "messages[0].content[0].text"),
        ({"role": "tool", "content": "x"}, "messages[0].tool_call_id"),
        ({"role": "assistant", "tool_calls": {}}, "messages[0].tool_calls"),
        ({"role": "assistant", "tool_calls": [{"id": "c"}]}, "messages[0].tool_calls[0].function"),
        ("hello", "messages[0]"),
    ],
)
def test_what_is_wrong_is_named(message: Any, place: str) -> None:
    with pytest.raises(DecodeError) as caught:
        messages(message)
    assert caught.value.param == place
