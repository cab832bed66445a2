from dataclasses import replace
from typing import Any

import pytest

from proxy_core.dialects.anthropic_messages.reply_blocks import (
    after,
    decode_block,
    encode_blocks,
    encode_content,
    identified,
)
from proxy_core.dialects.anthropic_messages.words import UNSIGNED
from proxy_core.ir.message import (
    Citation,
    HostedStep,
    Inline,
    Media,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Seal,
    Text,
    ToolCall,
)
from proxy_core.ir.seal import wrap
from tests.proxy_core.dialects.anthropic_messages.support import ISSUER, NAME, decoded

GEMINI = Seal("vendor-b", "gemini.signature", "x")
SEARCH = {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {"query": "q"}}


@pytest.mark.parametrize(
    "block",
    [
        {"type": "text", "text": "a", "citations": [{"type": "char_location", "cited_text": "q"}]},
        {"type": "thinking", "thinking": "hm", "signature": "c2ln"},
        {"type": "thinking", "thinking": "", "signature": "c2ln"},
        {"type": "redacted_thinking", "data": "ZA=="},
        SEARCH,
        {"type": "web_search_tool_result", "tool_use_id": "s1", "content": []},
        {"type": "container_upload", "file_id": "f"},
    ],
)
def test_own_blocks_come_back(block: dict[str, Any]) -> None:
    assert encode_blocks(decode_block(block, ISSUER)) == [block]


@pytest.mark.parametrize("block", [{}, {"type": None}, {"text": "a"}, {"type": 5}])
def test_a_block_without_a_type_is_none(block: dict[str, Any]) -> None:
    assert encode_blocks(decode_block(block, ISSUER)) == []


def test_a_call_without_an_id_gets_one_that_stays_the_same() -> None:
    call = {"type": "tool_use", "name": "f", "input": {}}
    found = identified(call, "msg_1", 0)
    assert found == identified(call, "msg_1", 0)
    assert len({found["id"], identified(call, "msg_1", 1)["id"], identified(call, "msg_2", 0)["id"]}) == 3
    assert identified({**call, "id": "own"}, "msg_1", 0)["id"] == "own"
    assert identified({"type": "text"}, "msg_1", 0) == {"type": "text"}


def test_seals_belong_to_the_issuer() -> None:
    part = decode_block({"type": "thinking", "thinking": "hm", "signature": "s"}, ISSUER)
    assert part == Reasoning(("hm",), Seal(ISSUER, "anthropic.signature", "s"))
    redacted = decode_block({"type": "redacted_thinking", "data": "d"}, ISSUER)
    assert redacted == Reasoning((), Seal(ISSUER, "anthropic.redacted", "d"), redacted=True)


def test_steps_are_named_neutrally() -> None:
    step = decode_block({"type": "bash_code_execution_tool_result", "tool_use_id": "s2"}, ISSUER)
    assert isinstance(step, HostedStep)
    assert (step.kind, step.id) == ("code_execution", "s2")


def test_wrong_types_read_as_empty() -> None:
    assert decode_block({"type": "text", "text": 3, "citations": "x"}, ISSUER) == Text("")
    assert decode_block({"type": "tool_use", "id": None}, ISSUER) == ToolCall("", "", "{}")
    assert decode_block({"type": 4}, ISSUER) == Opaque(NAME, {"type": 4})


def test_thinking_of_others_is_carried_or_marked() -> None:
    sealed = encode_blocks(Reasoning(("a", "b"), Seal("vendor-b", "responses.encrypted", "x")))
    assert sealed[0]["thinking"] == "a\n\nb"
    assert sealed[0]["signature"].startswith("trunkline.1:vendor-b:responses.encrypted:")
    unsigned = encode_blocks(Reasoning(("a",)))
    assert unsigned == [{"type": "thinking", "thinking": "a", "signature": wrap(UNSIGNED)}]
    assert decode_block(unsigned[0], ISSUER) == Reasoning(("a",))
    assert encode_blocks(Reasoning()) == []
    assert encode_blocks(Reasoning((), Seal(None, "anthropic.signature", "n")))[0]["signature"] == "n"


@pytest.mark.parametrize(
    "part", [ToolCall("1", "f", '{"a":1}', seal=GEMINI), Text("a", seal=GEMINI), Reasoning((), GEMINI)]
)
def test_seals_of_parts_survive_the_client(part: Part) -> None:
    blocks = encode_content((part, Text("b")))
    history = [
        {"role": "user", "content": "q"},
        {
            "role": "assistant",
            "content": [{**block, "input": {"a": 1}} if "input" in block else block for block in blocks],
        },
    ]
    assert decoded(messages=history).messages[1].parts[0] == part


def test_unsigned_thinking_carries_the_seal_of_the_call_after_it() -> None:
    call = ToolCall("1", "f", "{}", seal=GEMINI)
    blocks = encode_content((Reasoning(("why",)), call))
    assert [(block["type"], block.get("signature")) for block in blocks] == [
        ("thinking", wrap(GEMINI)),
        ("tool_use", None),
    ]
    apart = encode_content((Reasoning(("why",)), Text("a"), call))
    assert [block["type"] for block in apart] == ["thinking", "text", "redacted_thinking", "tool_use"]
    chat = replace(call, seal=Seal("vendor-b", "chat.signature", "x"))
    assert [block["type"] for block in encode_content((Reasoning(("why",)), chat))] == [
        "thinking",
        "redacted_thinking",
        "tool_use",
    ]


def test_a_last_text_stays_the_last_block() -> None:
    assert encode_content((Text("a", seal=GEMINI),)) == [{"type": "text", "text": "a"}]


def test_a_call_that_was_sent_already_gets_its_seal_behind() -> None:
    call = ToolCall("1", "f", "{}", seal=GEMINI)
    (carrier,) = after(call)
    use = {"type": "tool_use", "id": "1", "name": "f", "input": {}}
    history = [{"role": "user", "content": "q"}, {"role": "assistant", "content": [use, carrier]}]
    assert decoded(messages=history).messages[1].parts == (call,)
    assert after(Text("a")) == []
    assert after(Text("a", seal=Seal(None, "gemini.signature", "x"))) == []


def test_what_has_no_place() -> None:
    assert encode_blocks(Media("image", Inline("image/png", "aGk=")))[0]["text"].startswith("[image")
    assert encode_blocks(Refusal("no")) == [{"type": "text", "text": "no"}]
    assert encode_blocks(HostedStep("web_search", "elsewhere", {})) == []
    assert encode_blocks(Opaque("elsewhere", {})) == []
    assert encode_blocks(Text("")) == []


def test_web_sources_of_others_become_citations() -> None:
    (block,) = encode_blocks(Text("a", (Citation(url="https://x", title="t"), Citation(title="no address"))))
    assert block["citations"] == [
        {
            "type": "web_search_result_location",
            "url": "https://x",
            "title": "t",
            "cited_text": "",
            "encrypted_index": "",
        }
    ]
