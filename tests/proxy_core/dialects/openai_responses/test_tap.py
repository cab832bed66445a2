import json
from typing import Any

import httpx2
import openai
import pytest

from proxy_core.errors import Failure
from proxy_core.ir.stream import Usage
from tests.proxy_core.dialects.openai_responses.material import DIALECT, events_in, frames
from tests.samples import load

SAMPLES = [one for one in load.samples("openai_responses") if one.stream is not None]


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda one: one.name)
def test_both_modes_see_the_same(sample: load.Sample) -> None:
    assert sample.stream is not None
    stream, whole = DIALECT.tap("stream"), DIALECT.tap("whole")
    for start in range(0, len(sample.stream), 11):
        stream.feed(sample.stream[start : start + 11])
    assert stream.is_complete
    stream.close()
    whole.feed(sample.response)
    assert not whole.is_complete
    whole.close()
    assert whole.is_complete
    assert stream.usage == whole.usage
    assert stream.finish == whole.finish
    assert stream.usage is not None
    assert stream.usage.input_tokens == sample.expect["usage"]["input"]
    assert stream.finish is not None
    assert stream.finish.reason == sample.expect["finish"].replace("stop_sequence", "stop")
    assert stream.failure is whole.failure is None


def test_a_cut_stream_is_not_complete() -> None:
    sample = load.sample("openai_responses", "01-plain-text")
    assert sample.stream is not None
    tap = DIALECT.tap("stream")
    tap.feed(sample.stream[: sample.stream.rindex(b"event: ")])
    tap.close()
    assert (tap.is_complete, tap.usage, tap.finish, tap.failure) == (False, None, None, None)


def test_calls_count_though_the_end_is_empty() -> None:
    item = {"type": "function_call", "name": "f", "call_id": "c", "arguments": "{}"}
    usage = {"input_tokens": 3, "output_tokens": 2}
    tap = DIALECT.tap("stream")
    tap.feed(
        frames(
            {"type": "response.output_item.done", "output_index": 0, "item": item},
            {"type": "response.completed", "response": {"output": [], "usage": usage}},
        )
    )
    assert tap.finish is not None
    assert tap.finish.reason == "tool"
    assert tap.usage == Usage(3, 2)


def test_text_that_looks_like_an_event_is_no_event() -> None:
    delta = 'data: {"type":"response.completed","response":{"usage":{"input_tokens":9}}}'
    tap = DIALECT.tap("stream")
    tap.feed(frames({"type": "response.output_text.delta", "delta": delta}) + b"data: response.completed\n\n")
    assert not tap.is_complete
    assert tap.usage is None


def test_failures() -> None:
    error = {"code": "rate_limit_exceeded", "message": "m"}
    failed = DIALECT.tap("stream")
    failed.feed(frames({"type": "response.failed", "response": {"error": error}}))
    assert failed.is_complete
    assert failed.failure is not None
    assert failed.failure.kind == "rate_limit"
    event = DIALECT.tap("stream")
    event.feed(frames({"type": "error", "error": error}))
    assert not event.is_complete
    assert event.failure is not None
    for body in ({"error": error}, {"object": "response", "status": "failed", "error": error}):
        whole = DIALECT.tap("whole")
        whole.feed(json.dumps(body).encode())
        whole.close()
        assert whole.failure is not None
        assert whole.failure.kind == "rate_limit"


def test_a_body_that_is_no_json_says_nothing() -> None:
    tap = DIALECT.tap("whole")
    tap.feed(b'{"object":"resp')
    tap.close()
    assert not tap.is_complete


SAMPLE = load.sample("openai_responses", "01-plain-text").stream or b""
EVENTS = SAMPLE.replace(b"\r\n", b"\n").split(b"\n\n")[:-1]


@pytest.mark.parametrize("count", range(1, len(EVENTS)))
async def test_the_official_client_takes_the_fault_for_the_end_of_a_cut_stream(count: int) -> None:
    begun = b"".join(event + b"\n\n" for event in EVENTS[:count])
    tap = DIALECT.tap("stream")
    tap.feed(begun)
    tap.close()
    wire = begun + tap.encode_fault(Failure("server", 502, "Broke off."))

    def handle(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, content=wire, headers={"content-type": "text/event-stream"})

    async with (
        httpx2.AsyncClient(transport=httpx2.MockTransport(handle)) as http,
        openai.AsyncOpenAI(api_key="k", base_url="http://x/v1", http_client=http) as client,
        client.responses.stream(model="m", input="x") as stream,
    ):
        events: list[Any] = [event async for event in stream]
    first, last = events[0], events[-1]
    assert (first.type, last.type, last.response.error.message) == (
        "response.created",
        "response.failed",
        "Broke off.",
    )
    for name in ("id", "model", "created_at"):
        assert getattr(last.response, name) == getattr(first.response, name)
    assert last.sequence_number == count


def test_the_number_after_the_last_is_counted_on_where_there_is_none() -> None:
    tap = DIALECT.tap("stream")
    text = 'a "sequence_number": 99'
    tap.feed(
        frames(
            {"type": "response.created", "sequence_number": 7, "response": {"id": "resp_1", "model": "up"}},
            {"type": "response.output_text.delta", "delta": text},
        )
    )
    (event,) = events_in(tap.encode_fault(Failure("server", 502, "Gone.")))
    assert (event["sequence_number"], event["response"]["id"], event["response"]["model"]) == (
        9,
        "resp_1",
        "up",
    )
    assert event["response"]["created_at"] == 0


def test_without_a_beginning_the_fault_is_the_dialect_s() -> None:
    failure = Failure("server", 502, "Gone.")
    assert DIALECT.tap("stream").encode_fault(failure) == DIALECT.encode_fault(failure, "stream")
    assert DIALECT.tap("whole").encode_fault(failure) == b""


def test_half_an_event_leaves_its_number_free() -> None:
    tap = DIALECT.tap("stream")
    tap.feed(
        b'event: a\ndata: {"type":"a","sequence_number":4}\n\n'
        b'event: b\ndata: {"type":"b","sequence_number":5}'
    )
    tap.close()
    assert b'"sequence_number":5' in tap.encode_fault(Failure("server", 502, "Gone."))
