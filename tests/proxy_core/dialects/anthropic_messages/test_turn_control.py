from typing import Any

import pytest

from proxy_core.dialects.anthropic_messages.check import Fields
from proxy_core.dialects.anthropic_messages.turn_control import shown, turn_effort
from tests.edge_cases.through import ANTHROPIC, CHAT, decoded, encoded

ASK: dict[str, Any] = {"role": "user", "content": "Hi"}
USE: dict[str, Any] = {
    "role": "assistant",
    "content": [{"type": "tool_use", "id": "c", "name": "f", "input": {}}],
}
RESULT: dict[str, Any] = {
    "role": "user",
    "content": [{"type": "tool_result", "tool_use_id": "c", "content": "x"}],
}


def system(text: str = "s", **more: Any) -> dict[str, Any]:
    return {"role": "system", "content": text, **more}


def entries(*messages: dict[str, Any]) -> list[Fields]:
    return Fields({"messages": list(messages)}).objects("messages")


HIGH = system(output_config={"effort": "high"})


@pytest.mark.parametrize(
    ("messages", "effort"),
    [
        ([ASK], None),
        ([ASK, HIGH], "high"),
        ([ASK, HIGH, USE, RESULT], "high"),
        ([ASK, HIGH, USE, RESULT, system(output_config={})], "high"),
        ([ASK, HIGH, system(output_config={"effort": "low"})], "low"),
        ([ASK, HIGH, {"role": "assistant", "content": "Hello"}, ASK], None),
        ([HIGH, ASK], None),
    ],
)
def test_an_effort_holds_for_its_turn(messages: list[dict[str, Any]], effort: str | None) -> None:
    assert turn_effort(entries(*messages)) == effort


def test_a_message_that_is_cleared_is_seen_only_before_the_next_user_message() -> None:
    once, ever = system("once", clear_at="next_user_message"), system("ever", clear_at="never")
    assert [one.value for one in shown(entries(ASK, once, ever))] == [ASK, once, ever]
    assert [one.value for one in shown(entries(ASK, once, ever, USE, RESULT))] == [ASK, ever, USE, RESULT]


def test_the_effort_of_the_turn_reaches_every_vendor() -> None:
    body = {
        "messages": [ASK, system(output_config={"effort": "low"})],
        "thinking": {"type": "adaptive"},
        "output_config": {"effort": "high"},
    }
    assert decoded(ANTHROPIC, body).reasoning.level == "low"
    assert encoded(ANTHROPIC, body, CHAT).body["reasoning_effort"] == "low"
    again = encoded(ANTHROPIC, body, ANTHROPIC).body
    assert again["output_config"] == {"effort": "low"}
    assert again["messages"][1] == {"role": "system", "content": "s"}


def test_a_message_without_content_says_only_how() -> None:
    only = {"role": "system", "output_config": {"effort": "low"}}
    request = decoded(ANTHROPIC, {"messages": [ASK, only]})
    assert request.reasoning.level == "low"
    assert [message.role for message in request.messages] == ["user"]
