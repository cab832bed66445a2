"""Cases 46 to 51: freeform tools, namespaces, tools in items, tools that a client runs by their type."""

import json
from typing import Any

import pytest

from proxy_core.ir.message import ToolCall
from proxy_core.ir.stream import PartEnd
from tests.edge_cases.through import (
    ANTHROPIC,
    CHAT,
    GEMINI,
    RESPONSES,
    calls_of,
    encoded,
    events,
    refused,
    reply,
    streamed,
)
from tests.edge_cases.tool_shapes import answer, functions, responses, seen

FOREIGN = (CHAT, ANTHROPIC, GEMINI)
PATCH = "*** Begin Patch\n*** Add File: a\n+1\n*** End Patch"
GRAMMAR = {"type": "grammar", "syntax": "lark", "definition": 'start: "*** Begin Patch"'}
FREEFORM = {"type": "custom", "name": "apply_patch", "description": "Edits files.", "format": GRAMMAR}


def _function_only(target: str) -> dict[str, Any]:
    return {"strict": False} if target == CHAT else {}


@pytest.mark.parametrize("target", FOREIGN)
def test_case_046_freeform_tool_becomes_a_function(target: str) -> None:
    history = [
        {"type": "custom_tool_call", "call_id": "c1", "name": "apply_patch", "input": PATCH},
        {"type": "custom_tool_call_output", "call_id": "c1", "output": "Done."},
    ]
    sent = encoded(RESPONSES, responses(*history, tools=[FREEFORM]), target, **_function_only(target))
    (tool,) = functions(target, sent.body)
    assert tool.name == "apply_patch"
    assert tool.schema["properties"].keys() == {"input"}
    assert tool.schema["required"] == ["input"]
    assert "Edits files." in tool.description
    assert GRAMMAR["definition"] in tool.description
    (call,), (result,) = seen(target, sent.body)
    assert json.loads(call.arguments) == {"input": PATCH}
    assert result == (call.id, "Done.")


@pytest.mark.parametrize("target", [ANTHROPIC, GEMINI])
def test_case_046_the_call_of_a_freeform_tool_is_unwrapped(target: str) -> None:
    given = answer(target, ("apply_patch", {"input": PATCH}))
    body = responses(tools=[FREEFORM])
    output = reply(target, given, RESPONSES, body)["output"]
    (item,) = [one for one in output if one["type"] == "custom_tool_call"]
    assert (item["name"], item["input"], item["status"]) == ("apply_patch", PATCH, "completed")
    told = streamed(target, given, RESPONSES, body, stream=False)
    deltas = [one["delta"] for one in told if one["type"] == "response.custom_tool_call_input.delta"]
    assert "".join(deltas) == PATCH
    assert not any(one["type"].startswith("response.function_call") for one in told)


def test_case_046_also_an_imitation_of_chat_gets_a_function() -> None:
    sent = encoded(RESPONSES, responses(tools=[FREEFORM]), CHAT, strict=False)
    (tool,) = functions(CHAT, sent.body)
    given = answer(CHAT, (tool.name, {"input": PATCH}))
    (made,) = [
        event.part
        for event in events(CHAT, given, sent.request, sent.encoded, "whole")
        if isinstance(event, PartEnd) and isinstance(event.part, ToolCall)
    ]
    assert (made.form, made.name, made.arguments) == ("freeform", "apply_patch", PATCH)


def test_case_046_the_vendor_that_has_freeform_tools_gets_them_as_they_are() -> None:
    sent = encoded(RESPONSES, responses(tools=[FREEFORM]), CHAT)
    (tool,) = sent.body["tools"]
    assert tool["custom"]["format"]["grammar"] == {"definition": GRAMMAR["definition"], "syntax": "lark"}
    wire = {"id": "c", "type": "custom", "custom": {"name": "apply_patch", "input": PATCH}}
    message = {"role": "assistant", "content": None, "tool_calls": [wire]}
    given = {"id": "x", "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}]}
    (item,) = reply(CHAT, given, RESPONSES, responses(tools=[FREEFORM]))["output"]
    assert (item["type"], item["input"]) == ("custom_tool_call", PATCH)


@pytest.mark.parametrize("target", FOREIGN)
def test_case_047_a_function_wins_over_a_freeform_tool_of_its_name(target: str) -> None:
    schema = {"type": "object", "properties": {"patch": {"type": "string"}}, "required": ["patch"]}
    function = {"type": "function", "name": "apply_patch", "parameters": schema, "strict": False}
    history = [
        {"type": "function_call", "call_id": "c1", "name": "apply_patch", "arguments": '{"patch":"x"}'},
        {"type": "function_call_output", "call_id": "c1", "output": "ok"},
    ]
    body = responses(*history, tools=[FREEFORM, function])
    sent = encoded(RESPONSES, body, target)
    (tool,) = functions(target, sent.body)
    assert tool.schema["properties"].keys() == {"patch"}
    (call,), _ = seen(target, sent.body)
    assert json.loads(call.arguments) == {"patch": "x"}
    (item,) = reply(target, answer(target, ("apply_patch", {"patch": "y"})), RESPONSES, body)["output"]
    assert (item["type"], json.loads(item["arguments"])) == ("function_call", {"patch": "y"})


def _space(name: str, *tools: str) -> dict[str, Any]:
    inner = [{"type": "function", "name": tool, "parameters": {"type": "object"}} for tool in tools]
    return {"type": "namespace", "name": name, "description": "d", "tools": inner}


@pytest.mark.parametrize("target", FOREIGN)
def test_case_048_namespaces_are_flattened_and_restored(target: str) -> None:
    history = [
        {
            "type": "function_call",
            "call_id": "c1",
            "namespace": "agents",
            "name": "spawn",
            "arguments": "{}",
        },
        {"type": "function_call_output", "call_id": "c1", "output": "ok"},
    ]
    body = responses(*history, tools=[_space("agents", "spawn", "wait")])
    sent = encoded(RESPONSES, body, target)
    assert [tool.name for tool in functions(target, sent.body)] == ["agents__spawn", "agents__wait"]
    (call,), _ = seen(target, sent.body)
    assert call.name == "agents__spawn"
    given = answer(target, ("agents__wait", {}))
    for output in (
        reply(target, given, RESPONSES, body)["output"],
        [streamed(target, given, RESPONSES, body, stream=False)[-1]["response"]["output"][-1]],
    ):
        assert (output[-1]["namespace"], output[-1]["name"]) == ("agents", "wait")


@pytest.mark.parametrize("target", FOREIGN)
def test_case_049_tools_in_items_are_merged_and_the_top_level_wins(target: str) -> None:
    top = {"type": "function", "name": "f", "description": "top", "parameters": {"type": "object"}}
    late = {"type": "function", "name": "f", "description": "item", "parameters": {"type": "object"}}
    more = {"type": "additional_tools", "role": "developer", "tools": [late, {**late, "name": "g"}]}
    sent = encoded(RESPONSES, {"input": [more, {"role": "user", "content": "x"}], "tools": [top]}, target)
    found = {tool.name: tool.description for tool in functions(target, sent.body)}
    assert found == {"f": "top", "g": "item"}


@pytest.mark.parametrize("target", FOREIGN)
def test_case_050_a_direct_tool_wins_over_a_flattened_one(target: str) -> None:
    direct = {"type": "function", "name": "a__b", "parameters": {"type": "object"}}
    body = responses(tools=[_space("a", "b"), direct])
    sent = encoded(RESPONSES, body, target)
    names = [tool.name for tool in functions(target, sent.body)]
    assert len(set(names)) == 2
    assert "a__b" in names
    (other,) = set(names) - {"a__b"}
    for name, wanted in (("a__b", (None, "a__b")), (other, ("a", "b"))):
        (item,) = reply(target, answer(target, (name, {})), RESPONSES, body)["output"]
        assert (item.get("namespace"), item["name"]) == wanted


LOCAL: list[tuple[dict[str, Any], dict[str, Any], dict[str, Any], dict[str, Any], str]] = [
    (
        {"type": "local_shell"},
        {"command": ["ls", "-l"], "timeout_ms": 5000},
        {"action": {"type": "exec", "command": ["ls", "-l"], "env": {}, "timeout_ms": 5000}},
        {"type": "local_shell_call_output", "output": "a.txt"},
        "a.txt",
    ),
    (
        {"type": "shell", "environment": {"type": "local"}},
        {"commands": ["ls", "false"]},
        {"action": {"commands": ["ls", "false"]}},
        {
            "type": "shell_call_output",
            "output": [
                {"stdout": "a.txt\n", "stderr": "", "outcome": {"type": "exit", "exit_code": 0}},
                {"stdout": "", "stderr": "no", "outcome": {"type": "exit", "exit_code": 1}},
            ],
        },
        "a.txt\nno\n[exit code 1]",
    ),
    (
        {"type": "apply_patch"},
        {"type": "create_file", "path": "a", "diff": "+1"},
        {"operation": {"type": "create_file", "path": "a", "diff": "+1"}},
        {"type": "apply_patch_call_output", "status": "completed", "output": "Created a."},
        "Created a.",
    ),
    (
        {"type": "tool_search", "execution": "client"},
        {"query": "agents", "limit": 2},
        {"arguments": {"query": "agents", "limit": 2}, "execution": "client"},
        {
            "type": "tool_search_output",
            "execution": "client",
            "tools": [{**_space("agents", "spawn"), "name": "agents"}],
        },
        "These tools can be called now: agents__spawn.",
    ),
]


@pytest.mark.parametrize("target", FOREIGN)
@pytest.mark.parametrize("local", LOCAL, ids=[one[0]["type"] for one in LOCAL])
def test_case_051_local_tools_become_functions_and_items_again(local: Any, target: str) -> None:
    tool, arguments, members, output, text = local
    kind = tool["type"]
    sent = encoded(RESPONSES, responses(tools=[tool]), target)
    (function,) = functions(target, sent.body)
    assert function.name == kind
    assert arguments.keys() <= function.schema["properties"].keys()
    given = answer(target, (kind, arguments))
    (item,) = reply(target, given, RESPONSES, responses(tools=[tool]))["output"]
    assert item["type"] == f"{kind}_call"
    assert {key: item[key] for key in members} == members
    told = streamed(target, given, RESPONSES, responses(tools=[tool]), stream=False)
    assert told[-1]["response"]["output"] == [item]
    answered = {**output, "call_id": item["call_id"]}
    sent = encoded(RESPONSES, responses(item, answered, tools=[tool]), target)
    (call,), (result,) = seen(target, sent.body)
    assert (call.name, json.loads(call.arguments)) == (kind, arguments)
    assert result == (call.id, text)


def test_case_051_their_own_vendor_gets_the_items_back_as_they_came() -> None:
    for tool, _, members, output, _ in LOCAL:
        call = {
            "type": f"{tool['type']}_call",
            "id": "x_1",
            "call_id": "c1",
            "status": "completed",
            **members,
        }
        body = responses(call, {**output, "call_id": "c1"}, tools=[tool])
        sent = encoded(RESPONSES, body, RESPONSES)
        assert sent.body["tools"] == [tool]
        assert sent.body["input"][1:] == [call, {**output, "call_id": "c1"}]


def test_case_051_an_output_that_names_the_item_of_its_call_finds_it() -> None:
    call = {
        "type": "local_shell_call",
        "id": "lsh_1",
        "call_id": "c1",
        "status": "completed",
        "action": {"type": "exec", "command": ["ls"], "env": {}},
    }
    answered = {"type": "local_shell_call_output", "id": "lsh_1", "output": "a.txt"}
    _, (result,) = seen(CHAT, encoded(RESPONSES, responses(call, answered, tools=[]), CHAT).body)
    assert result == ("c1", "a.txt")


@pytest.mark.parametrize("target", FOREIGN)
def test_case_051_what_makes_no_item_stays_a_function_call_that_the_client_can_refuse(target: str) -> None:
    given = answer(target, ("apply_patch", {"file": "a"}))
    (item,) = reply(target, given, RESPONSES, responses(tools=[{"type": "apply_patch"}]))["output"]
    assert (item["type"], item["name"]) == ("function_call", "apply_patch")


@pytest.mark.parametrize("target", FOREIGN)
def test_case_051_a_shell_in_the_vendors_container_is_refused(target: str) -> None:
    tool = {"type": "shell", "environment": {"type": "container_auto"}}
    error = refused(RESPONSES, responses(tools=[tool]), target)
    assert "shell" in error.message


def test_case_051_a_forced_local_tool_is_a_forced_function() -> None:
    body = responses(tools=[{"type": "local_shell"}], tool_choice={"type": "local_shell"})
    assert encoded(RESPONSES, body, ANTHROPIC).body["tool_choice"] == {"type": "tool", "name": "local_shell"}
    assert encoded(RESPONSES, body, RESPONSES).body["tool_choice"] == {"type": "local_shell"}
    assert calls_of(encoded(RESPONSES, body, CHAT).request) == []
