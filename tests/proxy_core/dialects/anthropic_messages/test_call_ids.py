from proxy_core.dialects.anthropic_messages.call_ids import unique_ids
from proxy_core.ir.message import Message, Text, ToolCall, ToolResult


def test_the_second_call_of_an_id_and_its_result_get_a_number() -> None:
    calls = Message("model", (ToolCall("a", "f", "{}"), ToolCall("a", "g", "{}"), ToolCall("b", "f", "{}")))
    results = Message("user", (ToolResult("a"), ToolResult("a"), ToolResult("b"), Text("x")))
    asked, answered = unique_ids((calls, results))
    assert [part.id for part in asked.parts if isinstance(part, ToolCall)] == ["a", "a_2", "b"]
    assert [part.call_id for part in answered.parts if isinstance(part, ToolResult)] == ["a", "a_2", "b"]


def test_a_number_that_is_taken_is_passed_over() -> None:
    calls = Message("model", tuple(ToolCall(name, "f", "{}") for name in ("a", "a_2", "a", "a")))
    (asked,) = unique_ids((calls,))
    assert [part.id for part in asked.parts if isinstance(part, ToolCall)] == ["a", "a_2", "a_3", "a_4"]


def test_a_later_turn_may_use_an_id_again() -> None:
    turn = Message("model", (ToolCall("a", "f", "{}"),))
    assert unique_ids((turn, Message("user", (ToolResult("a"),)), turn))[2] == turn
