"""Streams, part 1: what order, index and name the pieces of a reply have (145 to 148, 171 to 183)."""

import json
from typing import Any

import pytest

from tests.edge_cases.through import (
    ANTHROPIC,
    CHAT,
    EVERY,
    GEMINI,
    RESPONSES,
    decoded,
    hello,
    reply,
    streamed,
)
from tests.upstreams.lint import lint

HEAD = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "upstream-model"}
USAGE = {"prompt_tokens": 5, "completion_tokens": 7, "total_tokens": 12}
TOOLS: dict[str, Any] = {"type": "object", "properties": {}}


def chunk(delta: Any, finish: str | None = None, **more: Any) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return {**HEAD, "choices": [choice], **more}


def call(index: int, arguments: str, **first: str) -> dict[str, Any]:
    head = {"id": first["id"], "type": "function"} if first else {}
    named = {"name": first["name"]} if first else {}
    return {"tool_calls": [{"index": index, **head, "function": {**named, "arguments": arguments}}]}


def anthropic(*blocks: dict[str, Any], stop: str = "end_turn") -> list[dict[str, Any]]:
    """A message of Anthropic's with these blocks, each with its deltas under ``deltas``."""
    usage = {"input_tokens": 5, "output_tokens": 1}
    message: dict[str, Any] = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "upstream-model",
    }
    message = {**message, "content": [], "stop_reason": None, "stop_sequence": None, "usage": usage}
    events: list[dict[str, Any]] = [{"type": "message_start", "message": message}]
    for index, block in enumerate(blocks):
        opened = {name: value for name, value in block.items() if name != "deltas"}
        events.append({"type": "content_block_start", "index": index, "content_block": opened})
        deltas = block.get("deltas", ())
        events += [{"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas]
        events.append({"type": "content_block_stop", "index": index})
    delta = {"stop_reason": stop, "stop_sequence": None}
    events.append({"type": "message_delta", "delta": delta, "usage": {"output_tokens": 9}})
    return [*events, {"type": "message_stop"}]


def text_block(text: str) -> dict[str, Any]:
    return {"type": "text", "text": "", "deltas": [{"type": "text_delta", "text": text}]}


def tool_block(name: str) -> dict[str, Any]:
    block = {"type": "tool_use", "id": f"toolu_{name}", "name": name, "input": {}}
    return {**block, "deltas": [{"type": "input_json_delta", "partial_json": '{"a":1}'}]}


def test_case_145_parallel_calls_that_interleave_open_one_block_at_a_time() -> None:
    sent = [
        chunk({"role": "assistant", "content": None}),
        chunk(call(0, "", id="c0", name="f")),
        chunk(call(1, "", id="c1", name="g")),
        chunk(call(0, '{"a":')),
        chunk(call(1, '{"b":')),
        chunk(call(0, "1}")),
        chunk(call(1, "2}")),
        chunk({}, "tool_calls"),
        {**HEAD, "choices": [], "usage": USAGE},
    ]
    events = streamed(CHAT, sent, ANTHROPIC)
    opened, seen, texts = None, [], {0: "", 1: ""}
    for event in events:
        match event["type"]:
            case "content_block_start":
                assert opened is None
                opened = event["index"]
                seen.append((opened, event["content_block"]["name"]))
            case "content_block_delta":
                assert event["index"] == opened
                texts[event["index"]] += event["delta"]["partial_json"]
            case "content_block_stop":
                assert event["index"] == opened
                opened = None
    assert seen == [(0, "f"), (1, "g")]
    assert [json.loads(text) for text in texts.values()] == [{"a": 1}, {"b": 2}]


def test_case_146_the_first_call_after_a_text_is_number_0_for_chat() -> None:
    events = streamed(ANTHROPIC, anthropic(text_block("So."), tool_block("f"), stop="tool_use"), CHAT)
    deltas = [choice["delta"] for event in events if isinstance(event, dict) for choice in event["choices"]]
    indexes = {one["index"] for delta in deltas for one in delta.get("tool_calls", ())}
    assert indexes == {0}


def test_case_147_text_after_a_call_closes_the_call_first() -> None:
    sent = anthropic(tool_block("f"), text_block("Then."), stop="tool_use")
    back = streamed(ANTHROPIC, sent, ANTHROPIC)
    order = [(event["type"], event["index"]) for event in back if "index" in event]
    assert order.index(("content_block_stop", 0)) < order.index(("content_block_start", 1))
    items = [
        event["item"]["type"]
        for event in streamed(ANTHROPIC, sent, RESPONSES)
        if event["type"] == "response.output_item.added"
    ]
    assert items == ["function_call", "message"]


def test_case_148_usage_after_the_finish_reason_is_still_told() -> None:
    sent = [
        chunk({"role": "assistant", "content": "Hi."}),
        chunk({}, "stop"),
        {**HEAD, "choices": [], "usage": USAGE},
    ]
    events = streamed(CHAT, sent, ANTHROPIC)
    assert [event["type"] for event in events[-2:]] == ["message_delta", "message_stop"]
    assert events[-2]["usage"]["output_tokens"] == 7
    assert [event["type"] for event in events].count("message_delta") == 1


def test_case_171_an_empty_output_at_the_end_is_rebuilt_from_the_items_that_came() -> None:
    def item(index: int, value: dict[str, Any]) -> list[dict[str, Any]]:
        return [
            {"type": "response.output_item.added", "output_index": index, "item": {**value, "content": []}},
            {"type": "response.output_item.done", "output_index": index, "item": value},
        ]

    def said(name: str, text: str) -> dict[str, Any]:
        content = [{"type": "output_text", "text": text, "annotations": []}]
        return {"type": "message", "id": name, "role": "assistant", "status": "completed", "content": content}

    head = {"id": "resp_1", "object": "response", "created_at": 1, "model": "m", "output": []}
    sent = [
        {"type": "response.created", "response": {**head, "status": "in_progress"}},
        *item(0, said("msg_1", "One. ")),
        *item(1, said("msg_2", "Two.")),
        {"type": "response.completed", "response": {**head, "status": "completed"}},
    ]
    whole = reply(RESPONSES, sent, CHAT, stream=True)
    assert whole["choices"][0]["message"]["content"] == "One. Two."


def _arguments(kinds: tuple[str, ...]) -> list[dict[str, Any]]:
    item = {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "f", "arguments": ""}
    at = {"item_id": "fc_1", "output_index": 0}
    events: dict[str, list[dict[str, Any]]] = {
        "delta": [
            {"type": "response.function_call_arguments.delta", **at, "delta": '{"a"'},
            {"type": "response.function_call_arguments.delta", **at, "delta": ":1}"},
        ],
        "done": [{"type": "response.function_call_arguments.done", **at, "arguments": '{"a":1}'}],
    }
    done = {**item, "status": "completed", "arguments": '{"a":1}'}
    head = {"id": "resp_1", "object": "response", "created_at": 1, "model": "m", "output": []}
    return [
        {"type": "response.created", "response": {**head, "status": "in_progress"}},
        {"type": "response.output_item.added", "output_index": 0, "item": item},
        *(event for kind in kinds for event in events[kind]),
        {"type": "response.output_item.done", "output_index": 0, "item": done},
        {"type": "response.completed", "response": {**head, "status": "completed", "output": [done]}},
    ]


@pytest.mark.parametrize("kinds", [("delta",), ("done",), ("delta", "done"), ()])
@pytest.mark.parametrize("client", [CHAT, ANTHROPIC])
def test_case_172_arguments_are_told_once_however_they_came(client: str, kinds: tuple[str, ...]) -> None:
    events = streamed(RESPONSES, _arguments(kinds), client)
    if client == CHAT:
        deltas = [
            choice["delta"] for event in events if isinstance(event, dict) for choice in event["choices"]
        ]
        said = [one["function"]["arguments"] for delta in deltas for one in delta.get("tool_calls", ())]
    else:
        said = [event["delta"]["partial_json"] for event in events if event["type"] == "content_block_delta"]
    assert "".join(said) == '{"a":1}'


@pytest.mark.parametrize("named", ["item_id", "output_index", "call_id"])
def test_case_173_an_event_may_name_its_item_by_any_of_three_names(named: str) -> None:
    sent = _arguments(("delta",))
    for event in sent:
        if event["type"].startswith("response.function_call_arguments"):
            if named == "call_id":
                event["item_id"] = "call_1"
            if named != "output_index":
                del event["output_index"]
            else:
                del event["item_id"]
    events = streamed(RESPONSES, sent, ANTHROPIC)
    said = [event["delta"]["partial_json"] for event in events if event["type"] == "content_block_delta"]
    assert "".join(said) == '{"a":1}'


def test_case_174_a_step_that_stays_hidden_leaves_no_gap() -> None:
    hidden = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "x"}}
    result = {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": []}
    sent = anthropic(text_block("One."), hidden, result, text_block("Two."))
    events = streamed(ANTHROPIC, sent, RESPONSES)
    added = [event["output_index"] for event in events if event["type"] == "response.output_item.added"]
    assert added == list(range(len(added)))
    assert lint(RESPONSES, _bytes(events)) == []


def test_case_175_thinking_after_text_is_a_new_item_with_the_next_index() -> None:
    sent = [
        chunk({"role": "assistant", "content": "First."}),
        chunk({"reasoning_content": "Hm."}),
        chunk({"content": "Last."}),
        chunk({}, "stop"),
    ]
    events = streamed(CHAT, sent, RESPONSES)
    added = [
        (event["output_index"], event["item"]["type"])
        for event in events
        if event["type"] == "response.output_item.added"
    ]
    assert added == [(0, "message"), (1, "reasoning"), (2, "message")]


@pytest.mark.parametrize("client", [CHAT, RESPONSES, ANTHROPIC])
def test_case_176_two_texts_in_one_chunk_are_both_told(client: str) -> None:
    parts = [{"text": "One. "}, {"text": "Two."}]
    sent = [
        {"candidates": [{"content": {"role": "model", "parts": parts}, "index": 0}]},
        {"candidates": [{"content": {"role": "model", "parts": []}, "finishReason": "STOP", "index": 0}]},
    ]
    assert _text(client, streamed(GEMINI, sent, client)) == "One. Two."


def test_case_177_a_chunk_with_usage_alone_is_usage_alone() -> None:
    usage = {"promptTokenCount": 5, "candidatesTokenCount": 7, "totalTokenCount": 12}
    sent = [
        {"usageMetadata": {"promptTokenCount": 5}},
        {"candidates": [{"content": {"role": "model", "parts": [{"text": "Hi."}]}, "index": 0}]},
        {"candidates": [{"content": {"parts": []}, "finishReason": "STOP", "index": 0}]},
        {"usageMetadata": usage},
    ]
    events = streamed(GEMINI, sent, CHAT)
    assert _text(CHAT, events) == "Hi."
    assert [event["usage"]["completion_tokens"] for event in events[:-1] if event.get("usage")] == [7]


def test_case_178_a_blocked_prompt_is_a_filtered_answer_and_no_error() -> None:
    sent = {"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": {"promptTokenCount": 5}}
    (choice,) = reply(GEMINI, sent, CHAT)["choices"]
    assert (choice["finish_reason"], choice["message"]["content"]) == ("content_filter", None)
    message = reply(GEMINI, sent, ANTHROPIC)
    assert (message["stop_reason"], message["content"]) == ("refusal", [])
    assert streamed(GEMINI, [sent], ANTHROPIC)[-2]["delta"]["stop_reason"] == "refusal"


@pytest.mark.parametrize("upstream", EVERY)
def test_case_180_id_model_and_time_are_the_same_in_every_chunk(upstream: str) -> None:
    events = [event for event in streamed(upstream, _hi(upstream), CHAT) if isinstance(event, dict)]
    assert len(events) > 2
    assert len({(event["id"], event["model"], event["created"]) for event in events}) == 1


@pytest.mark.parametrize("upstream", EVERY)
@pytest.mark.parametrize("client", EVERY)
def test_case_181_the_reply_names_the_model_that_was_asked_for(client: str, upstream: str) -> None:
    asked = hello(client) if client == GEMINI else {**hello(client), "model": "mine"}
    name = decoded(client, asked).model
    told = json.dumps(streamed(upstream, _hi(upstream), client, asked))
    assert "upstream-model" not in told
    assert json.dumps(name) in told


def test_case_182_candidates_become_choices_with_their_own_counters() -> None:
    def parts(index: int, name: str) -> dict[str, Any]:
        found = [{"functionCall": {"name": name, "args": {"n": index}}}]
        return {"content": {"role": "model", "parts": found}, "finishReason": "STOP", "index": index}

    function = {"name": "f", "parameters": TOOLS}
    asked = {**hello(CHAT), "n": 2, "tools": [{"type": "function", "function": function}]}
    sent = {"candidates": [parts(0, "f"), parts(1, "f")], "usageMetadata": {"promptTokenCount": 5}}
    whole = reply(GEMINI, sent, CHAT, asked)
    assert [choice["index"] for choice in whole["choices"]] == [0, 1]
    numbers = {0: set[int](), 1: set[int]()}
    for event in streamed(GEMINI, [sent], CHAT, asked):
        for choice in event["choices"] if isinstance(event, dict) else ():
            numbers[choice["index"]] |= {one["index"] for one in choice["delta"].get("tool_calls", ())}
    assert numbers == {0: {0}, 1: {0}}


@pytest.mark.parametrize("client", EVERY)
def test_case_183_padding_against_eavesdroppers_is_dropped(client: str) -> None:
    """It hides the length of a piece on the vendor's own line; on ours there is nothing to hide it from."""
    sent = [{**event, "obfuscation": "a8Fh2"} for event in _hi(RESPONSES)]
    assert "a8Fh2" not in json.dumps(streamed(RESPONSES, sent, client))


def _hi(upstream: str) -> list[dict[str, Any]]:
    """A short reply of every vendor's, by a model of another name."""
    match upstream:
        case "openai_chat":
            return [chunk({"role": "assistant", "content": "Hi."}), chunk({}, "stop")]
        case "anthropic_messages":
            return anthropic(text_block("Hi."))
        case "gemini_generate":
            said = {
                "content": {"role": "model", "parts": [{"text": "Hi."}]},
                "finishReason": "STOP",
                "index": 0,
            }
            return [{"candidates": [said], "modelVersion": "upstream-model", "responseId": "r1"}]
    head = {"id": "resp_1", "object": "response", "created_at": 1, "model": "upstream-model", "output": []}
    content = [{"type": "output_text", "text": "Hi.", "annotations": []}]
    item = {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": content}
    at = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    return [
        {"type": "response.created", "response": {**head, "status": "in_progress"}},
        {"type": "response.output_item.added", "output_index": 0, "item": {**item, "content": []}},
        {"type": "response.output_text.delta", **at, "delta": "Hi."},
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {"type": "response.completed", "response": {**head, "status": "completed", "output": [item]}},
    ]


def _text(client: str, events: list[Any]) -> str:
    found = []
    for event in events:
        if not isinstance(event, dict):
            continue
        if client == CHAT:
            found += [choice["delta"].get("content") or "" for choice in event["choices"]]
        elif client == ANTHROPIC and event["type"] == "content_block_delta":
            found.append(event["delta"]["text"])
        elif client == RESPONSES and event["type"] == "response.output_text.delta":
            found.append(event["delta"])
    return "".join(found)


def _bytes(events: list[Any]) -> bytes:
    return "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events).encode()
