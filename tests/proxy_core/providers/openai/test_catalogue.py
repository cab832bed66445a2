import pytest

from proxy_core.providers.openai.catalogue import MODELS
from proxy_core.providers.openai.upstream import OPENAI


@pytest.mark.parametrize(
    ("name", "levels", "sampling"),
    [
        ("gpt-6-astra", ("low", "medium", "high", "xhigh", "max"), True),
        ("gpt-6.1-sol", ("low", "medium", "high", "xhigh", "max"), True),
        ("gpt-7-nova", ("low", "medium", "high", "xhigh", "max"), True),
        ("gpt-5.5", ("low", "medium", "high", "xhigh"), True),
        ("gpt-5.5-2026-04-23", ("low", "medium", "high", "xhigh"), True),
        ("gpt-5-mini", ("minimal", "low", "medium", "high"), False),
        ("o3", ("low", "medium", "high"), False),
    ],
)
def test_thinking_models(name: str, levels: tuple[str, ...], sampling: bool) -> None:
    profile = OPENAI.profile(name)
    assert profile.thinking is not None
    assert (profile.thinking.levels, profile.thinking.budget) == (levels, None)
    assert (profile.sampling, profile.known, profile.hidden) == (sampling, True, False)


@pytest.mark.parametrize("name", ["gpt-4o", "gpt-4.1-2025-04-14", "gpt-3.5-turbo", "gpt-5-chat-latest"])
def test_models_that_do_not_think(name: str) -> None:
    profile = OPENAI.profile(name)
    assert (profile.thinking, profile.known, profile.sampling) == (None, True, True)


@pytest.mark.parametrize("name", ["text-embedding-3-large", "whisper-1", "gpt-image-2", "gpt-4o-mini-tts"])
def test_what_is_not_for_chat_is_hidden(name: str) -> None:
    assert OPENAI.profile(name).hidden


def test_an_unheard_of_name_is_passed_as_it_is() -> None:
    assert not OPENAI.profile("ft:house-model").known


def test_shipped_models_agree_with_their_family_where_sizes_are_unknown() -> None:
    for model in MODELS:
        bare = OPENAI.guess(model.id) if OPENAI.guess else None
        assert bare is not None
        assert (bare.thinking, bare.sampling) == (model.thinking, model.sampling), model.id
