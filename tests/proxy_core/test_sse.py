from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy_core import jsonbytes, sse
from proxy_core.errors import UpstreamProtocolError
from proxy_core.sse import COMMENT_BEAT, SseEvent, SseParser, comment, data_event, holds_any
from tests.samples import load

ODD = st.sampled_from(
    [
        b"data: {}",
        b"data:x",
        b"data",
        b"data:  two",
        b"event: ping",
        b"event:",
        b": comment",
        b"id: 7",
        b"retry: 10",
        b"",
        b"",
        b"data: \xe2\x80\xa8\xc2\x85",
        b"data: \xff",
        b"nonsense",
        b"\xef\xbb\xbfdata: bom",
    ]
)
ENDS = st.sampled_from([b"\n", b"\r\n", b"\r"])
streams = st.lists(st.tuples(ODD, ENDS)).map(lambda lines: b"".join(line + end for line, end in lines))


def _parsed(pieces: Iterable[bytes]) -> list[SseEvent]:
    parser = SseParser()
    events = [event for piece in pieces for event in parser.feed(piece)]
    return events + parser.close()


def _slowly(stream: bytes) -> list[SseEvent]:
    """The rules of the specification, read off line by line."""
    lines = stream.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    events: list[SseEvent] = []
    name: str | None = None
    data: list[bytes] = []
    for line in [*lines, b""]:
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if not line:
            if data:
                events.append(SseEvent(b"\n".join(data), name))
            name, data = None, []
        elif field == b"data":
            data.append(value)
        elif field == b"event":
            name = value.decode("utf-8", "replace")
    return events


@given(streams, st.booleans())
def test_streams_are_read_as_specified(stream: bytes, cut: bool) -> None:
    stream = stream[:-1] if cut else stream
    assert _parsed([stream]) == _slowly(stream)


@given(streams)
def test_one_byte_at_a_time_gives_the_same_events(stream: bytes) -> None:
    assert _parsed(stream[at : at + 1] for at in range(len(stream))) == _parsed([stream])


@given(streams, st.data())
def test_any_cut_gives_the_same_events(stream: bytes, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    pieces = [stream[start:end] for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    assert _parsed(pieces) == _parsed([stream])


SAMPLES = [
    pytest.param(sample.stream, id=f"{dialect}-{sample.name}")
    for dialect in load.dialects()
    for sample in load.samples(dialect)
    if sample.stream is not None
]


@pytest.mark.parametrize("stream", SAMPLES)
def test_samples_are_read_alike_with_every_line_end_and_cut(stream: bytes) -> None:
    events = _parsed([stream])
    assert events
    assert all(event.data == b"[DONE]" or jsonbytes.decode_object(event.data) for event in events)
    for end in (b"\r\n", b"\r"):
        other = stream.replace(b"\n", end)
        assert _parsed([other]) == events
        assert _parsed(other[at : at + 1] for at in range(len(other))) == events


def test_an_event_comes_as_soon_as_its_blank_line() -> None:
    parser = SseParser()
    assert parser.feed(b"data: 1\n") == []
    assert parser.feed(b"\n") == [SseEvent(b"1")]
    assert parser.feed(b"data: 2\r\n\r") == [SseEvent(b"2")]
    assert parser.feed(b"\ndata: 3\r\r") == [SseEvent(b"3")]
    assert parser.feed(b"") == []
    assert parser.close() == []


def test_a_long_line_in_small_pieces_is_whole() -> None:
    long = b"x" * 300_000
    stream = b"data: " + long + b"\n\n"
    pieces = [stream[at : at + 1000] for at in range(0, len(stream), 1000)]
    assert _parsed(pieces) == [SseEvent(long)]


def test_an_event_that_never_ends_is_not_held_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "LONGEST_EVENT", 1000)
    parser = SseParser()
    assert parser.feed(b"data: " + b"x" * 900) == []
    with pytest.raises(UpstreamProtocolError, match="does not end"):
        parser.feed(b"x" * 100)
    assert parser.close() == []


def test_a_last_event_without_its_blank_line_is_kept() -> None:
    assert _parsed([b"event: done\ndata: x"]) == [SseEvent(b"x", "done")]
    assert _parsed([b"data: x\n"]) == [SseEvent(b"x")]


@given(st.binary().map(lambda raw: b"".join(raw.splitlines())), st.sampled_from([None, "ping"]))
def test_framing_is_undone_by_reading(data: bytes, name: str | None) -> None:
    assert _parsed([data_event(data, name)]) == [SseEvent(data, name)]


def test_a_keep_alive_is_no_event() -> None:
    assert _parsed([data_event(b"1"), COMMENT_BEAT, data_event(b"2")]) == [SseEvent(b"1"), SseEvent(b"2")]


def test_a_comment_is_one_line_that_nobody_reads() -> None:
    said = comment("Broken.\r\nevent: x\n\ndata: {} ümlaut " + "x" * 1000)
    assert _parsed([said, data_event(b"1")]) == [SseEvent(b"1")]
    assert said.startswith(b": Broken.  event: x  data: {} ?mlaut xxx")
    assert (said.count(b"\n"), said[-2:], len(said)) == (2, b"\n\n", 304)


@given(streams, st.data())
def test_the_text_of_whole_events_can_be_taken_apart_later(stream: bytes, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    parser = SseParser()
    texts = [parser.whole(stream[a:b]) for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    assert all(not text or (text.endswith(b"\n\n") and b"\r" not in text) for text in texts)
    assert [event for text in texts for event in parser.events(text)] + parser.close() == _parsed([stream])


def test_marks_are_found_wherever_they_stand() -> None:
    assert holds_any(b"a b c", (b"x", b"c"))
    assert holds_any(b"a b c", (b"a",))
    assert not holds_any(b"a b c", (b"x", b"C"))
    assert not holds_any(b"a b c", ())
