import json
from typing import Any

import pytest

from proxy_core.errors import DecodeError
from proxy_core.providers.demo.question import HARMLESS, Question, Tool, read

USER = {"role": "user", "content": "Say hi"}
CALL = {"role": "assistant", "content": None, "tool_calls": [{"id": "c", "type": "function"}]}
RESULT = {"role": "tool", "tool_call_id": "c", "content": "42"}
TOOL = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}
CUSTOM = {"type": "custom", "custom": {"name": "patch"}}


def asked(*messages: dict[str, Any], **fields: Any) -> Question:
    return read(json.dumps({"model": "demo-echo", "messages": messages or (USER,), **fields}).encode())


def test_the_plain_facts() -> None:
    question = asked(USER, max_tokens=9, stop="x", stream=True, stream_options={"include_usage": True})
    assert (question.model, question.said, question.turns) == ("demo-echo", "Say hi", 1)
    assert (question.limit, question.stop) == (9, ("x",))
    assert (question.stream, question.wants_usage, question.thinks) == (True, True, True)
    assert question.input_tokens == 2
    assert question.command == HARMLESS


def test_the_newer_limit_wins_and_effort_none_stops_thinking() -> None:
    stop = ["a", "", ["x"], 5, "b"]
    question = asked(max_tokens=9, max_completion_tokens=5, reasoning_effort="none", stop=stop)
    assert (question.limit, question.thinks, question.stop) == (5, False, ("a", "b"))


def test_text_is_taken_out_of_parts() -> None:
    parts = [
        {"type": "text", "text": "one"},
        {"type": "image_url", "image_url": {}},
        {"type": "text", "text": "two"},
    ]
    assert asked({"role": "user", "content": parts}).said == "one\ntwo"


@pytest.mark.parametrize(
    ("messages", "results"),
    [
        ((USER, CALL, RESULT), ("42",)),
        ((USER, CALL, RESULT, RESULT), ("42", "42")),
        # a reminder that a tool puts behind its results is no new question
        ((USER, CALL, RESULT, {"role": "user", "content": "a reminder"}), ("42",)),
        ((USER, CALL, RESULT, {"role": "assistant", "content": "done"}, USER), ()),
        ((USER,), ()),
    ],
)
def test_results_count_while_they_are_fresh(
    messages: tuple[dict[str, Any], ...], results: tuple[str, ...]
) -> None:
    assert asked(*messages).results == results


def test_the_last_command_in_the_user_s_words_is_used() -> None:
    first = {"role": "user", "content": "please <run>one</run> and <run>two\n</run>"}
    assert asked(first).command == "two"
    assert asked(first, USER).command == "two"
    assert asked({"role": "assistant", "content": "<run>bad</run>"}, USER).command == HARMLESS


def test_tools_of_both_forms() -> None:
    offered = [TOOL, CUSTOM, {"type": "web_search"}, 5]
    assert asked(tools=offered).tools == (
        Tool("look", {"type": "object"}, freeform=False),
        Tool("patch", None, freeform=True),
    )


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (None, ("auto", frozenset())),
        ("none", ("none", frozenset())),
        ("required", ("required", frozenset())),
        ({"type": "function", "function": {"name": "look"}}, ("required", {"look"})),
        ({"type": "custom", "custom": {"name": "patch"}}, ("required", {"patch"})),
        ({"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [TOOL]}}, ("auto", {"look"})),
    ],
)
def test_choices(choice: Any, expected: Any) -> None:
    question = asked(tools=[TOOL, CUSTOM], tool_choice=choice)
    assert (question.choice, question.only) == expected


@pytest.mark.parametrize(
    ("wanted", "schema"),
    [
        ({"type": "text"}, None),
        (
            {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "array"}}},
            {"type": "array"},
        ),
    ],
)
def test_formats(wanted: Any, schema: Any) -> None:
    assert asked(response_format=wanted).schema == schema


@pytest.mark.parametrize("body", [b"", b"[]", b"{"])
def test_what_is_no_request_is_refused(body: bytes) -> None:
    with pytest.raises(DecodeError):
        read(body)


def test_nonsense_in_a_request_is_left_out() -> None:
    question = read(
        b'{"messages":[5,{"role":"user","content":7}],"max_tokens":"x","tools":{},"stop":{},"tool_choice":7}'
    )
    assert (question.said, question.limit, question.tools, question.choice) == ("", None, (), "auto")
