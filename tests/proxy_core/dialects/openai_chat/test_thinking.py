from typing import Any

import pytest

from proxy_core.dialects.openai_chat.thinking import (
    SENTINEL,
    attach_seal,
    decode_entries,
    decode_history,
    encode_call_seal,
    encode_details,
    encode_history,
    encode_text_seal,
    entries_text,
    merge_entries,
    stand_in,
    thinking_text,
)
from proxy_core.ir.message import Message, Reasoning, Seal, Text

SIGNED = Reasoning(("because",), Seal("a-vendor", "anthropic.signature", "c2ln"))
REDACTED = Reasoning((), Seal("a-vendor", "anthropic.redacted", "eHg="), redacted=True)
ENCRYPTED = Reasoning((), Seal("o-vendor", "responses.encrypted", "gAAA"), id="rs_1")


@pytest.mark.parametrize("part", [SIGNED, REDACTED, ENCRYPTED])
def test_a_foreign_seal_comes_back_as_it_was(part: Reasoning) -> None:
    details = encode_details(part, 0)
    parts, _ = decode_history({"reasoning_details": details, "reasoning_content": part.text or None})
    assert parts == [part]


def test_entries_have_their_own_index_each() -> None:
    details = encode_details(SIGNED, 0) + encode_details(REDACTED, 1)
    assert [entry["index"] for entry in details] == [0, 1]
    assert decode_history({"reasoning_details": details})[0] == [SIGNED, REDACTED]


def test_the_seal_of_text_comes_back_on_text() -> None:
    seal = Seal("g-vendor", "gemini.signature", "c2ln")
    parts, found = decode_history({"reasoning_details": encode_text_seal(seal, 0)})
    assert parts == []
    assert found == seal
    assert attach_seal([Text("a"), Text("b")], found) == [Text("a"), Text("b", seal=seal)]
    assert attach_seal([], found) == [Text("", seal=seal)]


def test_native_details_stay_one_list_without_issuer() -> None:
    entries = [{"type": "reasoning.text", "text": "hm", "signature": "s", "index": 0}]
    parts, _ = decode_history({"reasoning_details": entries, "reasoning": "hm"})
    assert parts[0].segments == ("hm",)
    assert parts[0].seal is not None
    assert (parts[0].seal.issuer, parts[0].seal.kind) == (None, "chat.details")
    assert decode_entries(parts[0].seal.value) == entries


def test_a_broken_envelope_is_dropped() -> None:
    entry = {"type": "reasoning.text", "text": "x", "signature": "trunkline.1:broken"}
    assert decode_history({"reasoning_details": [entry]}) == ([], None)


def test_thinking_blocks_are_read() -> None:
    blocks = [{"type": "thinking", "thinking": "so", "signature": "abc"}]
    parts, _ = decode_history({"thinking_blocks": blocks})
    assert parts[0].text == "so"
    assert parts[0].seal is not None
    assert parts[0].seal.kind == "chat.blocks"


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning"])
def test_either_name_of_the_text_is_read(name: str) -> None:
    assert thinking_text({name: "so"}) == "so"
    assert decode_history({name: "so"})[0] == [Reasoning(("so",))]


def test_own_seals_go_back_to_their_vendor_only() -> None:
    seal = Seal("vendor", "chat.details", '[{"type":"reasoning.text","text":"a"}]')
    turn = Message("model", (Reasoning(("a",), seal),))
    assert encode_history(turn, "vendor") == {
        "reasoning_content": "a",
        "reasoning_details": [{"type": "reasoning.text", "text": "a"}],
    }
    assert encode_history(turn, "other") == {"reasoning_content": "a"}


def test_lost_reasoning_has_stand_ins_beside_the_first_call_of_each_message() -> None:
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    signed = {**call, "extra_content": {"google": {"thought_signature": "c2ln"}}}
    messages: list[dict[str, Any]] = [
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": None, "tool_calls": [dict(call), dict(call)]},
        {"role": "assistant", "content": "b", "tool_calls": [dict(signed)], "reasoning_content": "hm"},
        {"role": "assistant", "content": "c"},
    ]
    stand_in(messages)
    _, bare, own, text = messages
    assert bare["reasoning_content"] == " "
    assert bare["tool_calls"][0]["extra_content"] == {"google": {"thought_signature": SENTINEL}}
    assert bare["tool_calls"][1] == call
    assert (own["reasoning_content"], own["tool_calls"]) == ("hm", [signed])
    assert text == {"role": "assistant", "content": "c"}


def test_a_call_seal_is_carried_in_an_envelope_unless_native() -> None:
    foreign = encode_call_seal(Seal("g", "gemini.signature", "c2ln"))
    assert foreign is not None
    assert foreign["google"]["thought_signature"].startswith("trunkline.1:g:gemini.signature:")
    assert encode_call_seal(Seal("g", "chat.signature", "c2ln")) == {"google": {"thought_signature": "c2ln"}}
    assert encode_call_seal(Seal(None, "gemini.signature", "c2ln")) is None


def test_streamed_fragments_are_joined_by_index_and_type() -> None:
    entries: list[dict[str, Any]] = []
    merge_entries(entries, [{"type": "reasoning.text", "index": 0, "text": "a"}])
    merge_entries(entries, [{"type": "reasoning.text", "index": 0, "text": "b", "signature": "s"}])
    merge_entries(entries, [{"type": "reasoning.encrypted", "index": 1, "data": "d"}])
    assert entries == [
        {"type": "reasoning.text", "index": 0, "text": "ab", "signature": "s"},
        {"type": "reasoning.encrypted", "index": 1, "data": "d"},
    ]
    assert entries_text(entries) == "ab"


@pytest.mark.parametrize("value", ["", "{}", "[1]", "nonsense"])
def test_a_tampered_seal_has_no_entries(value: str) -> None:
    assert decode_entries(value) == []
