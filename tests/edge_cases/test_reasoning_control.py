"""How much to think: words that a model does not know are brought into its range, not refused."""

from typing import Any

import pytest

from proxy_core.profile import Thinking
from tests.edge_cases.through import ANTHROPIC, CHAT, GEMINI, RESPONSES, encoded, hello

LEVELS = Thinking(levels=("low", "medium", "high"), can_disable=False)
OFF: dict[str, dict[str, Any]] = {
    CHAT: {"reasoning_effort": "none"},
    RESPONSES: {"reasoning": {"effort": "none"}},
    ANTHROPIC: {"thinking": {"type": "disabled"}},
    GEMINI: {"generationConfig": {"thinkingConfig": {"thinkingBudget": 0}}},
}


def thinking(body: Any) -> Any:
    """What a request says of thinking, whatever the dialect."""
    config = body.get("generationConfig", {}).get("thinkingConfig")
    effort = body.get("output_config", {}).get("effort")
    for found in (body.get("reasoning_effort"), effort, body.get("reasoning"), config, body.get("thinking")):
        if found is not None:
            return found
    return None


@pytest.mark.parametrize(
    ("target", "lowest"),
    [(CHAT, "low"), (RESPONSES, {"effort": "low"}), (ANTHROPIC, "low"), (GEMINI, {"thinkingLevel": "LOW"})],
)
@pytest.mark.parametrize("source", OFF)
def test_case_118_none_for_a_model_that_cannot_stop_is_its_lowest_level(
    source: str, target: str, lowest: Any
) -> None:
    said = thinking(encoded(source, hello(source, **OFF[source]), target, thinking=LEVELS, known=True).body)
    if isinstance(lowest, dict):
        assert lowest.items() <= said.items()
    else:
        assert said == lowest


def test_case_118_the_lowest_budget_where_there_are_no_levels() -> None:
    profile = Thinking(budget=(128, 32768), can_disable=False)
    sent = encoded(CHAT, hello(CHAT, reasoning_effort="none"), GEMINI, thinking=profile, known=True)
    assert sent.body["generationConfig"]["thinkingConfig"]["thinkingBudget"] == 128


BUDGETS = Thinking(budget=(1024, 128_000))


@pytest.mark.parametrize(
    ("most", "budget"),
    [
        (2000, {"type": "enabled", "budget_tokens": 1999}),
        (1025, {"type": "enabled", "budget_tokens": 1024}),
        (8192, {"type": "enabled", "budget_tokens": 4096}),
    ],
)
def test_case_119_a_budget_is_kept_below_the_most_tokens(most: int, budget: dict[str, Any]) -> None:
    config = {"thinkingConfig": {"thinkingBudget": 4096}, "maxOutputTokens": most}
    sent = encoded(GEMINI, hello(GEMINI, generationConfig=config), ANTHROPIC, thinking=BUDGETS, known=True)
    given = sent.body["thinking"]
    assert {key: given[key] for key in budget} == budget
    assert "reasoning" not in sent.lost


@pytest.mark.parametrize("most", [1, 512, 1024])
def test_case_119_without_room_for_the_least_budget_there_is_no_thinking(most: int) -> None:
    sent = encoded(
        CHAT,
        hello(CHAT, reasoning_effort="high", max_completion_tokens=most),
        ANTHROPIC,
        thinking=BUDGETS,
        known=True,
    )
    assert "thinking" not in sent.body
    assert sent.body["max_tokens"] == most
    assert "reasoning" in sent.lost


@pytest.mark.parametrize(
    "config",
    [
        {"thinkingConfig": {"include_thoughts": True, "thinking_budget": 2048}},
        {"thinkingConfig": {"includeThoughts": True, "thinkingBudget": 2048}},
        {"thinking_config": {"include_thoughts": True, "thinkingBudget": 2048}},
    ],
    ids=["mixed", "camel", "snake"],
)
@pytest.mark.parametrize("outer", ["generationConfig", "generation_config"])
def test_case_120_both_spellings_of_the_thinking_config_are_understood(
    outer: str, config: dict[str, Any]
) -> None:
    sent = encoded(GEMINI, hello(GEMINI, **{outer: config}), ANTHROPIC, thinking=BUDGETS, known=True)
    assert sent.body["thinking"] == {"type": "enabled", "budget_tokens": 2048, "display": "summarized"}
