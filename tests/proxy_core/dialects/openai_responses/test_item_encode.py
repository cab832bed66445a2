from typing import Any

from proxy_core.dialects.openai_responses.item_encode import (
    CallWriter,
    Frames,
    MessageWriter,
    ReasoningWriter,
    write_step,
)
from proxy_core.ir.message import Citation, Refusal, Text, ToolCall
from tests.proxy_core.dialects.openai_responses.material import events_in, kinds


def test_frames_are_numbered_and_taken_once() -> None:
    frames = Frames()
    frames.emit("a", x=1)
    frames.emit("b")
    assert frames.take() == (
        b'event: a\ndata: {"type":"a","x":1,"sequence_number":0}\n\n'
        b'event: b\ndata: {"type":"b","sequence_number":1}\n\n'
    )
    assert frames.take() == b""


def told(frames: Frames) -> list[Any]:
    return events_in(frames.take())


def test_a_message_with_two_parts() -> None:
    frames = Frames()
    writer = MessageWriter(frames, 0, "msg_1")
    writer.begin(Text(""))
    writer.delta("Hi")
    assert writer.is_open
    writer.end(Text("Hi!", (Citation("https://x.test", "X", start=0, end=2),)))
    assert not writer.is_open
    writer.begin(Refusal(""))
    writer.delta("no")
    writer.end(Refusal("no"))
    item = writer.close("completed")
    assert kinds(told(frames)) == [
        "output_item.added",
        "content_part.added",
        "output_text.delta",
        "output_text.delta",
        "output_text.annotation.added",
        "output_text.done",
        "content_part.done",
        "content_part.added",
        "refusal.delta",
        "refusal.done",
        "content_part.done",
        "output_item.done",
    ]
    assert item["status"] == "completed"
    assert [part["type"] for part in item["content"]] == ["output_text", "refusal"]
    assert item["content"][0]["text"] == "Hi!"


def test_thinking_opens_one_part_per_segment() -> None:
    frames = Frames()
    writer = ReasoningWriter(frames, 0, "rs_1")
    writer.delta(0, "a")
    writer.delta(0, "b")
    writer.delta(2, "c")
    writer.end(("ab", "c"), "sealed")
    item = writer.close("completed")
    events = told(frames)
    part = ["reasoning_summary_text.done", "reasoning_summary_part.done"]
    assert kinds(events) == [
        "output_item.added",
        "reasoning_summary_part.added",
        "reasoning_summary_text.delta",
        "reasoning_summary_text.delta",
        *part,
        "reasoning_summary_part.added",
        "reasoning_summary_text.delta",
        *part,
        "output_item.done",
    ]
    assert [event["summary_index"] for event in events if "summary_index" in event] == [0] * 5 + [1] * 4
    assert item["summary"] == [{"type": "summary_text", "text": "ab"}, {"type": "summary_text", "text": "c"}]
    assert item["encrypted_content"] == "sealed"
    assert "encrypted_content" not in events[0]["item"]


def test_calls_of_both_kinds() -> None:
    frames = Frames()
    function = CallWriter(frames, 0, "fc_1", ToolCall("c", "f", "", namespace="n"))
    function.delta('{"a"')
    function.end(ToolCall("c", "f", '{"a":1}', namespace="n"))
    assert function.close("incomplete") == {
        "id": "fc_1",
        "type": "function_call",
        "call_id": "c",
        "name": "f",
        "arguments": '{"a":1}',
        "status": "incomplete",
        "namespace": "n",
    }
    custom = CallWriter(frames, 1, "ctc_1", ToolCall("d", "g", "", "freeform"))
    custom.end(ToolCall("d", "g", "1+1", "freeform"))
    assert custom.close("completed")["input"] == "1+1"
    events = told(frames)
    assert kinds(events) == [
        "output_item.added",
        "function_call_arguments.delta",
        "function_call_arguments.delta",
        "function_call_arguments.done",
        "output_item.done",
        "output_item.added",
        "custom_tool_call_input.delta",
        "custom_tool_call_input.done",
        "output_item.done",
    ]
    assert events[7]["input"] == "1+1"


def test_a_step_is_there_at_once() -> None:
    frames = Frames()
    item = {"type": "web_search_call", "id": "ws"}
    assert write_step(frames, 3, item) == item
    assert [event["output_index"] for event in told(frames)] == [3, 3]
