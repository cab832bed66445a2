from proxy_core.ir.message import Message, Part, Text, ToolCall, ToolResult
from proxy_core.ir.request import Loss
from proxy_core.ir.rounds import NO_OUTPUT, answer_calls, joined


def _call(call_id: str) -> ToolCall:
    return ToolCall(call_id, f"tool_{call_id}", "{}")


def _result(call_id: str, text: str = "ok") -> ToolResult:
    return ToolResult(call_id, (Text(text),))


def _none(call_id: str) -> ToolResult:
    return ToolResult(call_id, (Text(NO_OUTPUT),), f"tool_{call_id}", is_error=True)


def _model(*parts: Part) -> Message:
    return Message("model", parts)


def _user(*parts: Part) -> Message:
    return Message("user", parts)


def _answered(
    *messages: Message, follow: bool = True, ordered: bool = False, fill: bool = True, joins: bool = True
) -> tuple[list[Message], list[Loss]]:
    losses: list[Loss] = []
    result = answer_calls(
        list(messages), losses, follow=follow, ordered=ordered, fill=fill, joins=lambda one, two: joins
    )
    return result, losses


def test_a_conversation_without_tools_is_not_touched() -> None:
    messages = [_user(Text("a")), _user(), _model(Text("b"))]
    assert _answered(*messages) == (messages, [])


def test_text_between_call_and_result_waits() -> None:
    messages, losses = _answered(_model(_call("a")), _user(Text("Hurry")), _user(_result("a"), Text("Now")))
    assert messages == [_model(_call("a")), _user(_result("a")), _user(Text("Hurry")), _user(Text("Now"))]
    assert not losses


def test_results_split_over_turns_come_together() -> None:
    messages, _ = _answered(
        _model(_call("a"), _call("b")), _user(_result("b")), _user(Text("x")), _user(_result("a"))
    )
    assert messages[1] == _user(_result("b"), _result("a"))


def test_results_take_the_order_of_the_calls_where_asked() -> None:
    messages, _ = _answered(
        _model(_call("a"), _call("b"), _call("c")), _user(_result("c"), _result("a")), ordered=True
    )
    assert messages[1] == _user(_result("a"), _none("b"), _result("c"))


def test_neighbouring_model_messages_are_one_turn() -> None:
    both = (_model(_call("a")), _model(_call("b")))
    results = _user(_result("a"), _result("b"))
    assert _answered(*both, results)[0] == [*both, results]
    assert _answered(*both, results, joins=False)[0] == [
        both[0],
        _user(_result("a")),
        both[1],
        _user(_result("b")),
    ]


def test_results_part_the_rounds() -> None:
    rounds = [_model(_call("a")), _user(_result("a")), _model(_call("b")), _user(_result("b"))]
    assert _answered(*rounds)[0] == rounds


def test_an_id_may_be_used_again_in_a_later_round() -> None:
    rounds = [
        _model(_call("a")),
        _user(_result("a", "one")),
        _model(_call("a")),
        _user(_result("a", "two")),
    ]
    assert _answered(*rounds) == (rounds, [])


def test_two_calls_of_one_id_in_a_turn_are_answered_one_after_the_other() -> None:
    turns = [_model(_call("a"), _call("a")), _user(_result("a", "one"), _result("a", "two"))]
    assert _answered(*turns) == (turns, [])


def test_of_two_results_the_later_content_stays_at_the_first_place() -> None:
    messages, losses = _answered(
        _model(_call("a"), _call("b")), _user(_result("a", "old"), _result("b")), _user(_result("a", "new"))
    )
    assert messages == [_model(_call("a"), _call("b")), _user(_result("a", "new"), _result("b"))]
    assert [loss.path for loss in losses] == ["tool_results"]


def test_a_result_without_a_call_is_dropped_and_said() -> None:
    messages, losses = _answered(_user(_result("a")), _model(_call("a")), _user(_result("a"), _result("x")))
    assert messages == [_model(_call("a")), _user(_result("a"))]
    assert len(losses) == 2


def test_a_call_without_a_result_gets_one() -> None:
    messages, losses = _answered(_model(_call("a")), _user(Text("Never mind")))
    assert messages == [_model(_call("a")), _user(_none("a")), _user(Text("Never mind"))]
    assert not losses
    assert _answered(_model(_call("a")), fill=False)[0] == [_model(_call("a"))]


def test_results_may_stay_where_they_are() -> None:
    messages, losses = _answered(
        _model(_call("a"), _call("b")),
        _user(Text("x"), _result("a", "old"), _result("z")),
        _user(_result("a", "new")),
        follow=False,
    )
    assert messages == [
        _model(_call("a"), _call("b")),
        _user(_none("b")),
        _user(Text("x"), _result("a", "new")),
    ]
    assert len(losses) == 2


def test_joining_keeps_everything_that_was_said() -> None:
    one = Message("user", (Text("a"),), None, {"x": 1})
    two = Message("user", (Text("b"),), "Ann", {"y": 2})
    assert joined(one, two) == Message("user", (Text("a"), Text("b")), "Ann", {"x": 1, "y": 2})
    assert joined(_user(Text("a")), _user()) == _user(Text("a"))
