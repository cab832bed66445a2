"""List prices as data: micro-dollars per million tokens. A model that is not here has no price.

Estimates only: standard tier, five-minute cache writes, no batch discount, no tool fees, never checked
against a bill. Each row says when it was read and where: A platform.claude.com model pages, O OpenAI's price
list as quoted by projects that track it, G the Gemini API's price page as quoted, D the models.dev data set.
"""

from __future__ import annotations

from dataclasses import dataclass

DATE = "2026-11-20"
"""When the table was last looked over; rows are older."""


@dataclass(frozen=True, slots=True)
class Long:
    """Dearer long prompts: a request with more than ``above`` input tokens costs so many times as much."""

    above: int
    input_factor: float
    output_factor: float


@dataclass(frozen=True, slots=True)
class Price:
    """Per million tokens, in micro-dollars. ``cached`` is a cache read, ``write`` a cache write.

    ``read_on`` is the ISO date on which the price was seen.
    """

    input: int
    output: int
    cached: int
    write: int
    read_on: str
    long: Long | None = None


def _usd(
    read_on: str,
    input_usd: float,
    output_usd: float,
    cached_usd: float,
    write_usd: float | None = None,
    long: Long | None = None,
) -> Price:
    return Price(
        input=round(input_usd * 1_000_000),
        output=round(output_usd * 1_000_000),
        cached=round(cached_usd * 1_000_000),
        write=round((input_usd if write_usd is None else write_usd) * 1_000_000),
        read_on=read_on,
        long=long,
    )


_LONG_100K = Long(100_000, 5, 5)
_LONG_200K = Long(200_000, 2, 1.5)
_LONG_272K = Long(272_000, 2, 1.5)

_A = "2026-10-16"
_O = "2026-10-13"
_G = "2026-10-07"
_D = "2026-07-02"

PRICES: tuple[tuple[str, Price], ...] = (
    # A
    ("claude-opus-5-5", _usd(_A, 4, 20, 0.2, 5)),
    ("claude-opus-5", _usd(_A, 5, 25, 0.5, 6.25)),
    ("claude-sonnet-5-5", _usd(_A, 2, 10, 0.1, 2.5)),
    ("claude-sonnet-5", _usd(_A, 2, 10, 0.2, 2.5)),
    ("claude-haiku-5-5", _usd(_A, 0.1, 0.5, 0.01, 0.125, _LONG_100K)),
    # D
    ("claude-fable-5", _usd(_D, 10, 50, 1, 12.5)),
    ("claude-opus-4-8", _usd(_D, 5, 25, 0.5, 6.25)),
    ("claude-opus-4-7", _usd(_D, 5, 25, 0.5, 6.25)),
    ("claude-opus-4-6", _usd(_D, 5, 25, 0.5, 6.25)),
    ("claude-opus-4-5", _usd(_D, 5, 25, 0.5, 6.25)),
    ("claude-opus-4-1", _usd(_D, 15, 75, 1.5, 18.75)),
    ("claude-opus-4-0", _usd(_D, 15, 75, 1.5, 18.75)),
    ("claude-opus-4", _usd(_D, 15, 75, 1.5, 18.75)),
    ("claude-sonnet-4-6", _usd(_D, 3, 15, 0.3, 3.75)),
    ("claude-sonnet-4-5", _usd(_D, 3, 15, 0.3, 3.75)),
    ("claude-sonnet-4-0", _usd(_D, 3, 15, 0.3, 3.75)),
    ("claude-sonnet-4", _usd(_D, 3, 15, 0.3, 3.75)),
    ("claude-haiku-4-5", _usd(_D, 1, 5, 0.1, 1.25)),
    ("claude-3-7-sonnet", _usd(_D, 3, 15, 0.3, 3.75)),
    ("claude-3-5-haiku", _usd(_D, 0.8, 4, 0.08, 1)),
    # O
    ("gpt-6.1-sol", _usd(_O, 2, 10, 0.1, long=_LONG_272K)),
    ("gpt-6-sol", _usd(_O, 2, 10, 0.2, 2.5, _LONG_272K)),
    ("gpt-6-luna", _usd(_O, 0.1, 0.5, 0.01, 0.125, _LONG_272K)),
    # D
    ("gpt-5.5", _usd(_D, 5, 30, 0.5, long=_LONG_272K)),
    ("gpt-5.4", _usd(_D, 2.5, 15, 0.25, long=_LONG_272K)),
    ("gpt-5.4-mini", _usd(_D, 0.75, 4.5, 0.075)),
    ("gpt-5.4-nano", _usd(_D, 0.2, 1.25, 0.02)),
    ("gpt-5.3-codex", _usd(_D, 1.75, 14, 0.175)),
    ("gpt-5.2", _usd(_D, 1.75, 14, 0.175)),
    ("gpt-5.2-codex", _usd(_D, 1.75, 14, 0.175)),
    ("gpt-5.1", _usd(_D, 1.25, 10, 0.125)),
    ("gpt-5.1-codex", _usd(_D, 1.25, 10, 0.125)),
    ("gpt-5.1-codex-max", _usd(_D, 1.25, 10, 0.125)),
    ("gpt-5.1-codex-mini", _usd(_D, 0.25, 2, 0.025)),
    ("gpt-5", _usd(_D, 1.25, 10, 0.125)),
    ("gpt-5-codex", _usd(_D, 1.25, 10, 0.125)),
    ("gpt-5-mini", _usd(_D, 0.25, 2, 0.025)),
    ("gpt-5-nano", _usd(_D, 0.05, 0.4, 0.005)),
    ("gpt-4.1", _usd(_D, 2, 8, 0.5)),
    ("gpt-4.1-mini", _usd(_D, 0.4, 1.6, 0.1)),
    ("gpt-4.1-nano", _usd(_D, 0.1, 0.4, 0.025)),
    ("gpt-4o", _usd(_D, 2.5, 10, 1.25)),
    ("gpt-4o-mini", _usd(_D, 0.15, 0.6, 0.075)),
    ("o3", _usd(_D, 2, 8, 0.5)),
    ("o4-mini", _usd(_D, 1.1, 4.4, 0.275)),
    ("o3-mini", _usd(_D, 1.1, 4.4, 0.55)),
    ("o1", _usd(_D, 15, 60, 7.5)),
    ("text-embedding-3-large", _usd(_D, 0.13, 0, 0.13)),
    ("text-embedding-3-small", _usd(_D, 0.02, 0, 0.02)),
    # G: half price until 2026-12-31, then 1.50 and 7.50
    ("gemini-3.8-flash", _usd(_G, 0.75, 3.75, 0.075)),
    # D
    ("gemini-3.5-flash", _usd(_D, 1.5, 9, 0.15)),
    ("gemini-3.1-pro-preview", _usd(_D, 2, 12, 0.2, long=_LONG_200K)),
    ("gemini-3.1-flash-lite", _usd(_D, 0.25, 1.5, 0.025)),
    ("gemini-3.1-flash-lite-preview", _usd(_D, 0.25, 1.5, 0.025)),
    ("gemini-3-pro-preview", _usd(_D, 2, 12, 0.2, long=_LONG_200K)),
    ("gemini-3-flash-preview", _usd(_D, 0.5, 3, 0.05)),
    ("gemini-2.5-pro", _usd(_D, 1.25, 10, 0.125, long=_LONG_200K)),
    ("gemini-2.5-flash", _usd(_D, 0.3, 2.5, 0.03)),
    ("gemini-2.5-flash-lite", _usd(_D, 0.1, 0.4, 0.01)),
    ("gemini-embedding-001", _usd(_D, 0.15, 0, 0.15)),
)
"""By model id, without its date."""
