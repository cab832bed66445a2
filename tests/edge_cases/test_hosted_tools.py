"""Cases 64 and 65, and what else is asked of tools that a vendor runs: requests, forced choice, refusals."""

import json
from typing import Any

import pytest

from tests.edge_cases.through import ANTHROPIC, CHAT, EVERY, GEMINI, RESPONSES, encoded, hello, refused

SEARCH: dict[str, Any] = {
    CHAT: {"web_search_options": {}},
    RESPONSES: {"tools": [{"type": "web_search"}]},
    ANTHROPIC: {"tools": [{"type": "web_search_20250305", "name": "web_search"}]},
    GEMINI: {"tools": [{"googleSearch": {}}]},
}
CODE: dict[str, Any] = {
    RESPONSES: {"tools": [{"type": "code_interpreter", "container": {"type": "auto"}}]},
    ANTHROPIC: {"tools": [{"type": "code_execution_20250825", "name": "code_execution"}]},
    GEMINI: {"tools": [{"codeExecution": {}}]},
}
SCHEMA = {"type": "object", "properties": {}}


def function(client: str) -> Any:
    """One function of the client's own."""
    match client:
        case "openai_chat":
            return {"type": "function", "function": {"name": "f", "parameters": SCHEMA}}
        case "openai_responses":
            return {"type": "function", "name": "f", "parameters": SCHEMA, "strict": False}
        case "anthropic_messages":
            return {"name": "f", "input_schema": SCHEMA}
    return {"functionDeclarations": [{"name": "f", "parametersJsonSchema": SCHEMA}]}


def test_case_064_the_choice_names_a_typed_tool_as_it_was_declared() -> None:
    tool = {"type": "web_search_20250305", "name": "look_online", "max_uses": 8}
    body = hello(ANTHROPIC, tools=[tool], tool_choice={"type": "tool", "name": "look_online"})
    sent = encoded(ANTHROPIC, body, RESPONSES)
    assert sent.body["tools"] == [{"type": "web_search"}]
    assert sent.body["tool_choice"] == {"type": "web_search"}
    assert sent.body["include"] == ["web_search_call.action.sources"]
    assert sent.lost == ["tools[0].max_uses"]
    gemini = encoded(ANTHROPIC, body, GEMINI)
    assert gemini.body["tools"] == [{"googleSearch": {}}]
    assert sorted(gemini.lost) == ["tool_choice", "tools[0].max_uses"]
    own = encoded(ANTHROPIC, body, ANTHROPIC).body
    assert (own["tools"], own["tool_choice"]) == ([tool], {"type": "tool", "name": "look_online"})


def test_case_064_a_forced_search_is_forced_by_the_vendors_own_name() -> None:
    body = hello(
        RESPONSES, tools=[{"type": "web_search_preview"}], tool_choice={"type": "web_search_preview"}
    )
    sent = encoded(RESPONSES, body, ANTHROPIC).body
    assert sent["tools"] == [{"type": "web_search_20250305", "name": "web_search"}]
    assert sent["tool_choice"] == {"type": "tool", "name": "web_search"}


@pytest.mark.parametrize("client", [RESPONSES, ANTHROPIC])
def test_case_065_beside_functions_gemini_keeps_the_functions(client: str) -> None:
    tools = [*SEARCH[client]["tools"], function(client)]
    sent = encoded(client, hello(client, tools=tools), GEMINI)
    (only,) = sent.body["tools"]
    assert [one["name"] for one in only["functionDeclarations"]] == ["f"]
    assert "tools[0]" in sent.lost


@pytest.mark.parametrize("client", [RESPONSES, ANTHROPIC])
def test_case_065_newer_models_take_both(client: str) -> None:
    """From generation 3 on, and only with the setting that shows the steps (public issues, 2026-08)."""
    tools = [*SEARCH[client]["tools"], function(client)]
    sent = encoded(client, hello(client, tools=tools), GEMINI, mixed_tools=True)
    functions, search = sent.body["tools"]
    assert [one["name"] for one in functions["functionDeclarations"]] == ["f"]
    assert search == {"googleSearch": {}}
    assert sent.body["toolConfig"]["includeServerSideToolInvocations"] is True
    assert sent.lost == []


@pytest.mark.parametrize("client", [RESPONSES, ANTHROPIC])
def test_case_065_unless_it_is_the_search_that_is_forced(client: str) -> None:
    choice = {"type": "web_search"} if client == RESPONSES else {"type": "tool", "name": "web_search"}
    tools = [*SEARCH[client]["tools"], function(client)]
    sent = encoded(client, hello(client, tools=tools, tool_choice=choice), GEMINI)
    assert sent.body["tools"] == [{"googleSearch": {}}]
    assert "tools" in sent.lost


PLACE = {"type": "approximate", "city": "Bern", "country": "CH"}


def test_settings_of_a_search_are_kept_where_they_can_be_said() -> None:
    tool = {
        "type": "web_search_20250305",
        "name": "web_search",
        "allowed_domains": ["example.com"],
        "user_location": PLACE,
    }
    sent = encoded(ANTHROPIC, hello(ANTHROPIC, tools=[tool]), RESPONSES)
    assert sent.body["tools"] == [
        {"type": "web_search", "filters": {"allowed_domains": ["example.com"]}, "user_location": PLACE}
    ]
    assert sent.lost == []
    wire = {**sent.body["tools"][0], "search_context_size": "low"}
    back = encoded(RESPONSES, hello(RESPONSES, tools=[wire]), ANTHROPIC)
    assert back.body["tools"] == [tool]
    assert back.lost == ["tools[0].search_context_size"]
    chat = encoded(RESPONSES, hello(RESPONSES, tools=[wire]), CHAT)
    assert chat.body["web_search_options"]["search_context_size"] == "low"
    assert chat.lost == ["tools[].filters"]
    gemini = encoded(ANTHROPIC, hello(ANTHROPIC, tools=[tool]), GEMINI)
    assert gemini.lost == ["tools[0].allowed_domains", "tools[0].user_location"]


def test_pages_that_gemini_shall_not_search_are_blocked_elsewhere() -> None:
    tools = [{"googleSearch": {"excludeDomains": ["example.com"]}}]
    sent = encoded(GEMINI, hello(GEMINI, tools=tools), ANTHROPIC)
    assert sent.body["tools"][0]["blocked_domains"] == ["example.com"]
    assert sent.lost == []
    assert encoded(GEMINI, hello(GEMINI, tools=tools), RESPONSES).lost == ["tools[0].excludeDomains"]


@pytest.mark.parametrize("target", EVERY)
@pytest.mark.parametrize("client", EVERY)
def test_a_search_alone_reaches_every_vendor(client: str, target: str) -> None:
    sent = encoded(client, hello(client, **SEARCH[client]), target).body
    wanted = SEARCH[target]
    assert {key: sent[key] for key in wanted} == wanted


@pytest.mark.parametrize("target", [RESPONSES, ANTHROPIC, GEMINI])
@pytest.mark.parametrize("client", [RESPONSES, ANTHROPIC, GEMINI])
def test_running_code_reaches_every_vendor_that_does(client: str, target: str) -> None:
    sent = encoded(client, hello(client, **CODE[client]), target).body
    assert sent["tools"] == CODE[target]["tools"]
    if client != target == RESPONSES:
        assert sent["include"] == ["code_interpreter_call.outputs"]


def test_reading_pages_is_known_to_two_vendors() -> None:
    fetch = {"type": "web_fetch_20250910", "name": "web_fetch"}
    assert encoded(ANTHROPIC, hello(ANTHROPIC, tools=[fetch]), GEMINI).body["tools"] == [{"urlContext": {}}]
    body = hello(GEMINI, tools=[{"urlContext": {}}])
    assert encoded(GEMINI, body, ANTHROPIC).body["tools"] == [fetch]


REFUSED: list[tuple[str, Any, str, str]] = [
    (ANTHROPIC, {"type": "code_execution_20250825", "name": "code_execution"}, CHAT, "code_execution"),
    (ANTHROPIC, {"type": "web_fetch_20250910", "name": "web_fetch"}, RESPONSES, "web_fetch"),
    (ANTHROPIC, {"type": "web_fetch_20250910", "name": "web_fetch"}, CHAT, "web_fetch"),
    (RESPONSES, {"type": "file_search", "vector_store_ids": ["v"]}, ANTHROPIC, "file_search"),
    (RESPONSES, {"type": "file_search", "vector_store_ids": ["v"]}, GEMINI, "file_search"),
    (RESPONSES, {"type": "mcp", "server_label": "s", "server_url": "https://x.test"}, CHAT, "mcp"),
    (RESPONSES, {"type": "image_generation"}, ANTHROPIC, "image_generation"),
    (RESPONSES, {"type": "computer_use_preview"}, GEMINI, "computer"),
    (GEMINI, {"googleMaps": {}}, ANTHROPIC, "google_maps"),
    (GEMINI, {"fileSearch": {}}, RESPONSES, "file_search"),
]


@pytest.mark.parametrize(("client", "tool", "target", "word"), REFUSED)
def test_a_tool_without_an_equivalent_is_refused_by_name(
    client: str, tool: Any, target: str, word: str
) -> None:
    error = refused(client, hello(client, tools=[tool]), target)
    assert word in error.message
    assert "tools" in str(error.failure().param)


def test_an_imitation_of_chat_is_not_asked_to_search() -> None:
    body = hello(ANTHROPIC, **SEARCH[ANTHROPIC])
    assert "web_search" in refused(ANTHROPIC, body, CHAT, strict=False, lean=True).message
    assert "web_search_options" in encoded(ANTHROPIC, body, CHAT, strict=False).body


def test_a_search_that_is_only_offered_beside_functions_is_left_out_of_chat() -> None:
    tools = [{"type": "web_search"}, function(RESPONSES)]
    sent = encoded(RESPONSES, hello(RESPONSES, tools=tools), CHAT, strict=False, lean=True)
    assert "web_search_options" not in sent.body
    assert sent.lost == ["tools[0]"]
    forced = hello(RESPONSES, tools=tools, tool_choice={"type": "web_search"})
    assert encoded(RESPONSES, forced, CHAT).body["web_search_options"] == {}
    assert "web_search" in refused(RESPONSES, forced, CHAT, strict=False, lean=True).message


STEPS: dict[str, Any] = {
    RESPONSES: {
        "input": [
            {"role": "user", "content": "Go."},
            {
                "type": "web_search_call",
                "id": "ws_1",
                "status": "completed",
                "action": {"type": "search", "query": "q", "queries": ["q"]},
            },
            {"role": "assistant", "content": "Found."},
            {"role": "user", "content": "More."},
        ]
    },
    ANTHROPIC: {
        "messages": [
            {"role": "user", "content": "Go."},
            {
                "role": "assistant",
                "content": [
                    {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {}},
                    {
                        "type": "web_search_tool_result",
                        "tool_use_id": "srvtoolu_1",
                        "content": [
                            {
                                "type": "web_search_result",
                                "url": "https://x.test",
                                "title": "X",
                                "encrypted_content": "c2VjcmV0",
                            }
                        ],
                    },
                    {"type": "text", "text": "Found."},
                ],
            },
            {"role": "user", "content": "More."},
        ]
    },
    GEMINI: {
        "contents": [
            {"role": "user", "parts": [{"text": "Go."}]},
            {
                "role": "model",
                "parts": [
                    {"executableCode": {"language": "PYTHON", "code": "1"}},
                    {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "1"}},
                    {"text": "Found."},
                ],
            },
            {"role": "user", "parts": [{"text": "More."}]},
        ]
    },
}


@pytest.mark.parametrize("target", EVERY)
@pytest.mark.parametrize("client", [RESPONSES, ANTHROPIC, GEMINI])
def test_steps_go_back_to_their_own_vendor_only(client: str, target: str) -> None:
    sent = encoded(client, STEPS[client], target)
    text = json.dumps(sent.body)
    assert "Found." in text
    marks = ("web_search_call", "server_tool_use", "encrypted_content", "executableCode", "ExecutionResult")
    if client == target:
        assert sent.lost == []
        (own,) = STEPS[client].values()
        for step in own if client == RESPONSES else own[1].get("content", own[1].get("parts")):
            assert json.dumps(step) in text or step.get("role") or step.get("type") == "text"
    else:
        assert not [mark for mark in marks if mark in text]
        assert sent.lost
