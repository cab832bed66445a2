"""Defects of another proxy of this kind that this one must not have: Z1 to Z12."""

import json
from typing import Any

import openai
import pytest

from tests.edge_cases import replies, turns
from tests.edge_cases.through import (
    ANTHROPIC,
    CHAT,
    EVERY,
    GEMINI,
    RESPONSES,
    encoded,
    hello,
    refused,
    reply,
    streamed,
)
from tests.edge_cases.turns import text, user
from tests.end_to_end.client import KEEP_ALIVE, calling
from tests.end_to_end.line import account, running
from tests.upstreams.behaviours import FailInside, Say
from tests.upstreams.server import FakeVendor
from tests.upstreams.vendor import Call, Reply

USES = [{"type": "tool_use", "id": i, "name": n, "input": {}} for i, n in (("c1", "f"), ("c2", "g"))]
SIGNED = {"text": "Hello.", "thoughtSignature": "c2ln"}
CALL = {"functionCall": {"name": "get-weather_now", "args": {}}}


def test_z01_tools_are_counted_from_zero_whatever_block_they_stand_in() -> None:
    events = replies.anthropic_stream(text("Let me see."), *USES, stop="tool_use")
    chunks = [one for one in streamed(ANTHROPIC, events, CHAT) if one != "[DONE]"]
    deltas = [choice["delta"] for chunk in chunks for choice in chunk["choices"]]
    indexes = [call["index"] for delta in deltas for call in delta.get("tool_calls", []) if "id" in call]
    assert indexes == [0, 1]


async def test_z01_the_sdk_s_helper_puts_the_calls_together() -> None:
    said = Reply(text="Let me see.", calls=(Call("f", arguments={"a": 1}), Call("g", arguments={"b": 2})))
    async with (
        FakeVendor(ANTHROPIC, behaviour=Say(said)) as vendor,
        running([account("one", vendor, "m")]) as line,
        openai.AsyncOpenAI(base_url=f"{line.url}/v1", api_key=line.key, max_retries=0) as sdk,
    ):
        tools: Any = turns.chat()["tools"]
        asked: Any = [user("q")]
        async with sdk.chat.completions.stream(model="m", messages=asked, tools=tools) as events:
            final = await events.get_final_completion()
    calls = final.choices[0].message.tool_calls or []
    assert [(call.function.name, json.loads(call.function.arguments)) for call in calls] == [
        ("f", {"a": 1}),
        ("g", {"b": 2}),
    ]


FINISHES = {
    "STOP": "stop",
    "MAX_TOKENS": "length",
    "SAFETY": "content_filter",
    "RECITATION": "content_filter",
    "BLOCKLIST": "content_filter",
    "PROHIBITED_CONTENT": "content_filter",
    "SPII": "content_filter",
    "IMAGE_SAFETY": "content_filter",
    "LANGUAGE": "content_filter",
    "OTHER": "stop",
    "A_NEW_ONE": "stop",
}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("native", FINISHES)
def test_z02_gemini_s_finish_reasons_become_words_of_chat(native: str, stream: bool) -> None:
    whole = replies.gemini(finish=native)
    given: Any = [whole] if stream else whole
    assert reply(GEMINI, given, CHAT, stream=stream)["choices"][0]["finish_reason"] == FINISHES[native]
    chunks = [one for one in streamed(GEMINI, given, CHAT, stream=stream) if one != "[DONE]"]
    finishes = [choice["finish_reason"] for chunk in chunks for choice in chunk["choices"]]
    assert [one for one in finishes if one is not None] == [FINISHES[native]]


@pytest.mark.parametrize("client", EVERY)
def test_z03_two_texts_in_one_chunk_are_both_kept(client: str) -> None:
    given = [
        replies.gemini({"text": "Hello, "}, {"text": "world"}, finish=None),
        replies.gemini({"text": "."}),
    ]
    whole = json.dumps(reply(GEMINI, given, client, stream=True))
    assert "Hello, world." in whole or ("Hello, " in whole and "world." in whole)
    told = "".join(
        choice["delta"].get("content") or ""
        for chunk in streamed(GEMINI, given, CHAT)
        if chunk != "[DONE]"
        for choice in chunk["choices"]
    )
    assert told == "Hello, world."


def test_z04_a_call_has_one_id_streamed_or_not_and_the_vendor_s_own_where_it_has_one() -> None:
    def ids(whole: Any) -> list[str]:
        return [call["id"] for call in whole["choices"][0]["message"]["tool_calls"]]

    answer = replies.gemini(CALL, CALL)
    first = ids(reply(GEMINI, answer, CHAT))
    assert first == ids(reply(GEMINI, [answer], CHAT, stream=True)) == ids(reply(GEMINI, answer, CHAT))
    assert len(set(first)) == 2
    blocks = reply(GEMINI, answer, ANTHROPIC)["content"]
    assert [block["id"] for block in blocks] == first
    own = {"functionCall": {**CALL["functionCall"], "id": "abc-1"}}
    assert ids(reply(GEMINI, replies.gemini(own), CHAT)) == ["abc-1"]


def test_z04_a_name_with_dashes_comes_back_whole_for_gemini() -> None:
    call_id = reply(GEMINI, replies.gemini(CALL), ANTHROPIC)["content"][0]["id"]
    use = {"type": "tool_use", "id": call_id, "name": "get-weather_now", "input": {}}
    body = {
        "messages": [user("q"), turns.assistant([use]), user([turns.result(call_id)])],
        "tools": [{"name": "get-weather_now", "input_schema": {"type": "object"}}],
    }
    answer = encoded(ANTHROPIC, body, GEMINI).body["contents"][2]["parts"][0]["functionResponse"]
    assert (answer["name"], answer["id"]) == ("get-weather_now", call_id)


@pytest.mark.parametrize("stream", [False, True])
def test_z05_signed_text_of_gemini_s_stays_visible_text(stream: bool) -> None:
    answer = replies.gemini(SIGNED)
    blocks = reply(GEMINI, [answer] if stream else answer, ANTHROPIC, stream=stream)["content"]
    assert [block["text"] for block in blocks if block["type"] == "text"] == ["Hello."]
    assert not any("Hello." in block.get("thinking", "") for block in blocks)


def test_z05_images_are_told_and_cached_tokens_counted() -> None:
    usage = {"promptTokenCount": 100, "cachedContentTokenCount": 60, "candidatesTokenCount": 1}
    picture = {"inlineData": {"mimeType": "image/png", "data": "iVBORw0KGgo="}}
    whole = reply(GEMINI, replies.gemini({"text": "Look:"}, picture, usage=usage), ANTHROPIC)
    assert (whole["usage"]["input_tokens"], whole["usage"]["cache_read_input_tokens"]) == (40, 60)
    assert "image" in json.dumps(whole["content"])


def test_z06_chat_s_settings_reach_gemini() -> None:
    body = turns.chat(
        user("q"),
        stop=["a", "b"],
        seed=7,
        presence_penalty=0.5,
        frequency_penalty=-0.5,
        tool_choice={"type": "function", "function": {"name": "f"}},
    )
    sent = encoded(CHAT, body, GEMINI)
    config = sent.body["generationConfig"]
    assert config["stopSequences"] == ["a", "b"]
    assert (config["seed"], config["presencePenalty"], config["frequencyPenalty"]) == (7, 0.5, -0.5)
    calling_config = sent.body["toolConfig"]["functionCallingConfig"]
    assert (calling_config["mode"], calling_config["allowedFunctionNames"]) == ("ANY", ["f"])
    assert sent.lost == []


def test_z06_images_reach_gemini_whole_and_unsigned() -> None:
    odd = "data:image/png;charset=utf-8;name=a.png;base64,iVBORw0KGgo="
    parts = [{"type": "image_url", "image_url": {"url": url}} for url in (odd, "https://example.test/a.png")]
    sent = encoded(CHAT, {"messages": [user(parts)]}, GEMINI).body["contents"][0]["parts"]
    assert sent[0] == {"inlineData": {"mimeType": "image/png", "data": "iVBORw0KGgo="}}
    assert sent[1]["fileData"]["fileUri"] == "https://example.test/a.png"
    assert not any("thoughtSignature" in part for part in sent)


def test_z07_what_claude_says_reaches_chat() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": False}
    body = turns.anthropic(
        user([{"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "Paper"}}]),
        tool_choice={"type": "none"},
        top_k=5,
        output_config={"format": {"type": "json_schema", "schema": schema}},
    )
    sent = encoded(ANTHROPIC, body, CHAT)
    assert sent.body["tool_choice"] == "none"
    assert sent.body["response_format"]["json_schema"]["schema"] == schema
    assert "top_k" in sent.lost, "said, not silent"
    assert "UGFwZXI" in json.dumps(sent.body) or "Paper" in json.dumps(sent.body)
    assert encoded(ANTHROPIC, body, CHAT, strict=False).body["top_k"] == 5
    one = turns.anthropic(user("q"), tool_choice={"type": "auto", "disable_parallel_tool_use": True})
    assert encoded(ANTHROPIC, one, CHAT).body["parallel_tool_calls"] is False


def test_z07_errors_and_images_in_results_reach_chat() -> None:
    picture = {
        "type": "image",
        "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="},
    }
    failed = {**turns.result("c1", "gone"), "is_error": True}
    shown = turns.result("c2", [text("look"), picture])
    uses = turns.assistant([turns.use("c1"), turns.use("c2", "g")])
    sent = encoded(ANTHROPIC, turns.anthropic(user("q"), uses, user([failed, shown])), CHAT).body["messages"]
    assert [message["role"] for message in sent] == ["user", "assistant", "tool", "tool", "user"]
    assert sent[2]["content"] == "Error: gone"
    assert "image" not in json.dumps(sent[2:4])
    assert [part["type"] for part in sent[4]["content"]] == ["text", "image_url"]


def test_z08_what_chat_says_reaches_claude() -> None:
    schema = {"type": "object", "properties": {}, "additionalProperties": False, "required": []}
    custom = {"type": "custom", "custom": {"name": "patch", "description": "Patches."}}
    said = {**turns.chat(user("q")), "parallel_tool_calls": False}
    said["tools"] = [*said["tools"], custom]
    sent = encoded(CHAT, said, ANTHROPIC).body
    assert sent["tool_choice"]["disable_parallel_tool_use"] is True
    assert [tool["name"] for tool in sent["tools"]] == ["f", "g", "patch"]
    assert encoded(CHAT, {**said, "tool_choice": "none"}, ANTHROPIC).body["tool_choice"] == {"type": "none"}
    form = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema, "strict": True}}
    sent = encoded(CHAT, {**hello(CHAT), "response_format": form}, ANTHROPIC).body
    assert sent["output_config"]["format"]["type"] == "json_schema"


def test_z09_what_responses_says_reaches_chat() -> None:
    file = {"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBERi0="}
    items = [user("a"), {"role": "developer", "content": "Rules"}, user([file])]
    body = {"instructions": "I", "input": items, "temperature": 0.3, "top_p": 0.5}
    sent = encoded(RESPONSES, body, CHAT)
    roles = [message["role"] for message in sent.body["messages"]]
    assert roles[2] in ("system", "developer")
    assert (sent.body["temperature"], sent.body["top_p"]) == (0.3, 0.5)
    assert sent.body["messages"][3]["content"][0]["file"]["filename"] == "a.pdf"
    assert sent.lost == []


@pytest.mark.parametrize("client", EVERY)
def test_z10_a_whole_answer_of_anthropic_s_is_read_as_json(client: str) -> None:
    whole = json.dumps(replies.anthropic(text("Hello.")), indent=1).encode()
    assert "Hello." in json.dumps(reply(ANTHROPIC, whole, client))


@pytest.mark.parametrize("upstream", [CHAT, GEMINI])
def test_z11_cached_tokens_are_not_counted_twice_for_claude(upstream: str) -> None:
    whole = replies.chat(details={"cached_tokens": 60})
    whole["usage"] |= {"prompt_tokens": 100, "total_tokens": 101}
    if upstream == GEMINI:
        counted = {"promptTokenCount": 100, "cachedContentTokenCount": 60, "candidatesTokenCount": 1}
        whole = replies.gemini(usage=counted)
    usage = reply(upstream, whole, ANTHROPIC)["usage"]
    assert (usage["input_tokens"], usage["cache_read_input_tokens"]) == (40, 60)


def test_z12_gemini_s_clients_get_no_comments_for_keep_alives() -> None:
    assert not KEEP_ALIVE[GEMINI].strip()


async def test_z12_an_error_in_gemini_s_stream_is_no_named_event() -> None:
    broken = FailInside(Say(Reply(text="This answer breaks on its way to you.")), frames=3)
    async with (
        FakeVendor(ANTHROPIC, behaviour=broken) as vendor,
        running([account("one", vendor, "m")]) as line,
        calling(line) as caller,
    ):
        found = await caller.ask(GEMINI, "m", stream=True)
    assert not any(part.startswith((b"event:", b":")) for part in found.body.splitlines())


def test_what_cannot_be_said_is_refused_and_not_dropped() -> None:
    """The defects of Z6 to Z9 are silent drops; a feature without a place is an error here."""
    sound = {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}}
    assert refused(CHAT, {"messages": [user([sound])]}, ANTHROPIC).message


@pytest.mark.parametrize("upstream", [CHAT, ANTHROPIC, GEMINI])
def test_case_135_an_unknown_item_that_is_left_out_leaves_no_empty_turn(upstream: str) -> None:
    items = [
        {"type": "configuration_update", "reasoning": {"effort": "low"}},
        {"role": "user", "content": "q"},
    ]
    sent = encoded(RESPONSES, {"input": items}, upstream)
    turns = sent.body.get("messages") or sent.body["contents"]
    assert [turn["role"] for turn in turns] == ["user"]
    assert any("configuration_update" in path or path.startswith("messages[") for path in sent.lost)
