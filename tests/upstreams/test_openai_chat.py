"""What the fake of OpenAI's chat completions refuses, and what it lets through."""

import typing
from typing import Any

import pytest
from openai.types.chat import completion_create_params

from tests.upstreams.openai_chat import OpenAIChat
from tests.upstreams.openai_chat_rules import TOP_LEVEL
from tests.upstreams.refusing import refusal
from tests.upstreams.vendor import Options

USER = {"role": "user", "content": "x"}
SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}}
TOOL = {"type": "function", "function": {"name": "f", "parameters": SCHEMA}}
CALL = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
CALLED = {"role": "assistant", "content": None, "tool_calls": [CALL]}
RESULT = {"role": "tool", "tool_call_id": "c1", "content": "ok"}


def ask(**more: Any) -> dict[str, Any]:
    return {"model": "gpt-6-astra", "messages": [USER], **more}


def said(*messages: Any) -> dict[str, Any]:
    return ask(messages=list(messages))


def function(**more: Any) -> dict[str, Any]:
    return ask(tools=[{"type": "function", "function": {"name": "f", **more}}])


def image(url: str, **more: Any) -> dict[str, Any]:
    return said({"role": "user", "content": [{"type": "image_url", "image_url": {"url": url, **more}}]})


STRICT = {
    "type": "object",
    "properties": {"a": {}, "b": {}},
    "required": ["a"],
    "additionalProperties": False,
}
REFUSED = {
    "unknown top-level field": (ask(top_k=3), "Unknown parameter: 'top_k'."),
    "another dialect's field": (ask(max_output_tokens=3), "Unknown parameter: 'max_output_tokens'."),
    "no messages": ({"model": "m"}, "Missing required parameter: 'messages'."),
    "no model": ({"messages": [USER]}, "Missing required parameter: 'model'."),
    "messages empty": (said(), "'messages'"),
    "unknown role": (said({"role": "model", "content": "x"}), "'messages[0].role'"),
    "unknown message key": (said({**USER, "cache_control": {}}), "'messages[0].cache_control'"),
    "reasoning_content": (
        said(USER, {"role": "assistant", "content": "x", "reasoning_content": "y"}),
        "reasoning_",
    ),
    "reasoning_details": (
        said(USER, {"role": "assistant", "content": "x", "reasoning_details": []}),
        "reasoning_",
    ),
    "unknown part": (
        said({"role": "user", "content": [{"type": "input_text", "text": "x"}]}),
        "content[0].type",
    ),
    "part without text": (said({"role": "user", "content": [{"type": "text"}]}), "content[0].text"),
    "parts empty": (said({"role": "user", "content": []}), "minimum length 1"),
    "image in a tool message": (
        said(USER, CALLED, {**RESULT, "content": [{"type": "image_url", "image_url": {"url": "https://x"}}]}),
        "messages[2].content[0].type",
    ),
    "image in a system message": (
        said({"role": "system", "content": [{"type": "image_url", "image_url": {"url": "https://x"}}]}),
        "messages[0].content[0].type",
    ),
    "image of a strange type": (image("data:image/bmp;base64,aaaa"), "Invalid image data"),
    "image detail": (image("https://x", detail="ultra"), "detail"),
    "user null": (said({"role": "user", "content": None}), "Invalid type for 'messages[0].content'"),
    "assistant null without calls": (
        said(USER, {"role": "assistant", "content": None}),
        "messages[1].content",
    ),
    "arguments an object": (
        said(USER, {**CALLED, "tool_calls": [{**CALL, "function": {"name": "f", "arguments": {}}}]}),
        "arguments",
    ),
    "call name": (
        said(USER, {**CALLED, "tool_calls": [{**CALL, "function": {"name": "a.b", "arguments": ""}}]}),
        "function.name",
    ),
    "call id too long": (
        said(USER, {**CALLED, "tool_calls": [{**CALL, "id": "c" * 65}]}),
        "maximum length 64",
    ),
    "call with a foreign extra": (
        said(USER, {**CALLED, "tool_calls": [{**CALL, "extra_content": {}}]}, RESULT),
        "Unknown parameter: 'messages[1].tool_calls[0].extra_content'",
    ),
    "tool without call": (said(USER, RESULT), "must be a response to a preceeding message"),
    "tool after user": (said(USER, CALLED, RESULT, USER, RESULT), "must be a response"),
    "wrong call id": (said(USER, CALLED, {**RESULT, "tool_call_id": "c2"}), "'c2' not found"),
    "call not answered": (said(USER, CALLED, USER), "did not have response messages: c1"),
    "call not answered at the end": (said(USER, CALLED), "did not have response messages: c1"),
    "flat tool": (ask(tools=[{"type": "function", "name": "f"}]), "tools[0].name"),
    "hosted tool": (ask(tools=[{"type": "web_search"}]), "tools[0].type"),
    "tools empty": (ask(tools=[]), "minimum length 1"),
    "tool name": (ask(tools=[{"type": "function", "function": {"name": "mcp.x"}}]), "tools[0].function.name"),
    "tool name too long": (
        ask(tools=[{"type": "function", "function": {"name": "a" * 65}}]),
        "function.name",
    ),
    "tool twice": (ask(tools=[TOOL, TOOL]), "must be unique"),
    "schema not an object": (function(parameters={"type": "string"}), "got 'type: \"string\"'"),
    "schema without properties": (
        function(parameters={"type": "object"}),
        "object schema missing properties",
    ),
    "array without items": (
        function(parameters={"type": "object", "properties": {"a": {"type": "array"}}}),
        "array schema missing items",
    ),
    "strict without additionalProperties": (
        function(strict=True, parameters=SCHEMA),
        "'additionalProperties'",
    ),
    "strict with an optional": (function(strict=True, parameters=STRICT), "'required' is required"),
    "choice without tools": (ask(tool_choice="auto"), "only allowed when 'tools'"),
    "parallel without tools": (ask(parallel_tool_calls=False), "only allowed when 'tools'"),
    "choice flat": (ask(tools=[TOOL], tool_choice={"type": "function", "name": "f"}), "tool_choice.name"),
    "choice any": (ask(tools=[TOOL], tool_choice="any"), "tool_choice"),
    "choice unknown": (
        ask(tools=[TOOL], tool_choice={"type": "function", "function": {"name": "g"}}),
        "Tool choice 'g' not found",
    ),
    "format flat": (
        ask(response_format={"type": "json_schema", "name": "n", "schema": {}}),
        "response_format.name",
    ),
    "format without name": (
        ask(response_format={"type": "json_schema", "json_schema": {"schema": {}}}),
        "name",
    ),
    "format unknown": (ask(response_format={"type": "xml"}), "response_format.type"),
    "effort": (ask(reasoning_effort="extreme"), "reasoning_effort"),
    "stream options alone": (ask(stream_options={"include_usage": True}), "only allowed when 'stream'"),
    "five stops": (ask(stop=["a", "b", "c", "d", "e"]), "maximum length 4"),
    "temperature": (ask(temperature=2.5), "temperature"),
    "max_tokens on a reasoning model": (ask(max_tokens=9), "Use 'max_completion_tokens' instead"),
    "both limits": (ask(model="gpt-4o", max_tokens=9, max_completion_tokens=9), "at the same time"),
    "top_logprobs alone": (ask(top_logprobs=3), "'logprobs' is enabled"),
    "metadata": (ask(metadata={"a": 1}), "metadata.a"),
    "n": (ask(n=0), "'n'"),
}
ACCEPTED = {
    "custom tool": ask(tools=[{"type": "custom", "custom": {"name": "c", "format": {"type": "text"}}}]),
    "a result as parts": said(USER, CALLED, {**RESULT, "content": [{"type": "text", "text": "ok"}]}),
    "developer": said({"role": "developer", "content": "x"}, USER),
    "empty text beside calls": said(USER, {**CALLED, "content": ""}, RESULT),
    "open map": function(
        parameters={"type": "object", "properties": {"a": {"type": "object", "additionalProperties": {}}}}
    ),
    "allowed tools": ask(
        tools=[TOOL],
        tool_choice={
            "type": "allowed_tools",
            "allowed_tools": {"mode": "auto", "tools": [{"type": "function", "function": {"name": "f"}}]},
        },
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refuses(name: str) -> None:
    body, part = REFUSED[name]
    error = refusal(OpenAIChat(), "/chat/completions", body)
    assert error is not None
    assert part in error["error"]["message"]
    assert error["error"]["type"] == "invalid_request_error"
    assert error["error"].keys() == {"message", "type", "param", "code"}


@pytest.mark.parametrize("name", ACCEPTED)
def test_accepts(name: str) -> None:
    assert refusal(OpenAIChat(), "/chat/completions", ACCEPTED[name]) is None


def test_a_compatible_vendor_takes_the_extensions() -> None:
    body = said(USER, {"role": "assistant", "content": "x", "reasoning_content": "y"}, USER) | {
        "max_tokens": 9,
        "top_k": 4,
    }
    assert refusal(OpenAIChat(), "/chat/completions", body, options=Options(compatible=True)) is None


def test_the_field_list_is_the_sdks() -> None:
    hints = typing.get_type_hints(completion_create_params.CompletionCreateParamsNonStreaming)
    assert set(TOP_LEVEL) | {"messages"} == set(hints)
