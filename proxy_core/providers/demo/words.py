"""The demo's tokens: up to 12 letters or digits, or up to 4 other signs, with the blanks before them."""

from __future__ import annotations

import re

_TOKEN = re.compile(r"\s*(?:\w{1,12}|[^\w\s]{1,4})|\s+\Z")


def tokens(text: str) -> list[str]:
    """Cut a text into tokens; joined they are the text again."""
    return _TOKEN.findall(text)


def count(text: str) -> int:
    """Return how many tokens a text has."""
    return len(tokens(text))


def pieces(text: str, most: int) -> list[str]:
    """Cut a text into at most ``most`` pieces of whole tokens, all about equally long."""
    words = tokens(text)
    size = -(-len(words) // most) or 1
    return ["".join(words[start : start + size]) for start in range(0, len(words), size)]
