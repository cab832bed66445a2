import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy_core.profile import (
    LEVELS,
    Level,
    ModelProfile,
    Thinking,
    budget_for,
    clamp_budget,
    clamp_level,
    level_for,
)

levels = st.sampled_from(LEVELS)


@given(levels)
def test_a_level_is_the_level_of_its_budget(level: Level) -> None:
    assert level_for(budget_for(level)) == level


@given(st.integers(0, 500_000), st.integers(0, 500_000))
def test_more_budget_is_never_a_lower_level(one: int, two: int) -> None:
    low, high = sorted((one, two))
    assert LEVELS.index(level_for(low)) <= LEVELS.index(level_for(high))


@pytest.mark.parametrize(
    ("budget", "level"),
    [(0, "none"), (1, "minimal"), (512, "minimal"), (8192, "medium"), (8193, "high"), (500_000, "max")],
)
def test_budgets_between_two_levels_go_up(budget: int, level: Level) -> None:
    assert level_for(budget) == level


@given(st.integers(0, 500_000), st.integers(0, 1000), st.integers(1000, 100_000), st.booleans())
def test_a_budget_is_moved_into_the_range(budget: int, low: int, high: int, can_disable: bool) -> None:
    clamped = clamp_budget(budget, Thinking(budget=(low, high), can_disable=can_disable))
    if budget == 0 and can_disable:
        assert clamped == 0
    else:
        assert low <= clamped <= high
        assert clamped == budget or not low <= budget <= high


def test_a_model_without_budgets_moves_none() -> None:
    assert clamp_budget(7, Thinking()) == 7


@given(levels, st.sets(levels, min_size=1), st.booleans())
def test_a_level_is_moved_to_one_that_the_model_takes(
    level: Level, taken: set[Level], can_disable: bool
) -> None:
    thinking = Thinking(levels=tuple(sorted(taken, key=LEVELS.index)), can_disable=can_disable)
    clamped = clamp_level(level, thinking)
    assert clamped in taken or (clamped == "none" and can_disable)
    if level in taken - {"none"}:
        assert clamped == level


def test_of_two_equally_near_levels_the_lower_counts() -> None:
    assert clamp_level("medium", Thinking(levels=("low", "high"))) == "low"
    assert clamp_level("none", Thinking(levels=("none", "low"), can_disable=False)) == "low"
    assert clamp_level("none", Thinking(levels=("low",))) == "none"
    assert clamp_level("xhigh", Thinking()) == "xhigh"


def test_an_unknown_model_thinks_as_it_is_told() -> None:
    profile = ModelProfile("new")
    assert profile.thinking is not None
    assert not profile.known
    assert all(clamp_level(level, profile.thinking) == level for level in LEVELS)
