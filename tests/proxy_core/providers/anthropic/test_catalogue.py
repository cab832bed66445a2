import pytest

from proxy_core.providers.anthropic.catalogue import MODELS
from proxy_core.providers.anthropic.upstream import ANTHROPIC

X = ("low", "medium", "high", "xhigh", "max")


@pytest.mark.parametrize(
    ("name", "levels", "has_budget", "sampling", "prefill"),
    [
        ("claude-sonnet-5-5", X, False, False, False),
        ("claude-sonnet-9", X, False, False, False),
        ("claude-opus-5-20270101", X, False, False, False),
        ("claude-mythos-5-1", X, True, False, False),
        ("claude-opus-4-8", X, True, False, False),
        ("claude-opus-4-7-20260401", X, True, False, False),
        ("claude-opus-4-6", ("low", "medium", "high", "max"), True, True, False),
        ("claude-haiku-4-5", (), True, True, True),
        ("claude-sonnet-4-20250514", (), True, True, True),
        ("claude-3-7-sonnet-20250219", (), True, True, True),
    ],
)
def test_families(
    name: str, levels: tuple[str, ...], has_budget: bool, sampling: bool, prefill: bool
) -> None:
    profile = ANTHROPIC.profile(name)
    assert profile.thinking is not None
    assert (profile.thinking.levels, profile.thinking.budget is not None) == (levels, has_budget)
    assert (profile.sampling, profile.prefill, profile.known) == (sampling, prefill, True)
    assert profile.max_output_tokens is not None


def test_models_of_before_do_not_think() -> None:
    profile = ANTHROPIC.profile("claude-3-5-haiku-20241022")
    assert (profile.thinking, profile.known, profile.max_output_tokens) == (None, True, 8192)


def test_an_unheard_of_name_is_passed_as_it_is() -> None:
    assert not ANTHROPIC.profile("house-model").known


def test_shipped_models_agree_with_their_family() -> None:
    for model in MODELS:
        guessed = ANTHROPIC.guess(model.id) if ANTHROPIC.guess else None
        assert guessed is not None
        assert (guessed.thinking, guessed.sampling, guessed.prefill) == (
            model.thinking,
            model.sampling,
            model.prefill,
        ), model.id


@pytest.mark.parametrize(
    ("name", "fast"),
    [
        ("claude-opus-5-5", True),
        ("claude-opus-5", True),
        ("claude-fable-5-2", True),
        ("claude-fable-5", False),
        ("claude-opus-4-8", False),
        ("claude-sonnet-5-5", False),
    ],
)
def test_only_some_models_have_a_fast_mode(name: str, fast: bool) -> None:
    assert ANTHROPIC.profile(name).fast is fast
