from typing import Any

from proxy_core.dialects.openai_responses.lane import Lane, LaneEvent, lane_for
from proxy_core.dialects.openai_responses.output_decode import Origin
from proxy_core.ir.message import HostedStep, Reasoning, Refusal, Seal, Text, ToolCall
from proxy_core.ir.stream import PartBegin, PartDelta, PartEnd

ORIGIN = Origin("acme", "resp_1", 0)
CALL = {"type": "function_call", "id": "fc", "call_id": "c", "name": "f", "arguments": ""}
SEAL = Seal("acme", "responses.encrypted", "v")


def lane(item: dict[str, Any]) -> Lane:
    return lane_for(item, ORIGIN)


def message(*content: dict[str, Any]) -> dict[str, Any]:
    return {"type": "message", "id": "m", "content": list(content)}


def text(value: str) -> dict[str, Any]:
    return {"type": "output_text", "text": value}


def streamed(part: Any, *deltas: str) -> list[LaneEvent]:
    empty = Refusal("") if isinstance(part, Refusal) else Text("")
    return [PartBegin(0, empty), *(PartDelta(0, delta) for delta in deltas), PartEnd(0, part)]


def test_text_deltas_then_the_whole() -> None:
    one = lane(message())
    one.delta("output_text", 0, "Hel")
    one.delta("output_text", 0, "lo")
    one.close(message(text("Hello!")))
    assert one.pending == streamed(Text("Hello!"), "Hel", "lo", "!")


def test_text_that_came_only_at_the_end() -> None:
    one = lane(message())
    one.close(message(text("all")))
    assert one.pending == streamed(Text("all"), "all")


def test_content_parts_follow_each_other() -> None:
    one = lane(message())
    one.delta("output_text", 0, "a")
    one.note(
        "content_part", 0, {"part": {**text("a"), "annotations": [{"type": "file_path", "file_id": "f"}]}}
    )
    one.delta("refusal", 1, "no")
    one.delta("output_text", 0, "late")
    one.close(message(text("a"), {"type": "refusal", "refusal": "no"}, text("end")))
    parts = [event.part for event in one.pending if isinstance(event, PartEnd)]
    assert parts[1:] == [Refusal("no"), Text("end")]
    assert isinstance(parts[0], Text)
    assert parts[0].citations[0].native["file_id"] == "f"
    assert [event.text for event in one.pending if isinstance(event, PartDelta)] == ["a", "no", "end"]


def test_an_end_that_contradicts_the_deltas_loses() -> None:
    one = lane(message())
    one.delta("output_text", 0, "said")
    one.close(message(text("other")))
    assert one.pending == streamed(Text("said"), "said")


def test_an_item_that_never_ended() -> None:
    one = lane(message())
    one.delta("output_text", 0, "cut")
    one.close(None)
    one.close(message(text("too late")))
    assert one.pending == streamed(Text("cut"), "cut")


def test_summary_parts_are_segments_and_only_the_end_is_sealed() -> None:
    one = lane({"type": "reasoning", "id": "rs", "summary": [], "encrypted_content": "early"})
    one.delta("reasoning_summary_text", 0, "a")
    one.delta("reasoning_text", 0, "the same in long")
    one.delta("reasoning_summary_text", 1, "b")
    summary = [{"text": "a"}, {"text": "bc"}, {"text": "d"}]
    one.close({"type": "reasoning", "id": "rs", "summary": summary, "encrypted_content": "v"})
    assert one.pending == [
        PartBegin(0, Reasoning(id="rs")),
        PartDelta(0, "a"),
        PartDelta(0, "b", segment=1),
        PartDelta(0, "c", segment=1),
        PartDelta(0, "d", segment=2),
        PartEnd(0, Reasoning(("a", "bc", "d"), SEAL, id="rs")),
    ]


def test_sealed_thinking_without_words_and_thinking_of_nothing() -> None:
    sealed = lane({"type": "reasoning", "id": "rs"})
    sealed.close({"type": "reasoning", "id": "rs", "summary": [], "encrypted_content": "v"})
    assert sealed.pending == [PartBegin(0, Reasoning(id="rs")), PartEnd(0, Reasoning((), SEAL, id="rs"))]
    empty = lane({"type": "reasoning", "id": "rs"})
    empty.close({"type": "reasoning", "id": "rs", "summary": []})
    assert empty.pending == []


def call_events(*deltas: str) -> list[LaneEvent]:
    whole = ToolCall("c", "f", "".join(deltas))
    begin = PartBegin(0, ToolCall("c", "f", ""))
    return [begin, *(PartDelta(0, delta) for delta in deltas), PartEnd(0, whole)]


def test_arguments_are_told_once() -> None:
    both = lane(CALL)
    both.delta("function_call_arguments", 0, '{"a"')
    both.note("function_call_arguments", 0, {"arguments": '{"a":1}'})
    both.close({**CALL, "arguments": '{"a":1}'})
    assert both.pending == call_events('{"a"', ":1}")
    late = lane(CALL)
    late.note("function_call_arguments", 0, {"arguments": '{"a":1}'})
    late.close(CALL)
    assert late.pending == call_events('{"a":1}')
    none = lane(CALL)
    none.close(CALL)
    assert none.pending == call_events("{}")


def test_a_call_waits_for_its_name_and_id() -> None:
    late = lane({"type": "function_call", "id": "fc"})
    late.delta("function_call_arguments", 0, "{}")
    assert late.pending == []
    late.close({**CALL, "arguments": "{}"})
    assert late.pending == call_events("{}")
    nameless = lane({"type": "function_call", "id": "fc"})
    nameless.close(None)
    assert nameless.pending == []


def test_freeform_calls_and_steps() -> None:
    item = {"type": "custom_tool_call", "call_id": "c", "name": "g", "input": ""}
    custom = lane(item)
    custom.delta("custom_tool_call_input", 0, "1+")
    custom.close({**item, "input": "1+1", "namespace": "n"})
    assert custom.pending[-1] == PartEnd(0, ToolCall("c", "g", "1+1", "freeform", "n"))
    web = {"type": "web_search_call", "id": "ws", "status": "completed"}
    step = lane({**web, "status": "in_progress"})
    step.delta("web_search_call", 0, "ignored")
    step.note("web_search_call", 0, {})
    step.close(web)
    part = HostedStep("web_search", "openai_responses", web, "ws")
    assert step.pending == [PartBegin(0, part), PartEnd(0, part)]
