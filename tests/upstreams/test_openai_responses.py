"""What the fake of OpenAI's responses refuses, and what it lets through."""

import typing
from typing import Any

import pytest
from openai.types.responses import response_create_params

from tests.upstreams.openai_responses import OpenAIResponses
from tests.upstreams.openai_responses_fields import TOP_LEVEL
from tests.upstreams.refusing import refusal
from tests.upstreams.vendor import Memory

USER = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "x"}]}
SCHEMA = {"type": "object", "properties": {}}
TOOL = {"type": "function", "name": "f", "parameters": SCHEMA, "strict": False}
CALL = {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}"}
OUTPUT = {"type": "function_call_output", "call_id": "c1", "output": "ok"}
SEAL = "gAAAAsealed"


def ask(**more: Any) -> dict[str, Any]:
    return {"model": "gpt-6-astra", "input": [USER], **more}


def items(*given: Any, **more: Any) -> dict[str, Any]:
    return ask(input=list(given), **more)


def part(**content: Any) -> dict[str, Any]:
    return items({**USER, "content": [content]})


REASONING = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": SEAL}
REFUSED = {
    "unknown top-level field": (ask(stop=["x"]), "Unknown parameter: 'stop'."),
    "chat's format": (ask(response_format={"type": "json_object"}), "'response_format'"),
    "chat's limit": (ask(max_completion_tokens=9), "'max_completion_tokens'"),
    "seed": (ask(seed=1), "'seed'"),
    "no model": ({"input": "x"}, "Missing required parameter: 'model'"),
    "unknown role": (items({"role": "tool", "content": "x"}), "input[0].role"),
    "unknown item": (items({"type": "tool_use"}), "input[0].type"),
    "unknown item key": (items({**USER, "cache_control": {}}), "input[0].cache_control"),
    "chat's part": (part(type="text", text="x"), "content[0].type"),
    "image without detail": (part(type="input_image", image_url="https://x"), "content[0].detail"),
    "image detail": (part(type="input_image", image_url="https://x", detail="full"), "content[0].detail"),
    "image type": (
        part(type="input_image", image_url="data:image/bmp;base64,aa", detail="auto"),
        "image data",
    ),
    "audio": (part(type="input_audio", input_audio={}), "content[0].type"),
    "assistant says input_text": (items({**USER, "role": "assistant"}), "content[0].type"),
    "user says output_text": (
        items({**USER, "content": [{"type": "output_text", "text": "x"}]}),
        "content[0].type",
    ),
    "message id": (items({**USER, "id": "item_1"}), "Expected an ID that begins with 'msg'"),
    "call id prefix": (items(USER, {**CALL, "id": "call_1"}, OUTPUT), "Expected an ID that begins with 'fc'"),
    "reasoning id": (items({**REASONING, "id": "r1"}, USER), "Expected an ID that begins with 'rs'"),
    "duplicate id": (items({**USER, "id": "msg_1"}, {**USER, "id": "msg_1"}), "Duplicate item found"),
    "call_id too long": (items(USER, {**CALL, "call_id": "c" * 65}), "maximum length 64"),
    "arguments an object": (items(USER, {**CALL, "arguments": {}}, OUTPUT), "arguments"),
    "output without call": (
        items(USER, OUTPUT),
        "No tool call found for function call output with call_id c1",
    ),
    "call without output": (items(USER, CALL, USER), "No tool output found for function call c1"),
    "nested tool": (ask(tools=[{"type": "function", "function": {"name": "f"}}]), "tools[0].function"),
    "tool without parameters": (
        ask(tools=[{"type": "function", "name": "f", "strict": None}]),
        "tools[0].parameters",
    ),
    "tool without strict": (
        ask(tools=[{"type": "function", "name": "f", "parameters": None}]),
        "tools[0].strict",
    ),
    "tool name": (ask(tools=[{**TOOL, "name": "a b"}]), "tools[0].name"),
    "tool kind": (ask(tools=[{"type": "bash_20250124", "name": "bash"}]), "tools[0].type"),
    "tool twice": (ask(tools=[TOOL, TOOL]), "must be unique"),
    "schema": (ask(tools=[{**TOOL, "parameters": {"type": "object"}}]), "missing properties"),
    "strict schema": (ask(tools=[{**TOOL, "strict": True}]), "'additionalProperties' is required"),
    "schema in a namespace": (
        ask(
            tools=[
                {
                    "type": "namespace",
                    "name": "n",
                    "description": "",
                    "tools": [{**TOOL, "parameters": {"type": "object"}}],
                }
            ]
        ),
        "missing properties",
    ),
    "grammar as in chat": (
        ask(
            tools=[
                {
                    "type": "custom",
                    "name": "c",
                    "format": {"type": "grammar", "grammar": {"syntax": "lark", "definition": ""}},
                }
            ]
        ),
        "tools[0].format.grammar",
    ),
    "choice nested": (
        ask(tools=[TOOL], tool_choice={"type": "function", "function": {"name": "f"}}),
        "function",
    ),
    "choice unknown": (ask(tools=[TOOL], tool_choice={"type": "function", "name": "g"}), "'g' not found"),
    "required without tools": (ask(tool_choice="required"), "must be specified with 'tools'"),
    "format nested": (
        ask(text={"format": {"type": "json_schema", "json_schema": {"name": "n", "schema": {}}}}),
        "text.format.json_schema",
    ),
    "include": (ask(include=["usage"]), "include[0]"),
    "encrypted reasoning of a plain model": (
        ask(model="gpt-4o", include=["reasoning.encrypted_content"]),
        "Encrypted content is not supported",
    ),
    "effort of a plain model": (
        ask(model="gpt-4.1", reasoning={"effort": "low"}),
        "not supported with this model",
    ),
    "effort": (ask(reasoning={"effort": "huge"}), "reasoning.effort"),
    "chat's stream options": (ask(stream=True, stream_options={"include_usage": True}), "include_usage"),
    "foreign seal": (items(USER, {**REASONING, "encrypted_content": "Eqo"}, USER), "could not be verified"),
    "reasoning without seal, not stored": (
        items(USER, {"type": "reasoning", "id": "rs_1", "summary": []}, USER, store=False),
        "Items are not persisted",
    ),
    "reasoning at the end": (items(USER, REASONING), "without its required following item"),
    "call without its reasoning": (items(USER, {**CALL, "id": "fc_1"}, OUTPUT), "required 'reasoning' item"),
}
ACCEPTED = {
    "string": ask(input="x"),
    "empty tools": ask(tools=[]),
    "item without type": items({"role": "user", "content": "x"}),
    "assistant without id": items(
        USER, {"role": "assistant", "content": [{"type": "output_text", "text": "y"}]}, USER
    ),
    "call without item id needs no reasoning": items(USER, CALL, OUTPUT),
    "sealed reasoning": items(USER, REASONING, {**CALL, "id": "fc_1"}, OUTPUT),
    "null parameters": ask(tools=[{**TOOL, "parameters": None, "strict": None}]),
    "output with an image": items(
        USER,
        CALL,
        {**OUTPUT, "output": [{"type": "input_image", "image_url": "https://x", "detail": "auto"}]},
    ),
}


def remembering() -> Memory:
    memory = Memory("openai_responses")
    memory.keep(SEAL, "c1")
    return memory


@pytest.mark.parametrize("name", REFUSED)
def test_refuses(name: str) -> None:
    body, words = REFUSED[name]
    error = refusal(OpenAIResponses(), "/responses", body, memory=remembering())
    assert error is not None
    assert words in error["error"]["message"]


@pytest.mark.parametrize("name", ACCEPTED)
def test_accepts(name: str) -> None:
    assert refusal(OpenAIResponses(), "/responses", ACCEPTED[name], memory=remembering()) is None


def test_a_foreign_seal_has_its_own_code() -> None:
    error = refusal(OpenAIResponses(), "/responses", items(USER, REASONING, USER))
    assert error["error"]["code"] == "invalid_encrypted_content"


def test_counting_takes_no_limits() -> None:
    error = refusal(OpenAIResponses(), "/responses/input_tokens", ask(max_output_tokens=99))
    assert error["error"]["param"] == "max_output_tokens"


def test_the_field_list_is_the_sdks() -> None:
    hints = typing.get_type_hints(response_create_params.ResponseCreateParamsNonStreaming)
    assert set(TOP_LEVEL) == set(hints)
