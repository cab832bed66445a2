import json
from typing import Any

import pytest
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from proxy_core.errors import UnsupportedError
from proxy_core.provider import LocalAnswer, Step, UpstreamCall
from proxy_core.providers.demo.catalogue import CREATED, MODELS
from proxy_core.providers.demo.upstream import DEMO
from proxy_core.sse import SseParser

TOOL = {
    "type": "function",
    "function": {
        "name": "shell",
        "parameters": {"type": "object", "properties": {"command": {"type": "string"}}},
    },
}
ANSWERING = [model.id for model in MODELS if not model.hidden]


def answered(model: str = "demo-echo", stream: bool = False, **fields: Any) -> tuple[LocalAnswer, list[Step]]:
    messages = [{"role": "user", "content": "Good morning 👋"}]
    body = json.dumps({"model": model, "messages": messages, "stream": stream, **fields}).encode()
    answer = DEMO.answer(DEMO.prepare(UpstreamCall("chat", "openai_chat", model, stream, body, None)))
    return answer, list(answer.steps)


def chunks(steps: list[Step]) -> list[ChatCompletionChunk]:
    events = SseParser().feed(b"".join(step.data for step in steps))
    assert events[-1].data == b"[DONE]"
    return [ChatCompletionChunk.model_validate_json(event.data) for event in events[:-1]]


def whole(**fields: Any) -> ChatCompletion:
    _, steps = answered(**fields)
    return ChatCompletion.model_validate_json(b"".join(step.data for step in steps))


@pytest.mark.parametrize("model", ANSWERING)
@pytest.mark.parametrize("stream", [False, True])
def test_the_same_request_gets_the_same_bytes(model: str, stream: bool) -> None:
    assert answered(model, stream)[1] == answered(model, stream)[1]


@pytest.mark.parametrize("model", ANSWERING)
@pytest.mark.parametrize("tools", [[], [TOOL]])
def test_stream_and_whole_say_the_same(model: str, tools: list[Any]) -> None:
    extra = {"tools": tools} if tools else {}
    answer, steps = answered(model, stream=True, stream_options={"include_usage": True}, **extra)
    assert answer.headers["content-type"].startswith("text/event-stream")
    reply = whole(model=model, **extra)
    seen = chunks(steps)
    deltas = [chunk.choices[0].delta.model_dump() for chunk in seen if chunk.choices]
    message = reply.choices[0].message.model_dump()
    assert "".join(delta.get("reasoning_content") or "" for delta in deltas) == message["reasoning_content"]
    assert "".join(delta.get("content") or "" for delta in deltas) == (message["content"] or "")
    calls = [call for delta in deltas for call in delta.get("tool_calls") or ()]
    arguments = "".join(call["function"]["arguments"] for call in calls)
    assert arguments == "".join(call["function"]["arguments"] for call in message["tool_calls"] or ())
    assert bool(calls) == bool(tools)
    assert seen[-2].choices[0].finish_reason == reply.choices[0].finish_reason
    assert seen[-1].usage == reply.usage
    assert {chunk.id for chunk in seen} == {reply.id}
    assert reply.created == CREATED


def test_usage_adds_up_and_comes_only_when_asked_for() -> None:
    usage = whole().usage
    assert usage is not None
    assert usage.completion_tokens_details is not None
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens
    assert 0 < (usage.completion_tokens_details.reasoning_tokens or 0) < usage.completion_tokens
    assert all(chunk.usage is None for chunk in chunks(answered(stream=True)[1]))


@pytest.mark.parametrize("model", [name for name in ANSWERING if name != "demo-slow"])
def test_a_stream_can_be_watched_but_is_soon_over(model: str) -> None:
    waits = [step.delay_s for step in answered(model, stream=True, tools=[TOOL])[1]]
    assert len([wait for wait in waits if wait > 0]) > 5
    assert sum(waits) < 2.0
    long = {"messages": [{"role": "user", "content": "many words " * 2000}]}
    assert sum(step.delay_s for step in answered(model, stream=True, **long)[1]) < 2.0


def test_one_model_is_slow() -> None:
    assert sum(step.delay_s for step in answered("demo-slow", stream=True)[1]) > 3.0


def test_unknown_models_and_bad_bodies_are_refused_as_openai_does() -> None:
    answer, steps = answered("demo-none")
    assert answer.status == 404
    assert json.loads(steps[0].data)["error"]["code"] == "model_not_found"
    request = DEMO.prepare(UpstreamCall("chat", "openai_chat", "demo-echo", False, b"{", None))
    assert DEMO.answer(request).status == 400


def test_failing_models_fail() -> None:
    assert answered("demo-429")[0].status == 429


def test_it_needs_no_key_and_has_no_list_and_only_chats() -> None:
    assert DEMO.list_request(None, None, None) is None
    with pytest.raises(UnsupportedError):
        DEMO.prepare(UpstreamCall("embeddings", "openai_chat", "demo-echo", False, b"{}", None))
