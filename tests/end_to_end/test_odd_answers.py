"""Answers that a vendor should not give, but gives: clients of the other dialects get something sane."""

import json
from typing import Any

import pytest

from tests.end_to_end.client import calling, path
from tests.end_to_end.line import account, running
from tests.end_to_end.meaning import sdk
from tests.end_to_end.turns import SCHEMA, Given, opening, said, texts
from tests.upstreams.lint import lint
from tests.upstreams.server import FakeVendor

# google-genai 3.4 subclasses aiohttp's session, which aiohttp dislikes
pytestmark = pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession:DeprecationWarning")

STREAM = pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])


def _sse(*chunks: Any, named: bool = False) -> list[bytes]:
    return [
        (f"event: {chunk['type']}\n" if named else "").encode()
        + b"data: "
        + json.dumps(chunk).encode()
        + b"\n\n"
        for chunk in chunks
    ]


def _chat(message: dict[str, Any], deltas: list[dict[str, Any]], finish: str) -> Given:
    head = {"id": "c1", "created": 1, "model": "m"}
    usage = {"prompt_tokens": 5, "completion_tokens": 4, "total_tokens": 9}
    choice = {
        "index": 0,
        "message": {"role": "assistant", **message},
        "finish_reason": finish,
        "logprobs": None,
    }
    body = {**head, "object": "chat.completion", "choices": [choice], "usage": usage}

    def chunk(delta: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
        one = {"index": 0, "delta": delta, "finish_reason": reason, "logprobs": None}
        return {**head, "object": "chat.completion.chunk", "choices": [one]}

    last = {**head, "object": "chat.completion.chunk", "choices": [], "usage": usage}
    chunks = [chunk({"role": "assistant", "content": ""}), *map(chunk, deltas), chunk({}, finish), last]
    return Given(body, [*_sse(*chunks), b"data: [DONE]\n\n"])


def _call(arguments: str, **more: Any) -> dict[str, Any]:
    return {**more, "id": "call_1", "type": "function", "function": {"name": "shell", "arguments": arguments}}


# Odd answers of a chat vendor, and what (text, calls, finish) may come of them.
ODD: dict[str, tuple[Given, str, list[Any], set[str]]] = {
    "refusal": (
        _chat({"content": None, "refusal": "I won't."}, [{"refusal": "I wo"}, {"refusal": "n't."}], "stop"),
        "I won't.", [], {"stop", "filter"},
    ),
    "no arguments": (
        _chat({"content": None, "tool_calls": [_call("")]},
              [{"tool_calls": [_call("", index=0)]}], "tool_calls"),
        "", [{"name": "shell", "args": {}}], {"tool"},
    ),
    "finish stop with a call": (
        _chat({"content": "a", "tool_calls": [_call('{"command":"x"}')]},
              [{"content": "a"}, {"tool_calls": [_call('{"command":"x"}', index=0)]}], "stop"),
        "a", [{"name": "shell", "args": {"command": "x"}}], {"tool"},
    ),
    "finish tool_calls without a call": (
        _chat({"content": "a"}, [{"content": "a"}], "tool_calls"), "a", [], {"stop"},
    ),
    "cut inside a call": (
        _chat({"content": "a", "tool_calls": [_call('{"command":"rm -')]},
              [{"content": "a"}, {"tool_calls": [_call('{"command":', index=0)]},
               {"tool_calls": [{"index": 0, "function": {"arguments": '"rm -'}}]}], "length"),
        "a", [], {"length"},
    ),
    "interleaved with text": (
        _chat({"content": "ab", "tool_calls": [_call('{"command":"x"}')]},
              [{"content": "a"}, {"tool_calls": [_call('{"command":', index=0)]}, {"content": "b"},
               {"tool_calls": [{"index": 0, "function": {"arguments": '"x"}'}}]}], "tool_calls"),
        "ab", [{"name": "shell", "args": {"command": "x"}}], {"tool"},
    ),
}  # fmt: skip


@STREAM
@pytest.mark.parametrize("client", ["openai_responses", "anthropic_messages", "gemini_generate"])
@pytest.mark.parametrize("name", list(ODD))
async def test_odd_answers_are_made_sense_of(client: str, name: str, stream: bool) -> None:
    answer, text, made, finish = ODD[name]
    async with (
        FakeVendor("openai_chat", behaviour=answer) as vendor,
        running([account("one", vendor, "gpt-6-astra")]) as line,
        calling(line) as caller,
        sdk(client, line.url, line.key) as tool,
    ):
        body = opening(client, "Go.", [("shell", SCHEMA)], think=False)
        if name == "cut inside a call":
            found = await said(tool, client, "gpt-6-astra", body, stream)
            assert texts(client, found) == "a"
        else:
            meant = await tool.ask("gpt-6-astra", body, stream)
            assert (meant.text, meant.calls) == (text, made)
            assert meant.finish in finish
        if client != "gemini_generate":
            body |= {"model": "gpt-6-astra", "stream": True}
        raw = await caller.post(path(client, "gpt-6-astra", stream=True), body)
        assert lint(client, raw.body) == []
        assert vendor.refusals == []


def _gemini(*candidates: dict[str, Any], **more: Any) -> Given:
    usage = {"promptTokenCount": 5, "candidatesTokenCount": 4, "totalTokenCount": 9}
    body = {
        "candidates": list(candidates),
        "usageMetadata": usage,
        "modelVersion": "m",
        "responseId": "r",
        **more,
    }
    return Given(body, _sse(body))


def _model(*parts: dict[str, Any], reason: str = "STOP", index: int = 0) -> dict[str, Any]:
    content = {"role": "model", "parts": list(parts)} if parts else {}
    return {"content": content, "finishReason": reason, "index": index}


def _message(reason: str, *texts: str) -> Given:
    usage = {"input_tokens": 5, "output_tokens": 4}
    head = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "stop_sequence": None}
    blocks = [{"type": "text", "text": text} for text in texts]
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": {**head, "content": [], "stop_reason": None, "usage": usage}}
    ]
    for index, text in enumerate(texts):
        place = {"index": index}
        events += [
            {"type": "content_block_start", **place, "content_block": {"type": "text", "text": ""}},
            {"type": "content_block_delta", **place, "delta": {"type": "text_delta", "text": text}},
            {"type": "content_block_stop", **place},
        ]
    ending = {"stop_reason": reason, "stop_sequence": None}
    events += [{"type": "message_delta", "delta": ending, "usage": usage}, {"type": "message_stop"}]
    body = {**head, "content": blocks, "stop_reason": reason, "usage": usage}
    return Given(body, _sse(*events, named=True))


# Upstream, its answer, and (text, finish words) that a client may see.
ENDS: dict[str, tuple[str, Given, str, set[str]]] = {
    "thinking ate the budget": ("gemini_generate", _gemini(_model(reason="MAX_TOKENS")), "", {"length"}),
    "safety": ("gemini_generate", _gemini(_model({"text": "Well"}, reason="SAFETY")), "Well", {"filter"}),
    "recitation": ("gemini_generate", _gemini(_model({"text": "a"}, reason="RECITATION")), "a", {"filter"}),
    "two texts in one chunk": (
        "gemini_generate", _gemini(_model({"text": "a"}, {"text": ""}, {"text": "b"})), "ab", {"stop"},
    ),
    "pause": ("anthropic_messages", _message("pause_turn", "a", "b"), "ab", {"stop", "other"}),
    "full context": ("anthropic_messages", _message("model_context_window_exceeded", "a"), "a", {"length"}),
    "a reason of tomorrow": ("anthropic_messages", _message("bored", "a"), "a", {"stop", "other"}),
}  # fmt: skip


@STREAM
@pytest.mark.parametrize(
    "client", ["openai_chat", "openai_responses", "anthropic_messages", "gemini_generate"]
)
@pytest.mark.parametrize("name", list(ENDS))
async def test_every_end_is_told_in_the_client_s_words(client: str, name: str, stream: bool) -> None:
    upstream, answer, text, finish = ENDS[name]
    if client == upstream:
        pytest.skip("passed through")
    async with (
        FakeVendor(upstream, behaviour=answer) as vendor,
        running([account("one", vendor, "some-model")]) as line,
        calling(line) as caller,
        sdk(client, line.url, line.key) as tool,
    ):
        body = opening(client, "Go.", think=False)
        meant = await tool.ask("some-model", body, stream)
        assert (meant.text, meant.finish in finish) == (text, True), meant
        if client != "gemini_generate":
            body |= {"model": "some-model", "stream": True}
        raw = await caller.post(path(client, "some-model", stream=True), body)
        assert lint(client, raw.body) == []
        assert vendor.refusals == []


@STREAM
@pytest.mark.parametrize("client", ["openai_chat", "openai_responses", "anthropic_messages"])
async def test_a_malformed_call_with_nothing_else_is_an_error(client: str, stream: bool) -> None:
    answer = _gemini(_model(reason="MALFORMED_FUNCTION_CALL"))
    async with (
        FakeVendor("gemini_generate", behaviour=answer) as vendor,
        running([account("one", vendor, "some-model")]) as line,
        calling(line) as caller,
    ):
        body = {**opening(client, "Go.", think=False), "model": "some-model", "stream": stream}
        got = await caller.post(path(client, "some-model", stream=stream), body)
    if client == "anthropic_messages":
        assert b"end_turn" in got.body
        assert not stream or lint(client, got.body) == []
    elif stream and client == "openai_responses":
        assert b"response.failed" in got.body
        assert lint(client, got.body) == []
    else:
        # nothing was said, so it has a status, and another account could have answered
        assert (got.status, b"error" in got.body) == (502 if client == "openai_chat" else got.status, True)


@STREAM
async def test_several_candidates_keep_apart(stream: bool) -> None:
    call = {"functionCall": {"name": "shell", "args": {"command": "x"}}}
    answer = _gemini(_model({"text": "a"}, call), _model({"text": "b"}, call, call, index=1))
    body = {
        **opening("openai_chat", "Go.", [("shell", SCHEMA)], think=False),
        "n": 2,
        "model": "m",
        "stream": stream,
    }
    async with (
        FakeVendor("gemini_generate", behaviour=answer) as vendor,
        running([account("one", vendor, "m")]) as line,
        calling(line) as caller,
    ):
        got = await caller.post("/v1/chat/completions", body)
        assert vendor.requests[-1].body["generationConfig"]["candidateCount"] == 2
        assert vendor.refusals == []
    if stream:
        assert lint("openai_chat", got.body) == []
        return
    choices = json.loads(got.body)["choices"]
    messages = [choice["message"] for choice in choices]
    assert [choice["index"] for choice in choices] == [0, 1]
    assert [(message["content"], len(message["tool_calls"])) for message in messages] == [("a", 1), ("b", 2)]
    assert {one["finish_reason"] for one in choices} == {"tool_calls"}
