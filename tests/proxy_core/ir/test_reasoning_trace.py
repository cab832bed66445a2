"""A turn is cut into steps, and a step goes back to where it came from and nowhere else."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy_core.ir.message import Message, Part, Reasoning, Seal, Text, ToolCall, ToolResult
from proxy_core.ir.reasoning_trace import (
    Step,
    answer_anchor,
    call_anchor,
    context,
    opening,
    restored,
    seals_of,
    steps,
    tagged,
    unsealed,
)
from proxy_core.ir.request import Request

FIRST, SECOND = Seal("vendor", "k", "first"), Seal("vendor", "k", "second")
A = ToolCall("a", "shell", '{"command":"ls","n":1}')
B = ToolCall("b", "shell", '{"command":"pwd"}')
ASKED = Message("user", (Text("Go."),))


def request(*turn: Part, before: tuple[Message, ...] = (ASKED,)) -> Request:
    return Request("chat", "m", (*before, Message("model", turn)))


def remembered(*turn: Part) -> dict[bytes, Step | None]:
    return dict(steps(turn))


def given_back(turn: tuple[Part, ...], sent: tuple[Part, ...]) -> tuple[Part, ...]:
    known = remembered(*turn)
    return restored(request(*sent), lambda anchor, before: known.get(anchor)).messages[-1].parts


SEALED_CALL = replace(A, seal=FIRST)
TURNS: list[tuple[Part, ...]] = [
    (Reasoning(("Hm.",), FIRST), A),
    (Reasoning(("Hm.",), FIRST), Text("I will."), A),
    (Reasoning(("Hm.",), FIRST), Text("I will. "), Reasoning((), SECOND), Text("Now."), A),
    (Reasoning((), FIRST), A, Reasoning((), SECOND), B),
    (Text("I will."), SEALED_CALL, B),
    (Text("One. ", seal=FIRST), Text("Two.", seal=SECOND), SEALED_CALL),
    (Reasoning(("Hm.",), FIRST), Text("Done.")),
    (Text("Done.", seal=FIRST),),
    (Reasoning(("One.",), FIRST), Reasoning(("Two.",), SECOND), A, B),
]


def visible(turn: tuple[Part, ...]) -> tuple[Part, ...]:
    """What a client keeps that knows no reasoning; neighbouring texts become one."""
    kept: list[Part] = []
    for part in turn:
        if isinstance(part, Text) and kept and isinstance(kept[-1], Text):
            kept[-1] = Text(kept[-1].text + part.text)
        elif isinstance(part, Text | ToolCall):
            kept.append(replace(part, seal=None))
    return tuple(kept)


@pytest.mark.parametrize("turn", TURNS)
def test_a_turn_comes_back_whole(turn: tuple[Part, ...]) -> None:
    assert given_back(turn, visible(turn)) == turn


@pytest.mark.parametrize("turn", TURNS)
def test_what_is_there_already_is_left_alone(turn: tuple[Part, ...]) -> None:
    known = remembered(*turn)
    whole = request(*turn)
    assert restored(whole, lambda anchor, before: known.get(anchor)) is whole


def test_a_carrier_s_empty_thought_gets_its_words_and_place_back() -> None:
    turn = (Reasoning(("Hm.",), FIRST), Text("I will."), A)
    moved = (Text("I will."), Reasoning((), Seal("vendor", "other", "first")), A)
    assert given_back(turn, moved) == turn
    assert given_back((Text("x"), SEALED_CALL), (Text("x"), Reasoning((), FIRST), A)) == (
        Text("x"),
        SEALED_CALL,
    )


def test_a_note_that_nobody_signed_does_not_count() -> None:
    turn = (Reasoning(("Hm.",), FIRST), A)
    assert given_back(turn, (Reasoning((), Seal("local", "unsigned", "")), A)) == turn


def test_another_seal_than_the_known_ones_is_not_replaced() -> None:
    sent = (Reasoning((), Seal("other", "k", "theirs")), A)
    assert given_back((Reasoning((), FIRST), A), sent) == sent


@pytest.mark.parametrize(
    "edited",
    [
        replace(A, arguments='{"command":"rm","n":1}'),
        replace(A, arguments='{"command":"ls","n":2}'),
        replace(A, arguments='{"command":"ls"}'),
        replace(A, name="other"),
        replace(A, namespace="there"),
        replace(A, id="z"),
        replace(A, arguments="not JSON"),
    ],
)
def test_an_edited_call_inherits_nothing(edited: ToolCall) -> None:
    assert given_back((Reasoning((), FIRST), SEALED_CALL), (edited,)) == (edited,)


@pytest.mark.parametrize(
    "spelled", ['{"n":1,"command":"ls"}', '{ "command" : "ls", "n": 1.0 }', '{"command":"\\u006cs","n":1e0}']
)
def test_arguments_may_be_spelled_anew(spelled: str) -> None:
    assert call_anchor(A) == call_anchor(replace(A, arguments=spelled))


def test_freeform_input_is_taken_as_it_stands() -> None:
    call = ToolCall("a", "exec", '{"n":1}', "freeform")
    assert call_anchor(call) != call_anchor(replace(call, arguments='{"n":1.0}'))


def test_of_a_text_that_was_changed_the_thoughts_come_first() -> None:
    turn = (Text("I will."), Reasoning((), FIRST), A)
    assert given_back(turn, (Text("I will"), A)) == (Reasoning((), FIRST), Text("I will"), A)


def test_words_are_kept_for_vendors_that_want_them_and_only_there() -> None:
    assert given_back((Reasoning(("Hm.",)), A), (A,)) == (Reasoning(("Hm.",)), A)
    assert remembered(Reasoning(("Hm.",)), Text("Done.")) == {answer_anchor("Done."): None}
    (step,) = remembered(Reasoning(("Hm.",)), SEALED_CALL).values()
    assert step is not None
    assert (step.reasoning, step.seal) == ((), FIRST)


def test_a_turn_without_reasoning_says_so() -> None:
    assert remembered(Text("I will."), A) == {call_anchor(A): None}


def test_contexts_are_of_what_is_visible() -> None:
    one = (ASKED, Message("model", (Reasoning(("Hm.",), FIRST), Text("I "), Text("will."), A)))
    two = (ASKED, Message("model", (Text("I will."),)), Message("model", (SEALED_CALL,)))
    assert context(one) == context(two)
    assert context(one) != context((*one, Message("user", (ToolResult("a", (Text("ok"),)),))))
    assert context([ASKED, Message("system", (Text("A reminder."),))]) == context([ASKED])


def test_an_opening_is_what_the_user_said_first() -> None:
    assert opening([Message("system", (Text("S"),)), ASKED, Message("user", (Text("More."),))]) == opening(
        [ASKED]
    )
    assert opening([ASKED]) != opening([Message("user", (Text("Come."),))])
    assert opening([]) == b""


def test_each_step_is_looked_for_in_the_context_of_its_turn() -> None:
    asked: list[bytes] = []

    def found(anchor: bytes, before: bytes) -> None:
        asked.append(before)

    result = Message("user", (ToolResult("a", (Text("ok"),)),))
    first = (ASKED, Message("model", (A,)), result)
    restored(request(B, Text("Done."), before=first), found)
    assert asked == [context([ASKED]), context(first), context(first)]


def test_tags_go_where_something_better_is_known() -> None:
    native = Seal(None, "k", "native")
    whole = request(Reasoning((), native), replace(A, seal=FIRST))
    assert tagged(whole, lambda seal: None) is whole
    found = tagged(whole, lambda seal: "one" if seal.value == "native" else None)
    assert [seal.issuer for seal in seals_of(found)] == ["one", "vendor"]


def test_without_reasoning_texts_and_calls_stay() -> None:
    whole = request(Reasoning(("Hm.",), FIRST), Text("I will.", seal=SECOND), SEALED_CALL)
    assert unsealed(whole).messages[-1].parts == (Text("I will."), A)
    only = Request("chat", "m", (ASKED, Message("model", (Reasoning((), FIRST),))))
    assert unsealed(only).messages == (ASKED,)


PARTS: Any = st.one_of(
    st.builds(Text, st.sampled_from(["", "x", " y ", "z" * 9])),
    st.builds(
        Reasoning,
        st.sampled_from([(), ("hm",)]),
        st.one_of(st.none(), st.builds(Seal, st.just("vendor"), st.just("k"), st.text(max_size=4))),
    ),
    st.builds(
        ToolCall,
        st.sampled_from("abc"),
        st.just("shell"),
        st.dictionaries(st.text(max_size=3), st.integers() | st.text(max_size=3), max_size=3).map(json.dumps),
    ),
)


@given(st.lists(PARTS, max_size=8), st.lists(PARTS, max_size=8))
def test_whatever_comes_back_no_seal_is_made_and_nothing_visible_changes(turn: Any, sent: Any) -> None:
    known = remembered(*turn)
    before = request(*sent)
    after = restored(before, lambda anchor, _: known.get(anchor))
    assert {seal.value for seal in seals_of(after)} <= {
        seal.value for seal in (*seals_of(before), *seals_of(request(*turn)))
    }
    assert context(after.messages) == context(before.messages)
    again = restored(after, lambda anchor, _: known.get(anchor))
    assert context(again.messages) == context(before.messages)
