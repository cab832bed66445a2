"""System text and instructions: cases 1 to 14."""

import json
from typing import Any

import pytest

from tests.edge_cases.through import ANTHROPIC, CHAT, EVERY, GEMINI, RESPONSES, encoded, refused
from tests.edge_cases.turns import assistant, shape, text, user
from tests.end_to_end.client import calling
from tests.end_to_end.line import account, running
from tests.upstreams.behaviours import Say
from tests.upstreams.server import FakeVendor
from tests.upstreams.vendor import Reply

MARK = {"type": "ephemeral"}
OPENAI_MARK = {"mode": "explicit"}
HEADER = "x-anthropic-billing-header: cc_version=2.1.329; cc_entrypoint=cli; cch=1a2b3;"
PICTURE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
REMINDER = "<system-reminder>\nMid\n</system-reminder>"


def system_of(upstream: str, body: Any) -> Any:
    """The instructions as the upstream gets them, whatever they are called."""
    match upstream:
        case "openai_chat":
            return [one["content"] for one in body["messages"] if one["role"] in ("system", "developer")]
        case "openai_responses":
            items = [one["content"] for one in body["input"] if one.get("role") in ("system", "developer")]
            return ([body["instructions"]] if "instructions" in body else []) + items
        case "anthropic_messages":
            return [block["text"] for block in body.get("system", [])]
    return [part["text"] for part in body.get("systemInstruction", {}).get("parts", [])]


def test_case_001_a_list_of_blocks_stays_a_list_and_marks_go_where_there_are_breakpoints() -> None:
    body = {"system": [text("A"), text("B", cache_control=MARK)], "messages": [user("Hi")]}
    assert encoded(ANTHROPIC, body, CHAT).body["messages"][0] == {
        "role": "system",
        "content": [text("A"), text("B", prompt_cache_breakpoint=OPENAI_MARK)],
    }
    assert encoded(ANTHROPIC, body, RESPONSES).body["input"][0]["content"] == [
        {"type": "input_text", "text": "A"},
        {"type": "input_text", "text": "B", "prompt_cache_breakpoint": OPENAI_MARK},
    ]
    assert encoded(ANTHROPIC, body, ANTHROPIC).body["system"] == body["system"]
    sent = encoded(ANTHROPIC, body, GEMINI)
    assert sent.body["systemInstruction"] == {"parts": [{"text": "A"}, {"text": "B"}]}
    assert sent.lost == ["cache_control"]


@pytest.mark.parametrize("system", [HEADER, f"{HEADER}\nRules", [text(HEADER), text("Rules")]])
def test_case_002_the_attribution_of_claude_code_goes_to_anthropic_alone(system: Any) -> None:
    body = {"system": system, "messages": [user("Hi")]}
    for upstream in (CHAT, RESPONSES, GEMINI):
        sent = encoded(ANTHROPIC, body, upstream)
        assert "billing" not in json.dumps(sent.body), upstream
        assert system_of(upstream, sent.body) == ([] if system == HEADER else ["Rules"])
        assert sent.lost == []
    assert encoded(ANTHROPIC, body, ANTHROPIC).body["system"][0] == text(HEADER)


async def test_case_002_the_attribution_passes_through_to_anthropic() -> None:
    body = {"model": "m", "max_tokens": 9, "system": [text(HEADER)], "messages": [user("Hi")]}
    async with (
        FakeVendor(ANTHROPIC, behaviour=Say(Reply(text="Hello."))) as vendor,
        running([account("one", vendor, "m")]) as line,
        calling(line) as caller,
    ):
        assert (await caller.post("/v1/messages", body)).status == 200
    assert vendor.requests[-1].body == body


@pytest.mark.parametrize("upstream", EVERY)
@pytest.mark.parametrize("system", ["", [], [text("")], None])
def test_case_003_no_system_text_is_no_system_message(system: Any, upstream: str) -> None:
    sent = encoded(ANTHROPIC, {"system": system, "messages": [user("Hi")]}, upstream).body
    assert system_of(upstream, sent) == []
    assert not {"system", "instructions", "systemInstruction"} & sent.keys()


@pytest.mark.parametrize("upstream", EVERY)
def test_case_004_a_developer_has_the_rank_of_the_system(upstream: str) -> None:
    body = {"messages": [{"role": "developer", "content": "Rules"}, user("Hi")]}
    sent = encoded(CHAT, body, upstream).body
    assert system_of(upstream, sent) == ["Rules"]
    later = {"messages": [user("a"), assistant("b"), {"role": "developer", "content": "Mid"}, user("c")]}
    assert "Mid" in json.dumps(encoded(CHAT, later, upstream).body)
    assert encoded(CHAT, later, RESPONSES).body["input"][2]["role"] == "developer"


def test_case_005_several_system_messages_stay_apart_and_in_order() -> None:
    said = [{"role": role, "content": role} for role in ("system", "developer", "system")]
    body = {"messages": [*said, user("Hi")]}
    for upstream in (ANTHROPIC, GEMINI):
        assert system_of(upstream, encoded(CHAT, body, upstream).body) == ["system", "developer", "system"]
    assert encoded(CHAT, body, RESPONSES).body["instructions"] == "system\n\ndeveloper\n\nsystem"


@pytest.mark.parametrize("client", [CHAT, RESPONSES])
def test_case_006_system_text_in_the_middle_becomes_a_reminder_in_its_place(client: str) -> None:
    said = [user("a"), assistant("b"), {"role": "system", "content": "Mid"}, user("c")]
    body = {"messages": said} if client == CHAT else {"input": said}
    for upstream in (ANTHROPIC, GEMINI):
        sent = encoded(client, body, upstream).body
        assert shape(upstream, sent) == ["user:a", "model:b", f"user:{REMINDER} + c"]
    assert encoded(client, body, CHAT).body["messages"][2] == {"role": "system", "content": "Mid"}


@pytest.mark.parametrize("upstream", EVERY)
def test_case_007_system_text_alone_gets_a_user_turn_where_one_is_needed(upstream: str) -> None:
    body = {"messages": [{"role": "system", "content": "A"}, {"role": "system", "content": "B"}]}
    sent = encoded(CHAT, body, upstream).body
    turns = shape(upstream, sent)
    match upstream:
        case "anthropic_messages":
            assert (turns, system_of(upstream, sent)) == (["user:…"], ["A", "B"])
        case "gemini_generate":
            assert turns == ["user:A + B"]
        case _:
            assert not any(turn.startswith("user") for turn in turns)


def test_case_008_a_single_system_message_is_the_question_for_gemini() -> None:
    sent = encoded(CHAT, {"messages": [{"role": "system", "content": "Say hi."}]}, GEMINI).body
    assert sent == {"contents": [{"role": "user", "parts": [{"text": "Say hi."}]}]}


@pytest.mark.parametrize("upstream", [CHAT, ANTHROPIC, GEMINI])
def test_case_009_an_image_among_the_instructions_is_refused_where_only_text_is_taken(upstream: str) -> None:
    body = {"messages": [{"role": "system", "content": [text("A"), PICTURE]}, user("Hi")]}
    assert "user message" in refused(CHAT, body, upstream).message


def test_case_009_responses_takes_it_in_a_developer_item() -> None:
    body = {"messages": [{"role": "system", "content": [text("A"), PICTURE]}, user("Hi")]}
    sent = encoded(CHAT, body, RESPONSES)
    assert [part["type"] for part in sent.body["input"][0]["content"]] == ["input_text", "input_image"]
    assert sent.body["input"][0]["role"] == "developer"


@pytest.mark.parametrize("name", ["systemInstruction", "system_instruction"])
@pytest.mark.parametrize("value", ["Rules", {"parts": [{"text": "Rules"}]}, {"text": "Rules"}])
@pytest.mark.parametrize("upstream", EVERY)
def test_case_010_gemini_s_system_instruction_in_every_spelling(name: str, value: Any, upstream: str) -> None:
    body = {name: value, "contents": [{"role": "user", "parts": [{"text": "Hi"}]}]}
    assert system_of(upstream, encoded(GEMINI, body, upstream).body) == ["Rules"]


def test_case_011_instructions_come_before_the_system_items_of_the_input() -> None:
    items = [{"role": "system", "content": "S"}, {"role": "developer", "content": "D"}, user("Hi")]
    body = {"instructions": "I", "input": items}
    for upstream in (ANTHROPIC, GEMINI):
        assert system_of(upstream, encoded(RESPONSES, body, upstream).body) == ["I", "S", "D"]
    assert encoded(RESPONSES, body, CHAT).body["messages"][0]["content"] == [text("I"), text("S"), text("D")]
    assert encoded(RESPONSES, body, RESPONSES).body["instructions"] == "I\n\nS\n\nD"


@pytest.mark.parametrize("client", [CHAT, RESPONSES])
def test_case_012_a_responses_upstream_gets_developer_items(client: str) -> None:
    """What comes first are the instructions; a later item of the role system is renamed."""
    said = [user("a"), {"role": "system", "content": "M"}, user("b")]
    sent = encoded(client, {"messages": said} if client == CHAT else {"input": said}, RESPONSES).body
    assert [item["role"] for item in sent["input"]] == ["user", "developer", "user"]


def test_case_013_a_mark_on_a_message_is_one_on_its_last_part_unless_that_has_its_own() -> None:
    parts = [text("a"), text("b")]
    own = [text("c"), text("d", cache_control={**MARK, "ttl": "1h"})]
    body = {"messages": [{**user(own), "cache_control": MARK}, {**user(parts), "cache_control": MARK}]}
    sent = encoded(CHAT, body, ANTHROPIC).body["messages"][0]["content"]
    assert [block.get("cache_control") for block in sent] == [None, {**MARK, "ttl": "1h"}, None, MARK]


def test_case_014_a_mark_on_a_plain_text_makes_it_a_part_that_holds_it() -> None:
    body = {"messages": [{**user("a"), "cache_control": MARK}]}
    assert encoded(CHAT, body, ANTHROPIC).body["messages"] == [user([text("a", cache_control=MARK)])]
    assert encoded(CHAT, body, CHAT).body["messages"] == [
        user([text("a", prompt_cache_breakpoint=OPENAI_MARK)])
    ]
