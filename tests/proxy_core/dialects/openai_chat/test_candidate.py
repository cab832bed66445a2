from typing import Any

import pytest

from proxy_core.dialects.openai_chat.candidate import CandidateDecoder
from proxy_core.ir.message import (
    Citation,
    HostedStep,
    Inline,
    Media,
    Part,
    Reasoning,
    Refusal,
    Source,
    Text,
    ToolCall,
)
from proxy_core.ir.stream import PartBegin, PartDelta, PartEnd, StreamEvent


def candidate(only_freeform: str | None = None) -> CandidateDecoder:
    return CandidateDecoder(0, "c1", "vendor", only_freeform, "audio/wav")


def run(
    *deltas: Any, word: str = "stop", only_freeform: str | None = None
) -> tuple[list[Part], list[StreamEvent]]:
    decoder = candidate(only_freeform)
    events = [event for delta in deltas for event in decoder.take(delta)] + decoder.finish(word)
    check_order(events)
    return [event.part for event in events if isinstance(event, PartEnd)], events


def check_order(events: list[StreamEvent]) -> None:
    """Parts are dense, one is open at a time, and deltas make up the whole."""
    open_index, number, text = None, 0, ""
    for event in events:
        match event:
            case PartBegin():
                assert open_index is None
                assert event.index == number
                open_index, text = event.index, ""
            case PartDelta():
                assert event.index == open_index
                text += event.text
            case PartEnd():
                assert event.index == open_index
                if isinstance(event.part, Text | Refusal):
                    assert event.part.text == text
                if isinstance(event.part, ToolCall) and event.part.form == "json":
                    assert event.part.arguments == (text or "{}")
                open_index, number = None, number + 1
    assert open_index is None


def call(index: Any, arguments: str | None = None, **members: Any) -> dict[str, Any]:
    function = {"arguments": arguments} if arguments is not None else {}
    if "name" in members:
        function["name"] = members.pop("name")
    return {"tool_calls": [{"index": index, "function": function, **members}]}


def test_text_is_passed_on_at_once() -> None:
    decoder = candidate()
    assert decoder.take({"role": "assistant", "content": ""}) == []
    assert decoder.take({"content": "He"}) == [PartBegin(0, Text("")), PartDelta(0, "He")]
    assert decoder.take({"content": "y"}) == [PartDelta(0, "y")]


def test_interleaved_calls_are_serialised() -> None:
    parts, events = run(
        call(0, '{"a":', id="c1", name="f"), call(1, '{"b":', id="c2", name="g"),
        call(0, "1}"), call(1, "2}"), word="tool_calls",
    )  # fmt: skip
    assert parts == [ToolCall("c1", "f", '{"a":1}'), ToolCall("c2", "g", '{"b":2}')]
    assert events[1] == PartDelta(0, '{"a":')


def test_a_complete_call_makes_way_at_once() -> None:
    decoder = candidate()
    decoder.take(call(0, "{}", id="c1", name="f"))
    events = decoder.take(call(1, '{"b":', id="c2", name="g"))
    assert [type(event) for event in events] == [PartEnd, PartBegin, PartDelta]


@pytest.mark.parametrize("index", [0, None])
def test_calls_without_their_own_number_are_told_apart_by_id(index: int | None) -> None:
    parts, _ = run(call(index, "{}", id="c1", name="f"), call(index, "{}", id="c2", name="g"))
    assert [part.id for part in parts if isinstance(part, ToolCall)] == ["c1", "c2"]


def test_a_repeated_id_and_name_are_one_call() -> None:
    parts, _ = run(call(0, '{"a"', id="c1", name="f"), call(0, ":1}", id="c1", name="f"))
    assert parts == [ToolCall("c1", "f", '{"a":1}')]


def test_a_name_may_come_late_and_an_id_never() -> None:
    parts, _ = run(call(0, '{"a":'), call(0, "1}", name="f"))
    found = parts[0]
    assert isinstance(found, ToolCall)
    assert found.id.startswith("call_")
    assert parts == run(call(0, '{"a":'), call(0, "1}", name="f"))[0]


def test_a_call_without_a_name_is_never_announced() -> None:
    decoder = candidate()
    events = decoder.take(call(0, "{}")) + decoder.finish("tool_calls")
    assert events == []
    assert decoder.end is not None
    assert decoder.end.finish.reason == "stop"


def test_the_only_freeform_tool_needs_no_name() -> None:
    delta = {"tool_calls": [{"index": 0, "id": "c", "type": "custom", "custom": {"input": "x"}}]}
    assert run(delta, only_freeform="patch")[0] == [ToolCall("c", "patch", "x", "freeform")]


def test_thinking_then_text_then_calls_then_text() -> None:
    parts, _ = run(
        {"reasoning": "hm"},
        {"content": "ok"},
        call(0, "{}", id="c", name="f"),
        {"content": "done"},
        word="stop",
    )
    assert parts == [Reasoning(("hm",)), Text("ok"), ToolCall("c", "f", "{}"), Text("done")]


def test_streamed_details_are_the_text_where_nothing_else_is() -> None:
    parts, events = run(
        {"reasoning_details": [{"type": "reasoning.text", "index": 0, "text": "a"}]},
        {"reasoning_details": [{"type": "reasoning.text", "index": 0, "text": "b"}]},
    )
    assert isinstance(parts[0], Reasoning)
    assert parts[0].text == "ab"
    assert [event.text for event in events if isinstance(event, PartDelta)] == ["a", "b"]


def test_details_beside_the_text_do_not_double_it() -> None:
    detail = {"type": "reasoning.text", "index": 0, "text": "ab"}
    parts, _ = run({"reasoning": "a"}, {"reasoning": "b"}, {"reasoning_details": [detail]})
    assert isinstance(parts[0], Reasoning)
    assert parts[0].text == "ab"


def test_late_details_are_a_part_of_their_own() -> None:
    detail = {"type": "reasoning.encrypted", "data": "d"}
    parts, _ = run({"content": "ok"}, call(0, "{}", id="c", name="f"), {"reasoning_details": [detail]})
    assert isinstance(parts[-1], Reasoning)
    assert parts[-1].seal is not None


def test_lists_of_content_pictures_sound_and_refusals() -> None:
    parts, _ = run(
        {
            "content": [
                {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]},
                {"type": "text", "text": "a"},
            ]
        },
        {"refusal": "no"},
        {"images": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}}]},
        {"audio": {"id": "x", "data": "YQ==", "transcript": "b"}},
        {"audio": {"data": "Yg=="}},
    )
    assert parts == [
        Reasoning(("hm",)), Text("a"), Refusal("no"), Media("image", Inline("image/png", "aGk=")), Text("b"),
        Media("audio", Inline("audio/wav", "YWI=")),
    ]  # fmt: skip


def test_annotations_are_citations() -> None:
    note = {
        "type": "url_citation",
        "url_citation": {"url": "https://x", "title": "X", "start_index": 0, "end_index": 2},
    }
    parts, _ = run({"content": "ok"}, {"annotations": [note, {"type": "odd"}, 3]})
    assert parts == [Text("ok", (Citation("https://x", "X", None, 0, 2),))]


def test_token_probabilities_grow() -> None:
    decoder = candidate()
    for token in "ab":
        decoder.take({"content": token})
        decoder.take_logprobs({"content": [{"token": token}], "refusal": None})
    decoder.finish("stop")
    assert decoder.end is not None
    assert decoder.end.logprobs == {"content": [{"token": "a"}, {"token": "b"}]}


@pytest.mark.parametrize(
    "delta",
    [
        {"tool_calls": 3},
        {"tool_calls": [3, None]},
        {"tool_calls": [{"index": "x", "function": 3}]},
        {"content": 3},
        {"content": [3]},
        {"images": [3, {"image_url": 3}]},
        {"audio": []},
        {"reasoning_details": [3]},
        {"function_call": 3},
        {"annotations": {}},
        {"images": [{"image_url": {"url": "data:x"}}]},
    ],
)
def test_nonsense_does_no_harm(delta: Any) -> None:
    assert run(delta, {"content": "ok"})[0] == [Text("ok")]


def test_a_call_that_a_limit_cut_before_its_arguments_has_none() -> None:
    for word, arguments in (("length", ""), ("tool_calls", "{}")):
        decoder = candidate()
        events = [*decoder.take(call(0, name="f", id="c1")), *decoder.finish(word)]
        (part,) = [event.part for event in events if isinstance(event, PartEnd)]
        assert isinstance(part, ToolCall)
        assert part.arguments == arguments
        assert decoder.end is not None
        assert decoder.end.finish.reason == ("length" if word == "length" else "tool")


def test_a_search_is_told_by_the_pages_that_are_cited() -> None:
    note = {"type": "url_citation", "url_citation": {"url": "https://a.test", "title": "A"}}
    for searches in (True, False):
        decoder = CandidateDecoder(0, "r", "i", None, "audio/wav", searches)
        events = [*decoder.take({"content": "x", "annotations": [note]}), *decoder.finish("stop")]
        steps = [one.part for one in events if isinstance(one, PartEnd) and isinstance(one.part, HostedStep)]
        assert [step.work.sources for step in steps] == [(Source("https://a.test", "A"),)] * searches
