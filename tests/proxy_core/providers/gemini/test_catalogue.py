import pytest

from proxy_core.providers.gemini.catalogue import MODELS
from proxy_core.providers.gemini.upstream import GEMINI

FLASH = ("minimal", "low", "medium", "high")


@pytest.mark.parametrize(
    ("name", "levels", "budget", "can_disable"),
    [
        ("gemini-3.8-flash", FLASH, None, False),
        ("gemini-9-flash", FLASH, None, False),
        ("gemini-flash-latest", FLASH, None, False),
        ("gemini-3-pro-preview", ("low", "high"), None, False),
        ("gemini-3.1-pro", ("low", "medium", "high"), None, False),
        ("gemini-3.1-flash-image", ("minimal", "high"), None, False),
        ("gemini-3.1-flash-lite-preview", ("minimal", "high"), None, False),
        ("gemini-3.5-flash-lite", FLASH, None, False),
        ("gemini-2.5-pro-preview-06-05", (), (128, 32_768), False),
        ("gemini-2.5-flash", (), (0, 24_576), True),
        ("gemini-2.5-flash-lite", (), (512, 24_576), True),
    ],
)
def test_families(
    name: str, levels: tuple[str, ...], budget: tuple[int, int] | None, can_disable: bool
) -> None:
    profile = GEMINI.profile(name)
    assert profile.known
    assert profile.thinking is not None
    assert (profile.thinking.levels, profile.thinking.budget) == (levels, budget)
    assert profile.thinking.can_disable == can_disable


def test_models_of_before_do_not_think() -> None:
    assert GEMINI.profile("gemini-2.0-flash").thinking is None


@pytest.mark.parametrize(
    ("name", "fetches"),
    [("gemini-2.0-flash", False), ("gemini-2.5-flash", True), ("gemini-flash-latest", True)],
)
def test_media_by_address_are_for_newer_models(name: str, fetches: bool) -> None:
    assert GEMINI.profile(name).remote_media is fetches


@pytest.mark.parametrize(
    "name", ["gemini-embedding-001", "imagen-4.0-generate-001", "gemini-2.5-flash-preview-tts"]
)
def test_what_is_not_for_chat_is_hidden(name: str) -> None:
    assert GEMINI.profile(name).hidden


def test_an_unheard_of_name_is_passed_as_it_is() -> None:
    assert not GEMINI.profile("gemma-3-27b-it").known


def test_shipped_models_agree_with_their_family() -> None:
    for model in MODELS:
        guessed = GEMINI.guess(model.id) if GEMINI.guess else None
        assert guessed is not None
        assert guessed.thinking == model.thinking, model.id
