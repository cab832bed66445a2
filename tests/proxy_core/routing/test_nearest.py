import pytest

from proxy_core.routing.nearest import nearest

KNOWN = ("gpt-5.5", "gpt-5.4-mini", "claude-opus-5", "claude-sonnet-5", "meta/llama-4-scout", "kimi-k3")


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("gpt-55", "gpt-5.5"),
        ("GPT-5.5", "gpt-5.5"),
        ("claude-opus-6", "claude-opus-5"),
        ("llama-4-scout", "meta/llama-4-scout"),
        ("other/kimi-k3", "kimi-k3"),
    ],
)
def test_the_nearest_comes_first(name: str, first: str) -> None:
    assert nearest(name, KNOWN)[0] == first


def test_there_are_never_more_than_asked_for_and_none_comes_twice() -> None:
    found = nearest("claude-5", [*KNOWN, *KNOWN], most=2)
    assert len(found) == 2
    assert len(set(found)) == 2


def test_nothing_is_like_nonsense() -> None:
    assert nearest("zzzzzz", KNOWN) == ()
    assert nearest("gpt", ()) == ()
