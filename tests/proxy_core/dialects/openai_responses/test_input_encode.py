from typing import Any

import pytest

from proxy_core.errors import UnsupportedError
from proxy_core.ir.message import (
    CacheMark,
    FileReference,
    HostedStep,
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
)
from proxy_core.ir.request import Freeform
from tests.proxy_core.dialects.openai_responses.material import decode_input, encode, neutral, paths, target

IMAGE = Media("image", Inline("image/png", "AAAA"))
NAME = "openai_responses"


def user(*parts: Part) -> Message:
    return Message("user", parts)


def model(*parts: Part) -> Message:
    return Message("model", parts)


def items(*messages: Message, **members: Any) -> Any:
    return encode(neutral(*messages, **members))["input"]


def test_turns_become_items() -> None:
    written = items(
        user(Text("hi"), IMAGE),
        Message("system", (Text("rule"),)),
        model(Text("Both."), ToolCall("c1", "f", "{}"), ToolCall("c2", "g", '{"a":1}')),
        user(ToolResult("c1", (Text("one"),)), ToolResult("c2", (Text("two"),)), Text("and?")),
    )
    assert written == [
        {
            "type": "message",
            "role": "user",
            "content": [
                {"type": "input_text", "text": "hi"},
                {"type": "input_image", "detail": "auto", "image_url": "data:image/png;base64,AAAA"},
            ],
        },
        {"type": "message", "role": "developer", "content": [{"type": "input_text", "text": "rule"}]},
        {"type": "message", "role": "assistant", "content": "Both."},
        {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}"},
        {"type": "function_call", "call_id": "c2", "name": "g", "arguments": '{"a":1}'},
        {"type": "function_call_output", "call_id": "c1", "output": "one"},
        {"type": "function_call_output", "call_id": "c2", "output": "two"},
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "and?"}]},
    ]


def test_freeform_calls_stay_freeform() -> None:
    written = items(
        model(ToolCall("c", "exec", "1+1", "freeform", "ns")),
        user(ToolResult("c", (Text("2"), IMAGE), as_text=False, form="freeform")),
        tools=(Freeform("exec", namespace="ns"),),
    )
    assert written[0] == {
        "type": "custom_tool_call",
        "call_id": "c",
        "name": "exec",
        "input": "1+1",
        "namespace": "ns",
    }
    assert written[1]["type"] == "custom_tool_call_output"
    assert [part["type"] for part in written[1]["output"]] == ["input_text", "input_image"]


@pytest.mark.parametrize(
    ("result", "output"),
    [
        (ToolResult("c"), ""),
        (ToolResult("c", (Text("bad"),), is_error=True), "Error: bad"),
        (ToolResult("c", (Text("Error: bad"),), is_error=True), "Error: bad"),
        (ToolResult("c", is_error=True), "Error:"),
        (
            ToolResult("c", (Text("a"), Text("b")), as_text=False),
            [{"type": "input_text", "text": "a"}, {"type": "input_text", "text": "b"}],
        ),
    ],
)
def test_results(result: ToolResult, output: Any) -> None:
    assert items(model(ToolCall("c", "f", "{}")), user(result))[1]["output"] == output


def test_a_failed_result_with_an_image_says_so_first() -> None:
    result = ToolResult("c", (IMAGE,), is_error=True, as_text=False)
    output = items(model(ToolCall("c", "f", "{}")), user(result))[1]["output"]
    assert output[0] == {"type": "input_text", "text": "Error:"}
    assert output[1]["type"] == "input_image"


@pytest.mark.parametrize(
    ("seal", "is_sent"),
    [
        (Seal("acme", "responses.encrypted", "blob"), True),
        (Seal(None, "responses.encrypted", "blob"), True),
        (Seal("rival", "responses.encrypted", "blob"), False),
        (Seal("acme", "anthropic.signature", "blob"), False),
        (None, False),
    ],
)
def test_only_the_issuers_own_reasoning_is_sent(seal: Seal | None, is_sent: bool) -> None:
    written = items(model(Reasoning(("why",), seal, id="rs_1"), Text("x")))
    thought = {
        "type": "reasoning",
        "id": "rs_1",
        "summary": [{"type": "summary_text", "text": "why"}],
        "encrypted_content": "blob",
    }
    assert written == [
        *([thought] if is_sent else []),
        {"type": "message", "role": "assistant", "content": "x"},
    ]


def test_reasoning_that_nothing_follows_is_not_sent() -> None:
    thought = Reasoning((), Seal("acme", "responses.encrypted", "blob"))
    assert [item["type"] for item in items(user(Text("x")), model(thought))] == ["message"]


def test_foreign_ids_of_reasoning_are_left_out() -> None:
    thought = Reasoning((), Seal("acme", "responses.encrypted", "blob"), id="thinking-1")
    assert "id" not in items(model(thought, Text("x")))[0]


def test_steps_of_other_vendors_are_losses_and_own_ones_go_back() -> None:
    web = {"type": "web_search_call", "id": "ws_1", "status": "completed"}
    message = model(
        HostedStep("web_search", NAME, web),
        HostedStep("web_search", "other", {}),
        Opaque("other", {}),
        Text("x"),
    )
    assert items(user(Text("q")), message)[1] == web
    assert paths(neutral(user(Text("q")), message)) == ["messages[1]", "messages[1]"]


def test_names_of_messages_are_losses() -> None:
    assert paths(neutral(Message("user", (Text("x"),), name="ada"))) == ["messages[0].name"]


def test_a_refusal_and_an_image_of_the_model() -> None:
    written = items(model(Refusal("no"), IMAGE))
    assert written[0] == {"type": "message", "role": "assistant", "content": "no"}
    assert written[1]["role"] == "user"
    assert written[1]["content"][1]["type"] == "input_image"


def test_system_is_one_text_or_marked_items() -> None:
    joined = encode(neutral(user(Text("x")), system=(Text("a"), Text(""), Text("b"))))
    assert joined["instructions"] == "a\n\nb"
    marked = neutral(user(Text("x")), system=(Text("a", cache=CacheMark("5m")), Text("b")))
    body = encode(marked)
    assert "instructions" not in body
    assert body["input"][0] == {
        "type": "message",
        "role": "developer",
        "content": [
            {"type": "input_text", "text": "a", "prompt_cache_breakpoint": {"mode": "explicit"}},
            {"type": "input_text", "text": "b"},
        ],
    }
    assert encode(marked, target(strict=False))["instructions"] == "a\n\nb"
    shown = encode(neutral(user(Text("x")), system=(Text("a"), IMAGE)))
    assert [part["type"] for part in shown["input"][0]["content"]] == ["input_text", "input_image"]


def test_the_phase_of_an_answer_goes_back() -> None:
    said = Message("model", (Text("a"),), extensions={"phase": "commentary"})
    assert items(user(Text("x")), said, user(Text("y")))[1] == {
        "type": "message",
        "role": "assistant",
        "content": "a",
        "phase": "commentary",
    }


def test_an_open_call_gets_a_result_and_a_stray_result_goes() -> None:
    written = items(model(ToolCall("c", "f", "{}")), user(ToolResult("stray", (Text("x"),)), Text("y")))
    assert [item["type"] for item in written] == ["function_call", "function_call_output", "message"]
    assert written[1]["output"].startswith("Error: ")


def test_long_ids_are_shortened_on_both_sides() -> None:
    written = items(model(ToolCall("c" * 100, "f", "{}")), user(ToolResult("c" * 100, (Text("x"),))))
    assert written[0]["call_id"] == written[1]["call_id"]
    assert len(written[0]["call_id"]) <= 64


def test_another_vendors_file_is_refused() -> None:
    file = Media("image", FileReference("files/1", "other"))
    with pytest.raises(UnsupportedError) as raised:
        items(user(Text("x")), user(file))
    assert raised.value.param == "messages[1]"


def test_own_unknown_parts_stay_in_their_message() -> None:
    part = {"type": "input_hologram", "data": "x"}
    request = decode_input({"role": "user", "content": [{"type": "input_text", "text": "a"}, part]})
    assert encode(request)["input"][0]["content"][1] == part
