import json
from typing import Any

import httpx2
import openai
import pytest
from openai.lib.streaming.chat import ChatCompletionStreamState

from proxy_core.dialects.openai_chat.reply_decode import decode_reply
from proxy_core.errors import Failure
from proxy_core.ir.fold import unfold
from proxy_core.ir.message import Citation, Inline, Media, Part, Reasoning, Refusal, Seal, Text, ToolCall
from proxy_core.ir.stream import (
    Beat,
    Begin,
    Candidate,
    End,
    Fault,
    Finish,
    PartBegin,
    PartDelta,
    PartEnd,
    Reply,
    StreamEvent,
    Usage,
)
from tests.proxy_core.dialects.openai_chat.exchange import (
    CALL,
    DIALECT,
    NAME,
    chunks_of,
    request,
    source,
    stream_events,
    written,
)
from tests.samples import load

SAMPLES = [sample for sample in load.samples(NAME) if sample.stream is not None]
BEGIN = Begin("r1", "up")
STOP = End(Finish("stop"))
RICH = (
    Reasoning(("a", "b"), Seal("v", "anthropic.signature", "s")),
    Reasoning(("c",), Seal("v", "responses.encrypted", "e"), id="rs_1"),
    Text("hi", (Citation("https://x", "X", None, 0, 2),)),
    Text(" you", seal=Seal("g", "gemini.signature", "dA==")),
    Media("image", Inline("image/png", "aGk=")),
    Media("image", Inline("image/png", "aGs=")),
    ToolCall("c1", "f", '{"a":1}', seal=Seal("g", "gemini.signature", "c2ln")),
    ToolCall("c2", "g", "{}"),
)


def client(data: bytes) -> openai.OpenAI:
    def answer(_: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=data)

    transport = httpx2.MockTransport(answer)
    return openai.OpenAI(
        api_key="k", base_url="http://local/v1", http_client=httpx2.Client(transport=transport)
    )


def accumulated(data: bytes) -> Any:
    """What the SDK's own accumulator makes of a stream."""
    state: ChatCompletionStreamState[None] = ChatCompletionStreamState()
    with client(data) as sdk:
        for piece in sdk.chat.completions.create(model="m", messages=[], stream=True):
            state.handle_chunk(piece)
    return state.current_completion_snapshot.to_dict()


def whole_of(parts: tuple[Part, ...], usage: Usage | None = None) -> Reply:
    return Reply("r1", "up", (Candidate(parts, Finish("stop")),), usage, 5)


def _calls(message: Any) -> list[tuple[str, str]]:
    found = []
    for call in message.get("tool_calls") or []:
        inner = call.get("custom") or call["function"]
        found.append((call["id"], inner.get("input") or inner["arguments"]))
    return found


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_the_sdk_reads_every_sample_streamed_and_whole_alike(sample: load.Sample) -> None:
    assert sample.stream is not None
    asked = DIALECT.decode_request(json.dumps(sample.stream_request).encode(), CALL)
    found = accumulated(written(stream_events(sample.stream, asked), asked))
    expected = json.loads(sample.response)
    message, wanted = found["choices"][0]["message"], expected["choices"][0]["message"]
    assert message["content"] == (wanted["content"] or "")
    assert _calls(message) == _calls(wanted)
    for name in ("reasoning_content", "reasoning_details"):
        assert message.get(name) == wanted.get(name)
    assert (message.get("annotations") or []) == wanted["annotations"]
    assert found["choices"][0]["finish_reason"] == expected["choices"][0]["finish_reason"]
    assert found["usage"] == expected["usage"]


def test_a_rich_reply_is_the_same_streamed_and_whole() -> None:
    asked = request(want_usage=True)
    reply = whole_of(RICH, Usage(1, 2))
    streamed = accumulated(written(unfold(reply), asked))["choices"][0]["message"]
    encoder = DIALECT.reply_encoder("whole", asked, 7)
    whole = json.loads(b"".join(encoder.encode(event) for event in unfold(reply)) + encoder.close())
    message = whole["choices"][0]["message"]
    for name in ("content", "reasoning_content", "reasoning_details", "annotations", "images"):
        assert streamed[name] == message[name], name
    for call in streamed["tool_calls"]:
        call.pop("index", None)
        call["function"].pop("parsed_arguments")
    assert streamed["tool_calls"] == message["tool_calls"]


def test_what_a_client_echoes_is_what_was_said() -> None:
    encoder = DIALECT.reply_encoder("whole", request(), 7)
    for event in unfold(whole_of(RICH)):
        encoder.encode(event)
    said = json.loads(encoder.close())["choices"][0]["message"]
    body = {"model": "m", "messages": [{"role": "user", "content": "Hi"}, said]}
    parts = DIALECT.decode_request(json.dumps(body).encode(), CALL).messages[1].parts
    assert [part.seal for part in parts if isinstance(part, Reasoning)] == [RICH[0].seal, RICH[1].seal]
    assert [part for part in parts if isinstance(part, ToolCall)] == list(RICH[-2:])
    assert [part.seal for part in parts if isinstance(part, Text)] == [RICH[3].seal]


def test_chunks_share_id_time_and_model() -> None:
    chunks = chunks_of(written(unfold(whole_of(RICH)), request()))
    assert {(chunk["id"], chunk["created"], chunk["model"]) for chunk in chunks} == {("r1", 5, "m")}
    assert chunks[0]["choices"][0]["delta"]["role"] == "assistant"


def test_usage_is_one_last_chunk_and_only_when_asked_for() -> None:
    reply = whole_of((Text("a"),), Usage(1, 2))
    quiet = written(unfold(reply), request())
    assert b"usage" not in quiet
    asked = chunks_of(written(unfold(reply), request(want_usage=True)))
    assert [chunk["choices"] == [] for chunk in asked] == [False] * (len(asked) - 1) + [True]
    assert asked[-1]["usage"]["total_tokens"] == 3
    assert asked[0]["usage"] is None


def test_tool_calls_are_numbered_from_zero() -> None:
    chunks = chunks_of(written(unfold(whole_of((Text("a"), *RICH[-2:])))))
    numbers = [
        call["index"] for chunk in chunks for call in chunk["choices"][0]["delta"].get("tool_calls", [])
    ]
    assert sorted(set(numbers)) == [0, 1]
    assert chunks[-1]["choices"][0]["finish_reason"] == "tool_calls"


def test_deltas_may_be_missing() -> None:
    events: list[StreamEvent] = [BEGIN, PartBegin(0, Text("")), PartDelta(0, "a"), PartEnd(0, Text("abc"))]
    events += [PartEnd(1, ToolCall("c", "f", '{"x":1}')), STOP]
    message = accumulated(written(events))["choices"][0]["message"]
    assert message["content"] == "abc"
    assert message["tool_calls"][0]["function"]["arguments"] == '{"x":1}'


def test_freeform_calls_and_refusals_have_their_own_deltas() -> None:
    parts = (Refusal("no"), ToolCall("c", "p", "patch", "freeform"))
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks_of(written(unfold(whole_of(parts))))]
    assert {"refusal": "no"} in deltas
    assert {"tool_calls": [{"index": 0, "custom": {"input": "patch"}}]} in deltas


def test_a_fault_raises_in_the_sdk_and_nothing_follows() -> None:
    events: list[StreamEvent] = [BEGIN, Fault(Failure("overloaded", 503, "busy")), STOP]
    data = written(events)
    assert data.count(b'"error"') == 1
    assert b"[DONE]" not in data
    with pytest.raises(openai.APIError, match="busy"):
        accumulated(data)


def test_a_reply_without_an_end_is_an_error() -> None:
    with pytest.raises(openai.APIError, match="stopped"):
        accumulated(written([BEGIN, PartBegin(0, Text("")), PartDelta(0, "a")]))


def test_a_malformed_call_alone_is_an_error_too() -> None:
    data = written([BEGIN, End(Finish("malformed_call"))])
    assert b'"error"' in data
    assert b"[DONE]" not in data


def test_a_beat_is_a_comment() -> None:
    encoder = DIALECT.reply_encoder("stream", request(), 7)
    assert encoder.encode(Beat()).startswith(b":")


def test_several_candidates_have_their_own_counters() -> None:
    candidates = tuple(Candidate((ToolCall(f"c{n}", "f", "{}"),), Finish("tool"), n) for n in range(2))
    chunks = chunks_of(written(unfold(Reply("r", "up", candidates))))
    for number in range(2):
        own = [chunk["choices"][0] for chunk in chunks if chunk["choices"][0]["index"] == number]
        assert own[0]["delta"]["role"] == "assistant"
        assert {call["index"] for choice in own for call in choice["delta"].get("tool_calls", [])} == {0}
        assert own[-1]["finish_reason"] == "tool_calls"


def test_probabilities_are_replayed_at_home_only() -> None:
    own = End(Finish("stop", "stop", NAME), logprobs={"content": []})
    foreign = End(Finish("stop", "STOP", "another"), logprobs={"x": 1})
    assert chunks_of(written([BEGIN, own]))[-1]["choices"][0]["logprobs"] == {"content": []}
    assert chunks_of(written([BEGIN, foreign]))[-1]["choices"][0]["logprobs"] is None


def test_our_own_stream_is_read_back() -> None:
    reply = decode_reply(SAMPLES[0].response, source())
    assert stream_events(written(unfold(reply)))[-1] == End(reply.candidates[0].finish)
