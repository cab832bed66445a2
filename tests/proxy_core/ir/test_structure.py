from collections import Counter
from dataclasses import replace
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from proxy_core.ir.message import (
    CacheMark,
    Inline,
    Media,
    Message,
    Part,
    Reasoning,
    Refusal,
    Seal,
    Text,
    ToolCall,
    ToolResult,
)
from proxy_core.ir.request import Loss, Request
from proxy_core.ir.structure import CONTINUE, PLACEHOLDER, StructureLaws, arrange
from tests.proxy_core.ir.conversations import requests

LOOSE = StructureLaws(results_follow=False, fill_missing_results=False)
CHAT = StructureLaws()
STRICT = StructureLaws(
    merge_roles=True,
    start_with_user=True,
    text_before_calls=True,
    order_results=True,
    results_first=True,
    drop_empty_text=True,
    keep_prefill=False,
    system_in_place=False,
    reasoning_first=True,
    needs_user_turn=True,
)
SEAL = Seal(None, "some.kind", "sealed")
all_laws = st.builds(StructureLaws, *[st.booleans() for _ in range(13)])


def _model(*parts: Part) -> Message:
    return Message("model", parts)


def _user(*parts: Part) -> Message:
    return Message("user", parts)


def _arranged(laws: StructureLaws, *messages: Message) -> tuple[Message, ...]:
    return arrange(Request("some", "model", messages), laws)[0].messages


def _texts(request: Request) -> Counter[str]:
    parts = [part for message in request.messages for part in message.parts]
    return Counter(part.text for part in parts if isinstance(part, Text))


CALL = ToolCall("a", "look_up", "{}")
RESULT = ToolResult("a", (Text("found"),))


@given(requests, all_laws)
def test_arranging_twice_is_arranging_once(request: Request, laws: StructureLaws) -> None:
    once, _ = arrange(request, laws)
    twice, losses = arrange(once, laws)
    assert twice == once
    assert not losses


@given(requests)
def test_a_strict_dialect_gets_what_it_demands(request: Request) -> None:
    arranged, _ = arrange(request, STRICT)
    messages = arranged.messages
    assert messages[0].role == messages[-1].role == "user"
    assert all(one.role != two.role for one, two in pairwise(messages))
    assert all(message.role in ("user", "model") and message.parts for message in messages)
    for message, following in pairwise((*messages, Message("user", ()))):
        calls = [part.id for part in message.parts if isinstance(part, ToolCall)]
        results = [part.call_id for part in following.parts if isinstance(part, ToolResult)]
        if message.role == "model":
            assert calls == results
            assert all(isinstance(part, ToolResult) for part in following.parts[: len(results)])
            assert all(
                isinstance(part, ToolCall) for part in message.parts[len(message.parts) - len(calls) :]
            )
    for part in (part for message in messages for part in message.parts):
        if isinstance(part, Text):
            assert part.text.strip() or part.seal
        if isinstance(part, ToolResult):
            assert all(not isinstance(item, Text) or item.text.strip() or item.seal for item in part.content)


@given(requests)
def test_a_lenient_dialect_keeps_the_turns_and_still_pairs_results(request: Request) -> None:
    arranged, _ = arrange(request, CHAT)
    for message, following in pairwise((*arranged.messages, Message("user", ()))):
        if any(isinstance(part, ToolCall) for part in message.parts):
            calls = Counter(part.id for part in message.parts if isinstance(part, ToolCall))
            assert calls == Counter(p.call_id for p in following.parts if isinstance(p, ToolResult))
            assert all(isinstance(part, ToolResult) for part in following.parts)
    assert _texts(arranged) == _texts(request)


@given(requests)
def test_what_is_dropped_is_said(request: Request) -> None:
    arranged, losses = arrange(request, replace(STRICT, fill_missing_results=False))

    def count(kind: type[Part], among: Request) -> int:
        return sum(isinstance(part, kind) for message in among.messages for part in message.parts)

    dropped = count(ToolResult, request) - count(ToolResult, arranged)
    assert sum(loss.path == "tool_results" for loss in losses) == dropped
    assert (count(ToolCall, request) > count(ToolCall, arranged)) == any(
        loss.path == "messages" for loss in losses
    )


@given(requests)
def test_losses_hold_nothing_of_the_conversation(request: Request) -> None:
    assert {loss.path for loss in arrange(request, STRICT)[1]} <= {"messages", "tool_results"}


def test_neighbours_are_merged_with_their_marks() -> None:
    marked = Text("b", cache=CacheMark("5m"))
    assert _arranged(STRICT, _user(Text("a")), _user(marked)) == (_user(Text("a"), marked),)
    assert _arranged(CHAT, _user(Text("a")), _user(marked)) == (_user(Text("a")), _user(marked))


def test_empty_text_goes_unless_it_is_sealed() -> None:
    sealed = Text("", seal=SEAL)
    messages = (
        _user(Text("a"), Text(" \n")),
        _model(Text(""), sealed, Reasoning(("",)), Reasoning((), SEAL), Refusal("")),
        _user(Text("")),
        _model(Text("b")),
        _user(Text("c")),
    )
    assert _arranged(STRICT, *messages) == (
        _user(Text("a")),
        _model(Reasoning((), SEAL), sealed, Text("b")),
        _user(Text("c")),
    )
    assert _arranged(CHAT, *messages) == messages


def test_empty_text_in_results_goes_and_the_result_stays() -> None:
    messages = _arranged(STRICT, _user(Text("a")), _model(CALL), _user(ToolResult("a", (Text(""),))))
    assert messages[2] == _user(ToolResult("a", ()))


def test_empty_system_text_goes() -> None:
    request = Request("some", "model", (_user(Text("a")),), (Text(""), Text("Be brief.")))
    assert arrange(request, STRICT)[0].system == (Text("Be brief."),)
    assert arrange(request, CHAT)[0].system == request.system


def test_an_empty_conversation_gets_a_user_turn_where_one_is_needed() -> None:
    assert _arranged(STRICT) == (_user(Text(PLACEHOLDER)),)
    assert _arranged(STRICT, _user(Text(" "))) == (_user(Text(PLACEHOLDER)),)
    assert _arranged(CHAT) == ()


def test_a_conversation_that_the_model_began_gets_a_beginning() -> None:
    assert _arranged(STRICT, _model(Text("Hi")), _user(Text("Yo")))[0] == _user(Text(PLACEHOLDER))


def test_a_trailing_model_turn_is_followed_by_the_user() -> None:
    messages = (_user(Text("a")), _model(Text("{")))
    assert _arranged(STRICT, *messages) == (*messages, _user(Text(CONTINUE)))
    assert _arranged(replace(STRICT, keep_prefill=True), *messages) == messages


def test_a_turn_whose_calls_nobody_answered_goes_only_from_the_end() -> None:
    laws = replace(CHAT, drop_open_turn=True)
    call = Message("model", (Text("I will look."), ToolCall("c1", "f", "{}")))
    said = Message("user", (Text("x"),))
    found, losses = arrange(Request("wire", "m", (said, Message("model", (Text("y"),)), call)), laws)
    assert found.messages == (said, Message("model", (Text("y"),)))
    assert [loss.path for loss in losses] == ["messages"]
    found, losses = arrange(Request("wire", "m", (said, call, said)), laws)
    assert [type(message.parts[0]) for message in found.messages] == [Text, Text, ToolResult, Text]
    assert losses == ()


def test_a_system_message_in_the_middle_becomes_a_reminder() -> None:
    picture = Media("image", Inline("image/png", "aGk="))
    rule = Message("system", (Text("Be"), picture, Text("brief", cache=CacheMark())))
    messages = (_user(Text("a")), _model(Text("b")), rule)
    assert _arranged(replace(CHAT, system_in_place=False), *messages) == (
        *messages[:2],
        _user(Text("<system-reminder>\nBe\n\nbrief\n</system-reminder>", cache=CacheMark()), picture),
    )
    assert _arranged(CHAT, *messages) == messages


def test_a_system_message_never_parts_a_call_from_its_result() -> None:
    rule = Message("system", (Text("Be brief"),))
    assert _arranged(CHAT, _model(CALL), rule, _user(RESULT)) == (_model(CALL), _user(RESULT), rule)


def test_text_moves_before_calls_and_results_before_text() -> None:
    messages = _arranged(
        STRICT,
        _user(Text("a")),
        _model(Text("b"), CALL, Text("c")),
        _user(Text("d"), RESULT),
    )
    assert messages[1:] == (_model(Text("b"), Text("c"), CALL), _user(RESULT, Text("d")))


def test_thinking_comes_first_but_a_turn_that_began_with_it_keeps_its_order() -> None:
    one, two = Reasoning(("one",), SEAL), Reasoning(("two",), SEAL)
    laws = replace(CHAT, reasoning_first=True)
    assert _arranged(laws, _model(Text("a"), one, CALL))[0] == _model(one, Text("a"), CALL)
    assert _arranged(laws, _model(one, Text("a"), two, Text("b")))[0] == _model(
        one, Text("a"), two, Text("b")
    )


def test_thinking_and_calls_of_others_than_the_model_are_dropped() -> None:
    request = Request("some", "model", (_user(Reasoning(("I will obey",))), _user(CALL, Text("a"))))
    arranged, losses = arrange(request, LOOSE)
    assert arranged.messages == (_user(Text("a")),)
    assert losses == (Loss("messages", "A tool call outside a model turn was dropped."),)


def test_one_turn_with_calls_is_one_message_even_where_neighbours_may_stay() -> None:
    other = ToolCall("b", "look_up", "{}")
    results = _user(RESULT, ToolResult("b", (Text("too"),)))
    assert _arranged(CHAT, _model(Text("x")), _model(CALL), _model(other), results) == (
        _model(Text("x"), CALL, other),
        results,
    )
    plain = (_model(Text("x")), _model(Text("y")))
    assert _arranged(CHAT, *plain) == plain


def test_turns_of_different_phase_or_speaker_stay_apart_around_a_call() -> None:
    notes = Message("model", (Text("x"),), None, {"phase": "commentary"})
    final = Message("model", (Text("y"),), None, {"phase": "final"})
    noted = Message("model", (Text("x"), CALL), None, {"phase": "commentary"})
    assert _arranged(CHAT, notes, _model(CALL), final, _user(RESULT)) == (noted, _user(RESULT), final)
    ann, bob = Message("model", (Text("x"),), "Ann"), Message("model", (CALL,), "Bob")
    assert _arranged(CHAT, ann, bob, _user(RESULT)) == (ann, bob, _user(RESULT))


def test_a_well_formed_conversation_is_left_alone() -> None:
    messages = (
        _user(Text("a")),
        _model(Reasoning(("hm",), SEAL), Text("b"), CALL),
        _user(RESULT, Text("c")),
        _model(Text("d")),
        _user(Text("e")),
    )
    request = Request("some", "model", messages, (Text("Be brief."),))
    assert arrange(request, STRICT) == (request, ())
