from __future__ import annotations

import json
from typing import Any

import pytest

from proxy_core.dialect import Mode
from proxy_core.ir.fold import fold
from proxy_core.ir.message import Reasoning, Text, ToolCall
from proxy_core.ir.stream import Beat, Begin, End, Fault, PartEnd, Reply, StreamEvent, UsageReport
from tests.proxy_core.dialects.gemini_generate.support import NAME, candidate, events, sse
from tests.samples import load

REPLIES = [sample for sample in load.samples(NAME) if not sample.is_error and not sample.is_count]
STREAMS = [sample for sample in REPLIES if sample.stream is not None]
LAST: Any = candidate({"text": "b"}, finishReason="STOP")


def meaning(reply: Reply) -> dict[str, Any]:
    (only,) = reply.candidates
    usage = reply.usage
    assert usage is not None
    return {
        "thinking": "".join(part.text for part in only.parts if isinstance(part, Reasoning)),
        "text": "".join(part.text for part in only.parts if isinstance(part, Text)),
        "calls": [
            {"name": part.name, "args": json.loads(part.arguments)}
            for part in only.parts
            if isinstance(part, ToolCall)
        ],
        "finish": only.finish.reason,
        "usage": {
            "input": usage.input_tokens,
            "output": usage.output_tokens,
            "cached": usage.cached_tokens or 0,
            "write": usage.cache_write_tokens or 0,
            "think": usage.reasoning_tokens or 0,
        },
    }


@pytest.mark.parametrize("sample", REPLIES, ids=lambda sample: sample.name)
def test_whole_samples_mean_what_they_should(sample: load.Sample) -> None:
    expect = dict(sample.expect)
    if expect["finish"] == "stop_sequence":
        expect["finish"] = "stop"  # the vendor does not tell them apart
    expect["usage"] = {**expect["usage"], "write": 0}  # nor does it count what it wrote into its cache
    assert meaning(fold(events("whole", sample.response))) == expect


@pytest.mark.parametrize("size", [1, 7, None])
@pytest.mark.parametrize("sample", STREAMS, ids=lambda sample: sample.name)
def test_streams_say_the_same_as_whole_replies_in_any_cut(sample: load.Sample, size: int | None) -> None:
    assert sample.stream is not None
    whole = fold(events("whole", sample.response))
    assert fold(events("stream", sample.stream, size)) == whole
    array = b"[" + b"\n,".join(json.dumps(item).encode() for item in _objects(sample.stream)) + b"\n]"
    for mode in ("array", "stream"):
        assert fold(events(mode, array, size)) == whole


def _objects(stream: bytes) -> list[Any]:
    return [json.loads(line[6:]) for line in stream.splitlines() if line.startswith(b"data: ")]


@pytest.mark.parametrize("sample", STREAMS[:6], ids=lambda sample: sample.name)
def test_a_stream_that_is_cut_anywhere_never_ends_well(sample: load.Sample) -> None:
    assert sample.stream is not None
    complete = len(sample.stream.rstrip())
    for end in [*range(0, complete, 37), complete - 1]:
        found = events("stream", sample.stream[:end])
        assert isinstance(found[-1], Fault)
        assert not any(isinstance(event, End) for event in found)


def test_a_missing_last_blank_line_is_no_cut() -> None:
    assert fold(events("stream", sse(candidate({"text": "a"}), LAST).rstrip())).candidates[0].parts == (
        Text("ab"),
    )


def test_usage_may_come_late_alone_and_on_every_chunk() -> None:
    wire = sse(
        {"usageMetadata": {"promptTokenCount": 0, "totalTokenCount": 0}},
        {**candidate({"text": "a"}), "usageMetadata": {"promptTokenCount": 5}},
        {**LAST, "usageMetadata": {"promptTokenCount": 5}},
        {"usageMetadata": {"promptTokenCount": 5, "candidatesTokenCount": 2}},
    )
    found = events("stream", wire)
    assert isinstance(found[0], Beat)
    assert isinstance(found[1], Begin)
    reports = [event.usage.output_tokens for event in found if isinstance(event, UsageReport)]
    assert reports == [0, 2]
    assert isinstance(found[-1], End)


def test_noise_is_left_out() -> None:
    noise = b": beat\n\ndata: : keep-alive\n\ndata: [DONE]\n\ndata: 7\n\nevent: x\n\n"
    wire = noise + sse(candidate({"text": "a"})) + noise + sse(LAST) + noise
    assert fold(events("stream", wire, 3)).candidates[0].parts == (Text("ab"),)


def test_candidates_stay_apart() -> None:
    two = {"candidates": [
        {"content": {"parts": [{"text": "x"}]}, "finishReason": "STOP"},
        {"content": {"parts": [{"functionCall": {"name": "f"}}]}, "finishReason": "STOP", "index": 1},
    ]}  # fmt: skip
    reply = fold(events("whole", json.dumps(two).encode()))
    assert [candidate.finish.reason for candidate in reply.candidates] == ["stop", "tool"]
    assert reply.id


def test_a_blocked_prompt_is_a_filtered_answer_without_parts() -> None:
    body = {"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": {"promptTokenCount": 4}}
    for mode, wire in (("whole", json.dumps(body).encode()), ("stream", sse(body))):
        (only,) = fold(events(mode, wire)).candidates  # type: ignore[arg-type]
        assert (only.parts, only.finish.reason, only.finish.native) == ((), "filter", "SAFETY")


@pytest.mark.parametrize("mode", ["whole", "stream", "array"])
@pytest.mark.parametrize("wrap", [False, True])
def test_an_error_object_ends_everything(mode: Mode, wrap: bool) -> None:
    error: Any = {"error": {"code": 503, "message": "Busy.", "status": "UNAVAILABLE"}}
    error = [error] if wrap else error
    wire = sse(candidate({"text": "a"}), error, LAST) if mode == "stream" else json.dumps(error).encode()
    found = events(mode, wire)
    assert isinstance(found[-1], Fault)
    assert found[-1].failure.kind == "overloaded"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"{}", b'{"candidates":[]}', b"<html>"])
@pytest.mark.parametrize("mode", ["whole", "stream", "array"])
def test_an_empty_reply_is_a_fault(body: bytes, mode: Mode) -> None:
    found = events(mode, body)
    assert isinstance(found[-1], Fault)
    assert found[-1].failure.status == 502


def test_a_whole_reply_without_a_reason_is_still_whole() -> None:
    reply = fold(events("whole", json.dumps(candidate({"text": "a"})).encode()))
    assert reply.candidates[0].finish.reason == "stop"


def test_ids_of_calls_are_the_same_streamed_and_whole() -> None:
    call: Any = {"functionCall": {"name": "f", "args": {}}}
    whole: list[StreamEvent] = events(
        "whole", json.dumps(candidate(call, call, finishReason="STOP")).encode()
    )
    parted = events("stream", sse(candidate(call), candidate(call, finishReason="STOP")))
    ends = [[event.part for event in found if isinstance(event, PartEnd)] for found in (whole, parted)]
    assert ends[0] == ends[1]
    assert len(ends[0]) == 2
