"""Cases 59 to 61, 63 and 66: what may, must or must not be called."""

from typing import Any

import pytest

from tests.edge_cases.through import ANTHROPIC, CHAT, EVERY, GEMINI, RESPONSES, encoded, hello
from tests.edge_cases.tool_shapes import functions

SCHEMA = {"type": "object", "properties": {"q": {"type": "string"}}}
THINKS = {"known": True}


def tools(client: str, *names: str) -> Any:
    """Declarations of a client."""
    match client:
        case "openai_chat":
            return [{"type": "function", "function": {"name": n, "parameters": SCHEMA}} for n in names]
        case "openai_responses":
            return [{"type": "function", "name": n, "parameters": SCHEMA, "strict": False} for n in names]
        case "anthropic_messages":
            return [{"name": n, "input_schema": SCHEMA} for n in names]
    return [{"functionDeclarations": [{"name": n, "parametersJsonSchema": SCHEMA} for n in names]}]


def choice(client: str, word: str) -> dict[str, Any]:
    """The member that says auto, none or required."""
    if client == GEMINI:
        mode = {"auto": "AUTO", "none": "NONE", "required": "ANY"}[word]
        return {"toolConfig": {"functionCallingConfig": {"mode": mode}}}
    if client == ANTHROPIC:
        return {"tool_choice": {"type": "any" if word == "required" else word}}
    return {"tool_choice": word}


def _offer(client: str, word: str, *names: str) -> dict[str, Any]:
    return hello(client, tools=tools(client, *names), **choice(client, word))


@pytest.mark.parametrize("target", EVERY)
@pytest.mark.parametrize("client", EVERY)
def test_case_059_none_is_said_and_not_left_out(client: str, target: str) -> None:
    sent = encoded(client, _offer(client, "none", "f"), target).body
    assert [tool.name for tool in functions(target, sent)] == ["f"]
    wanted = choice(target, "none")
    assert {key: sent[key] for key in wanted} == wanted


@pytest.mark.parametrize("target", EVERY)
@pytest.mark.parametrize("client", [CHAT, RESPONSES, ANTHROPIC])
def test_case_060_without_tools_nothing_is_said_of_them(client: str, target: str) -> None:
    if client == ANTHROPIC:
        more: dict[str, Any] = {"tool_choice": {"type": "auto", "disable_parallel_tool_use": True}}
    else:
        more = {"tool_choice": "auto", "parallel_tool_calls": False}
    sent = encoded(client, hello(client, tools=[], **more), target).body
    assert not sent.keys() & {"tools", "tool_choice", "toolConfig", "parallel_tool_calls"}


def test_case_060_a_tool_that_does_not_survive_takes_its_choice_along() -> None:
    placeholder = {"name": "Later", "input_schema": SCHEMA, "defer_loading": True}
    body = hello(ANTHROPIC, tools=[placeholder], tool_choice={"type": "auto"})
    for target in (CHAT, RESPONSES, GEMINI):
        sent = encoded(ANTHROPIC, body, target)
        assert not sent.body.keys() & {"tools", "tool_choice", "toolConfig"}
        assert "tools[0]" in sent.lost


@pytest.mark.parametrize("client", [CHAT, RESPONSES])
def test_case_061_a_call_that_must_come_goes_before_thinking(client: str) -> None:
    thinks = {"reasoning_effort": "high"} if client == CHAT else {"reasoning": {"effort": "high"}}
    sent = encoded(client, {**_offer(client, "required", "f"), **thinks}, ANTHROPIC)
    assert sent.body["tool_choice"] == {"type": "any"}
    assert sent.body.get("thinking", {"type": "disabled"}) == {"type": "disabled"}
    assert "reasoning" in sent.lost
    for target in (CHAT, RESPONSES, GEMINI):
        other = encoded(client, {**_offer(client, "required", "f"), **thinks}, target).body
        found = other.get("reasoning_effort") or other.get("reasoning") or other.get("generationConfig")
        assert found, f"{target} can do both"


@pytest.mark.parametrize("target", EVERY)
@pytest.mark.parametrize("client", [CHAT, RESPONSES, ANTHROPIC])
def test_case_063_one_call_at_a_time(client: str, target: str) -> None:
    if client == ANTHROPIC:
        more: dict[str, Any] = {"tool_choice": {"type": "auto", "disable_parallel_tool_use": True}}
    else:
        more = {"parallel_tool_calls": False}
    sent = encoded(client, hello(client, tools=tools(client, "f"), **more), target)
    match target:
        case "anthropic_messages":
            assert sent.body["tool_choice"] == {"type": "auto", "disable_parallel_tool_use": True}
        case "gemini_generate":
            assert any("parallel" in path for path in sent.lost)
        case _:
            assert sent.body["parallel_tool_calls"] is False


@pytest.mark.parametrize("client", [CHAT, RESPONSES])
def test_case_063_the_flag_has_no_place_beside_none(client: str) -> None:
    body = {**_offer(client, "none", "f"), "parallel_tool_calls": False}
    assert encoded(client, body, ANTHROPIC).body["tool_choice"] == {"type": "none"}


@pytest.mark.parametrize("client", [CHAT, RESPONSES])
def test_case_066_json_output_gives_way_to_functions_at_gemini(client: str) -> None:
    form: dict[str, Any] = (
        {"response_format": {"type": "json_object"}}
        if client == CHAT
        else {"text": {"format": {"type": "json_object"}}}
    )
    sent = encoded(client, hello(client, tools=tools(client, "f"), **form), GEMINI)
    assert "responseMimeType" not in sent.body.get("generationConfig", {})
    assert "response_format" in sent.lost
    alone = encoded(client, hello(client, **form), GEMINI)
    assert alone.body["generationConfig"]["responseMimeType"] == "application/json"
    assert "response_format" not in alone.lost
