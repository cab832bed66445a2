"""Which known names a mistyped one may have meant."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher, get_close_matches

_CUTOFF = 0.5


def nearest(name: str, known: Iterable[str], most: int = 3) -> tuple[str, ...]:
    """Return up to ``most`` of the known names, nearest first; empty when none is like it.

    Upper and lower case count as the same, and what stands before the last slash counts only in full
    names, so that ``GPT-5`` finds ``vendor/gpt-5``.
    """
    spelled: dict[str, str] = {}
    for word in known:
        for form in (word.lower(), word.lower().rpartition("/")[2]):
            spelled.setdefault(form, word)
    wanted = name.strip().lower()
    forms = get_close_matches(wanted, spelled, n=most * 2, cutoff=_CUTOFF)
    tail = wanted.rpartition("/")[2]
    if tail != wanted:
        forms += get_close_matches(tail, spelled, n=most * 2, cutoff=_CUTOFF)
    ranked = sorted(forms, key=lambda form: -_likeness(form, wanted, tail))
    return tuple(dict.fromkeys(spelled[form] for form in ranked))[:most]


def _likeness(form: str, wanted: str, tail: str) -> float:
    return max(SequenceMatcher(None, form, word).ratio() for word in (wanted, tail))
