"""Cases 75 to 87: calls that a vendor makes, whole, cut, broken, or in pieces."""

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
    hello,
    reply,
    streamed,
    streamed_bytes,
)
from tests.edge_cases.tool_shapes import answer, responses, seen
from tests.upstreams.lint import lint

FINISH = {
    CHAT: lambda got: got["choices"][0]["finish_reason"],
    RESPONSES: lambda got: (got.get("incomplete_details") or {}).get("reason") or got["status"],
    ANTHROPIC: lambda got: got["stop_reason"],
    GEMINI: lambda got: got["candidates"][0]["finishReason"],
}
TOOL = {CHAT: "tool_calls", RESPONSES: "completed", ANTHROPIC: "tool_use", GEMINI: "STOP"}
LENGTH = {CHAT: "length", RESPONSES: "max_output_tokens", ANTHROPIC: "max_tokens", GEMINI: "MAX_TOKENS"}


def _pairs(*vendors: str) -> list[tuple[str, str]]:
    """Vendors with every client of another dialect."""
    return [(vendor, client) for vendor in vendors for client in EVERY if client != vendor]


def made(client: str, got: Any) -> list[tuple[str, Any]]:
    """The calls of a whole reply, as (name, arguments as they stand)."""
    if client == CHAT:
        calls = got["choices"][0]["message"].get("tool_calls", ())
        return [(call["function"]["name"], call["function"]["arguments"]) for call in calls]
    if client == RESPONSES:
        return [(one["name"], one["arguments"]) for one in got["output"] if one["type"] == "function_call"]
    if client == ANTHROPIC:
        return [(one["name"], one["input"]) for one in got["content"] if one["type"] == "tool_use"]
    parts = got["candidates"][0]["content"]["parts"]
    return [(p["functionCall"]["name"], p["functionCall"]["args"]) for p in parts if "functionCall" in p]


def chunk(delta: Any = None, finish: str | None = None) -> dict[str, Any]:
    """One chunk of a Chat stream."""
    choice = {"index": 0, "delta": delta or {}, "finish_reason": finish}
    return {"id": "c1", "created": 1, "model": "m", "object": "chat.completion.chunk", "choices": [choice]}


def piece(index: int = 0, **call: Any) -> dict[str, Any]:
    """A chunk with a fragment of a call."""
    return chunk({"tool_calls": [{"index": index, **call}]})


@pytest.mark.parametrize("client", [CHAT, RESPONSES, ANTHROPIC])
def test_case_075_a_call_of_gemini_ends_as_a_call(client: str) -> None:
    got = reply(GEMINI, answer(GEMINI, ("f", {"a": 1})), client)
    assert FINISH[client](got) == TOOL[client]
    call = {"functionCall": {"name": "f", "args": {"a": 1}}}
    chunks = [
        {"responseId": "r", "candidates": [{"index": 0, "content": {"role": "model", "parts": [call]}}]},
        {"responseId": "r", "candidates": [{"index": 0, "content": {}, "finishReason": "STOP"}]},
    ]
    assert FINISH[client](reply(GEMINI, chunks, client, stream=True)) == TOOL[client]


@pytest.mark.parametrize(("vendor", "client"), _pairs(CHAT, RESPONSES, ANTHROPIC))
def test_case_076_a_complete_call_at_the_limit_is_a_call(vendor: str, client: str) -> None:
    got = reply(vendor, answer(vendor, ("f", {"a": 1}), finish=LENGTH[vendor]), client)
    assert FINISH[client](got) == TOOL[client]
    assert len(made(client, got)) == 1


@pytest.mark.parametrize("text", ['{"a":"unfin', "", '{"a":1'])
@pytest.mark.parametrize(("vendor", "client"), _pairs(CHAT, RESPONSES))
def test_case_076_a_cut_call_is_the_limit_and_nothing_to_run(vendor: str, client: str, text: str) -> None:
    given = answer(vendor, ("g", {"b": 2}), ("f", text), finish=LENGTH[vendor], text="Hm.")
    got = reply(vendor, given, client)
    assert FINISH[client](got) == LENGTH[client]
    assert "_raw" not in json.dumps(got)
    if client in (ANTHROPIC, GEMINI):
        assert made(client, got) == [("g", {"b": 2})]
    else:  # as their own vendors do: the text as far as it came, marked as unfinished
        assert made(client, got)[-1] == ("f", text)
    events = streamed_bytes(vendor, given, client, stream=False)
    assert b"_raw" not in events
    assert lint(client, events) == []
    if client == RESPONSES:
        assert got["output"][-1]["status"] == "incomplete"


@pytest.mark.parametrize("client", [RESPONSES, ANTHROPIC, GEMINI])
def test_case_076_a_stream_that_is_cut_inside_a_call(client: str) -> None:
    head: dict[str, Any] = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": ""}}
    chunks = [
        piece(**head),
        piece(function={"arguments": '{"a":"un'}),
        piece(function={"arguments": "fin"}),
        chunk(finish="length"),
    ]
    body = streamed_bytes(CHAT, chunks, client)
    assert lint(client, body) == []
    events = streamed(CHAT, chunks, client)
    match client:
        case "openai_responses":
            assert events[-1]["type"] == "response.incomplete"
            assert [item["status"] for item in events[-1]["response"]["output"]] == ["incomplete"]
        case "anthropic_messages":
            assert [e["delta"]["stop_reason"] for e in events if e["type"] == "message_delta"] == [
                "max_tokens"
            ]
        case _:
            assert b"functionCall" not in body
            assert events[-1]["candidates"][0]["finishReason"] == "MAX_TOKENS"


def test_case_076_a_cut_freeform_input_shows_what_came_and_is_not_complete() -> None:
    body = responses(tools=[{"type": "custom", "name": "exec"}])
    sent = encoded(RESPONSES, body, CHAT, strict=False)
    assert sent.body["tools"][0]["type"] == "function"
    given = {**answer(ANTHROPIC, ("exec", {}), finish="max_tokens")}
    frames: list[Any] = [
        {"type": "message_start", "message": {**given, "content": [], "stop_reason": None}},
        {
            "type": "content_block_start",
            "index": 0,
            "content_block": {"type": "tool_use", "id": "t", "name": "exec", "input": {}},
        },
        {
            "type": "content_block_delta",
            "index": 0,
            "delta": {"type": "input_json_delta", "partial_json": '{"input":"rm -rf /tm'},
        },
        {"type": "content_block_stop", "index": 0},
        {
            "type": "message_delta",
            "delta": {"stop_reason": "max_tokens", "stop_sequence": None},
            "usage": {"output_tokens": 9},
        },
        {"type": "message_stop"},
    ]
    events = streamed(ANTHROPIC, frames, RESPONSES, body)
    (item,) = events[-1]["response"]["output"]
    assert events[-1]["type"] == "response.incomplete"
    assert (item["type"], item["input"], item["status"]) == ("custom_tool_call", "rm -rf /tm", "incomplete")


@pytest.mark.parametrize("order", [("text", "call"), ("call", "text")])
@pytest.mark.parametrize("client", [CHAT, RESPONSES, ANTHROPIC])
def test_case_077_text_and_call_are_both_delivered(client: str, order: tuple[str, str]) -> None:
    parts = {"text": {"text": "Look."}, "call": {"functionCall": {"name": "f", "args": {}}}}
    candidate = {"content": {"role": "model", "parts": [parts[one] for one in order]}, "finishReason": "STOP"}
    got = reply(GEMINI, {"responseId": "r", "candidates": [candidate]}, client)
    assert "Look." in json.dumps(got)
    assert [name for name, _ in made(client, got)] == ["f"]
    assert FINISH[client](got) == TOOL[client]


@pytest.mark.parametrize("client", EVERY)
def test_case_078_no_arguments_are_an_empty_object(client: str) -> None:
    got = reply(CHAT, answer(CHAT, ("f", "")), client)
    assert made(client, got) == [("f", {} if client in (ANTHROPIC, GEMINI) else "{}")]
    head: dict[str, Any] = {"id": "call_1", "type": "function", "function": {"name": "f"}}
    whole = reply(CHAT, [piece(**head), chunk(finish="tool_calls")], client, stream=True)
    assert made(client, whole) == made(client, got)


@pytest.mark.parametrize("target", [CHAT, RESPONSES, ANTHROPIC, GEMINI])
def test_case_078_also_in_the_history(target: str) -> None:
    wire = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": ""}}
    turns = [
        {"role": "user", "content": "x"},
        {"role": "assistant", "content": None, "tool_calls": [wire]},
        {"role": "tool", "tool_call_id": "c1", "content": "ok"},
    ]
    (call,), _ = seen(target, encoded(CHAT, {"messages": turns}, target).body)
    assert json.loads(call.arguments) == {}


@pytest.mark.parametrize("client", [CHAT, RESPONSES, ANTHROPIC])
@pytest.mark.parametrize("args", [{}, {"args": None}])
def test_case_079_gemini_calls_without_args(client: str, args: Any) -> None:
    call = {"functionCall": {"name": "f", **args}}
    given = {"responseId": "r", "candidates": [{"content": {"parts": [call]}, "finishReason": "STOP"}]}
    assert made(client, reply(GEMINI, given, client)) == [("f", {} if client == ANTHROPIC else "{}")]


@pytest.mark.parametrize("client", EVERY)
def test_case_080_broken_arguments_never_break_the_reply(client: str) -> None:
    broken = "{'a': 1,"
    got = reply(CHAT, answer(CHAT, ("f", broken)), client)
    wanted: Any = {"_raw": broken} if client in (ANTHROPIC, GEMINI) else broken
    assert made(client, got) == [("f", wanted)]
    assert FINISH[client](got) == TOOL[client]
    faults = lint(client, streamed_bytes(CHAT, answer(CHAT, ("f", broken)), client, stream=False))
    wants_object = client in (ANTHROPIC, GEMINI)  # elsewhere the text is passed through as it is
    assert [fault for fault in faults if wants_object or "not JSON" not in fault] == []


@pytest.mark.parametrize("size", [1, 4, 100])
@pytest.mark.parametrize(
    "broken", ["{'a': 1,", '{"a": 1, oops', '{"a": [1}', "[1]", '{"a": 1}}', '{"a": "x\ny"}']
)
def test_case_080_a_stream_of_broken_arguments_stays_json_for_those_who_want_objects(
    broken: str, size: int
) -> None:
    """What was sent cannot be taken back: the object is ended, with the whole text beside what was read."""

    def chunk(delta: Any, finish: str | None = None) -> Any:
        return {
            "id": "c",
            "object": "chat.completion.chunk",
            "created": 1,
            "model": "m",
            "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
        }

    def part(**more: Any) -> Any:
        return chunk({"tool_calls": [{"index": 0, **more}]})

    begun = part(id="call_1", type="function", function={"name": "f", "arguments": ""})
    pieces = [broken[at : at + size] for at in range(0, len(broken), size)]
    said = [part(function={"arguments": piece}) for piece in pieces]
    chunks = [chunk({"role": "assistant"}), begun, *said, chunk({}, "tool_calls")]
    for client in (ANTHROPIC, GEMINI):
        got = streamed_bytes(CHAT, chunks, client)
        assert lint(client, got) == []
    deltas = [event.get("delta", {}) for event in streamed(CHAT, chunks, ANTHROPIC)]
    given = json.loads("".join(delta.get("partial_json", "") for delta in deltas))
    assert given.get("_raw") == broken or given == {"a": 1}


@pytest.mark.parametrize("target", [CHAT, RESPONSES, GEMINI])
@pytest.mark.parametrize("value", [[1, 2], "text", 5])
def test_case_081_input_that_is_no_object_keeps_its_value(value: Any, target: str) -> None:
    turns = [
        {"role": "user", "content": "x"},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "t1", "name": "f", "input": value}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": "ok"}]},
    ]
    (call,), _ = seen(target, encoded(ANTHROPIC, {"messages": turns}, target).body)
    kept = json.loads(call.arguments)
    assert (json.loads(kept["_raw"]) if target == GEMINI else kept) == value


def _round(call_id: str) -> dict[str, Any]:
    wire = {"id": call_id, "type": "function", "function": {"name": "f", "arguments": "{}"}}
    turns = [
        {"role": "user", "content": "x"},
        {"role": "assistant", "content": None, "tool_calls": [wire]},
        {"role": "tool", "tool_call_id": call_id, "content": "ok"},
    ]
    return {"messages": turns}


@pytest.mark.parametrize("target", EVERY)
def test_case_082_ids_are_cleaned_on_call_and_result(target: str) -> None:
    (call,), ((answered, _),) = seen(target, encoded(CHAT, _round("call.1:a/b"), target).body)
    assert call.id == answered
    if target != GEMINI:
        assert call.id.replace("_", "").replace("-", "").isalnum()
        assert call.id.startswith("call_1_a_b")


@pytest.mark.parametrize("target", [CHAT, RESPONSES, ANTHROPIC])
def test_case_083_long_ids_are_shortened_the_same_every_time(target: str) -> None:
    long = "call_" + "x" * 200
    first = seen(target, encoded(CHAT, _round(long), target).body)
    (call,), ((answered, _),) = first
    assert call.id == answered
    assert len(call.id) <= 64
    assert first == seen(target, encoded(CHAT, _round(long), target).body)
    (other,), _ = seen(target, encoded(CHAT, _round(long + "y"), target).body)
    assert other.id != call.id


@pytest.mark.parametrize("client", [RESPONSES, ANTHROPIC, GEMINI])
def test_case_084_a_missing_id_is_made_once_and_stays(client: str) -> None:
    late = [
        piece(type="function", function={"name": "f", "arguments": '{"a":'}),
        piece(function={"arguments": "1}"}),
        chunk(finish="tool_calls"),
    ]
    ids = set()
    for events in (streamed(CHAT, late, client), streamed(CHAT, late, client)):
        ids |= set(re.findall(r"call_[0-9a-f]{8,}", json.dumps(events)))
    assert len(ids) == 1
    assert lint(client, streamed_bytes(CHAT, late, client)) == []


NAMES: list[list[dict[str, Any]]] = [
    [
        piece(id="call_1", type="function", function={"name": "", "arguments": ""}),
        piece(function={"name": "f"}),
        piece(function={"arguments": "{}"}),
    ],
    [
        piece(id="call_1", function={"name": None, "arguments": "{"}),
        piece(id="call_1", function={"name": "f", "arguments": "}"}),
        piece(id="call_1", function={"name": "f"}),
    ],
    [
        piece(function={"name": 5, "arguments": "{}"}),
        piece(id="call_1"),
        piece(id=None, function={"name": "f"}),
    ],
]


@pytest.mark.parametrize("pieces", NAMES, ids=["late", "repeated", "no-string"])
@pytest.mark.parametrize("client", [RESPONSES, ANTHROPIC, GEMINI])
def test_case_085_a_call_is_announced_with_its_real_name_and_id(client: str, pieces: Any) -> None:
    body = streamed_bytes(CHAT, [*pieces, chunk(finish="tool_calls")], client)
    assert lint(client, body) == []
    assert made(client, reply(CHAT, [*pieces, chunk(finish="tool_calls")], client, stream=True)) == [
        ("f", {} if client in (ANTHROPIC, GEMINI) else "{}")
    ]
    assert b"call_1" in body
    assert b'"name":""' not in body


def test_case_086_the_only_freeform_tool_lends_its_name() -> None:
    body = responses(tools=[{"type": "custom", "name": "exec"}])
    frames = [
        piece(type="custom", custom={"input": "1+"}),
        piece(custom={"input": "1"}),
        chunk(finish="tool_calls"),
    ]
    (item,) = streamed(CHAT, frames, RESPONSES, body)[-1]["response"]["output"]
    assert (item["type"], item["name"], item["input"]) == ("custom_tool_call", "exec", "1+1")
    two = responses(tools=[{"type": "custom", "name": "exec"}, {"type": "custom", "name": "other"}])
    assert streamed(CHAT, frames, RESPONSES, two)[-1]["response"]["output"] == []


@pytest.mark.parametrize("client", [RESPONSES, ANTHROPIC, GEMINI])
def test_case_087_a_call_without_a_name_is_none_and_forces_nothing(client: str) -> None:
    chunks = [chunk({"content": "Hm."}), piece(function={"arguments": "{}"}), chunk(finish="tool_calls")]
    got = reply(CHAT, chunks, client, hello(client), stream=True)
    assert made(client, got) == []
    assert FINISH[client](got) == {RESPONSES: "completed", ANTHROPIC: "end_turn", GEMINI: "STOP"}[client]
    assert lint(client, streamed_bytes(CHAT, chunks, client)) == []
