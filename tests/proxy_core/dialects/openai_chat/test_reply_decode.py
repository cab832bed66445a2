import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy_core.dialects.openai_chat.reply_decode import decode_reply
from proxy_core.errors import UpstreamProtocolError
from proxy_core.ir.fold import fold
from proxy_core.ir.message import Reasoning, Text, ToolCall
from proxy_core.ir.request import Sampling
from proxy_core.ir.stream import Begin, End, Fault, Reply, Usage, UsageReport
from tests.proxy_core.dialects.openai_chat.exchange import (
    CALL,
    DIALECT,
    NAME,
    chunk,
    request,
    source,
    sse,
    stream_events,
)
from tests.samples import load

SAMPLES = [sample for sample in load.samples(NAME) if not sample.is_error]
STREAMED = [sample for sample in SAMPLES if sample.stream is not None]
USAGE = {"prompt_tokens": 1, "completion_tokens": 2}


def arguments(call: ToolCall) -> Any:
    """The arguments as the samples' meaning spells them: freeform input as an object."""
    return {"input": call.arguments} if call.form == "freeform" else json.loads(call.arguments)


def meaning(reply: Reply) -> dict[str, Any]:
    candidate, usage = reply.candidates[0], reply.usage or Usage()
    calls = [part for part in candidate.parts if isinstance(part, ToolCall)]
    return {
        "thinking": "".join(part.text for part in candidate.parts if isinstance(part, Reasoning)),
        "text": "".join(part.text for part in candidate.parts if isinstance(part, Text)),
        "calls": [{"name": call.name, "args": arguments(call)} for call in calls],
        "finish": candidate.finish.reason,
        "usage": {
            "input": usage.input_tokens, "output": usage.output_tokens, "cached": usage.cached_tokens or 0,
            "write": usage.cache_write_tokens or 0, "think": usage.reasoning_tokens or 0,
        },
    }  # fmt: skip


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_a_whole_sample_means_what_it_should(sample: load.Sample) -> None:
    found = meaning(decode_reply(sample.response, source(DIALECT.decode_request(sample.request_bytes, CALL))))
    expected = dict(sample.expect)
    if expected["finish"] == "stop_sequence":
        expected["finish"] = "stop"  # Chat does not tell the two apart
    assert {name: found[name] for name in expected if name in found} == {
        name: value for name, value in expected.items() if name in found
    }


@pytest.mark.parametrize("sample", STREAMED, ids=lambda sample: sample.name)
@pytest.mark.parametrize("step", [0, 1, 7])
def test_a_stream_folds_to_the_whole_in_any_cut(sample: load.Sample, step: int) -> None:
    assert sample.stream is not None
    asked = DIALECT.decode_request(sample.request_bytes, CALL)
    events = stream_events(sample.stream, asked, step)
    assert fold(events) == decode_reply(sample.response, source(asked))
    assert isinstance(events[0], Begin)
    assert isinstance(events[-1], End)


@given(st.sampled_from(STREAMED), st.data())
def test_a_cut_stream_never_ends_cleanly_too_early(sample: load.Sample, data: st.DataObject) -> None:
    assert sample.stream is not None
    at = data.draw(st.integers(0, len(sample.stream)))
    events = stream_events(sample.stream[:at])
    has_finish = b'"finish_reason":"' in sample.stream[:at].rpartition(b"\n\n")[0]
    ends = [event for event in events if isinstance(event, End)]
    if not ends:
        assert isinstance(events[-1], Fault)
        assert not has_finish
    else:
        assert b'"finish_reason":"' in sample.stream[:at]


def test_usage_comes_before_the_end_and_the_last_counts() -> None:
    first = chunk({"content": "a"}, usage={"prompt_tokens": 1, "completion_tokens": 1})
    events = stream_events(sse(first, chunk({}, "stop"), {"id": "c1", "choices": [], "usage": USAGE}))
    assert events[-2:] == [UsageReport(Usage(1, 2)), events[-1]]
    assert isinstance(events[-1], End)


def test_a_missing_done_is_fine_after_the_finish_reason() -> None:
    events = stream_events(sse(chunk({"content": "a"}, "stop"), done=False))
    assert isinstance(events[-1], End)


def test_a_missing_finish_reason_is_fine_before_done() -> None:
    events = stream_events(sse(chunk({"content": "a"})))
    assert isinstance(events[-1], End)
    assert events[-1].finish.reason == "stop"


@pytest.mark.parametrize("data", [b"", b"data: [DONE]\n\n", b": comment\n\n", b'data: {"choices":[]}\n\n'])
def test_an_empty_stream_is_a_fault(data: bytes) -> None:
    events = stream_events(data)
    assert len(events) == 1
    assert isinstance(events[0], Fault)


def test_noise_is_passed_over() -> None:
    noise = b": ping\n\ndata: : keepalive\n\ndata: [1]\n\ndata: {broken\n\nevent: x\ndata: hello\n\n"
    azure = sse({"id": "", "choices": [], "prompt_filter_results": []}, done=False)
    data = (
        azure
        + noise
        + sse(chunk({"content": "a", "obfuscation": "zz"}, "stop"))
        + sse(chunk({"content": "late"}))
    )
    reply = fold(stream_events(data))
    assert reply.id == "c1"
    assert reply.candidates[0].parts == (Text("a"),)


@pytest.mark.parametrize(
    "bad",
    [
        {"error": {"message": "slow down", "code": "rate_limit_exceeded"}},
        {"object": "error", "message": "slow down", "code": 429},
        {"id": "c1", "choices": [{"index": 0, "delta": {}, "finish_reason": "error"}],
         "error": {"message": "slow down", "code": 429}},
    ],
)  # fmt: skip
def test_an_error_in_the_stream_is_a_fault_and_the_end(bad: Any) -> None:
    events = stream_events(sse(chunk({"content": "a"}), bad, chunk({"content": "b"}, "stop")))
    assert isinstance(events[-1], Fault)
    assert not any(isinstance(event, End) for event in events)
    if "error" in bad and not bad.get("choices"):
        assert events[-1].failure.kind == "rate_limit"


def test_several_choices_are_kept_apart() -> None:
    asked = request(sampling=Sampling(candidates=2))
    second = {"id": "c1", "choices": [{"index": 1, "delta": {"content": "b"}, "finish_reason": "stop"}]}
    data = sse(chunk({"content": "a"}, "stop"), second, done=False)
    reply = fold(stream_events(data, asked))
    assert [candidate.parts for candidate in reply.candidates] == [(Text("a"),), (Text("b"),)]
    assert isinstance(stream_events(sse(chunk({"content": "a"}, "stop"), done=False), asked)[-1], Fault)


def test_a_missing_id_is_derived_and_stable() -> None:
    value = {"model": "m", "created": 1, "choices": [{"delta": {"content": "a"}, "finish_reason": "stop"}]}
    first, second = stream_events(sse(value))[0], stream_events(sse(value))[0]
    assert isinstance(first, Begin)
    assert first == second
    assert first.id.startswith("chatcmpl-")


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b"{}", b'{"choices":[]}', b'{"choices":[3]}', b"\xff"]
)
def test_what_is_no_reply_is_the_vendors_fault(body: bytes) -> None:
    with pytest.raises(UpstreamProtocolError):
        decode_reply(body, source())


def test_an_error_in_place_of_a_reply_keeps_its_kind() -> None:
    decoder = DIALECT.reply_decoder("whole", source())
    assert decoder.feed(b'{"error":{"message":"no money","type":"insufficient_quota"}}') == []
    (fault,) = decoder.close()
    assert isinstance(fault, Fault)
    assert (fault.failure.kind, fault.failure.message) == ("billing", "no money")


ODD: tuple[Any, ...] = (None, 1, -1, 1.5, True, "", "x", [], {}, [1], {"a": 1}, [[]], [{}], 10**30, "\ud800")


def _spots(value: Any) -> list[tuple[Any, Any]]:
    keys: Any = (
        value.keys() if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    )
    found = [(value, key) for key in list(keys)]
    return found + [spot for key in list(keys) for spot in _spots(value[key])]


@given(st.sampled_from(STREAMED), st.data())
def test_damaged_replies_never_raise_and_never_break_the_order(
    sample: load.Sample, data: st.DataObject
) -> None:
    assert sample.stream is not None
    lines = sample.stream.decode().split("\n\n")
    chunks = [json.loads(line[6:]) for line in lines if line.startswith("data: {")]
    body = json.loads(sample.response)
    for damaged in (chunks, body):
        for _ in range(data.draw(st.integers(1, 3))):
            holder, key = data.draw(st.sampled_from(_spots(damaged)))
            if key in (holder if isinstance(holder, dict) else range(len(holder))):
                holder[key] = data.draw(st.sampled_from(ODD))
    events = stream_events(sse(*chunks))
    assert isinstance(events[-1], End | Fault)
    decoder = DIALECT.reply_decoder("whole", source())
    decoder.feed(json.dumps(body).encode())
    assert isinstance(decoder.close()[-1], End | Fault)
    tap = DIALECT.tap("stream")
    tap.feed(sse(*chunks))
    tap.close()
