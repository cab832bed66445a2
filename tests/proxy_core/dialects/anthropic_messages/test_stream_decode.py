import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy_core.ir.fold import fold
from proxy_core.ir.message import Part, Text, ToolCall
from proxy_core.ir.stream import (
    Beat,
    Begin,
    End,
    Fault,
    Finish,
    PartBegin,
    PartDelta,
    PartEnd,
    Reply,
    StreamEvent,
    UsageReport,
)
from tests.proxy_core.dialects.anthropic_messages.support import (
    DIALECT,
    NAME,
    block,
    events_of,
    frames,
    source,
    stream_of,
)
from tests.samples import load

SAMPLES = [sample for sample in load.samples(NAME) if sample.stream is not None]
TEXT = {"type": "text", "text": ""}


def _said(text: str) -> dict[str, Any]:
    return {"type": "text_delta", "text": text}


def _plain(reply: Reply) -> Reply:
    """The same reply with arguments in one spelling: a stream keeps the blanks of the vendor."""

    def part(one: Part) -> Part:
        return (
            replace(one, arguments=json.dumps(json.loads(one.arguments)))
            if isinstance(one, ToolCall)
            else one
        )

    return replace(
        reply,
        candidates=tuple(replace(one, parts=tuple(map(part, one.parts))) for one in reply.candidates),
    )


def _lawful(events: list[StreamEvent]) -> None:
    """Begin first, parts dense and one at a time, deltas adding up to the part."""
    assert isinstance(next(event for event in events if not isinstance(event, Beat)), Begin)
    open_part: int | None = None
    parts = 0
    texts = ""
    for event in events:
        match event:
            case PartBegin():
                assert (open_part, event.index) == (None, parts)
                open_part, texts = event.index, ""
            case PartDelta():
                assert event.index == open_part
                texts += event.text
            case PartEnd():
                assert event.index == open_part
                if isinstance(event.part, Text):
                    assert texts == event.part.text
                open_part, parts = None, parts + 1
            case End():
                assert open_part is None


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_streamed_and_whole_agree_in_any_cut(sample: load.Sample) -> None:
    assert sample.stream is not None
    whole = _plain(fold(events_of(sample.response, "whole")))
    for cut in (1, 7, None):
        events = events_of(sample.stream, cut=cut)
        _lawful(events)
        assert _plain(fold(events)) == whole


@given(st.data())
def test_a_cut_stream_never_ends_cleanly_before_its_reason_to_stop(data: st.DataObject) -> None:
    sample = data.draw(st.sampled_from(SAMPLES))
    assert sample.stream is not None
    at = data.draw(st.integers(0, len(sample.stream) - 1))
    events = events_of(sample.stream[:at])
    ended = any(isinstance(event, End) for event in events)
    assert isinstance(events[-1] if events else None, Fault) != ended
    told = sample.stream.index(b"}\n\n", sample.stream.index(b"event: message_delta")) + 1
    assert ended == (at >= told)


def test_oddities_of_compatible_vendors() -> None:
    data = stream_of(block(0, TEXT, _said("a"))).replace(b"event: content_block_delta\n", b": note\n")
    lines = (b": keepalive", b"[DONE]", b"{broken", b"3", b'{"type":"new"}')
    noise = b"".join(b"data: " + line + b"\n\n" for line in lines)
    events = events_of(noise + data.replace(b"\n", b"\r\n") + noise, cut=3)
    assert fold(events).candidates[0].parts == (Text("a"),)


def test_overlapping_blocks_are_put_in_order() -> None:
    one, two = block(0, TEXT, _said("a")), block(1, TEXT, _said("x"), _said("y"))
    mixed = [one[0], two[0], two[1], one[1], two[2], two[3], one[2]]
    events = events_of(stream_of(mixed))
    _lawful(events)
    assert fold(events).candidates[0].parts == (Text("a"), Text("xy"))


def test_blocks_that_never_stop_are_closed_at_the_end() -> None:
    events = events_of(stream_of(block(0, TEXT, _said("a"))[:-1], block(1, TEXT, _said("b"))[:-1]))
    _lawful(events)
    assert fold(events).candidates[0].parts == (Text("a"), Text("b"))


def test_text_comes_through_at_once() -> None:
    decoder = DIALECT.reply_decoder("stream", source())
    start, first, _ = block(0, TEXT, _said("a"))
    assert decoder.feed(stream_of()[: stream_of().index(b"event: message_delta")])
    assert decoder.feed(frames(start)) == [PartBegin(0, Text(""))]
    assert decoder.feed(frames(first)) == [PartDelta(0, "a")]


def test_usage_overwrites_and_comes_before_the_end() -> None:
    events = events_of(stream_of())
    begin, report, end = events
    assert isinstance(begin, Begin)
    assert begin.usage is not None
    assert isinstance(report, UsageReport)
    assert (begin.usage.input_tokens, report.usage.input_tokens, report.usage.output_tokens) == (3, 3, 5)
    assert end == End(Finish("stop", "end_turn", NAME))


def test_ping_and_error() -> None:
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "busy"}}
    data = frames({"type": "ping"}, error) + stream_of()
    beat, fault = events_of(data)
    assert beat == Beat()
    assert isinstance(fault, Fault)
    assert (fault.failure.kind, fault.failure.message, fault.failure.status) == ("overloaded", "busy", 503)


def test_endings() -> None:
    whole = stream_of()
    no_stop = whole[: whole.index(b"event: message_stop")]
    assert isinstance(events_of(no_stop)[-1], End)
    empty = events_of(b"")
    assert isinstance(empty[-1], Fault)
    alone = events_of(frames({"type": "message_stop"}))
    assert [type(event) for event in alone] == [Fault]
    silent = frames({"type": "message_start", "message": {}}, {"type": "message_stop"})
    assert events_of(silent)[-1] == End(Finish("stop", None, NAME))


def test_nothing_after_the_end() -> None:
    assert events_of(stream_of() + stream_of()) == events_of(stream_of())
