from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy_core.errors import UpstreamTimeout
from proxy_core.ir.fold import fold
from proxy_core.ir.message import Citation, Reasoning, Text, ToolCall
from proxy_core.ir.request import ReplyMemory, ToolIdentity
from proxy_core.ir.restore import Restorer
from proxy_core.ir.stream import (
    Beat,
    Begin,
    End,
    Fault,
    Finish,
    PartBegin,
    PartDelta,
    PartEnd,
    StreamEvent,
    Usage,
    UsageReport,
)

BEGIN = Begin("id", "model")
USAGE = UsageReport(Usage(3, 4))
STOP = Finish("stop", "stop", "some")
FAULT = Fault(UpstreamTimeout("Too slow.").failure())
FREEFORM = ReplyMemory(tools={"patch": ToolIdentity("apply.patch", "files", "freeform")})


def _text(*deltas: str, index: int = 0, candidate: int = 0) -> list[StreamEvent]:
    return [
        PartBegin(index, Text(""), candidate),
        *(PartDelta(index, delta, candidate) for delta in deltas),
        PartEnd(index, Text("".join(deltas)), candidate),
    ]


def _call(call: ToolCall, *deltas: str) -> list[StreamEvent]:
    skeleton = ToolCall(call.id, call.name, "", call.form, call.namespace)
    return [PartBegin(0, skeleton), *(PartDelta(0, delta) for delta in deltas), PartEnd(0, call)]


def _restored(memory: ReplyMemory, events: Iterable[StreamEvent]) -> list[StreamEvent]:
    restorer = Restorer(memory)
    restored = [out for event in events for out in restorer.feed(event)]
    return restored + restorer.close()


def _said(events: Iterable[StreamEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, PartDelta))


def _cut(text: str, stops: tuple[str, ...]) -> tuple[str, str | None]:
    """What a model would have said that stops at the letter that completes a stop string."""
    for end in range(1, len(text) + 1):
        hits = [stop for stop in stops if text[:end].endswith(stop)]
        if hits:
            stop = max(hits, key=len)
            return text[: end - len(stop)], stop
    return text, None


def test_without_anything_to_undo_everything_passes() -> None:
    events = [
        BEGIN,
        Beat(),
        PartBegin(0, Reasoning()),
        PartDelta(0, "hm"),
        PartEnd(0, Reasoning(("hm",))),
        *_text("a", "b", index=1),
        USAGE,
        End(STOP),
    ]
    assert _restored(ReplyMemory(), events) == events


def test_names_and_namespaces_come_back() -> None:
    memory = ReplyMemory(tools={"web_search_1": ToolIdentity("web.search", "net")})
    events = _restored(memory, _call(ToolCall("1", "web_search_1", '{"q":1}'), '{"q":', "1}"))
    named = ToolCall("1", "web.search", '{"q":1}', namespace="net")
    assert events == _call(named, '{"q":', "1}")


def test_other_calls_are_left_alone() -> None:
    events = _call(ToolCall("1", "look_up", "{}"), "{}")
    assert _restored(FREEFORM, events) == events


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ('{"input":"*** Begin\\n"}', "*** Begin\n"),
        ('{"input":"\\ud83c\\udf0d","more":1}', "🌍"),
        ('{"patch":"text"}', "text"),
        ('"text"', "text"),
        ('{"input":5}', '{"input":5}'),
        ('{"a":"1","b":"2"}', '{"a":"1","b":"2"}'),
        ("[1.50]", "[1.50]"),
        ("*** Begin", "*** Begin"),
        ('{"input":"cut', "cut"),
        ('{"input": "line\\n\\u00e', "line\n"),
        ('{"input": "end\\\\', "end\\"),
        ('{"input": "half\\', "half"),
        ('{"inp', '{"inp'),
    ],
)
def test_a_freeform_input_is_unwrapped_whole(arguments: str, text: str) -> None:
    events = _restored(FREEFORM, _call(ToolCall("1", "patch", arguments), *arguments))
    assert events == _call(ToolCall("1", "apply.patch", text, "freeform", "files"), text)


def test_an_empty_freeform_input_has_no_delta() -> None:
    events = _restored(FREEFORM, _call(ToolCall("1", "patch", '{"input":""}'), '{"input":""}'))
    assert events == _call(ToolCall("1", "apply.patch", "", "freeform", "files"))


def test_a_call_that_came_in_freeform_is_not_unwrapped() -> None:
    events = _restored(FREEFORM, _call(ToolCall("1", "patch", '{"input":"x"}', "freeform"), '{"input":"x"}'))
    assert _said(events) == '{"input":"x"}'


@given(
    st.text("ab|", max_size=12),
    st.lists(st.text("ab|", max_size=4), max_size=3).map(tuple),
    st.data(),
)
def test_text_ends_before_the_first_stop_string_in_any_cut(
    text: str, stops: tuple[str, ...], data: st.DataObject
) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    deltas = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    events = _restored(ReplyMemory(stop=stops), [BEGIN, *_text(*deltas), USAGE, End(STOP)])
    expected, stop = _cut(text, tuple(one for one in stops if one))
    reply = fold(events)
    assert _said(events) == expected
    assert reply.candidates[0].parts == (Text(expected),)
    assert reply.usage == USAGE.usage
    finish = STOP if stop is None else Finish("stop_sequence", stop_sequence=stop)
    assert reply.candidates[0].finish == finish
    assert sum(isinstance(event, End) for event in events) == 1


def test_no_more_is_withheld_than_may_become_a_stop_string() -> None:
    restorer = Restorer(ReplyMemory(stop=("END",)))
    restorer.feed(PartBegin(0, Text("")))
    assert restorer.feed(PartDelta(0, "the E")) == [PartDelta(0, "the ")]
    assert restorer.feed(PartDelta(0, "N")) == []
    assert restorer.feed(PartDelta(0, "ough E")) == [PartDelta(0, "ENough ")]
    assert restorer.feed(PartEnd(0, Text("the ENough E"))) == [
        PartDelta(0, "E"),
        PartEnd(0, Text("the ENough E")),
    ]


def test_the_longest_beginning_is_withheld() -> None:
    events = _restored(ReplyMemory(stop=("aab",)), _text("xaa", "b"))
    assert _said(events) == "x"


def test_after_a_cut_only_usage_comes() -> None:
    restorer = Restorer(ReplyMemory(stop=("X",)))
    for event in (BEGIN, PartBegin(0, Text(""))):
        restorer.feed(event)
    assert not restorer.is_cut
    assert restorer.feed(PartDelta(0, "aXb")) == [
        PartDelta(0, "a"),
        PartEnd(0, Text("a")),
        End(Finish("stop_sequence", stop_sequence="X")),
    ]
    assert restorer.is_cut
    rest: list[StreamEvent] = [
        PartDelta(0, "c"),
        PartEnd(0, Text("aXbc")),
        *_text("d", index=1),
        End(STOP),
        FAULT,
    ]
    assert [out for event in rest for out in restorer.feed(event)] == []
    assert restorer.feed(USAGE) == [USAGE]
    assert restorer.close() == []


def test_text_that_comes_only_at_the_end_is_cut_as_well() -> None:
    cited = Text("aaXbb", (Citation("u", start=0, end=2), Citation("v", start=3, end=5)))
    events = _restored(ReplyMemory(stop=("X",)), [PartBegin(0, Text("")), PartEnd(0, cited)])
    assert events[1:3] == [PartDelta(0, "aa"), PartEnd(0, Text("aa", (Citation("u", start=0, end=2),)))]


def test_only_visible_text_is_cut() -> None:
    thinking: list[StreamEvent] = [
        PartBegin(0, Reasoning()),
        PartDelta(0, "X"),
        PartEnd(0, Reasoning(("X",))),
    ]
    assert _restored(ReplyMemory(stop=("X",)), thinking) == thinking
    call = _call(ToolCall("1", "look_up", '{"a":"X"}'), '{"a":"X"}')
    assert _restored(ReplyMemory(stop=("X",)), call) == call


def test_candidates_are_cut_one_by_one() -> None:
    restorer = Restorer(ReplyMemory(stop=("X",)))
    for event in (*_text("aX"), PartBegin(0, Text(""), 1)):
        restorer.feed(event)
    assert not restorer.is_cut
    assert restorer.feed(PartDelta(0, "b", 1)) == [PartDelta(0, "b", 1)]


def test_withheld_text_comes_out_before_a_fault_or_the_end() -> None:
    memory = ReplyMemory(stop=("END",))
    started: list[StreamEvent] = [PartBegin(0, Text("")), PartDelta(0, "aE")]
    assert _restored(memory, [*started, FAULT])[1:] == [PartDelta(0, "a"), PartDelta(0, "E"), FAULT]
    assert _restored(memory, started)[1:] == [PartDelta(0, "a"), PartDelta(0, "E")]


def test_finish_and_calls_agree() -> None:
    called = _restored(ReplyMemory(), [*_call(ToolCall("1", "look_up", "{}")), End(STOP)])
    assert called[-1] == End(Finish("tool", "stop", "some"))
    talked = _restored(ReplyMemory(), [*_text("a"), End(Finish("tool"))])
    assert talked[-1] == End(Finish("stop"))
