"""What the fake of Anthropic's messages refuses, and what it lets through."""

import typing
from typing import Any

import pytest
from anthropic.types import message_count_tokens_params, message_create_params

from tests.upstreams.anthropic_fields import COUNT_FIELDS, TOP_LEVEL
from tests.upstreams.anthropic_messages import AnthropicMessages
from tests.upstreams.refusing import refusal
from tests.upstreams.vendor import Memory

USER = {"role": "user", "content": "x"}
SCHEMA = {"type": "object", "properties": {}}
TOOL = {"name": "f", "input_schema": SCHEMA}
USE = {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {}}
RESULT = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "ok"}
TEXT = {"type": "text", "text": "y"}
SEAL = "EqoB"
THOUGHT = {"type": "thinking", "thinking": "hm", "signature": SEAL}
MARK = {"cache_control": {"type": "ephemeral"}}
LONG_MARK = {"cache_control": {"type": "ephemeral", "ttl": "1h"}}
THINK = {"type": "enabled", "budget_tokens": 2000}


def ask(**more: Any) -> dict[str, Any]:
    return {"model": "claude-sonnet-4-5", "max_tokens": 4096, "messages": [USER], **more}


def said(*turns: Any, **more: Any) -> dict[str, Any]:
    """Turns alternate: user, assistant, user, …; each a list of blocks or a string."""
    roles = ("user", "assistant")
    return ask(messages=[{"role": roles[i % 2], "content": turn} for i, turn in enumerate(turns)], **more)


def image(**source: Any) -> dict[str, Any]:
    return said([{"type": "image", "source": source}])


def without(key: str) -> dict[str, Any]:
    return {name: value for name, value in ask().items() if name != key}


REFUSED = {
    "no max_tokens": (without("max_tokens"), "max_tokens: Field required"),
    "no messages": (without("messages"), "messages: Field required"),
    "unknown field": (ask(stop=["x"]), "stop: Extra inputs are not permitted"),
    "openai's effort": (ask(reasoning_effort="low"), "reasoning_effort: Extra inputs"),
    "beta field without beta": (ask(context_management={"edits": []}), "context_management: Extra inputs"),
    "unknown message key": (ask(messages=[{**USER, "name": "a"}]), "messages.0.name: Extra inputs"),
    "unknown block key": (said([{**TEXT, "index": 0}]), "messages.0.content.0.index: Extra inputs"),
    "unknown role": (ask(messages=[{"role": "tool", "content": "x"}]), "messages.0.role"),
    "assistant first": (
        ask(messages=[{"role": "assistant", "content": "x"}, USER]),
        'must use the "user" role',
    ),
    "no messages at all": (ask(messages=[]), "messages"),
    "empty text": (said([{"type": "text", "text": ""}]), "text content blocks must be non-empty"),
    "empty string": (said("hi", "", "x"), "text content blocks must be non-empty"),
    "blank text": (said([{"type": "text", "text": " \n"}]), "non-whitespace"),
    "empty system block": (
        ask(system=[{"type": "text", "text": ""}]),
        "text content blocks must be non-empty",
    ),
    "mark on empty text": (said([{"type": "text", "text": "", **MARK}]), "cache_control cannot be set"),
    "empty content": (said([], "a", "b"), "user messages must have non-empty content"),
    "image in system": (ask(system=[{"type": "image", "source": {}}]), "system.0.type"),
    "block of the other role": (said([USE]), "messages.0.content.0.type"),
    "image type": (image(type="base64", media_type="image/bmp", data="aaaa"), "media_type"),
    "image data": (image(type="base64", media_type="image/png", data="data:x"), "Invalid base64 data"),
    "image address": (image(type="url", url="file:///etc/passwd"), "Only HTTPS"),
    "use id": (
        said("a", [{**USE, "id": "call.1"}], [{**RESULT, "tool_use_id": "call.1"}]),
        "^[a-zA-Z0-9_-]+",
    ),
    "use input": (said("a", [{**USE, "input": "{}"}], [RESULT]), "messages.1.content.0.input"),
    "not answered": (said("a", [USE], "b"), "without `tool_result` blocks immediately after: toolu_1"),
    "not answered at the end": (said("a", [USE]), "without `tool_result` blocks"),
    "answered late": (said("a", [USE], "b", "c", [RESULT]), "without `tool_result` blocks"),
    "text before the result": (said("a", [USE], [TEXT, RESULT]), "without `tool_result` blocks"),
    "one of two answered": (said("a", [USE, {**USE, "id": "toolu_2"}], [RESULT]), "after: toolu_2"),
    "answered twice": (said("a", [USE], [RESULT, RESULT]), "single result"),
    "result without use": (said("a", "b", [RESULT]), "unexpected `tool_use_id`"),
    "result first": (said([RESULT]), "unexpected `tool_use_id`"),
    "use twice": (said("a", [USE, USE], [RESULT]), "`tool_use` ids must be unique"),
    "foreign signature": (said("a", [{**THOUGHT, "signature": "gAAAA"}, TEXT], "b"), "Invalid `signature`"),
    "foreign redacted": (
        said("a", [{"type": "redacted_thinking", "data": "zz"}, TEXT], "b"),
        "Invalid `data`",
    ),
    "no signature": (said("a", [{"type": "thinking", "thinking": "x"}], "b"), "signature: Field required"),
    "openai's tool": (
        ask(tools=[{"type": "function", "function": {"name": "f"}}]),
        "tools.0.custom.function",
    ),
    "no input_schema": (ask(tools=[{"name": "f"}]), "tools.0.custom.input_schema: Field required"),
    "schema without type": (
        ask(tools=[{"name": "f", "input_schema": {}}]),
        "input_schema.type: Field required",
    ),
    "schema not an object": (
        ask(tools=[{"name": "f", "input_schema": {"type": "array"}}]),
        "Input should be 'object'",
    ),
    "schema union": (
        ask(tools=[{"name": "f", "input_schema": {"type": "object", "anyOf": []}}]),
        "does not support oneOf, allOf, or anyOf",
    ),
    "tool name": (ask(tools=[{**TOOL, "name": "a.b"}]), "tools.0.custom.name"),
    "tool twice": (ask(tools=[TOOL, TOOL]), "Tool names must be unique"),
    "choice without tools": (ask(tool_choice={"type": "auto"}), "only be specified while providing tools"),
    "choice unknown": (ask(tools=[TOOL], tool_choice={"type": "tool", "name": "g"}), "Tool 'g' not found"),
    "choice a string": (ask(tools=[TOOL], tool_choice="auto"), "tool_choice"),
    "flag on none": (
        ask(tools=[TOOL], tool_choice={"type": "none", "disable_parallel_tool_use": True}),
        "disable_parallel_tool_use: Extra inputs",
    ),
    "forced with thinking": (
        ask(tools=[TOOL], tool_choice={"type": "any"}, thinking=THINK),
        "forces tool use",
    ),
    "budget too small": (ask(thinking={**THINK, "budget_tokens": 1000}), "greater than or equal to 1024"),
    "budget too large": (
        ask(thinking={**THINK, "budget_tokens": 4096}),
        "must be greater than `thinking.budget",
    ),
    "no budget": (ask(thinking={"type": "enabled"}), "budget_tokens: Field required"),
    "budget with adaptive": (
        ask(model="claude-opus-5", thinking={**THINK, "type": "adaptive"}),
        "Extra inputs",
    ),
    "adaptive on an old model": (ask(thinking={"type": "adaptive"}), "not supported on this model"),
    "temperature with thinking": (ask(thinking=THINK, temperature=0.5), "may only be set to 1"),
    "top_k with thinking": (ask(thinking=THINK, top_k=5), "`top_k` must be unset"),
    "top_p with thinking": (ask(thinking=THINK, top_p=0.5), "greater than or equal to 0.95"),
    "temperature and top_p": (ask(temperature=0.5, top_p=0.5), "cannot both be specified"),
    "temperature too high": (ask(temperature=1.5), "temperature"),
    "temperature on a new model": (
        ask(model="claude-opus-4-7", temperature=0.5),
        "is not supported for this model",
    ),
    "thinking not first": (
        said("a", [TEXT, USE], [RESULT], thinking=THINK),
        "Expected `thinking` or `redacted_thinking`, but found `text`",
    ),
    "five marks": (said([{**TEXT, **MARK} for _ in range(5)]), "Found 5"),
    "marks on tools and inside results count": (
        said(
            "a",
            [USE],
            [{**RESULT, "content": [{**TEXT, **MARK}], **MARK}],
            tools=[{**TOOL, **MARK}],
            system=[{**TEXT, **MARK}],
            **MARK,
        ),
        "Found 5",
    ),
    "long mark after a short one": (said([{**TEXT, **MARK}, {**TEXT, **LONG_MARK}]), "must not come after"),
    "prefill": (said("a", "b", model="claude-opus-4-6"), "does not support assistant message prefill"),
    "prefill that ends in a blank": (said("a", "b "), "trailing whitespace"),
    "user_id": (ask(metadata={"user_id": 7}), "metadata.user_id: Input should be a string"),
    "metadata": (ask(metadata={"a": "b"}), "metadata.a: Extra inputs"),
    "effort": (ask(output_config={"effort": "minimal"}), "output_config.effort"),
    "format name": (
        ask(output_config={"format": {"type": "json_schema", "schema": {}, "name": "n"}}),
        "output_config.format.name: Extra inputs",
    ),
    "stop sequence": (ask(stop_sequences=[" "]), "non-whitespace"),
    "tier": (ask(service_tier="priority"), "service_tier"),
}
ACCEPTED = {
    "prefill on an old model": said("a", "b"),
    "thinking first": said("a", [THOUGHT, TEXT, USE], [RESULT, TEXT], thinking=THINK),
    "neighbours are merged": ask(messages=[USER, USER, {"role": "assistant", "content": "b"}, USER]),
    "results over two messages": ask(
        messages=[
            USER,
            {"role": "assistant", "content": [USE, {**USE, "id": "toolu_2"}]},
            {"role": "user", "content": [RESULT]},
            {"role": "user", "content": [{**RESULT, "tool_use_id": "toolu_2"}]},
        ]
    ),
    "system in the middle": ask(messages=[USER, {"role": "system", "content": "be brief"}]),
    "adaptive": ask(model="claude-opus-5", thinking={"type": "adaptive"}, output_config={"effort": "max"}),
    "typed tool": ask(tools=[{"type": "web_search_20260318", "name": "web_search", "max_uses": 2}]),
    "result without content": said("a", [USE], [{"type": "tool_result", "tool_use_id": "toolu_1"}]),
    "long before short": said([{**TEXT, **LONG_MARK}, {**TEXT, **MARK}]),
}


def remembering() -> Memory:
    memory = Memory("anthropic_messages")
    memory.keep(SEAL)
    return memory


@pytest.mark.parametrize("name", REFUSED)
def test_refuses(name: str) -> None:
    body, words = REFUSED[name]
    error = refusal(AnthropicMessages(), "/messages", body, memory=remembering())
    assert error is not None
    assert words in error["error"]["message"]
    assert (error["type"], error["error"]["type"]) == ("error", "invalid_request_error")


@pytest.mark.parametrize("name", ACCEPTED)
def test_accepts(name: str) -> None:
    assert refusal(AnthropicMessages(), "/messages", ACCEPTED[name], memory=remembering()) is None


def test_a_beta_header_opens_its_field() -> None:
    headers = {"anthropic-beta": "effort-2025-11-24,context-management-2025-06-27"}
    body = ask(context_management={"edits": []})
    assert refusal(AnthropicMessages(), "/messages", body, headers=headers) is None


def test_the_version_header_is_required() -> None:
    error = refusal(AnthropicMessages(), "/messages", ask(), headers={"anthropic-version": "x"})
    assert error is None
    vendor = AnthropicMessages()
    vendor.dialect = "openai_chat"  # whose headers lack it
    assert "anthropic-version" in refusal(vendor, "/messages", ask())["error"]["message"]


def test_counting_takes_neither_limit_nor_stream() -> None:
    path = "/messages/count_tokens"
    assert refusal(AnthropicMessages(), path, without("max_tokens")) is None
    extras: list[dict[str, Any]] = [
        {"max_tokens": 5},
        {"stream": True},
        {"stop_sequences": ["x"]},
        {"metadata": {}},
    ]
    for extra in extras:
        error = refusal(AnthropicMessages(), path, without("max_tokens") | extra)
        assert "Extra inputs are not permitted" in error["error"]["message"]


def test_the_field_lists_are_the_sdks() -> None:
    create = typing.get_type_hints(message_create_params.MessageCreateParamsNonStreaming)
    count = typing.get_type_hints(message_count_tokens_params.MessageCountTokensParams)
    assert set(TOP_LEVEL) == set(create)
    assert set(COUNT_FIELDS) == set(count)
