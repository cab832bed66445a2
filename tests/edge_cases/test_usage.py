"""What a reply cost and why it ended: cases 185 to 193."""

import json
from typing import Any

import pytest

from tests.edge_cases import replies
from tests.edge_cases.through import ANTHROPIC, CHAT, EVERY, GEMINI, RESPONSES, reply, streamed

CUT = [
    replies.chunk(
        {
            "role": "assistant",
            "tool_calls": [
                {
                    "index": 0,
                    "id": "c1",
                    "type": "function",
                    "function": {"name": "f", "arguments": '{"a": "lo'},
                }
            ],
        }
    ),
    replies.chunk({}, "length"),
]
CALL = {"functionCall": {"name": "f", "args": {}}}


def test_case_185_cached_and_written_tokens_are_part_of_the_prompt() -> None:
    whole = replies.anthropic(cache_read_input_tokens=1792, cache_creation_input_tokens=500)
    usage = reply(ANTHROPIC, whole, CHAT)["usage"]
    assert (usage["prompt_tokens"], usage["total_tokens"]) == (2310, 2315)
    assert usage["prompt_tokens_details"] == {"cached_tokens": 1792, "cache_write_tokens": 500}
    usage = reply(ANTHROPIC, whole, RESPONSES)["usage"]
    assert usage["input_tokens"] == 2310
    assert usage["input_tokens_details"] == {"cached_tokens": 1792, "cache_write_tokens": 500}
    usage = reply(ANTHROPIC, whole, GEMINI)["usageMetadata"]
    assert (usage["promptTokenCount"], usage["cachedContentTokenCount"]) == (2310, 1792)


def test_case_185_and_they_are_taken_out_again_for_anthropic() -> None:
    whole = replies.chat(details={"cached_tokens": 1792, "cache_write_tokens": 500})
    whole["usage"]["prompt_tokens"] = 2310
    usage = reply(CHAT, whole, ANTHROPIC)["usage"]
    assert usage["input_tokens"] == 18
    assert (usage["cache_read_input_tokens"], usage["cache_creation_input_tokens"]) == (1792, 500)


THOUGHT = {
    "promptTokenCount": 10,
    "candidatesTokenCount": 15,
    "thoughtsTokenCount": 48,
    "totalTokenCount": 73,
}


@pytest.mark.parametrize("stream", [False, True])
def test_case_186_thoughts_are_part_of_the_output(stream: bool) -> None:
    answer = replies.gemini(usage=THOUGHT)
    given: Any = [answer] if stream else answer
    usage = reply(GEMINI, given, CHAT, stream=stream)["usage"]
    assert (usage["completion_tokens"], usage["total_tokens"]) == (63, 73)
    assert usage["completion_tokens_details"]["reasoning_tokens"] == 48
    assert reply(GEMINI, given, ANTHROPIC, stream=stream)["usage"]["output_tokens"] == 63
    assert reply(GEMINI, given, RESPONSES, stream=stream)["usage"]["output_tokens"] == 63


@pytest.mark.parametrize(
    "whole",
    [
        replies.gemini(CALL, usage={"promptTokenCount": 10, "totalTokenCount": 10}),
        {"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": {"promptTokenCount": 10}},
    ],
)
def test_case_187_an_output_that_was_not_counted_is_zero(whole: Any) -> None:
    usage = reply(GEMINI, whole, CHAT)["usage"]
    assert usage == {"prompt_tokens": 10, "completion_tokens": 0, "total_tokens": 10}
    assert reply(GEMINI, whole, ANTHROPIC)["usage"]["output_tokens"] == 0
    assert reply(GEMINI, whole, RESPONSES)["usage"]["output_tokens"] == 0
    assert reply(GEMINI, whole, GEMINI)["usageMetadata"]["candidatesTokenCount"] == 0


@pytest.mark.parametrize("stream", [False, True])
def test_case_188_a_refusal_of_anthropic_s_is_a_filter_elsewhere(stream: bool) -> None:
    text = {"type": "text", "text": "No."}
    given: Any = replies.anthropic(text, stop="refusal")
    if stream:
        given = replies.anthropic_stream(text, stop="refusal")
    assert reply(ANTHROPIC, given, CHAT, stream=stream)["choices"][0]["finish_reason"] == "content_filter"
    whole = reply(ANTHROPIC, given, RESPONSES, stream=stream)
    assert (whole["status"], whole["incomplete_details"]) == ("incomplete", {"reason": "content_filter"})
    assert reply(ANTHROPIC, given, GEMINI, stream=stream)["candidates"][0]["finishReason"] == "SAFETY"


def test_case_189_a_pause_is_told_in_the_nearest_word() -> None:
    """The client would have to ask again; those of other dialects have no word for it.

    The proxy does not ask for them: a pause comes only with tools that the vendor runs, what it says so far
    is a whole answer, and a loop of ours would spend without being told to.
    """
    paused = replies.anthropic(stop="pause_turn")
    assert reply(ANTHROPIC, paused, ANTHROPIC)["stop_reason"] == "pause_turn"
    assert reply(ANTHROPIC, paused, CHAT)["choices"][0]["finish_reason"] == "stop"
    assert reply(ANTHROPIC, paused, RESPONSES)["status"] == "completed"
    assert reply(ANTHROPIC, paused, GEMINI)["candidates"][0]["finishReason"] == "OTHER"


@pytest.mark.parametrize("client", EVERY)
def test_case_190_the_stop_sequence_is_named_to_anthropic_s_clients_alone(client: str) -> None:
    whole = reply(ANTHROPIC, replies.anthropic(stop="stop_sequence", sequence="<END>"), client)
    assert ("<END>" in json.dumps(whole)) == (client == ANTHROPIC)
    match client:
        case "openai_chat":
            assert whole["choices"][0]["finish_reason"] == "stop"
        case "openai_responses":
            assert whole["status"] == "completed"
        case "gemini_generate":
            assert whole["candidates"][0]["finishReason"] == "STOP"
        case _:
            assert (whole["stop_reason"], whole["stop_sequence"]) == ("stop_sequence", "<END>")


FINISHED = {CHAT: ("stop", "tool_calls"), ANTHROPIC: ("end_turn", "tool_use"), GEMINI: ("STOP", "STOP")}


def finish_of(client: str, whole: Any) -> str:
    match client:
        case "openai_chat":
            return str(whole["choices"][0]["finish_reason"])
        case "anthropic_messages":
            return str(whole["stop_reason"])
    return str(whole["candidates"][0]["finishReason"])


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("client", FINISHED)
def test_case_191_the_finish_agrees_with_the_calls(client: str, stream: bool) -> None:
    idle: Any = replies.chat(finish="tool_calls")
    call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    busy: Any = replies.chat({"role": "assistant", "content": None, "tool_calls": [call]}, finish="stop")
    if stream:
        idle = [replies.chunk({"role": "assistant", "content": "x"}), replies.chunk({}, "tool_calls")]
        busy = [replies.chunk({"tool_calls": [{"index": 0, **call}]}), replies.chunk({}, "stop")]
    assert finish_of(client, reply(CHAT, idle, client, stream=stream)) == FINISHED[client][0]
    assert finish_of(client, reply(CHAT, busy, client, stream=stream)) == FINISHED[client][1]


def test_case_192_a_call_that_the_limit_cut_is_no_completed_item() -> None:
    events = streamed(CHAT, CUT, RESPONSES)
    assert events[-1]["type"] == "response.incomplete"
    assert events[-1]["response"]["incomplete_details"] == {"reason": "max_output_tokens"}
    done = [event["item"]["status"] for event in events if event["type"] == "response.output_item.done"]
    assert done == ["incomplete"]
    assert [item["status"] for item in events[-1]["response"]["output"]] == ["incomplete"]


@pytest.mark.parametrize("client", [CHAT, ANTHROPIC, GEMINI])
def test_case_192_and_the_limit_is_told_to_every_client(client: str) -> None:
    word = {CHAT: "length", ANTHROPIC: "max_tokens", GEMINI: "MAX_TOKENS"}[client]
    assert finish_of(client, reply(CHAT, CUT, client, stream=True)) == word


@pytest.mark.parametrize(
    ("client", "word"), [(CHAT, "length"), (ANTHROPIC, "max_tokens"), (GEMINI, "MAX_TOKENS")]
)
def test_case_192_a_call_that_was_cut_before_its_arguments_is_none(client: str, word: str) -> None:
    use = {"type": "tool_use", "id": "t", "name": "f", "input": {}}
    got = reply(ANTHROPIC, replies.anthropic({"type": "text", "text": "x"}, use, stop="max_tokens"), client)
    assert finish_of(client, got) == word
    if client == GEMINI:
        assert "functionCall" not in json.dumps(got)


def test_case_192_nor_is_it_a_completed_item() -> None:
    use = {"type": "tool_use", "id": "t", "name": "f", "input": {}}
    got = reply(ANTHROPIC, replies.anthropic(use, stop="max_tokens"), RESPONSES)
    assert (got["status"], [item["status"] for item in got["output"]]) == ("incomplete", ["incomplete"])
    whole = reply(ANTHROPIC, replies.anthropic(use, stop="tool_use"), RESPONSES)
    assert (whole["status"], whole["output"][0]["arguments"]) == ("completed", "{}")


@pytest.mark.parametrize(
    "details",
    [{"cached_tokens": 0, "cache_write_tokens": 0}, {"cached_tokens": 0}, {"cache_write_tokens": 0}],
)
def test_case_193_a_zero_that_was_told_is_not_one_that_was_not(details: dict[str, int]) -> None:
    """Chat says it or leaves it out; Responses and Anthropic demand the member, so there it is zero."""
    usage = reply(CHAT, replies.chat(details=details), CHAT)["usage"]
    assert usage["prompt_tokens_details"] == details
    assert "prompt_tokens_details" not in reply(CHAT, replies.chat(), CHAT)["usage"]
    told = reply(CHAT, replies.chat(details=details), RESPONSES)["usage"]["input_tokens_details"]
    assert told == {"cached_tokens": 0, "cache_write_tokens": 0}
