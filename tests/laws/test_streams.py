"""Laws 6 to 8 and 12: streams and whole replies."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy_core.ir.fold import fold, unfold
from proxy_core.ir.stream import Fault, PartDelta, Reply, StreamEvent, Usage, UsageReport
from tests.laws import codecs, streams
from tests.laws.codecs import NAMES, asked, reply_bytes, reply_events
from tests.laws.profiles import LONG, examples
from tests.laws.replies import replies, usages
from tests.samples import load
from tests.upstreams.lint import lint


@pytest.mark.timeout(0 if LONG else 60)
@pytest.mark.parametrize("name", NAMES)
def test_law_06_a_stream_says_what_the_whole_reply_says(name: str) -> None:
    """Both are read again by the dialect's own decoder; SDKs do the same in the end-to-end matrix."""

    @examples(40)
    @given(replies(name))
    def law(reply: Reply) -> None:
        streamed = reply_bytes(name, unfold(reply), "stream")
        assert lint(name, streamed) == []
        one = fold(reply_events(name, streamed, "stream"))
        other = fold(reply_events(name, reply_bytes(name, unfold(reply), "whole"), "whole"))
        assert streams.plain(one, name) == streams.plain(other, name)

    law()


@pytest.mark.parametrize("name", NAMES)
def test_law_06_and_so_do_the_golden_ones_in_every_other_dialect(name: str) -> None:
    for other in NAMES:
        for sample in load.samples(other):
            if sample.stream is None:
                continue
            events = reply_events(other, sample.stream, "stream")
            streamed = reply_bytes(name, events, "stream")
            whole = reply_bytes(name, events, "whole")
            assert lint(name, streamed) == [], (other, sample.name)
            one = streams.plain(fold(reply_events(name, streamed, "stream")), name)
            two = streams.plain(fold(reply_events(name, whole, "whole")), name)
            assert one == two, (other, sample.name)


@pytest.mark.parametrize("name", NAMES)
def test_law_07_bytes_may_be_cut_anywhere(name: str) -> None:
    """One byte at a time, with either line end: exactly the same events."""
    for stem, body in streams.streams(name):
        whole = reply_events(name, body, "stream")
        windows = body.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        assert reply_events(name, body, "stream", *range(1, len(body))) == whole, stem
        assert reply_events(name, windows, "stream", *range(1, len(windows))) == whole, stem


@pytest.mark.timeout(0 if LONG else 60)
@pytest.mark.parametrize("name", NAMES)
def test_law_07_generated_streams_may_be_cut_anywhere_too(name: str) -> None:
    @examples(30)
    @given(replies(name), st.data())
    def law(reply: Reply, data: st.DataObject) -> None:
        body = streams.written(name, reply)
        cuts = sorted(data.draw(st.lists(st.integers(0, len(body)), max_size=8)))
        whole = reply_events(name, body, "stream")
        assert reply_events(name, body, "stream", *cuts) == whole
        assert reply_events(name, body, "stream", *range(1, len(body))) == whole
        answer = reply_bytes(name, unfold(reply), "whole")
        assert reply_events(name, answer, "whole", *range(1, len(answer))) == reply_events(
            name, answer, "whole"
        )

    law()


@pytest.mark.timeout(0 if LONG else 60)
@pytest.mark.parametrize("name", NAMES)
def test_law_07_deltas_may_be_dealt_in_any_way(name: str) -> None:
    """Deltas of another size make another stream and the same reply."""

    @examples(30)
    @given(replies(name), st.randoms(use_true_random=False))
    def law(reply: Reply, random: Any) -> None:
        events = unfold(reply)
        dealt: list[StreamEvent] = []
        for event in events:
            if not isinstance(event, PartDelta) or len(event.text) < 2:
                dealt.append(event)
                continue
            cut = random.randrange(1, len(event.text))
            for text in (event.text[:cut], event.text[cut:]):
                dealt.append(PartDelta(event.index, text, event.candidate, event.segment))
        bodies = [reply_bytes(name, one, "stream") for one in (events, dealt)]
        assert lint(name, bodies[1]) == []
        assert fold(reply_events(name, bodies[0], "stream")) == fold(reply_events(name, bodies[1], "stream"))

    law()


def check_cut(name: str, cut: int, events: list[StreamEvent]) -> None:
    """The law for one cut, for clients of every dialect."""
    ended = streams.has_ended(events)
    faults = [one for one in events if isinstance(one, Fault)]
    assert ended != bool(faults), (cut, events[-3:])
    assert len(faults) <= 1
    if faults:
        assert events[-1] is faults[0], cut
    for client in NAMES:
        body = reply_bytes(client, events, "stream")
        assert lint(client, body) == [], (client, cut)
        assert codecs.ends_cleanly(client, body) is ended, (client, cut)


def check_cuts(name: str, body: bytes, cuts: list[int], answers: int = 1) -> None:
    """The law for many cuts; those that come to the same events are checked once.

    Gemini does not say how many answers will come, and may give fewer than were asked for.
    """
    seen: set[str] = set()
    complete = False
    for cut, events in streams.every_cut(name, body, cuts, answers):
        found = repr(events)
        if found not in seen:
            seen.add(found)
            check_cut(name, cut, events)
        # once the end was heard it stays heard
        assert streams.has_ended(events) or not complete or (answers > 1 and name == "gemini_generate"), cut
        complete = streams.has_ended(events)
    assert complete or any(b"error" in line for line in body.splitlines())


@pytest.mark.timeout(0 if LONG else 60)
@pytest.mark.parametrize("name", NAMES)
def test_law_08_no_prefix_ends_cleanly_before_the_end_was_seen(name: str) -> None:
    smallest = sorted(streams.streams(name), key=lambda one: len(one[1]))[:2]
    for stem, body in streams.streams(name):
        every = LONG or (stem, body) in smallest
        check_cuts(name, body, list(range(len(body) + 1)) if every else streams.telling_cuts(body))


@pytest.mark.timeout(0 if LONG else 60)
@pytest.mark.parametrize("name", NAMES)
def test_law_08_nor_does_one_of_a_generated_stream(name: str) -> None:
    @examples(8)
    @given(replies(name))
    def law(reply: Reply) -> None:
        body = streams.written(name, reply)
        check_cuts(name, body, streams.telling_cuts(body), len(reply.candidates))

    law()


@pytest.mark.parametrize("name", NAMES)
def test_law_08_a_whole_reply_that_was_cut_is_a_fault(name: str) -> None:
    for sample in load.samples(name):
        if sample.is_error or sample.is_count:
            continue
        body = sample.response.rstrip()
        for cut in {0, 1, len(body) // 2, len(body) - 1}:
            events = reply_events(name, body[:cut], "whole")
            assert [type(one) for one in events] == [Fault], (sample.name, cut)


@pytest.mark.parametrize("name", NAMES)
def test_law_12_usage_adds_up(name: str) -> None:
    for sample in load.samples(name):
        if sample.stream is not None:
            check_usage(reply_events(name, sample.stream, "stream"))
            check_usage(reply_events(name, sample.response, "whole"))


def check_usage(events: list[StreamEvent]) -> None:
    for event in events:
        used = event.usage if isinstance(event, UsageReport) else None
        if used is None:
            continue
        parts = [used.cached_tokens, used.cache_write_tokens, used.reasoning_tokens, used.tool_prompt_tokens]
        assert min(used.input_tokens, used.output_tokens, *(one for one in parts if one is not None)) >= 0
        assert used.input_tokens >= (used.cached_tokens or 0) + (used.cache_write_tokens or 0)
        assert used.output_tokens >= (used.reasoning_tokens or 0)
        assert (used.cache_write_tokens or 0) >= (used.cache_write_long_tokens or 0)


@pytest.mark.timeout(0 if LONG else 60)
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("mode", ["whole", "stream"])
def test_law_12_totals_survive_a_dialect(name: str, mode: Any) -> None:
    @examples(40)
    @given(usages())
    def law(used: Usage) -> None:
        reply = fold(reply_events("openai_chat", next(iter(streams.streams("openai_chat")))[1], "stream"))
        events = unfold(Reply(reply.id, reply.model, reply.candidates, used, 1))
        back = fold(reply_events(name, reply_bytes(name, events, mode, asked(name)), mode)).usage
        if back is None:
            # Gemini's all-zero counts are a keep-alive
            assert (name, used.input_tokens + used.output_tokens) == ("gemini_generate", 0)
            return
        check_usage([UsageReport(back)])
        assert (back.input_tokens, back.output_tokens) == (used.input_tokens, used.output_tokens)
        assert (back.cached_tokens or 0, back.reasoning_tokens or 0) == (
            used.cached_tokens or 0,
            used.reasoning_tokens or 0,
        )

    law()
