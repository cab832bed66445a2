"""Cases 52 to 54 and 62: names that a vendor does not take, and the way back."""

import json
import re
from typing import Any

import pytest

from tests.edge_cases.through import (
    ANTHROPIC,
    CHAT,
    EVERY,
    GEMINI,
    RESPONSES,
    encoded,
    refused,
    reply,
    streamed,
)
from tests.edge_cases.tool_shapes import answer, functions, responses, seen

TAKES = {
    CHAT: r"[A-Za-z0-9_-]{1,64}",
    RESPONSES: r"[A-Za-z0-9_-]{1,64}",
    ANTHROPIC: r"[A-Za-z0-9_-]{1,64}",
    GEMINI: r"[A-Za-z_][A-Za-z0-9_-]{0,63}",
}
ODD = ("files.read/all now", "mcp__" + "server" * 12 + "__look_up", "天气", "plain")


def _asked(*names: str, **more: Any) -> dict[str, Any]:
    """A Gemini request: its clients can name a tool nearly anything."""
    declared = [{"name": name, "parametersJsonSchema": {"type": "object"}} for name in names]
    parts = [{"functionCall": {"id": f"c{n}", "name": name, "args": {}}} for n, name in enumerate(names)]
    results = [
        {"functionResponse": {"id": f"c{n}", "name": name, "response": {"output": "ok"}}}
        for n, name in enumerate(names)
    ]
    turns = [
        {"role": "user", "parts": [{"text": "Go."}]},
        {"role": "model", "parts": parts},
        {"role": "user", "parts": results},
    ]
    return {"contents": turns, "tools": [{"functionDeclarations": declared}], **more}


@pytest.mark.parametrize("target", EVERY)
def test_case_052_names_are_cleaned_everywhere_and_restored(target: str) -> None:
    # Anthropic has no such list: there the others are left out, none of which may have been used.
    calling = {"mode": "ANY", "allowedFunctionNames": list(ODD if target == ANTHROPIC else ODD[:2])}
    body = _asked(*ODD, toolConfig={"functionCallingConfig": calling})
    sent = encoded(GEMINI, body, target)
    names = [tool.name for tool in functions(target, sent.body)]
    assert len(set(names)) == len(ODD)
    if target != GEMINI:  # a vendor's own clients may use all that it takes
        assert all(re.fullmatch(TAKES[target], name) for name in names)
    calls, results = seen(target, sent.body)
    assert [call.name for call in calls] == names
    assert [call.id for call in calls] == [one for one, _ in results]
    allowed = json.dumps(sent.body.get("tool_choice") or sent.body.get("toolConfig"))
    if target != ANTHROPIC:
        assert all(json.dumps(name) in allowed for name in names[:2])
        assert json.dumps(names[3]) not in allowed
    given = answer(target, *((name, {}) for name in names))
    back = reply(target, given, GEMINI, body)["candidates"][0]["content"]["parts"]
    assert [part["functionCall"]["name"] for part in back] == list(ODD)
    events = streamed(target, given, GEMINI, body, stream=False)
    parts = [part for event in events for part in event["candidates"][0]["content"]["parts"]]
    assert [part["functionCall"]["name"] for part in parts if "functionCall" in part] == list(ODD)


@pytest.mark.parametrize("client", [CHAT, RESPONSES, ANTHROPIC])
def test_case_052_gemini_gets_names_that_every_vendor_takes(client: str) -> None:
    """Another vendor may serve the next turn; dots that only this one takes would change the prompt then."""
    schema = {"type": "object", "properties": {}}
    declared: dict[str, Any] = {
        CHAT: lambda name: {"type": "function", "function": {"name": name, "parameters": schema}},
        RESPONSES: lambda name: {"type": "function", "name": name, "parameters": schema, "strict": False},
        ANTHROPIC: lambda name: {"name": name, "input_schema": schema},
    }
    names = ["files.read", "files:read", "files/read all", "天气"]
    said = [{"role": "user", "content": "Go."}]
    tools = [declared[client](name) for name in names]
    body = {"input" if client == RESPONSES else "messages": said, "tools": tools}
    sent = [tool.name for tool in functions(GEMINI, encoded(client, body, GEMINI).body)]
    assert len(set(sent)) == len(names)
    assert all(re.fullmatch(TAKES[GEMINI], name) for name in sent)
    back = json.dumps(reply(GEMINI, answer(GEMINI, *((name, {}) for name in sent)), client, body))
    assert all(json.dumps(name) in back or f'"{name}"' in back for name in names)


def test_case_052_a_long_name_of_a_server_keeps_its_last_piece() -> None:
    (tool,) = functions(CHAT, encoded(GEMINI, _asked(ODD[1]), CHAT).body)
    assert tool.name.startswith("mcp__look_up")
    (again,) = functions(CHAT, encoded(GEMINI, {**_asked(ODD[1])}, CHAT).body)
    assert again.name == tool.name


@pytest.mark.parametrize("client", [CHAT, ANTHROPIC, RESPONSES])
def test_case_053_a_name_that_starts_with_a_digit_gets_an_underscore_for_gemini(client: str) -> None:
    name, schema = "9" + "x" * 63, {"type": "object", "properties": {}}
    tools: dict[str, Any] = {
        CHAT: {"type": "function", "function": {"name": name, "parameters": schema}},
        RESPONSES: {"type": "function", "name": name, "parameters": schema, "strict": False},
        ANTHROPIC: {"name": name, "input_schema": schema},
    }
    said = [{"role": "user", "content": "Go."}]
    body = {"input" if client == RESPONSES else "messages": said, "tools": [tools[client]]}
    (tool,) = functions(GEMINI, encoded(client, body, GEMINI).body)
    assert re.fullmatch(TAKES[GEMINI], tool.name)
    assert tool.name.startswith("_9x")
    assert name in json.dumps(reply(GEMINI, answer(GEMINI, (tool.name, {})), client, body))


@pytest.mark.parametrize("target", [CHAT, RESPONSES, ANTHROPIC])
def test_case_054_names_that_would_become_equal_stay_apart(target: str) -> None:
    pair = ("look.up", "look:up", "look_up")
    body = _asked(*pair)
    names = [tool.name for tool in functions(target, encoded(GEMINI, body, target).body)]
    assert len(set(names)) == len(pair)
    assert names[2] == "look_up"
    for sent, meant in zip(names, pair, strict=True):
        (part,) = reply(target, answer(target, (sent, {})), GEMINI, body)["candidates"][0]["content"]["parts"]
        assert part["functionCall"]["name"] == meant


@pytest.mark.parametrize("target", [CHAT, RESPONSES, ANTHROPIC])
def test_case_062_a_choice_names_the_tool_as_it_is_sent(target: str) -> None:
    calling = {"mode": "ANY", "allowedFunctionNames": ["look.up"]}
    sent = encoded(GEMINI, _asked("look.up", toolConfig={"functionCallingConfig": calling}), target)
    (tool,) = functions(target, sent.body)
    choice = sent.body["tool_choice"]
    assert (choice.get("function") or choice)["name"] == tool.name != "look.up"


def test_case_062_the_names_of_a_namespace_are_chosen_flat() -> None:
    inner = {"type": "function", "name": "spawn", "parameters": {"type": "object"}}
    space = {"type": "namespace", "name": "agents", "description": "d", "tools": [inner]}
    body = responses(tools=[space], tool_choice={"type": "function", "name": "spawn"})
    assert encoded(RESPONSES, body, ANTHROPIC).body["tool_choice"] == {
        "type": "tool",
        "name": "agents__spawn",
    }


def test_case_062_a_list_of_tools_that_leaves_out_a_used_one_is_refused_where_it_must_be_emulated() -> None:
    calling = {"mode": "ANY", "allowedFunctionNames": ["f", "h"]}
    body = _asked("f", "g", "h", toolConfig={"functionCallingConfig": calling})
    assert "allow them too" in str(refused(GEMINI, body, ANTHROPIC))
    assert "allow them too" in str(refused(GEMINI, body, CHAT, strict=False))
    assert encoded(GEMINI, body, CHAT).body["tool_choice"]["type"] == "allowed_tools"
