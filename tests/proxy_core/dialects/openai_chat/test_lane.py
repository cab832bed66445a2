import pytest

from proxy_core.dialects.openai_chat.lane import Lane
from proxy_core.ir.message import Reasoning, Seal, Text, ToolCall


def test_half_a_surrogate_pair_waits_for_the_other() -> None:
    lane = Lane("text", "v")
    lane.add("a\ud83d")
    assert lane.unsent() == "a"
    lane.add("\ude00b")
    assert lane.unsent() == "😀b"
    assert lane.part() == Text("a😀b")


@pytest.mark.parametrize(("text", "complete"), [('{"a":1}', True), ('{"a":', False), ("", False)])
def test_a_call_is_complete_with_whole_arguments(text: str, complete: bool) -> None:
    lane = Lane("call", "v", pieces=[text], id="c", name="f")
    assert lane.is_complete is complete


def test_a_freeform_call_is_complete_only_at_the_end() -> None:
    assert Lane("call", "v", pieces=["{}"], id="c", name="f", is_freeform=True).is_complete is False
    assert Lane("text", "v", pieces=["x"]).is_complete is True


def test_a_call_opens_with_id_and_name() -> None:
    lane = Lane("call", "v", pieces=["{}"], name="f")
    assert lane.can_open is False
    lane.id = "c"
    assert lane.can_open is True
    assert lane.skeleton() == ToolCall("c", "f", "")


def test_no_arguments_are_an_empty_object() -> None:
    assert Lane("call", "v", id="c", name="f").part() == ToolCall("c", "f", "{}")
    assert Lane("call", "v", id="c", name="f", is_freeform=True).part() == ToolCall("c", "f", "", "freeform")


def test_seals_carry_the_issuer() -> None:
    call = Lane("call", "v", pieces=["{}"], id="c", name="f", signature="abc").part()
    assert call == ToolCall("c", "f", "{}", seal=Seal("v", "chat.signature", "abc"))
    thinking = Lane(
        "reasoning", "v", pieces=["hm"], entries=[{"type": "reasoning.encrypted", "data": "d"}]
    ).part()
    assert isinstance(thinking, Reasoning)
    assert thinking.seal == Seal("v", "chat.details", '[{"type":"reasoning.encrypted","data":"d"}]')
