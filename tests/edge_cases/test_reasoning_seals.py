"""Sealed thinking through other dialects: what comes back exactly, what must go, what stays as it is."""

import json
from typing import Any

import pytest

from proxy_core.ir.message import Seal
from proxy_core.ir.seal import wrap, wrap_base64
from proxy_core.profile import Thinking
from tests.edge_cases import replies
from tests.edge_cases.test_reasoning_signatures import SENTINEL, TOOLS, model_parts, said
from tests.edge_cases.through import (
    ANTHROPIC,
    CHAT,
    EVERY,
    GEMINI,
    ISSUER,
    RESPONSES,
    encoded,
    hello,
    reply,
    streamed,
)
from tests.end_to_end.turns import answered, asked, history, opening

SEALED = "gAAAAABopaque+content/=="
LEVELS = Thinking(levels=("low", "medium", "high"))
USE = {"type": "tool_use", "id": "c1", "name": "shell", "input": {"command": "a"}}
CALL = {"type": "function_call", "call_id": "c1", "name": "shell", "arguments": '{"command":"a"}'}


def asked_again(client: str, turn: list[Any], *, tool: bool = True, **more: Any) -> dict[str, Any]:
    """A conversation in which the model has said something."""
    body = {**opening(client, "Go.", TOOLS), **more}
    results = answered(client, [("c1", "shell", {})], "ok") if tool else [asked(client, "Thanks.")]
    history(client, body).extend([*turn, *results])
    return body


def thought(signature: str, text: str = "Let me think.") -> list[Any]:
    """What Claude thought and called."""
    block = {"type": "thinking", "thinking": text, "signature": signature}
    return [{"role": "assistant", "content": [block, {"type": "text", "text": "I will."}, USE]}]


def reasoned(sealed: str | None = SEALED, **more: Any) -> list[Any]:
    """What GPT thought and called."""
    item: dict[str, Any] = {"type": "reasoning", "id": "rs_1", "summary": [], **more}
    if sealed is not None:
        item["encrypted_content"] = sealed
    message = {"role": "assistant", "content": [{"type": "output_text", "text": "I will."}]}
    return [item, message, CALL]


@pytest.mark.parametrize(
    ("client", "turn", "target"),
    [
        (ANTHROPIC, thought("c2ln"), RESPONSES),
        (ANTHROPIC, thought("c2ln"), CHAT),
        (ANTHROPIC, thought("c2ln"), GEMINI),
        (RESPONSES, reasoned(), ANTHROPIC),
        (RESPONSES, reasoned(), CHAT),
        (RESPONSES, reasoned(), GEMINI),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_case_103_thinking_of_another_vendor_goes_and_text_and_call_stay(
    client: str, turn: list[Any], target: str
) -> None:
    sent = encoded(client, asked_again(client, turn), target, thinking=LEVELS, known=True)
    text = sent.encoded.body.decode()
    assert "c2ln" not in text
    assert SEALED not in text
    assert "I will." in text
    if target == GEMINI:
        _, call = model_parts(sent.body)
        assert call["thoughtSignature"] == SENTINEL
    elif target == RESPONSES:
        assert [item.get("type") for item in sent.body["input"][1:3]] == ["message", "function_call"]
    elif target == ANTHROPIC:
        kinds = [block["type"] for block in sent.body["messages"][1]["content"]]
        assert kinds == ["text", "tool_use"]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_case_104_redacted_thinking_comes_back_exactly_through_responses(stream: bool) -> None:
    data = "RW5jcnlwdGVkIHRoaW5raW5n+/=="
    blocks = ({"type": "redacted_thinking", "data": data}, USE)
    if stream:
        items = streamed(ANTHROPIC, replies.anthropic(*blocks, stop="tool_use"), RESPONSES, stream=False)[-1]
        found = items["response"]["output"]
    else:
        found = reply(ANTHROPIC, replies.anthropic(*blocks, stop="tool_use"), RESPONSES)["output"]
    assert found[0]["type"] == "reasoning"
    assert found[0]["encrypted_content"].startswith("trunkline.1:vendor:anthropic.redacted:")
    sent = encoded(RESPONSES, asked_again(RESPONSES, found), ANTHROPIC)
    assert sent.body["messages"][1]["content"][0] == {"type": "redacted_thinking", "data": data}


SUMMARY = [{"type": "summary_text", "text": "First."}, {"type": "summary_text", "text": "Second."}]


def response(*output: dict[str, Any]) -> dict[str, Any]:
    """A whole response."""
    usage = {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}
    head = {"id": "resp_1", "object": "response", "created_at": 1, "model": "m", "status": "completed"}
    return {**head, "output": list(output), "usage": usage}


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_case_105_several_summary_parts_are_one_thinking_block(stream: bool) -> None:
    item = {"type": "reasoning", "id": "rs_1", "summary": SUMMARY, "encrypted_content": SEALED}
    data = response(item, {**CALL, "id": "fc_1", "status": "completed"})
    if not stream:
        block, _ = reply(RESPONSES, data, ANTHROPIC)["content"]
        assert block["thinking"] == "First.\n\nSecond."
        assert block["signature"].startswith("trunkline.1:vendor:responses.encrypted:")
        return
    events = streamed(RESPONSES, data, ANTHROPIC, stream=False)
    deltas = [
        event["delta"] for event in events if event["type"] == "content_block_delta" and event["index"] == 0
    ]
    assert "".join(delta.get("thinking", "") for delta in deltas) == "First.\n\nSecond."
    assert [delta["type"] for delta in deltas].count("signature_delta") == 1
    assert deltas[-1]["type"] == "signature_delta"


def _item_events(added: str, done: str) -> list[dict[str, Any]]:
    begun = {**response(), "status": "in_progress", "usage": None}
    item = {"type": "reasoning", "id": "rs_1", "summary": []}
    call = {**CALL, "id": "fc_1", "status": "completed"}
    final = response({**item, "encrypted_content": done}, call)
    events: list[dict[str, Any]] = [
        {"type": "response.created", "response": begun},
        {
            "type": "response.output_item.added",
            "output_index": 0,
            "item": {**item, "encrypted_content": added},
        },
        {"type": "response.output_item.done", "output_index": 0, "item": {**item, "encrypted_content": done}},
        {"type": "response.output_item.added", "output_index": 1, "item": {**call, "arguments": ""}},
        {"type": "response.output_item.done", "output_index": 1, "item": call},
        {"type": "response.completed", "response": final},
    ]
    return [{**event, "sequence_number": number} for number, event in enumerate(events)]


@pytest.mark.parametrize("client", [CHAT, ANTHROPIC, GEMINI])
def test_case_106_only_the_finished_item_s_content_counts(client: str) -> None:
    found = json.dumps(streamed(RESPONSES, _item_events("PREVIEW" * 5, SEALED), client))
    packed = wrap_base64 if client == GEMINI else wrap
    assert packed(Seal(ISSUER, "responses.encrypted", SEALED)) in found
    assert packed(Seal(ISSUER, "responses.encrypted", "PREVIEW" * 5)) not in found


def test_case_107_reasoning_without_a_summary_is_a_block_of_signature_alone() -> None:
    item = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": SEALED}
    data = response(item, {**CALL, "id": "fc_1", "status": "completed"})
    content = reply(RESPONSES, data, ANTHROPIC)["content"]
    assert content[0]["type"] == "thinking"
    assert content[0]["thinking"] == ""
    turn = [{"role": "assistant", "content": content}]
    sent = encoded(ANTHROPIC, asked_again(ANTHROPIC, turn), RESPONSES, thinking=LEVELS, known=True)
    assert sent.body["input"][1] == {"type": "reasoning", "summary": [], "encrypted_content": SEALED}


def test_case_108_of_a_mirrored_text_only_the_summary_counts() -> None:
    sealed = wrap(Seal(ISSUER, "anthropic.signature", "c2ln"))
    content = [{"type": "reasoning_text", "text": "First."}, {"type": "reasoning_text", "text": "Second."}]
    turn = reasoned(sealed, summary=SUMMARY, content=content)
    sent = encoded(RESPONSES, asked_again(RESPONSES, turn), ANTHROPIC)
    block = sent.body["messages"][1]["content"][0]
    assert block == {"type": "thinking", "thinking": "First.\n\nSecond.", "signature": "c2ln"}


@pytest.mark.parametrize("client", [RESPONSES, CHAT])
def test_case_109_two_thinking_blocks_stay_two_each_with_its_own_seal(client: str) -> None:
    first = {"type": "thinking", "thinking": "One.", "signature": "b25l"}
    second = {"type": "thinking", "thinking": "Two.", "signature": "dHdv"}
    data = replies.anthropic(first, second, USE, stop="tool_use")
    got = reply(ANTHROPIC, data, client)
    found = got["output"] if client == RESPONSES else [got["choices"][0]["message"]]
    sent = encoded(client, asked_again(client, found), ANTHROPIC)
    assert sent.body["messages"][1]["content"][:2] == [first, second]


@pytest.mark.parametrize("client", EVERY)
def test_case_110_thinking_that_is_not_shown_keeps_its_block(client: str) -> None:
    hidden = {"type": "thinking", "thinking": "", "signature": "c2ln"}
    data = replies.anthropic(hidden, USE, stop="tool_use")
    got = reply(ANTHROPIC, data, client)
    match client:
        case "openai_chat":
            found = [got["choices"][0]["message"]]
        case "openai_responses":
            found = got["output"]
        case "anthropic_messages":
            found = [{"role": "assistant", "content": got["content"]}]
        case _:
            found = [got["candidates"][0]["content"]]
    sent = encoded(client, asked_again(client, found), ANTHROPIC)
    assert sent.body["messages"][1]["content"][0] == hidden


def test_case_111_reasoning_is_sent_by_its_content_and_never_by_an_id_alone() -> None:
    turn = reasoned(wrap(Seal(ISSUER, "responses.encrypted", SEALED)))
    sent = encoded(RESPONSES, asked_again(RESPONSES, turn), RESPONSES, thinking=LEVELS, known=True)
    items = [item for item in sent.body["input"] if item.get("type") == "reasoning"]
    assert [item["encrypted_content"] for item in items] == [SEALED]
    lacking = encoded(RESPONSES, asked_again(RESPONSES, reasoned(None)), RESPONSES)
    assert "rs_1" not in lacking.encoded.body.decode()
    assert not [item for item in lacking.body["input"] if item.get("type") == "reasoning"]


@pytest.mark.parametrize("source", EVERY)
def test_case_113_no_encrypted_content_is_asked_of_a_model_that_does_not_think(source: str) -> None:
    sent = encoded(source, opening(source, "Go."), RESPONSES, thinking=None, known=True)
    assert "reasoning.encrypted_content" not in sent.body.get("include", ())
    asked_for = encoded(source, opening(source, "Go."), RESPONSES, thinking=LEVELS, known=True)
    assert asked_for.body["include"] == ["reasoning.encrypted_content"]


def test_case_113_a_caller_s_own_wish_for_it_does_not_make_the_model_think() -> None:
    body = hello(RESPONSES, include=["reasoning.encrypted_content"], store=False)
    sent = encoded(RESPONSES, body, RESPONSES, thinking=None, known=True)
    assert "reasoning.encrypted_content" not in sent.body.get("include", ())


CHAT_TURN = [
    {
        "role": "assistant",
        "content": "I will.",
        "reasoning_content": "SECRET PLAN",
        "tool_calls": [
            {"id": "c1", "type": "function", "function": {"name": "shell", "arguments": '{"command":"a"}'}}
        ],
    }
]


@pytest.mark.parametrize("target", [ANTHROPIC, RESPONSES, GEMINI])
def test_case_114_words_of_thinking_without_a_seal_go(target: str) -> None:
    sent = encoded(CHAT, asked_again(CHAT, CHAT_TURN), target)
    assert "SECRET PLAN" not in sent.encoded.body.decode()


def test_case_114_a_compatible_vendor_gets_them() -> None:
    sent = encoded(CHAT, asked_again(CHAT, CHAT_TURN), CHAT, strict=False)
    assert sent.body["messages"][1]["reasoning_content"] == "SECRET PLAN"
    strict = encoded(CHAT, asked_again(CHAT, CHAT_TURN), CHAT)
    assert "SECRET PLAN" not in strict.encoded.body.decode()


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning"])
@pytest.mark.parametrize("client", [RESPONSES, ANTHROPIC, GEMINI])
def test_case_115_either_name_of_a_vendor_s_thinking_is_read(client: str, name: str) -> None:
    data = replies.chat({"role": "assistant", "content": "Done.", name: "I thought."})
    got = reply(CHAT, data, client)
    match client:
        case "openai_responses":
            assert got["output"][0]["summary"] == [{"type": "summary_text", "text": "I thought."}]
        case "anthropic_messages":
            assert got["content"][0]["thinking"] == "I thought."
        case _:
            assert got["candidates"][0]["content"]["parts"][0] == {"text": "I thought.", "thought": True}


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning"])
def test_case_115_a_client_s_answer_has_it_under_the_name_that_tools_read(name: str) -> None:
    data = replies.chat({"role": "assistant", "content": "Done.", name: "I thought."})
    got = reply(CHAT, data, CHAT)
    assert got["choices"][0]["message"]["reasoning_content"] == "I thought."


TAGGED = "<think>Is this thinking?</think>Visible."


@pytest.mark.parametrize("client", [RESPONSES, ANTHROPIC, GEMINI])
def test_case_116_tags_in_text_are_text(client: str) -> None:
    got = json.dumps(reply(CHAT, replies.chat({"role": "assistant", "content": TAGGED}), client))
    assert TAGGED in got
    sent = encoded(client, asked_again(client, _texted(client), tool=False), CHAT)
    assert TAGGED in sent.encoded.body.decode()


def _texted(client: str) -> list[Any]:
    match client:
        case "openai_responses":
            return [{"role": "assistant", "content": [{"type": "output_text", "text": TAGGED}]}]
        case "anthropic_messages":
            return [{"role": "assistant", "content": TAGGED}]
    return [{"role": "model", "parts": [{"text": TAGGED}]}]


@pytest.mark.parametrize("target", [CHAT, RESPONSES, ANTHROPIC])
def test_case_117_hidden_thoughts_of_gemini_are_not_shown_to_others(target: str) -> None:
    parts = [
        {"text": "HIDDEN", "thought": True},
        {"text": "Visible."},
        {"functionCall": {"id": "c1", "name": "shell", "args": {"command": "a"}}},
    ]
    sent = encoded(GEMINI, asked_again(GEMINI, [{"role": "model", "parts": parts}]), target)
    text = sent.encoded.body.decode()
    assert "HIDDEN" not in text
    assert "Visible." in text


def test_case_117_nor_do_they_become_the_answer_of_a_client() -> None:
    found = said(ANTHROPIC, {"text": "HIDDEN", "thought": True}, {"text": "Visible."}, stream=False)
    assert [block["text"] for block in found[0]["content"] if block["type"] == "text"] == ["Visible."]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("client", EVERY)
def test_case_109_sealed_and_shown_thoughts_keep_their_order(client: str, stream: bool) -> None:
    first = {"type": "thinking", "thinking": "One.", "signature": "b25l"}
    sealed = {"type": "redacted_thinking", "data": "c2VhbGVk"}
    second = {"type": "thinking", "thinking": "Two.", "signature": "dHdv"}
    got = reply(ANTHROPIC, replies.anthropic(first, sealed, second, USE, stop="tool_use"), client)
    if stream and client == GEMINI:
        data = replies.anthropic(first, sealed, second, USE, stop="tool_use")
        chunks = streamed(ANTHROPIC, data, client, stream=False)
        parts = [part for chunk in chunks for part in chunk["candidates"][0]["content"]["parts"]]
        got = {"candidates": [{"content": {"role": "model", "parts": parts}}]}
    match client:
        case "openai_chat":
            found = [got["choices"][0]["message"]]
        case "openai_responses":
            found = got["output"]
        case "anthropic_messages":
            found = [{"role": "assistant", "content": got["content"]}]
        case _:
            found = [got["candidates"][0]["content"]]
    sent = encoded(client, asked_again(client, found), ANTHROPIC)
    assert sent.body["messages"][1]["content"][:3] == [first, sealed, second]
