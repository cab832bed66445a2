"""Gemini's thought signatures: where they stand, who gets them back, and what stands in for a missing one."""

import base64
import json
from typing import Any

import pytest

from proxy_core.ir.message import Part, Seal, Text, ToolCall
from proxy_core.ir.reasoning_trace import restored, steps
from tests.edge_cases import replies
from tests.edge_cases.through import (
    ANTHROPIC,
    CHAT,
    GEMINI,
    ISSUER,
    MODEL,
    RESPONSES,
    decoded,
    encoded,
    reply,
    streamed,
)
from tests.end_to_end.client import calling, path
from tests.end_to_end.line import account, running
from tests.end_to_end.turns import answered, calls, history, opening
from tests.upstreams.behaviours import Say
from tests.upstreams.server import FakeVendor
from tests.upstreams.vendor import Reply

SENTINEL = "skip_thought_signature_validator"
SIGNATURE = base64.b64encode(b"\x12\x40\x0a a signature \xfb\xff\xbf of Gemini").decode()
OTHER = base64.b64encode(b"\x12\x40\x0a another signature").decode()
TOOLS = [("shell", {"type": "object", "properties": {"command": {"type": "string"}}})]
FOREIGN = [CHAT, RESPONSES, ANTHROPIC]
BOTH_WAYS = pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])


def call(command: str, name: str, signature: str | None = None) -> dict[str, Any]:
    """A call as Gemini makes it."""
    part: dict[str, Any] = {"functionCall": {"id": name, "name": "shell", "args": {"command": command}}}
    return part if signature is None else {**part, "thoughtSignature": signature}


def said(client: str, *parts: dict[str, Any], stream: bool) -> list[Any]:
    """What a client holds of Gemini's answer, and sends back."""
    if not stream:
        body = reply(GEMINI, replies.gemini(*parts), client)
        return _kept(client, body)
    chunks = [replies.gemini(part, finish=None) for part in parts[:-1]]
    events = streamed(GEMINI, [*chunks, replies.gemini(parts[-1])], client)
    return _accumulated(client, events)


def _kept(client: str, body: Any) -> list[Any]:
    match client:
        case "openai_chat":
            return [{"role": "assistant", **body["choices"][0]["message"]}]
        case "openai_responses":
            return list(body["output"])
        case "anthropic_messages":
            return [{"role": "assistant", "content": body["content"]}]
    return [body["candidates"][0]["content"]]


def _accumulated(client: str, events: list[Any]) -> list[Any]:
    match client:
        case "openai_responses":
            return list(events[-1]["response"]["output"])
        case "anthropic_messages":
            return [{"role": "assistant", "content": _blocks(events)}]
        case "openai_chat":
            return [_message(events)]
    parts = [part for one in events for part in one["candidates"][0]["content"]["parts"]]
    return [{"role": "model", "parts": [part for part in parts if part != {"text": ""}]}]


def _blocks(events: list[Any]) -> list[Any]:
    blocks: dict[int, Any] = {}
    texts: dict[int, str] = {}
    for event in events:
        if event["type"] == "content_block_start":
            blocks[event["index"]] = dict(event["content_block"])
        elif event["type"] == "content_block_delta":
            delta, block = event["delta"], blocks[event["index"]]
            for name in ("text", "thinking", "signature"):
                block[name] = block.get(name, "") + delta[name] if name in delta else block.get(name)
            if "partial_json" in delta:
                texts[event["index"]] = texts.get(event["index"], "") + delta["partial_json"]
    for index, text in texts.items():
        blocks[index]["input"] = json.loads(text or "{}")
    return [
        {key: value for key, value in block.items() if value is not None}
        for _, block in sorted(blocks.items())
    ]


def _message(events: list[Any]) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": ""}
    made: dict[int, Any] = {}
    details: list[Any] = []
    for event in events:
        delta = event["choices"][0]["delta"] if isinstance(event, dict) and event["choices"] else {}
        message["content"] += delta.get("content") or ""
        details += delta.get("reasoning_details") or []
        for piece in delta.get("tool_calls") or []:
            one = made.setdefault(
                piece["index"], {"type": "function", "function": {"name": "", "arguments": ""}}
            )
            one |= {key: piece[key] for key in ("id", "extra_content") if piece.get(key)}
            for key, value in piece["function"].items():
                one["function"][key] += value or ""
    if made:
        message["tool_calls"] = list(made.values())
    if details:
        message["reasoning_details"] = details
    return message


def back(client: str, found: list[Any], target: str = GEMINI, **more: Any) -> Any:
    """The next request, as the vendor gets it."""
    body = opening(client, "Go.", TOOLS)
    history(client, body).extend([*found, *answered(client, calls(client, found), "ok")])
    return encoded(client, body, target, **more).body


def model_parts(body: Any) -> list[Any]:
    """Every part that a request says the model said."""
    return [part for content in body["contents"] if content["role"] == "model" for part in content["parts"]]


@BOTH_WAYS
@pytest.mark.parametrize("client", [*FOREIGN, GEMINI])
def test_case_096_the_first_call_s_signature_comes_back_and_siblings_stay_unsigned(
    client: str, stream: bool
) -> None:
    found = said(client, call("a", "c1", SIGNATURE), call("b", "c2"), stream=stream)
    parts = model_parts(back(client, found))
    signed = [(part["functionCall"]["args"]["command"], part.get("thoughtSignature")) for part in parts]
    assert [name for name, _ in signed] == ["a", "b"]
    assert base64.b64decode(signed[0][1]) == base64.b64decode(SIGNATURE)
    assert signed[1][1] is None


def test_case_096_each_step_of_a_turn_has_its_own() -> None:
    for client in FOREIGN:
        body = opening(client, "Go.", TOOLS)
        for name, signature in (("c1", SIGNATURE), ("c2", OTHER)):
            found = said(client, call(name, name, signature), stream=False)
            history(client, body).extend([*found, *answered(client, calls(client, found), "ok")])
        parts = model_parts(encoded(client, body, GEMINI).body)
        assert [part["thoughtSignature"] for part in parts] == [SIGNATURE, OTHER]


@pytest.mark.parametrize("client", FOREIGN)
def test_case_097_history_of_another_vendor_has_the_stand_in_on_its_first_call_only(client: str) -> None:
    body = opening(client, "Go.", TOOLS)
    match client:
        case "openai_chat":
            made = [
                {"id": name, "type": "function", "function": {"name": "shell", "arguments": "{}"}}
                for name in ("c1", "c2")
            ]
            turn: list[Any] = [{"role": "assistant", "content": "I will.", "tool_calls": made}]
        case "openai_responses":
            text = {"role": "assistant", "content": [{"type": "output_text", "text": "I will."}]}
            turn = [text] + [
                {"type": "function_call", "call_id": name, "name": "shell", "arguments": "{}"}
                for name in ("c1", "c2")
            ]
        case _:
            uses: list[Any] = [
                {"type": "tool_use", "id": name, "name": "shell", "input": {}} for name in ("c1", "c2")
            ]
            turn = [{"role": "assistant", "content": [{"type": "text", "text": "I will."}, *uses]}]
    results = answered(client, [("c1", "shell", {}), ("c2", "shell", {})], "ok")
    history(client, body).extend([*turn, *results])
    text, first, second = model_parts(encoded(client, body, GEMINI).body)
    assert text == {"text": "I will."}
    assert first["thoughtSignature"] == SENTINEL
    assert "thoughtSignature" not in second


ALONE = ({"text": "All is "}, {"text": "well."}, {"text": "", "thoughtSignature": SIGNATURE})


@BOTH_WAYS
@pytest.mark.parametrize("client", FOREIGN)
def test_case_098_a_signature_that_comes_alone_belongs_to_the_text_before_it(
    client: str, stream: bool
) -> None:
    found = said(client, *ALONE, stream=stream)
    match client:
        case "openai_chat":
            assert found[0]["content"] == "All is well."
        case "openai_responses":
            texts = [part["text"] for item in found if item["type"] == "message" for part in item["content"]]
            assert texts == ["All is well."]
        case _:
            # the last block is what Claude Code takes for the answer: nothing stands behind it
            assert found[0]["content"] == [{"type": "text", "text": "All is well."}]
            return
    body = opening(client, "Go.", TOOLS)
    history(client, body).extend([*found, {"role": "user", "content": "Thanks."}])
    assert model_parts(encoded(client, body, GEMINI).body) == [
        {"text": "All is well.", "thoughtSignature": SIGNATURE}
    ]


@BOTH_WAYS
@pytest.mark.parametrize("client", FOREIGN)
def test_case_099_visible_text_with_a_signature_is_no_thinking(client: str, stream: bool) -> None:
    found = said(client, {"text": "Visible.", "thoughtSignature": SIGNATURE}, stream=stream)
    match client:
        case "openai_chat":
            assert found[0]["content"] == "Visible."
            assert not found[0].get("reasoning_content")
        case "openai_responses":
            assert [item["type"] for item in found] == ["message", "reasoning"]
            assert found[1]["summary"] == []
        case _:
            assert found[0]["content"] == [{"type": "text", "text": "Visible."}]


SIGNED_TEXTS = (
    {"text": "One. ", "thoughtSignature": SIGNATURE},
    {"text": "Two. ", "thoughtSignature": OTHER},
    call("a", "c1"),
)


@BOTH_WAYS
@pytest.mark.parametrize("client", [RESPONSES, ANTHROPIC, GEMINI])
def test_case_100_signed_texts_in_a_row_keep_their_signatures_and_borders(client: str, stream: bool) -> None:
    """Chat has one content string per message: there the store of the relay keeps the borders (see below)."""
    found = said(client, *SIGNED_TEXTS, stream=stream)
    one, two, _ = model_parts(back(client, found))
    assert (one["text"].strip(), one["thoughtSignature"]) == ("One.", SIGNATURE)
    assert (two["text"].strip(), two["thoughtSignature"]) == ("Two.", OTHER)


def test_case_100_a_client_with_one_string_per_message_gets_its_borders_from_what_was_remembered() -> None:
    turn: list[Part] = [
        Text("One. ", seal=Seal(ISSUER, "gemini.signature", SIGNATURE)),
        Text("Two. ", seal=Seal(ISSUER, "gemini.signature", OTHER)),
        ToolCall("c1", "shell", '{"command":"a"}'),
    ]
    known = dict(steps(turn))
    function = {"name": "shell", "arguments": '{ "command" : "a" }'}
    body = {
        "messages": [
            {"role": "user", "content": "Go."},
            {
                "role": "assistant",
                "content": "One. Two. ",
                "tool_calls": [{"id": "c1", "type": "function", "function": function}],
            },
            {"role": "tool", "tool_call_id": "c1", "content": "ok"},
        ]
    }
    request = restored(decoded(CHAT, body), lambda anchor, before: known.get(anchor))
    one, two, _ = model_parts(encoded(CHAT, request, GEMINI).body)
    assert one == {"text": "One. ", "thoughtSignature": SIGNATURE}
    assert two == {"text": "Two. ", "thoughtSignature": OTHER}


@pytest.mark.parametrize("target", [GEMINI, CHAT, RESPONSES, ANTHROPIC])
def test_case_101_a_signature_on_a_result_goes(target: str) -> None:
    answer = {"functionResponse": {"id": "c1", "name": "shell", "response": {"output": "ok"}}}
    contents = [
        {"role": "user", "parts": [{"text": "Go."}]},
        {"role": "model", "parts": [call("a", "c1", SIGNATURE)]},
        {"role": "user", "parts": [{**answer, "thoughtSignature": OTHER}]},
    ]
    sent = encoded(GEMINI, {"contents": contents}, target)
    assert OTHER not in sent.encoded.body.decode()
    assert "ok" in sent.encoded.body.decode()


def test_case_102_both_spellings_of_a_signature_become_one_member() -> None:
    both = {**call("a", "c1", SIGNATURE), "thought_signature": SIGNATURE}
    contents = [
        {"role": "user", "parts": [{"text": "Go."}]},
        {"role": "model", "parts": [both]},
        {
            "role": "user",
            "parts": [{"functionResponse": {"id": "c1", "name": "shell", "response": {"output": "ok"}}}],
        },
    ]
    (part,) = model_parts(encoded(GEMINI, {"model": MODEL, "contents": contents}, GEMINI).body)
    assert part["thoughtSignature"] == SIGNATURE
    assert "thought_signature" not in part


@pytest.mark.parametrize("name", ["thoughtSignature", "thought_signature"])
def test_case_102_each_spelling_alone_is_understood(name: str) -> None:
    contents = [
        {"role": "user", "parts": [{"text": "Go."}]},
        {"role": "model", "parts": [{"text": "Hello.", name: SIGNATURE}]},
        {"role": "user", "parts": [{"text": "Thanks."}]},
    ]
    (part,) = model_parts(encoded(GEMINI, {"contents": contents}, GEMINI).body)
    assert part == {"text": "Hello.", "thoughtSignature": SIGNATURE}


async def test_case_102_within_one_dialect_too_there_is_one_spelling() -> None:
    """The vendor refuses a part with both; results of tools get none at all (case 101)."""
    asked = {"functionCall": {"name": "f", "args": {"n": 1.50}}}
    result = {"functionResponse": {"name": "f", "response": {"output": "x"}}}
    both = {"thoughtSignature": SIGNATURE, "thought_signature": SIGNATURE}
    lone = {"text": "b", "thought_signature": SIGNATURE}
    body = {
        "contents": [
            {"role": "user", "parts": [{"text": "q"}]},
            {"role": "model", "parts": [{**asked, **both}]},
            {"role": "user", "parts": [{**result, **both}]},
            {
                "role": "model",
                "parts": [lone, {"text": "c", "thoughtSignature": "", "thought_signature": "x"}],
            },
            {"role": "user", "parts": [{"text": "q"}]},
        ]
    }
    async with (
        FakeVendor(GEMINI, behaviour=Say(Reply(text="Hi."))) as vendor,
        running([account("one", vendor, "m")]) as line,
        calling(line) as caller,
    ):
        await caller.post(path(GEMINI, "m"), body)
    asked_first = next(one.body for one in vendor.requests if one.method == "POST")  # it knows no such seal
    found = [content["parts"] for content in asked_first["contents"]]
    assert found[1] == [{**asked, "thoughtSignature": SIGNATURE}]
    assert found[2] == [result]
    assert found[3] == [lone, {"text": "c", "thought_signature": "x"}]
