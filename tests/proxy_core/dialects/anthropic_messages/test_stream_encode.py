import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy_core.dialects.anthropic_messages.stream_encode import StreamEncoder
from proxy_core.dialects.anthropic_messages.words import UNSIGNED
from proxy_core.errors import Failure
from proxy_core.ir.fold import fold, unfold
from proxy_core.ir.message import HostedStep, Inline, Media, Part, Reasoning, Refusal, Seal, Text, ToolCall
from proxy_core.ir.seal import wrap
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
    UsageReport,
)
from tests.proxy_core.dialects.anthropic_messages.support import (
    DIALECT,
    NAME,
    events_of,
    foreign,
    parsed,
    written,
)
from tests.samples import load

SAMPLES = [sample for sample in load.samples(NAME) if sample.stream is not None]
GEMINI = Seal("vendor-b", "gemini.signature", "x")
CALL = ToolCall("c1", "f", '{"a":1}')


def _stream(*parts: Part, finish: Finish | None = None, usage: Usage | None = None) -> list[Any]:
    reply = Reply("id", "m", (Candidate(parts, finish or Finish("stop")),), usage)
    return parsed(written(unfold(reply)))


def _kinds(events: list[Any]) -> list[str]:
    return [event["type"].removeprefix("content_block_") for event in events]


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_every_sample_means_the_same_after_a_round_trip(sample: load.Sample) -> None:
    assert sample.stream is not None
    events = events_of(sample.stream)
    again = events_of(written(events))
    one, two = fold(events), fold(again)
    assert (two.id, two.usage, two.candidates) == (one.id, one.usage, one.candidates)


def test_text_streams_as_it_comes() -> None:
    encoder = StreamEncoder("asked")
    (start,) = parsed(encoder.encode(Begin("id", "theirs")))
    assert (start["message"]["model"], start["message"]["id"]) == ("asked", "id")
    assert start["message"]["usage"]["input_tokens"] == 0
    assert encoder.encode(PartBegin(0, Text(""))) == b""
    assert _kinds(parsed(encoder.encode(PartDelta(0, "a")))) == ["start", "delta"]
    assert _kinds(parsed(encoder.encode(PartDelta(0, "b")))) == ["delta"]
    assert _kinds(parsed(encoder.encode(PartEnd(0, Text("ab"))))) == ["stop"]


def test_the_end_waits_for_usage() -> None:
    encoder = StreamEncoder("asked")
    encoder.encode(Begin("id", "m"))
    encoder.encode(UsageReport(Usage(1, 1)))
    assert encoder.encode(End(Finish("length"))) == b""
    delta, stop = parsed(encoder.encode(UsageReport(Usage(7, 3, cached_tokens=5))))
    assert delta["delta"] == {"stop_reason": "max_tokens", "stop_sequence": None}
    assert delta["usage"]["input_tokens"] == 2
    assert delta["usage"]["output_tokens"] == 3
    assert stop == {"type": "message_stop"}
    assert encoder.close() == b""


def test_an_end_without_usage_comes_with_zeros() -> None:
    events: list[StreamEvent] = [Begin("id", "m"), End(Finish("stop"))]
    assert parsed(written(events))[-2]["usage"]["output_tokens"] == 0


def test_thinking_is_signed_just_before_it_stops() -> None:
    seal = Seal("vendor-b", "responses.encrypted", "x")
    events = _stream(Reasoning(("a", "b"), seal), Text("c"))
    deltas = [event["delta"] for event in events if event["type"] == "content_block_delta"]
    assert [delta["type"] for delta in deltas] == [
        "thinking_delta",
        "thinking_delta",
        "signature_delta",
        "text_delta",
    ]
    assert deltas[0]["thinking"] + deltas[1]["thinking"] == "a\n\nb"
    assert deltas[2]["signature"] == wrap(seal)
    unsigned = _stream(Reasoning(("a",)))
    assert unsigned[3]["delta"]["signature"] == wrap(UNSIGNED)


def test_redacted_thinking_comes_whole() -> None:
    redacted = Reasoning((), Seal("vendor-b", "anthropic.redacted", "d"), redacted=True)
    events = _stream(redacted)
    assert _kinds(events)[1:3] == ["start", "stop"]
    assert events[1]["content_block"] == {"type": "redacted_thinking", "data": "d"}


def test_calls_stream_from_their_second_piece() -> None:
    encoder = StreamEncoder("asked")
    encoder.encode(Begin("id", "m"))
    encoder.encode(PartBegin(0, ToolCall("c1", "f", "")))
    assert encoder.encode(PartDelta(0, '{"a"')) == b""
    start, first = parsed(encoder.encode(PartDelta(0, ":1")))
    assert start["content_block"] == {"type": "tool_use", "id": "c1", "name": "f", "input": {}}
    assert first["delta"] == {"type": "input_json_delta", "partial_json": '{"a":1'}
    assert _kinds(parsed(encoder.encode(PartDelta(0, "}")))) == ["delta"]
    stop, carrier, _ = parsed(encoder.encode(PartEnd(0, ToolCall("c1", "f", '{"a":1}', seal=GEMINI))))
    assert stop["type"] == "content_block_stop"
    assert carrier["content_block"]["type"] == "redacted_thinking"
    assert (stop["index"], carrier["index"]) == (0, 1)


def test_a_sealed_call_that_comes_at_once_has_its_seal_before_it() -> None:
    events = _stream(ToolCall("c1", "f", "{}", seal=GEMINI), finish=Finish("tool"))
    starts = [event["content_block"]["type"] for event in events if event["type"] == "content_block_start"]
    assert starts == ["redacted_thinking", "tool_use"]
    assert events[-2]["delta"]["stop_reason"] == "tool_use"


def test_unsigned_thinking_stays_open_for_the_seal_of_the_call_after_it() -> None:
    call = ToolCall("c1", "f", '{"a":1}', seal=GEMINI)
    events = _stream(Reasoning(("why",)), call, finish=Finish("tool"))
    starts = [event["content_block"]["type"] for event in events if event["type"] == "content_block_start"]
    assert starts == ["thinking", "tool_use"]
    signs = [event["delta"].get("signature") for event in events if event["type"] == "content_block_delta"]
    assert signs == [None, wrap(GEMINI), None]


def test_unsigned_thinking_is_closed_before_anything_else() -> None:
    for after in (Text("a"), ToolCall("c1", "f", '{"a":1}'), Reasoning(("more",))):
        events = _stream(Reasoning(("why",)), after)
        signs = [
            event["delta"].get("signature") for event in events if event["type"] == "content_block_delta"
        ]
        assert signs[:2] == [None, wrap(UNSIGNED)]
        assert [event["index"] for event in events if event["type"] == "content_block_stop"] == [0, 1]


@pytest.mark.parametrize("arguments", ["", "[1,2]", "not json", '"text"'])
def test_arguments_that_are_no_object_are_mended(arguments: str) -> None:
    half = len(arguments) // 2
    events: list[StreamEvent] = [
        Begin("id", "m"),
        PartBegin(0, ToolCall("c1", "f", "")),
        PartDelta(0, arguments[:half]),
        PartDelta(0, arguments[half:]),
        PartEnd(0, ToolCall("c1", "f", arguments)),
        End(Finish("tool")),
    ]
    deltas = [event["delta"] for event in parsed(written(events)) if event["type"] == "content_block_delta"]
    value = json.loads("".join(delta["partial_json"] for delta in deltas))
    assert value == ({"_raw": arguments} if arguments else {})


def test_empty_and_foreign_parts_leave_no_gap() -> None:
    parts = (
        Text(""),
        HostedStep("file_search", "elsewhere", {}),
        Text("a"),
        Refusal("no"),
        Media("image", Inline("image/png", "aGk=")),
    )
    events = _stream(*parts)
    assert [event["index"] for event in events if event["type"] == "content_block_start"] == [0, 1, 2]


def test_a_fault_ends_everything() -> None:
    events: list[StreamEvent] = [Begin("id", "m"), PartBegin(0, Text("")), PartDelta(0, "a")]
    fault = Fault(Failure("overloaded", 503, "busy"))
    out = parsed(written([*events, fault, PartDelta(0, "b"), End(Finish("stop"))]))
    assert out[-1] == {"type": "error", "error": {"type": "overloaded_error", "message": "busy"}}
    assert parsed(written(events))[-1]["type"] == "error"


def test_beats_and_other_candidates() -> None:
    events: list[StreamEvent] = [
        Beat(),
        Begin("id", "m"),
        PartBegin(0, Text(""), 1),
        PartDelta(0, "x", 1),
        End(Finish("stop"), 1),
    ]
    kinds = [event["type"] for event in parsed(written(events))]
    assert kinds == ["ping", "message_start", "error"]


_SEAL = st.sampled_from(
    [None, GEMINI, Seal("v", "anthropic.signature", "s"), Seal("v", "responses.encrypted", "e")]
)
_PART = st.one_of(
    st.builds(Text, st.text(max_size=4), seal=_SEAL),
    st.builds(Reasoning, st.lists(st.text(max_size=3), max_size=3).map(tuple), _SEAL),
    st.builds(ToolCall, st.just("c"), st.just("f"), st.sampled_from(["{}", '{"a":[1, 2]}']), seal=_SEAL),
)


@given(st.lists(_PART, max_size=4).map(tuple), st.sampled_from(["stop", "tool", "length"]))
def test_a_stream_and_a_whole_reply_hold_the_same(parts: tuple[Part, ...], reason: Any) -> None:
    reply = Reply("id", "m", (Candidate(parts, Finish(reason)),), Usage(3, 4))
    streamed = fold(events_of(written(unfold(reply))))
    encoder = DIALECT.reply_encoder("whole", foreign(), 0)
    for event in unfold(reply):
        encoder.encode(event)
    whole = fold(events_of(encoder.close(), "whole"))
    assert _spelled(streamed) == _spelled(whole)


def _spelled(reply: Reply) -> Any:
    (candidate,) = reply.candidates
    parts = [
        (part.id, json.loads(part.arguments)) if isinstance(part, ToolCall) else part
        for part in candidate.parts
    ]
    return parts, candidate.finish, reply.usage, reply.id


def test_a_call_whose_arguments_are_no_object_is_written_unless_a_limit_cut_it() -> None:
    broken = ToolCall("1", "f", "no object")
    wrapped = '{"_raw":"no object"}'
    for parts, finish in (((broken,), Finish("tool")), ((broken, Text("and on")), Finish("length"))):
        events = _stream(*parts, finish=finish)
        deltas = [event["delta"] for event in events if event["type"] == "content_block_delta"]
        assert deltas[0] == {"type": "input_json_delta", "partial_json": wrapped}
    events = _stream(Text("a"), broken, finish=Finish("length"))
    started = [event["content_block"]["type"] for event in events if event["type"] == "content_block_start"]
    assert started == ["text"]
    assert events[-2]["delta"]["stop_reason"] == "max_tokens"
