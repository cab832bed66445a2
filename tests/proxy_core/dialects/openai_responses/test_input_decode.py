from typing import Any

import pytest

from proxy_core.errors import DecodeError, UnsupportedError
from proxy_core.ir.message import (
    HostedStep,
    Message,
    Opaque,
    Reasoning,
    Seal,
    Text,
    ToolCall,
    ToolResult,
    Typed,
)
from proxy_core.ir.request import Freeform, Function
from proxy_core.ir.seal import wrap
from tests.proxy_core.dialects.openai_responses.material import COUNT, DIALECT, decode, decode_input

CALL = {"type": "function_call", "call_id": "c1", "name": "f", "arguments": '{"a": 1.0}', "id": "fc_1"}
RESULT = {"type": "function_call_output", "call_id": "c1", "output": "ok"}


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


def said(text: str) -> dict[str, Any]:
    return {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": text}]}


def test_input_as_a_string() -> None:
    assert decode({"model": "m", "input": "hi"}).messages == (Message("user", (Text("hi"),)),)


def test_one_turn_of_the_model_is_one_message() -> None:
    custom = {"type": "custom_tool_call", "call_id": "c2", "name": "exec", "input": "1+1"}
    thought = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "blob"}
    answer = {
        "type": "custom_tool_call_output",
        "call_id": "c2",
        "output": [{"type": "input_text", "text": "2"}],
    }
    request = decode_input(user("go"), thought, said("Both."), CALL, custom, RESULT, answer, user("and?"))
    assert request.messages == (
        Message("user", (Text("go"),)),
        Message(
            "model",
            (
                Reasoning((), Seal(None, "responses.encrypted", "blob"), id="rs_1"),
                Text("Both."),
                ToolCall("c1", "f", '{"a": 1.0}'),
                ToolCall("c2", "exec", "1+1", "freeform"),
            ),
        ),
        Message(
            "user",
            (
                ToolResult("c1", (Text("ok"),)),
                ToolResult("c2", (Text("2"),), as_text=False, form="freeform"),
            ),
        ),
        Message("user", (Text("and?"),)),
    )


def test_two_answers_in_a_row_stay_two() -> None:
    assert len(decode_input(said("a"), said("b")).messages) == 2


def test_leading_instructions_and_later_ones() -> None:
    developer = {"type": "message", "role": "developer", "content": "be brief"}
    request = decode_input(developer, user("x"), developer, instructions="first")
    assert request.system == (Text("first"), Text("be brief"))
    assert request.messages[1] == Message("system", (Text("be brief"),))


def test_summary_wins_over_the_same_text_in_content() -> None:
    item = {
        "type": "reasoning",
        "summary": [{"type": "summary_text", "text": "short"}, {"type": "summary_text", "text": "er"}],
        "content": [{"type": "reasoning_text", "text": "long"}],
    }
    assert decode_input(item, said("x")).messages[0].parts[0] == Reasoning(("short", "er"))
    item["summary"] = []
    assert decode_input(item, said("x")).messages[0].parts[0] == Reasoning(("long",))


def test_our_envelope_says_who_issued_a_seal() -> None:
    seal = Seal("acme", "anthropic.redacted", "v")
    item = {"type": "reasoning", "summary": [], "encrypted_content": wrap(seal)}
    assert decode_input(item, said("x")).messages[0].parts[0] == Reasoning((), seal, redacted=True)
    item["encrypted_content"] = "trunkline.1:broken"
    assert decode_input(item, said("x")).messages[0].parts == (Text("x"),)


@pytest.mark.parametrize(
    ("before", "kind", "parts"),
    [
        (CALL, "g@after", (ToolCall("c1", "f", '{"a": 1.0}', seal=Seal("acme", "g", "v")),)),
        (said("x"), "g@after", (Text("x", seal=Seal("acme", "g", "v")),)),
        (said("x"), "g@alone", (Text("x"), Text("", seal=Seal("acme", "g", "v")))),
    ],
)
def test_a_carrier_gives_its_seal_back(before: Any, kind: str, parts: Any) -> None:
    carrier = {"type": "reasoning", "summary": [], "encrypted_content": wrap(Seal("acme", kind, "v"))}
    assert decode_input(before, carrier).messages[0].parts == parts


def test_a_carrier_without_its_part_is_dropped() -> None:
    carrier = {"type": "reasoning", "summary": [], "encrypted_content": wrap(Seal("acme", "g@after", "v"))}
    assert decode_input(user("x"), carrier).messages == (Message("user", (Text("x"),)),)


def test_tools_ride_in_items() -> None:
    grammar = {"type": "grammar", "syntax": "lark", "definition": "start: x"}
    exec_tool = {"type": "custom", "name": "exec", "format": grammar}
    spawn = {"type": "function", "name": "spawn", "parameters": {"type": "object"}, "strict": False}
    item = {
        "type": "additional_tools",
        "role": "developer",
        "tools": [
            {"type": "namespace", "name": "functions", "description": "", "tools": [exec_tool]},
            {"type": "namespace", "name": "agents", "description": "", "tools": [spawn]},
        ],
    }
    request = decode_input(item, {"role": "developer", "content": "s"}, user("x"))
    assert request.tools == (
        Freeform("exec", None, "start: x", "lark"),
        Function("spawn", None, {"type": "object"}, False, "agents"),
    )
    assert request.system == (Text("s"),)


def test_found_tools_and_hosted_steps_are_kept() -> None:
    search = {"type": "tool_search_call", "call_id": "s", "arguments": {}}
    found = {"type": "tool_search_output", "call_id": "s", "tools": [{"type": "function", "name": "late"}]}
    web = {"type": "web_search_call", "id": "ws_1", "status": "completed"}
    new = {"type": "thought_balloon"}
    searched, gave = {**search, "execution": "server"}, {**found, "execution": "server"}
    request = decode_input(searched, gave, web, new)
    assert request.tools == (Function("late"),)
    name = "openai_responses"
    assert request.messages == (
        Message("model", (HostedStep("tool_search", name, searched),)),
        Message("user", (HostedStep("tool_search", name, gave),)),
        Message("model", (HostedStep("web_search", name, web, "ws_1"), Opaque(name, new))),
    )


def test_a_search_that_the_client_ran_is_a_call_with_its_result() -> None:
    search = {"type": "tool_search_call", "call_id": "s", "arguments": {"query": "q"}}
    found = {"type": "tool_search_output", "call_id": "s", "tools": [{"type": "function", "name": "late"}]}
    request = decode_input(search, found)
    (call,), (result,) = (message.parts for message in request.messages)
    assert isinstance(call, ToolCall)
    assert (call.name, call.arguments) == ("tool_search", '{"query":"q"}')
    assert call.typed == Typed("tool_search", "openai_responses", search)
    assert isinstance(result, ToolResult)
    assert (result.call_id, result.loads) == ("s", ("late",))
    assert request.tools == (Function("late"),)


def test_a_trigger_asks_for_a_summary() -> None:
    found = decode_input(user("x"), {"type": "compaction_trigger"})
    assert found.compacts
    assert [message.role for message in found.messages] == ["user", "user"]


@pytest.mark.parametrize("kind", ["item_reference", "compaction"])
def test_items_that_need_the_vendors_store_are_refused(kind: str) -> None:
    with pytest.raises(UnsupportedError) as raised:
        decode_input(user("x"), {"type": kind, "id": "x_1", "encrypted_content": "e"})
    assert raised.value.param == "input[1]"


@pytest.mark.parametrize(
    ("item", "param"),
    [
        (1, "input[0]"),
        ({}, "input[0].type"),
        ({"type": "message", "role": "narrator", "content": "x"}, "input[0].role"),
        ({"type": "message", "content": "x"}, "input[0].role"),
        ({"type": "message", "role": "user", "content": 5}, "input[0].content"),
        ({"type": "function_call", "name": "f"}, "input[0].call_id"),
        ({"type": "function_call", "call_id": "c", "name": "f", "arguments": {}}, "input[0].arguments"),
        ({"type": "reasoning", "summary": [{"text": 1}]}, "input[0].summary[0].text"),
        ({"type": "function_call_output", "output": "x"}, "input[0].call_id"),
    ],
)
def test_broken_items_name_their_place(item: Any, param: str) -> None:
    with pytest.raises(DecodeError) as raised:
        decode_input(item)
    assert raised.value.param == param


def test_only_a_count_may_leave_the_input_out() -> None:
    with pytest.raises(DecodeError, match="input"):
        decode({"model": "m"})
    assert DIALECT.decode_request(b'{"model":"m"}', COUNT).messages == ()


def test_empty_arguments_are_an_empty_object() -> None:
    assert decode_input({**CALL, "arguments": ""}).messages[0].parts == (ToolCall("c1", "f", "{}"),)
