import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy_core.errors import DecodeError, QuotaExhausted, UpstreamProtocolError
from proxy_core.ir.fold import Folder, WholeDecoder, WholeEncoder, ended, executable, fold, skeleton, unfold
from proxy_core.ir.message import (
    Citation,
    HostedStep,
    Inline,
    Media,
    Part,
    Reasoning,
    Refusal,
    Seal,
    Text,
    ToolCall,
)
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

SEAL = Seal("one", "some.kind", "sealed")
segments = st.lists(st.text(), max_size=3).map(tuple)
parts: st.SearchStrategy[Part] = st.one_of(
    st.builds(Text, st.text(), st.just((Citation("u"),)), seal=st.none() | st.just(SEAL)),
    st.builds(Refusal, st.text()),
    st.builds(
        Reasoning, st.lists(st.text(), max_size=3).map(tuple), st.none() | st.just(SEAL), st.booleans()
    ),
    st.builds(ToolCall, st.text(), st.text(), st.text(), seal=st.none() | st.just(SEAL)),
    st.just(Media("image", Inline("image/png", "aGk="))),
    st.just(HostedStep("web_search", "some", {"a": 1})),
)
finishes = st.sampled_from([Finish("stop", "STOP", "some"), Finish("length"), Finish("tool")])
usages = st.none() | st.builds(Usage, st.integers(0, 9), st.integers(0, 9))


@st.composite
def replies(draw: st.DrawFn) -> Reply:
    count = draw(st.integers(1, 3))
    candidates = tuple(
        Candidate(
            draw(st.lists(parts, max_size=4).map(tuple)),
            draw(finishes),
            index,
            draw(st.none() | st.just([1])),
        )
        for index in range(count)
    )
    return Reply("id", "model", candidates, draw(usages), draw(st.none() | st.integers(0)))


@given(replies())
def test_folding_undoes_unfolding(reply: Reply) -> None:
    assert fold(unfold(reply)) == reply


@given(replies())
def test_unfolded_events_keep_the_laws(reply: Reply) -> None:
    events = unfold(reply)
    assert isinstance(events[0], Begin)
    assert sum(isinstance(event, Begin) for event in events) == 1
    opened: dict[int, int] = {}
    current: tuple[int, int] | None = None
    done: set[int] = set()
    for event in events[1:]:
        match event:
            case PartBegin():
                assert current is None
                assert event.index == opened.get(event.candidate, 0)
                opened[event.candidate] = event.index + 1
                current = event.candidate, event.index
            case PartDelta():
                assert current == (event.candidate, event.index)
                assert event.text
            case PartEnd():
                assert current == (event.candidate, event.index)
                current = None
            case End():
                assert current is None
                done.add(event.candidate)
            case UsageReport():
                assert done != {candidate.index for candidate in reply.candidates}
    assert done == {candidate.index for candidate in reply.candidates}


@given(replies())
def test_deltas_add_up_to_the_part(reply: Reply) -> None:
    said: dict[tuple[int, int], str] = {}
    for event in unfold(reply):
        if isinstance(event, PartDelta):
            key = event.candidate, event.index
            said[key] = said.get(key, "") + event.text
        elif isinstance(event, PartEnd) and isinstance(event.part, Text | ToolCall):
            whole = event.part.text if isinstance(event.part, Text) else event.part.arguments
            assert said.get((event.candidate, event.index), "") == whole


def test_what_opens_holds_nothing_that_streams_in() -> None:
    assert skeleton(Text("a", (Citation(),), seal=SEAL)) == Text("")
    assert skeleton(Refusal("a")) == Refusal("")
    assert skeleton(Reasoning(("a",), SEAL, True, "r")) == Reasoning((), None, True, "r")
    assert skeleton(ToolCall("1", "a", "{}", seal=SEAL)) == ToolCall("1", "a", "")
    step = HostedStep("web_search", "some", {})
    assert skeleton(step) is step


def test_later_usage_overwrites_and_beats_do_not_matter() -> None:
    events: list[StreamEvent] = [
        Begin("id", "model", usage=Usage(1)),
        Beat(),
        UsageReport(Usage(2)),
        UsageReport(Usage(3)),
        End(Finish("stop")),
    ]
    assert fold(events).usage == Usage(3)
    assert fold([Begin("id", "model", usage=Usage(1)), End(Finish("stop"))]).usage == Usage(1)


def test_a_fault_is_an_error_and_remembered() -> None:
    fault = Fault(QuotaExhausted("Enough.", code="quota").failure())
    with pytest.raises(UpstreamProtocolError, match="Enough"):
        fold([Begin("id", "model"), fault])
    folder = Folder()
    folder.add(fault)
    assert folder.failure == fault.failure


@pytest.mark.parametrize("events", [[], [Begin("id", "model")], [End(Finish("stop"))]])
def test_an_unfinished_reply_is_an_error(events: list[StreamEvent]) -> None:
    with pytest.raises(UpstreamProtocolError):
        fold(events)


REPLY = Reply("id", "model", (Candidate((Text("a"),), Finish("stop")),), Usage(1, 2))


def test_a_whole_body_is_decoded_when_it_is_complete() -> None:
    bodies: list[bytes] = []

    def decode(body: bytes) -> Reply:
        bodies.append(body)
        return REPLY

    decoder = WholeDecoder(decode)
    assert [decoder.feed(piece) for piece in (b"{", b"", b"}")] == [[], [], []]
    assert fold(decoder.close()) == REPLY
    assert bodies == [b"{}"]


def test_a_vendor_s_broken_body_is_the_vendor_s_fault() -> None:
    def decode(body: bytes) -> Reply:
        raise DecodeError("The body is not valid JSON.", param="choices")

    (fault,) = WholeDecoder(decode).close()
    assert isinstance(fault, Fault)
    assert (fault.failure.kind, fault.failure.status, fault.failure.param) == ("server", 502, None)
    assert "not valid JSON" in fault.failure.message


def test_a_vendor_s_own_error_passes() -> None:
    def decode(body: bytes) -> Reply:
        raise QuotaExhausted("Enough.", retry_after_s=3)

    (fault,) = WholeDecoder(decode).close()
    assert fault == Fault(QuotaExhausted("Enough.", retry_after_s=3).failure())


def test_a_whole_reply_is_encoded_at_the_end() -> None:
    encoder = WholeEncoder(lambda reply: b"yes" if reply == REPLY else b"no")
    assert [encoder.encode(event) for event in unfold(REPLY)] == [b""] * len(unfold(REPLY))
    assert encoder.failure is None
    assert encoder.close() == b"yes"


def test_after_a_fault_there_is_no_body() -> None:
    encoder = WholeEncoder(lambda reply: b"no")
    failure = QuotaExhausted("Enough.").failure()
    for event in (*unfold(REPLY), Fault(failure)):
        encoder.encode(event)
    assert encoder.close() == b""
    assert encoder.failure == failure


def test_an_encoder_without_a_whole_reply_says_so() -> None:
    with pytest.raises(UpstreamProtocolError):
        WholeEncoder(lambda reply: b"no").close()


def test_finish_and_calls_are_kept_in_step() -> None:
    call = ToolCall("1", "a", "{}")
    assert ended(Finish("stop", "STOP", "some"), (Text("a"), call)) == Finish("tool", "STOP", "some")
    assert ended(Finish("tool"), (Text("a"),)) == Finish("stop")
    assert ended(Finish("stop"), (Text("a"),)) == Finish("stop")


def test_a_limit_that_came_after_the_calls_leaves_them_the_answer() -> None:
    whole, cut = ToolCall("1", "a", '{"b":1}'), ToolCall("2", "a", '{"b":')
    text = ToolCall("3", "a", "some text", "freeform")
    for reason in ("length", "context_full"):
        assert ended(Finish(reason), (whole,)) == Finish("tool")
        for unsure in (cut, text, ToolCall("4", "a", ""), ToolCall("5", "a", "[1]")):
            assert ended(Finish(reason), (whole, unsure)) == Finish(reason)
    assert ended(Finish("filter"), (whole,)) == Finish("filter")


def test_calls_that_a_limit_cut_are_not_executable() -> None:
    whole, cut = ToolCall("1", "a", "{}"), ToolCall("2", "a", '{"b":')
    assert executable((Text("a"), whole, cut), Finish("length")) == (Text("a"), whole)
    assert executable((cut,), Finish("tool")) == (cut,)
