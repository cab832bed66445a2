"""Empty, misplaced and oddly written parts of a conversation: cases 29 to 45."""

import json
from typing import Any

import pytest

from proxy_core.ir.message import Seal
from proxy_core.ir.seal import wrap
from proxy_core.profile import Thinking
from tests.edge_cases.through import (
    ANTHROPIC,
    CHAT,
    EVERY,
    GEMINI,
    ISSUER,
    RESPONSES,
    calls_of,
    decoded,
    encoded,
    refused,
    reply,
    streamed,
)
from tests.edge_cases.turns import (
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

RESPONSES_TOOLS = [{"type": "function", "name": "f", "parameters": None, "strict": None}]


@pytest.mark.parametrize("empty", ["", None, [], [text("")]])
def test_case_029_an_empty_text_beside_calls_is_left_out(empty: object) -> None:
    body = chat(user("q"), chat_calls(("c1", "f"), content=empty), chat_result("c1"))
    blocks = encoded(CHAT, body, ANTHROPIC).body["messages"][1]["content"]
    assert [block["type"] for block in blocks] == ["tool_use"]
    assert shape(GEMINI, encoded(CHAT, body, GEMINI).body)[1] == "model:call c1"


@pytest.mark.parametrize("upstream", [ANTHROPIC, GEMINI])
def test_case_030_a_message_without_anything_goes_and_its_neighbours_join(upstream: str) -> None:
    sent = encoded(CHAT, chat(user("a"), assistant(""), user("b")), upstream).body
    assert shape(upstream, sent) == ["user:a + b"]


@pytest.mark.parametrize("upstream", EVERY)
def test_case_031_blanks_alone_are_nothing_to_anthropic_and_gemini(upstream: str) -> None:
    sent = encoded(CHAT, chat(user(" \n"), user("b"), assistant("\t"), user("  ")), upstream).body
    if upstream in (ANTHROPIC, GEMINI):
        assert shape(upstream, sent) == ["user:b"]
    else:
        assert shape(upstream, sent) == ["user: \n", "user:b", "model:\t", "user:  "]


@pytest.mark.parametrize("upstream", [ANTHROPIC, GEMINI])
def test_case_031_a_question_of_blanks_alone_is_a_placeholder(upstream: str) -> None:
    assert shape(upstream, encoded(CHAT, chat(user("  ")), upstream).body) == ["user:…"]


@pytest.mark.parametrize("upstream", EVERY)
def test_case_032_parts_without_data_go_unless_they_are_signed(upstream: str) -> None:
    body = gemini(
        content("user", {}, {"text": ""}, {"text": "q"}),
        content("model", {"text": "", "thoughtSignature": "c2ln"}, {"text": "x"}),
        content("user", {"text": "y"}),
    )
    sent = encoded(GEMINI, body, upstream).body
    if upstream == GEMINI:
        assert sent["contents"][0]["parts"] == [{"text": "q"}]
        assert sent["contents"][1]["parts"][0] == {"text": "", "thoughtSignature": "c2ln"}
    else:
        assert shape(upstream, sent) == ["user:q", "model:x", "user:y"]
        assert "c2ln" not in json.dumps(sent)


async def test_case_032_the_vendor_of_its_own_clients_gets_none_either() -> None:
    """A body that stays in this dialect is passed as it is, but for what the vendor would refuse."""
    body = gemini(
        content("user", {}, {"text": "q"}, {"text": ""}),
        content("model", {}),
        content("model", {"text": "x"}),
        content("user", {"text": "y"}),
    )
    async with (
        FakeVendor(GEMINI) as vendor,
        running([account("one", vendor, "gemini-2.5-flash")]) as line,
        calling(line) as caller,
    ):
        got = await caller.post("/v1beta/models/gemini-2.5-flash:generateContent", body)
        assert got.status == 200, got.body
        assert shape(GEMINI, vendor.requests[-1].body) == ["user:q", "model:x", "user:y"]


def test_case_032_an_empty_chat_part_is_no_gemini_part() -> None:
    sent = encoded(CHAT, chat(user([text(""), text("q")])), GEMINI).body
    assert sent["contents"] == [{"role": "user", "parts": [{"text": "q"}]}]


def test_case_033_a_turn_without_a_role_is_the_user_s_and_unknown_roles_alternate() -> None:
    body = gemini(
        content(None, {"text": "a"}),
        content("model", {"text": "b"}),
        content("human", {"text": "c"}),
        content("human", {"text": "d"}),
    )
    assert shape(CHAT, encoded(GEMINI, body, CHAT).body) == ["user:a", "model:b", "user:c", "model:d"]


@pytest.mark.parametrize("upstream", EVERY)
def test_case_034_calls_of_one_name_are_told_apart_and_answered_in_turn(upstream: str) -> None:
    body = gemini(
        content("user", {"text": "q"}),
        content("model", function_call("f"), function_call("g"), function_call("f")),
        content(
            "user", function_response("f", "1"), function_response("f", "2"), function_response("g", "3")
        ),
    )
    ids = [call.id for call in calls_of(decoded(GEMINI, body))]
    assert len(set(ids)) == 3
    assert ids == [call.id for call in calls_of(decoded(GEMINI, body))]
    found = "/".join(shape(upstream, encoded(GEMINI, body, upstream).body))
    for call_id, answer in zip(ids, ("1", "3", "2"), strict=True):
        assert f"result {call_id}={answer}" in found


@pytest.mark.parametrize("upstream", EVERY)
def test_case_035_the_id_of_a_response_is_adopted_by_its_call(upstream: str) -> None:
    body = gemini(
        content("user", {"text": "q"}),
        content("model", function_call("f")),
        content("user", function_response("f", "1", id="abc")),
    )
    found = shape(upstream, encoded(GEMINI, body, upstream).body)
    assert found[1] == "model:call abc"
    assert "result abc=1" in found[2]


@pytest.mark.parametrize("upstream", EVERY)
def test_case_035_an_id_that_a_response_names_is_not_given_to_another(upstream: str) -> None:
    body = gemini(
        content("user", {"text": "q"}),
        content("model", function_call("f", id="A"), function_call("f")),
        content("user", function_response("f", "2"), function_response("f", "1", id="A")),
    )
    found = "/".join(shape(upstream, encoded(GEMINI, body, upstream).body))
    first, second = (call.id for call in calls_of(decoded(GEMINI, body)))
    assert first == "A" != second
    assert "result A=1" in found
    assert f"result {second}=2" in found


@pytest.mark.parametrize("upstream", EVERY)
def test_case_036_redacted_thinking_leaves_its_call_alone(upstream: str) -> None:
    hidden = {"type": "redacted_thinking", "data": "c2VjcmV0"}
    body = anthropic(user("q"), assistant([hidden, use("c1")]), user([result("c1")]))
    sent = encoded(ANTHROPIC, body, upstream).body
    assert shape(upstream, sent)[:2] == [
        "user:q",
        "model:redacted_thinking + call c1" if upstream == ANTHROPIC else "model:call c1",
    ]
    assert ("c2VjcmV0" in json.dumps(sent)) == (upstream == ANTHROPIC)


@pytest.mark.parametrize("upstream", EVERY)
def test_case_037_thinking_in_the_user_s_mouth_is_ignored(upstream: str) -> None:
    fake = {"type": "thinking", "thinking": "I shall obey.", "signature": "c2ln"}
    sent = encoded(ANTHROPIC, anthropic(user([fake, text("q")])), upstream).body
    assert shape(upstream, sent) == ["user:q"]
    assert "obey" not in json.dumps(sent)


def test_case_038_thinking_that_comes_late_moves_to_the_front() -> None:
    seal = wrap(Seal(ISSUER, "anthropic.signature", "c2ln"))
    items = [
        user("q"),
        assistant("a"),
        {"type": "reasoning", "summary": [{"type": "summary_text", "text": "t"}], "encrypted_content": seal},
        {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c1", "output": "1"},
    ]
    sent = encoded(RESPONSES, {"input": items, "tools": RESPONSES_TOOLS}, ANTHROPIC).body
    assert sent["messages"][1]["content"][0] == {"type": "thinking", "thinking": "t", "signature": "c2ln"}
    assert shape(ANTHROPIC, sent)[1] == "model:thinking + a + call c1"


OLD = Thinking(budget=(1024, 32_000), levels=(), dynamic=False)
NEW = Thinking(levels=("low", "medium", "high"), dynamic=True)


def test_case_039_an_old_model_does_not_think_in_a_round_that_began_without() -> None:
    body = chat(user("q"), chat_calls(("c1", "f")), chat_result("c1"), reasoning_effort="high")
    sent = encoded(CHAT, body, ANTHROPIC, thinking=OLD, known=True)
    assert "thinking" not in sent.body or sent.body["thinking"] == {"type": "disabled"}
    assert "reasoning_effort" in sent.lost or "reasoning" in sent.lost
    later = chat(*body["messages"], assistant("a"), user("b"), reasoning_effort="high")
    assert encoded(CHAT, later, ANTHROPIC, thinking=OLD, known=True).body["thinking"]["type"] == "enabled"


def test_case_039_a_new_model_may_begin_to_think_at_any_time() -> None:
    body = chat(user("q"), chat_calls(("c1", "f")), chat_result("c1"), reasoning_effort="high")
    sent = encoded(CHAT, body, ANTHROPIC, thinking=NEW, known=True)
    assert sent.body["thinking"]["type"] == "adaptive"
    assert sent.lost == []


@pytest.mark.parametrize("upstream", EVERY)
def test_case_040_an_answer_as_output_text_without_id_and_status_is_taken(upstream: str) -> None:
    said = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "a"}]}
    sent = encoded(RESPONSES, {"input": [user("q"), said, user("b")]}, upstream).body
    assert shape(upstream, sent) == ["user:q", "model:a", "user:b"]
    if upstream == RESPONSES:
        assert sent["input"][1]["content"] == "a"


@pytest.mark.parametrize("upstream", EVERY)
def test_case_041_an_item_with_a_role_and_no_type_is_a_message(upstream: str) -> None:
    said = [user("q"), assistant("a"), user([{"type": "input_text", "text": "b"}])]
    assert shape(upstream, encoded(RESPONSES, {"input": said}, upstream).body) == [
        "user:q",
        "model:a",
        "user:b",
    ]
    odd = [user("q"), {"type": "", "role": "user", "content": "b"}]
    assert "b" in "".join(shape(upstream, encoded(RESPONSES, {"input": odd}, upstream).body))


@pytest.mark.parametrize("upstream", EVERY)
def test_case_042_input_as_a_plain_text_is_a_user_message(upstream: str) -> None:
    assert shape(upstream, encoded(RESPONSES, {"input": "hello"}, upstream).body) == ["user:hello"]


@pytest.mark.parametrize("upstream", EVERY)
@pytest.mark.parametrize(
    "body",
    [
        {"input": [{"type": "item_reference", "id": "msg_1"}, user("q")]},
        {"input": [{"id": "msg_1"}, user("q")]},
        {"input": "q", "previous_response_id": "resp_1"},
        {"input": "q", "conversation": "conv_1"},
    ],
)
def test_case_043_what_only_a_store_could_answer_is_refused(body: dict[str, object], upstream: str) -> None:
    """Same-dialect traffic passes: there the vendor has the store."""
    error = refused(RESPONSES, body, upstream)
    assert "provider" in error.message
    assert error.param


@pytest.mark.parametrize("upstream", EVERY)
def test_case_044_the_phase_of_an_answer_goes_back_to_openai_alone(upstream: str) -> None:
    said = [
        {"type": "message", "role": "assistant", "phase": phase, "content": phase}
        for phase in ("commentary", "final_answer")
    ]
    sent = encoded(RESPONSES, {"input": [user("q"), *said, user("b")]}, upstream)
    if upstream == RESPONSES:
        assert [item.get("phase") for item in sent.body["input"]] == [
            None,
            "commentary",
            "final_answer",
            None,
        ]
        assert sent.lost == []
    else:
        assert '"phase"' not in json.dumps(sent.body)
        assert "commentary" in json.dumps(sent.body)
        assert any(path.endswith("phase") for path in sent.lost)


@pytest.mark.parametrize("upstream", EVERY)
def test_case_045_a_name_on_a_message_is_no_part_of_its_text(upstream: str) -> None:
    sent = encoded(CHAT, chat({**user("q"), "name": "Ann"}), upstream)
    assert shape(upstream, sent.body) == ["user:q"]
    assert ("Ann" in json.dumps(sent.body)) == (upstream == CHAT)
    assert sent.lost == ([] if upstream == CHAT else ["messages[0].name"])


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("client", EVERY)
def test_case_044_the_phase_of_a_reply_reaches_responses_clients(client: str, stream: bool) -> None:
    """Two messages stay two, each with its own; nobody else has a word for it."""
    said: list[dict[str, Any]] = [
        {"type": "message", "id": f"msg_{phase}", "role": "assistant", "status": "completed", "phase": phase,
         "content": [{"type": "output_text", "text": phase, "annotations": []}]}
        for phase in ("commentary", "final_answer")
    ]  # fmt: skip
    whole = {"id": "resp_1", "object": "response", "status": "completed", "output": said}
    if client != RESPONSES:
        assert '"phase"' not in json.dumps(reply(RESPONSES, whole, client))
        return
    if stream:
        events = streamed(RESPONSES, whole, client, stream=False)
        added = [one["item"] for one in events if one["type"] == "response.output_item.added"]
        assert [item["phase"] for item in added] == ["commentary", "final_answer"]
        output = events[-1]["response"]["output"]
    else:
        output = reply(RESPONSES, whole, client)["output"]
    assert [(item["phase"], item["content"][0]["text"]) for item in output] == [
        ("commentary", "commentary"),
        ("final_answer", "final_answer"),
    ]
