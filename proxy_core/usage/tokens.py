"""Counts the tokens of a text on this machine, for vendors that do not count or did not tell.

The tokenizer is ``tiktoken`` (OpenAI's own, MIT): wheels for every system and Python we serve, and beside it
only ``regex`` and ``requests``. Single-wheel tokenizers were left: one release in years, or 50 MB of code.
Nothing is fetched: the vocabulary lies beside this module as ``o200k_base.zst``, the byte strings of the
published ``o200k_base.tiktoken`` in the order of their ranks, each behind a byte with its length; a test puts
the published file together again and compares its published SHA-256. It is exact for OpenAI's models since
2024 and within tens of percent for others, whose tokenizers are not published: no factor would be better
founded than none (2026-11-21).

It is loaded on first use, in a thread: about 0.4 s and 50 MB. For some 0.15 s of it, once, the library holds
the interpreter, so the loop waits as well; while it counts it does not. A text is counted in pieces, which
bounds what any input can cost, and beyond ``EXACT_CHARACTERS`` by the density of what came before.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files
from threading import Lock
from typing import TYPE_CHECKING

import zstandard

if TYPE_CHECKING:
    from tiktoken import Encoding

EXACT_CHARACTERS = 4_000_000
"""No model reads more; what stands behind is counted as if it were like what stands before."""

SMALL = 2_000
"""A text of so many characters is counted on the spot: a worst one takes about two milliseconds."""

NAME = "o200k_base"
PATTERN = "|".join(
    (
        r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
        r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*"
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
        r"\p{N}{1,3}",
        r" ?[^\s\p{L}\p{N}]+[\r\n/]*",
        r"\s*[\r\n]+",
        r"\s+(?!\S)",
        r"\s+",
    )
)
"""How the vocabulary's publisher cuts a text into words."""

_PIECE = 16_384
_LOADING = Lock()


def count(text: str) -> int:
    """Return how many tokens a text has; special tokens are ordinary text. May be slow; any thread may call.

    Two calls with one text agree. A text is cut every 16,384 characters at the latest, before a blank if
    there is one, so a longer one without blanks may count a token more for each piece.
    """
    return count_all((text,))


def count_all(texts: Iterable[str]) -> int:
    """Return the sum of the texts' counts; the bound on what is counted exactly is for all of them."""
    found = exact = left = 0
    for text in texts:
        room = min(len(text), EXACT_CHARACTERS - exact)
        exact, left = exact + room, left + len(text) - room
        if room:
            encoding = _loaded()
            found += sum(len(encoding.encode_ordinary(piece)) for piece in _pieces(text[:room]))
    return found + found * left // max(1, exact)


async def counted(text: str) -> int:
    """Return the same without holding up the loop: in a thread where it could take long."""
    return count(text) if is_quick(len(text)) else await asyncio.to_thread(count, text)


def is_quick(characters: int) -> bool:
    """Whether so much text can be counted on the loop: little of it, and the tokenizer is there."""
    return characters <= SMALL and (characters == 0 or _encoding.cache_info().currsize > 0)


def vocabulary() -> Iterator[bytes]:
    """Yield the byte strings of the vocabulary in the order of their ranks."""
    packed = files(__package__).joinpath(f"{NAME}.zst").read_bytes()
    raw = zstandard.ZstdDecompressor().decompress(packed)
    start = 0
    while start < len(raw):
        end = start + 1 + raw[start]
        yield raw[start + 1 : end]
        start = end


def _loaded() -> Encoding:
    with _LOADING:
        return _encoding()


@cache
def _encoding() -> Encoding:
    # Imported late: it costs time and memory, and most runs never count.
    from tiktoken import Encoding

    ranks = {token: rank for rank, token in enumerate(vocabulary())}
    encoding = Encoding(NAME, pat_str=PATTERN, mergeable_ranks=ranks, special_tokens={})
    ranks.clear()  # it has its own copy by now, and 25 MB are freed
    return encoding


def _pieces(text: str) -> Iterator[str]:
    start = 0
    while len(text) - start > _PIECE:
        end = start + _PIECE
        blank = max(text.rfind(" ", start + 1, end), text.rfind("\n", start + 1, end))
        end = end if blank < 0 else blank
        yield text[start:end]
        start = end
    yield text[start:]
