import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy_core.ir.message import Message, Reasoning, Seal, Text
from proxy_core.ir.reasoning import asks_for_none, fit, lost_control, lost_thoughts
from proxy_core.ir.request import ReasoningControl as Control
from proxy_core.profile import LEVELS, Level, ModelProfile, Thinking, budget_for

BOTH = Thinking(budget=(0, 128000), levels=LEVELS)
WORDS = Thinking(levels=("low", "high"), can_disable=False, dynamic=False)
TOKENS = Thinking(budget=(128, 32768), can_disable=False)
SWITCH = Thinking()
MUTE = Thinking(can_disable=False, dynamic=False)

modes = st.sampled_from(["unset", "off", "auto", "level", "budget"])
controls = st.builds(
    Control,
    modes,
    st.none() | st.sampled_from(LEVELS),
    st.none() | st.integers(-1, 200000),
    st.none() | st.booleans(),
    st.none() | st.just("auto"),
)
budgets = st.tuples(st.integers(0, 2000), st.integers(2000, 200000))
abilities = st.builds(
    Thinking,
    st.none() | budgets,
    st.lists(st.sampled_from(LEVELS[1:]), unique=True).map(
        lambda words: tuple(sorted(words, key=LEVELS.index))
    ),
    st.booleans(),
    st.booleans(),
)


@pytest.mark.parametrize(
    ("control", "thinking", "expected"),
    [
        (Control("level", "medium"), BOTH, Control("level", "medium")),
        (Control("budget", budget=5000), BOTH, Control("budget", budget=5000)),
        (Control("level", "medium"), TOKENS, Control("budget", budget=8192)),
        (Control("level", "max"), TOKENS, Control("budget", budget=32768)),
        (Control("budget", budget=9000), WORDS, Control("level", "high")),
        (Control("budget", budget=10), TOKENS, Control("budget", budget=128)),
        (Control("level", "medium"), WORDS, Control("level", "low")),
        (Control("off"), BOTH, Control("off")),
        (Control("off"), WORDS, Control("level", "low")),
        (Control("off"), TOKENS, Control("budget", budget=128)),
        (Control("off"), MUTE, Control()),
        (Control("level", "none"), WORDS, Control("level", "low")),
        (Control("level", "none"), TOKENS, Control("budget", budget=128)),
        (Control("budget", budget=0), BOTH, Control("off")),
        (Control("budget", budget=-1), BOTH, Control("auto")),
        (Control("auto"), TOKENS, Control("auto")),
        (Control("auto"), WORDS, Control()),
        (Control("level", "high"), SWITCH, Control("auto")),
        (Control("level", "high"), MUTE, Control()),
        (Control("budget", budget=99), MUTE, Control()),
        (Control("unset", show=True), WORDS, Control("unset", show=True)),
        (Control("level", "high", show=True), None, Control()),
    ],
)
def test_the_nearest_that_the_model_takes(
    control: Control, thinking: Thinking | None, expected: Control
) -> None:
    assert fit(control, thinking, known=True) == expected


def test_wishes_for_the_thinking_text_stay() -> None:
    fitted = fit(Control("level", "medium", show=False, detail="auto"), TOKENS, known=True)
    assert (fitted.show, fitted.detail) == (False, "auto")


@given(controls, abilities)
def test_an_unknown_model_gets_the_value_as_it_is(control: Control, thinking: Thinking) -> None:
    assert fit(control, thinking, known=False) == control


@given(controls, abilities)
def test_only_what_the_model_takes_is_said(control: Control, thinking: Thinking) -> None:
    fitted = fit(control, thinking, known=True)
    match fitted.mode:
        case "level":
            assert fitted.level in thinking.levels
        case "budget":
            assert thinking.budget is not None
            assert fitted.budget is not None
            assert thinking.budget[0] <= fitted.budget <= thinking.budget[1]
        case "off":
            assert thinking.can_disable
        case "auto":
            assert thinking.dynamic


@given(controls, abilities)
def test_fitting_twice_is_fitting_once(control: Control, thinking: Thinking) -> None:
    once = fit(control, thinking, known=True)
    assert fit(once, thinking, known=True) == once


@given(st.sampled_from(LEVELS[1:]))
def test_a_level_survives_the_way_over_a_budget(level: Level) -> None:
    as_budget = fit(Control("level", level), Thinking(budget=(0, 200000)), known=True)
    assert as_budget == Control("budget", budget=budget_for(level))
    assert fit(as_budget, Thinking(levels=LEVELS[1:]), known=True) == Control("level", level)


@pytest.mark.parametrize(
    ("control", "thinking", "is_lost"),
    [
        (Control("level", "high"), None, True),
        (Control("budget", budget=99), None, True),
        (Control("auto"), None, True),
        (Control("off"), None, False),
        (Control("level", "none"), None, False),
        (Control("budget", budget=0), None, False),
        (Control(show=True), None, False),
        (Control("level", "max"), WORDS, False),
        (Control("budget", budget=200000), TOKENS, False),
        (Control("off"), WORDS, False),
        (Control("off"), MUTE, True),
        (Control("level", "high"), MUTE, True),
        (Control("budget", budget=99), SWITCH, True),
        (Control("auto"), MUTE, False),
        (Control("budget", budget=-1), SWITCH, False),
        (Control("level"), SWITCH, False),
    ],
)
def test_only_what_cannot_be_said_at_all_is_lost(
    control: Control, thinking: Thinking | None, is_lost: bool
) -> None:
    lost = lost_control(control, ModelProfile("m", known=True, thinking=thinking))
    assert [loss.path for loss in lost] == ["reasoning"] * is_lost


def test_no_thinking_can_be_asked_for_in_three_ways() -> None:
    assert all(map(asks_for_none, (Control("off"), Control("level", "none"), Control("budget", budget=0))))
    assert not any(map(asks_for_none, (Control(), Control("auto"), Control("budget", budget=-1))))
    assert not asks_for_none(Control("level", "low"))


def test_thinking_that_is_gone_is_one_loss() -> None:
    seal = Seal(None, "some.kind", "value")
    thought = Message("model", (Reasoning(("Hm.",), seal), Reasoning(("Hm.",), seal), Text("Yes.")))
    (lost,) = lost_thoughts([thought, thought])
    assert lost.path == "messages[].reasoning"
    moved = Message("model", (Text("Yes.", seal=seal),))
    told = Message("model", (Reasoning(("Hm.",)), Text("Yes.")))
    assert lost_thoughts([thought], [moved]) == lost_thoughts([thought], [told]) == ()
    assert lost_thoughts([Message("model", (Reasoning(()), Text("Yes.")))]) == ()
    assert lost_thoughts([Message("model", (Reasoning((), seal),))], [told])
