import pytest

from proxy_core.providers.demo.words import count, pieces, tokens


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("Hello, world.", ["Hello", ",", " world", "."]),
        ("  two  blanks ", ["  two", "  blanks", " "]),
        ("Donaudampfschifffahrt", ["Donaudampfsc", "hifffahrt"]),
        ("????????", ["????", "????"]),
        ('{"a": "b"}', ['{"', "a", '":', ' "', "b", '"}']),
    ],
)
def test_tokens(text: str, expected: list[str]) -> None:
    assert tokens(text) == expected
    assert count(text) == len(expected)


@pytest.mark.parametrize(
    "text", ["", " ", "a b c", "日本語のテキスト", "👩‍👩‍👧 family", "\n\n x\t", "one " * 1000]
)
@pytest.mark.parametrize("most", [1, 3, 30])
def test_pieces_are_the_text_again_and_not_too_many(text: str, most: int) -> None:
    cut = pieces(text, most)
    assert "".join(cut) == text
    assert len(cut) <= most
    assert all(cut)
