from typing import Any

import pytest

from proxy_core.dialects.anthropic_messages.check import Fields
from proxy_core.dialects.anthropic_messages.thinking import decode_thinking, encode_thinking, without_thinking
from proxy_core.errors import DecodeError
from proxy_core.ir.request import ReasoningControl
from proxy_core.profile import ModelProfile, Thinking
from tests.proxy_core.dialects.anthropic_messages.support import ADAPTIVE, BUDGET, UNKNOWN


def _control(thinking: dict[str, Any] | None, effort: str | None = None) -> ReasoningControl:
    return decode_thinking(None if thinking is None else Fields(thinking, "thinking"), effort)


@pytest.mark.parametrize(
    ("thinking", "effort", "control"),
    [
        (None, None, ReasoningControl()),
        (None, "high", ReasoningControl("level", "high")),
        ({"type": "disabled"}, "high", ReasoningControl("off")),
        ({"type": "adaptive"}, None, ReasoningControl("auto")),
        ({"type": "adaptive", "display": "summarized"}, "max", ReasoningControl("level", "max", None, True)),
        ({"type": "between_tools"}, None, ReasoningControl("auto")),
        (
            {"type": "enabled", "budget_tokens": 2048, "display": "omitted"},
            None,
            ReasoningControl("budget", None, 2048, False),
        ),
        ({"type": "telepathy"}, None, ReasoningControl()),
    ],
)
def test_reading(thinking: dict[str, Any] | None, effort: str | None, control: ReasoningControl) -> None:
    assert _control(thinking, effort) == control


def test_a_budget_is_required() -> None:
    with pytest.raises(DecodeError, match="budget_tokens"):
        _control({"type": "enabled"})


@pytest.mark.parametrize(
    ("control", "thinking", "effort"),
    [
        (ReasoningControl(), None, None),
        (ReasoningControl("off"), {"type": "disabled"}, None),
        (ReasoningControl("auto", show=True), {"type": "adaptive", "display": "summarized"}, None),
        (ReasoningControl("level", "minimal"), {"type": "adaptive"}, "low"),
        (ReasoningControl("level", "xhigh"), {"type": "adaptive"}, "high"),
        (ReasoningControl("level", "max", show=False), {"type": "adaptive", "display": "omitted"}, "max"),
        (ReasoningControl("level", "none"), {"type": "disabled"}, None),
        (ReasoningControl("budget", budget=24_576), {"type": "adaptive"}, "high"),
    ],
)
def test_models_that_take_levels(
    control: ReasoningControl, thinking: dict[str, Any] | None, effort: str | None
) -> None:
    wire = encode_thinking(control, ADAPTIVE, 32_000)
    assert (wire.thinking, wire.effort) == (thinking, effort)


@pytest.mark.parametrize(
    ("control", "most", "budget"),
    [
        (ReasoningControl("level", "medium"), 32_000, 8192),
        (ReasoningControl("level", "minimal"), 32_000, 1024),
        (ReasoningControl("budget", budget=5000), 32_000, 5000),
        (ReasoningControl("budget", budget=31_999), 8000, 7999),
    ],
)
def test_models_that_take_budgets(control: ReasoningControl, most: int, budget: int) -> None:
    wire = encode_thinking(control, BUDGET, most)
    assert wire.thinking == {"type": "enabled", "budget_tokens": budget}
    assert wire.effort is None
    assert wire.needs_own_start
    assert wire.lost is None  # a value that was moved is not gone


def test_no_room_for_a_budget_leaves_thinking_out() -> None:
    wire = encode_thinking(ReasoningControl("budget", budget=4096), BUDGET, 1000)
    assert wire.thinking is None
    assert wire.lost is not None


def test_a_model_that_does_not_think_is_told_nothing() -> None:
    plain = ModelProfile("x", known=True, thinking=None)
    wire = encode_thinking(ReasoningControl("level", "high"), plain, 9000)
    assert (wire.thinking, wire.effort, wire.is_on) == (None, None, False)
    assert wire.lost is not None
    assert encode_thinking(ReasoningControl(), plain, 9000).lost is None


def test_an_unknown_model_gets_what_was_said() -> None:
    wire = encode_thinking(ReasoningControl("budget", budget=2000), UNKNOWN, 9000)
    assert wire.thinking == {"type": "enabled", "budget_tokens": 2000}
    wire = encode_thinking(ReasoningControl("level", "xhigh"), UNKNOWN, 9000)
    assert wire.effort == "xhigh"


def test_choosing_itself_needs_a_budget_on_older_models() -> None:
    older = ModelProfile("x", known=True, thinking=Thinking(budget=(1024, 30_000)))
    wire = encode_thinking(ReasoningControl("auto"), older, 32_000)
    assert wire.thinking == {"type": "enabled", "budget_tokens": 8192}


def test_off_is_no_loss_where_nobody_thinks_and_one_where_it_cannot_be_said() -> None:
    plain = ModelProfile("x", known=True, thinking=None)
    assert encode_thinking(ReasoningControl("off"), plain, 9000).lost is None
    mute = ModelProfile("x", known=True, thinking=Thinking(can_disable=False))
    assert encode_thinking(ReasoningControl("off"), mute, 9000).lost is not None


def test_without_thinking_says_so_where_it_can() -> None:
    found = without_thinking(BUDGET, "why")
    assert (found.thinking, found.effort, found.lost) == ({"type": "disabled"}, None, "why")
    always = ModelProfile("x", known=True, thinking=Thinking(can_disable=False))
    assert without_thinking(always, "why").thinking is None
