import json

import pytest

from proxy_core.ir.stream import Usage
from tests.proxy_core.dialects.openai_responses.material import DIALECT, frames
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
