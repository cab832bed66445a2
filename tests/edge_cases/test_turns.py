"""Turns with calls and results, in the order that each vendor takes: cases 15 to 28."""

import pytest

from proxy_core.profile import ModelProfile
from tests.edge_cases.through import ANTHROPIC, CHAT, EVERY, GEMINI, RESPONSES, encoded
from tests.edge_cases.turns import (
    Body,
    anthropic,
    assistant,
    chat,
    chat_calls,
    chat_result,
    content,
    function_call,
    function_response,
    gemini,
    result,
    shape,
    text,
    use,
    user,
)
from tests.end_to_end.client import calling
from tests.end_to_end.line import account, running
from tests.upstreams.server import FakeVendor

CALL = "model:call c1"
DONE = {
    CHAT: ["tool:result c1=out", "user:and?"],
    RESPONSES: ["tool:result c1=out", "user:and?"],
    ANTHROPIC: ["user:result c1=out + and?"],
    GEMINI: ["user:result c1=out + and?"],
}


def turns(client: str, body: Body, upstream: str) -> list[str]:
    return shape(upstream, encoded(client, body, upstream).body)


@pytest.mark.parametrize("upstream", EVERY)
def test_case_015_a_result_and_text_in_one_turn(upstream: str) -> None:
    body = anthropic(user("q"), assistant([use("c1")]), user([result("c1"), text("and?")]))
    assert turns(ANTHROPIC, body, upstream) == ["user:q", CALL, *DONE[upstream]]


@pytest.mark.parametrize("upstream", EVERY)
def test_case_016_text_before_the_result_still_comes_after_it(upstream: str) -> None:
    body = anthropic(user("q"), assistant([use("c1")]), user([text("and?"), result("c1")]))
    assert turns(ANTHROPIC, body, upstream) == ["user:q", CALL, *DONE[upstream]]


def test_case_017_text_on_both_sides_of_a_call_in_chat_is_one_message() -> None:
    body = anthropic(user("q"), assistant([text("a"), use("c1"), text("b")]), user([result("c1")]))
    sent = encoded(ANTHROPIC, body, CHAT).body["messages"]
    assert [message["role"] for message in sent] == ["user", "assistant", "tool"]
    assert sent[1]["content"] == [text("a"), text("b")]
    assert [call["id"] for call in sent[1]["tool_calls"]] == ["c1"]


@pytest.mark.parametrize("upstream", [ANTHROPIC, GEMINI])
def test_case_017_text_moves_before_the_calls_where_they_must_come_last(upstream: str) -> None:
    items = [
        user("q"),
        assistant("a"),
        {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}"},
        assistant("b"),
        {"type": "function_call_output", "call_id": "c1", "output": "out"},
    ]
    tools = [{"type": "function", "name": "f", "parameters": None, "strict": None}]
    assert turns(RESPONSES, {"input": items, "tools": tools}, upstream)[1] == "model:a + b + call c1"


def test_case_017_responses_keeps_the_order_as_items() -> None:
    body = anthropic(user("q"), assistant([text("a"), use("c1"), text("b")]), user([result("c1")]))
    assert turns(ANTHROPIC, body, RESPONSES)[1:4] == ["model:a", CALL, "model:b"]


def test_case_018_two_user_messages_are_one_turn_with_their_marks() -> None:
    mark = {"type": "ephemeral"}
    body = chat(user([text("a", cache_control=mark)]), user("b"))
    assert encoded(CHAT, body, ANTHROPIC).body["messages"] == [
        user([text("a", cache_control=mark), text("b")])
    ]
    assert turns(CHAT, body, GEMINI) == ["user:a + b"]
    for upstream in (CHAT, RESPONSES):
        assert turns(CHAT, body, upstream) == ["user:a", "user:b"]


@pytest.mark.parametrize("upstream", [ANTHROPIC, GEMINI])
def test_case_019_tool_messages_are_one_turn(upstream: str) -> None:
    calls = chat_calls(("c1", "f"), ("c2", "g"))
    body = chat(user("q"), calls, chat_result("c1", "1"), chat_result("c2", "2"))
    assert turns(CHAT, body, upstream)[1:] == ["model:call c1 + call c2", "user:result c1=1 + result c2=2"]


def test_case_020_results_in_another_order_follow_the_calls_for_gemini() -> None:
    calls = chat_calls(("c1", "f"), ("c2", "g"), ("c3", "f"))
    answers = [chat_result(i, i) for i in ("c3", "c1", "c2")]
    sent = encoded(CHAT, chat(user("q"), calls, *answers), GEMINI).body["contents"][2]["parts"]
    assert [part["functionResponse"]["id"] for part in sent] == ["c1", "c2", "c3"]
    assert [part["functionResponse"]["name"] for part in sent] == ["f", "g", "f"]
    assert [part["functionResponse"]["response"] for part in sent] == [
        {"output": i} for i in ("c1", "c2", "c3")
    ]


@pytest.mark.parametrize("upstream", EVERY)
def test_case_021_a_user_message_between_call_and_result_waits(upstream: str) -> None:
    body = chat(user("q"), chat_calls(("c1", "f")), user("and?"), chat_result("c1"))
    assert turns(CHAT, body, upstream) == ["user:q", CALL, *DONE[upstream]]


SPLIT = {
    CHAT: ["tool:result c1=1", "tool:result c2=2", "user:x", "user:y"],
    RESPONSES: ["tool:result c1=1", "tool:result c2=2", "user:x", "user:y"],
    ANTHROPIC: ["user:result c1=1 + result c2=2 + x + y"],
    GEMINI: ["user:result c1=1 + result c2=2 + x + y"],
}


@pytest.mark.parametrize("upstream", EVERY)
def test_case_022_results_in_two_messages_come_together(upstream: str) -> None:
    first, second = user([result("c1", "1"), text("x")]), user([result("c2", "2"), text("y")])
    body = anthropic(user("q"), assistant([use("c1"), use("c2", "g")]), first, second)
    assert [turn for turn in turns(ANTHROPIC, body, upstream) if "q" not in turn and "call" not in turn] == (
        SPLIT[upstream]
    )


@pytest.mark.parametrize("upstream", EVERY)
def test_case_022_also_when_the_model_spoke_in_between(upstream: str) -> None:
    calls = chat_calls(("c1", "f"), ("c2", "g"))
    body = chat(user("q"), calls, chat_result("c1", "1"), user("x"), assistant("hm"), chat_result("c2", "2"))
    found = "/".join(turns(CHAT, body, upstream))
    assert found.index("result c1=1") < found.index("result c2=2") < found.index("x") < found.index("hm")


@pytest.mark.parametrize("upstream", EVERY)
def test_case_023_a_call_that_was_interrupted_gets_an_error_for_a_result(upstream: str) -> None:
    body = chat(user("q"), chat_calls(("c1", "f")), user("stop"))
    sent = encoded(CHAT, body, upstream).body
    found = "/".join(shape(upstream, sent))
    assert found.index("call c1") < found.index("No output was provided.") < found.index("stop")
    if upstream == ANTHROPIC:
        assert sent["messages"][2]["content"][0]["is_error"] is True
    else:
        assert "Error: No output was provided." in found


@pytest.mark.parametrize("upstream", EVERY)
def test_case_024_a_result_without_its_call_is_dropped_and_that_is_said(upstream: str) -> None:
    sent = encoded(CHAT, chat(user("q"), chat_result("c9", "lost"), user("go")), upstream)
    assert "lost" not in "".join(shape(upstream, sent.body))
    assert sent.lost == ["tool_results"]


@pytest.mark.parametrize("upstream", EVERY)
def test_case_025_of_two_results_for_one_call_the_later_counts(upstream: str) -> None:
    body = chat(user("q"), chat_calls(("c1", "f")), chat_result("c1", "old"), chat_result("c1", "new"))
    sent = encoded(CHAT, body, upstream)
    found = "".join(shape(upstream, sent.body))
    assert found.count("result c1=new") == 1
    assert "old" not in found
    assert sent.lost == ["tool_results"]


@pytest.mark.parametrize("upstream", EVERY)
def test_case_026_an_id_that_is_used_again_is_paired_in_its_own_round(upstream: str) -> None:
    body = chat(
        user("q"),
        chat_calls(("c1", "f")),
        chat_result("c1", "1"),
        chat_calls(("c1", "g")),
        chat_result("c1", "2"),
    )
    sent = encoded(CHAT, body, upstream)
    found = shape(upstream, sent.body)
    assert [turn.partition("=")[2] for turn in found if "result" in turn] == ["1", "2"]
    assert sent.lost == []
    if upstream == GEMINI:
        names = [turn["parts"][0]["functionResponse"]["name"] for turn in sent.body["contents"][2::2]]
        assert names == ["f", "g"]


def test_case_026_gemini_s_own_calls_are_paired_round_by_round() -> None:
    rounds = [
        content("user", {"text": "q"}),
        content("model", function_call("f")),
        content("user", function_response("f", "1")),
        content("model", function_call("f")),
        content("user", function_response("f", "2")),
    ]
    sent = encoded(GEMINI, gemini(*rounds), CHAT).body["messages"]
    calls = [message["tool_calls"][0]["id"] for message in sent if "tool_calls" in message]
    results = [(one["tool_call_id"], one["content"]) for one in sent if one["role"] == "tool"]
    assert results == list(zip(calls, ["1", "2"], strict=True))
    assert len(set(calls)) == 2


def test_case_027_an_unanswered_last_turn_is_removed_for_gemini() -> None:
    body = anthropic(user("q"), assistant([text("I will look."), use("c1")]))
    sent = encoded(ANTHROPIC, body, GEMINI)
    assert shape(GEMINI, sent.body) == ["user:q"]
    assert sent.lost == ["messages"]


@pytest.mark.parametrize("upstream", [CHAT, RESPONSES, ANTHROPIC])
def test_case_027_elsewhere_it_gets_an_error_for_a_result(upstream: str) -> None:
    body = anthropic(user("q"), assistant([use("c1")]))
    assert turns(ANTHROPIC, body, upstream)[1] == CALL
    assert "No output was provided." in turns(ANTHROPIC, body, upstream)[2]


@pytest.mark.parametrize("upstream", [ANTHROPIC, GEMINI])
@pytest.mark.parametrize("client", [CHAT, RESPONSES])
def test_case_028_a_prefill_is_followed_by_the_user_unless_the_model_takes_it(
    client: str, upstream: str
) -> None:
    said = [user("q"), assistant("The answer is")]
    body = {"messages": said} if client == CHAT else {"input": said}
    assert turns(client, body, upstream) == ["user:q", "model:The answer is", "user:Continue."]
    kept = encoded(client, body, upstream, prefill=True).body
    assert shape(upstream, kept) == ["user:q", "model:The answer is"]


def test_case_028_an_unknown_model_is_taken_for_a_new_one() -> None:
    assert ModelProfile("m").prefill is False


@pytest.mark.parametrize("name", ["gemini-2.5-pro", "gemini-2.5-flash", "gemini-3-pro-preview"])
async def test_case_028_no_model_of_gemini_takes_one(name: str) -> None:
    body = {"model": name, **chat(user("q"), assistant("The answer is"))}
    async with (
        FakeVendor(GEMINI) as vendor,
        running([account("one", vendor, name)]) as line,
        calling(line) as caller,
    ):
        got = await caller.post("/v1/chat/completions", body)
        assert got.status == 200, got.body
        assert shape(GEMINI, vendor.requests[-1].body) == ["user:q", "model:The answer is", "user:Continue."]


@pytest.mark.parametrize("upstream", [CHAT, RESPONSES])
def test_case_028_openai_takes_it_as_it_is(upstream: str) -> None:
    body = chat(user("q"), assistant("The answer is"))
    assert turns(CHAT, body, upstream) == ["user:q", "model:The answer is"]
