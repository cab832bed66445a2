"""List prices as data: micro-dollars per million tokens. A model that is not here has no price.

From the vendors' public price pages, as of ``DATE``; estimates only, without tiers, batch or long-context
surcharges. Unverified against any bill.
"""

from __future__ import annotations

from dataclasses import dataclass

DATE = "2026-01-15"
"""When the prices were true."""


@dataclass(frozen=True, slots=True)
class Price:
    """Per million tokens, in micro-dollars. ``cached`` is a cache read, ``write`` a cache write."""

    input: int
    output: int
    cached: int
    write: int


def _usd(input_usd: float, output_usd: float, cached_usd: float, write_usd: float | None = None) -> Price:
    write = input_usd if write_usd is None else write_usd
    return Price(*(round(value * 1_000_000) for value in (input_usd, output_usd, cached_usd, write)))


PRICES: tuple[tuple[str, Price], ...] = (
    ("claude-opus-4-5", _usd(5, 25, 0.5, 6.25)),
    ("claude-opus-4-1", _usd(15, 75, 1.5, 18.75)),
    ("claude-opus-4", _usd(15, 75, 1.5, 18.75)),
    ("claude-sonnet-4-5", _usd(3, 15, 0.3, 3.75)),
    ("claude-sonnet-4", _usd(3, 15, 0.3, 3.75)),
    ("claude-haiku-4-5", _usd(1, 5, 0.1, 1.25)),
    ("claude-3-7-sonnet", _usd(3, 15, 0.3, 3.75)),
    ("claude-3-5-haiku", _usd(0.8, 4, 0.08, 1)),
    ("gemini-2.5-pro", _usd(1.25, 10, 0.125)),
    ("gemini-2.5-flash", _usd(0.3, 2.5, 0.03)),
    ("gemini-2.5-flash-lite", _usd(0.1, 0.4, 0.01)),
    ("gpt-5", _usd(1.25, 10, 0.125)),
    ("gpt-5-mini", _usd(0.25, 2, 0.025)),
    ("gpt-5-nano", _usd(0.05, 0.4, 0.005)),
    ("gpt-4.1", _usd(2, 8, 0.5)),
    ("gpt-4.1-mini", _usd(0.4, 1.6, 0.1)),
    ("gpt-4.1-nano", _usd(0.1, 0.4, 0.025)),
    ("gpt-4o", _usd(2.5, 10, 1.25)),
    ("gpt-4o-mini", _usd(0.15, 0.6, 0.075)),
    ("o3", _usd(2, 8, 0.5)),
    ("o4-mini", _usd(1.1, 4.4, 0.275)),
)
"""By model id, without its date."""
