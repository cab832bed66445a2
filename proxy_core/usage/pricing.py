"""What an exchange cost, estimated. Pure."""

from __future__ import annotations

import re

from proxy_core.ir.stream import Usage
from proxy_core.usage.prices import PRICES, Price

_DATED = re.compile(r"-(?:\d{8}|\d{4}-\d{2}-\d{2}|latest)$")
_MILLION = 1_000_000
_HOUR_FACTOR = 2
"""An hour's cache write costs twice the input price (platform.claude.com model pages, 2026-10-16)."""


def price_of(model: str) -> Price | None:
    """Return a model's price; only an exact id counts, with or without its date and vendor prefix."""
    name = _DATED.sub("", model.lower().rpartition("/")[2])
    for known, price in PRICES:
        if known == name:
            return price
    return None


def cost_micro(model: str, usage: Usage) -> int | None:
    """Return micro-dollars, None for a model whose price is not known.

    ``usage.input_tokens`` contains cached and cache-write tokens; ``output_tokens`` contains reasoning.
    """
    price = price_of(model)
    if price is None:
        return None
    cached = usage.cached_tokens or 0
    written = usage.cache_write_tokens or 0
    plain = max(0, usage.input_tokens - cached - written)
    kept_long = min(written, usage.cache_write_long_tokens or 0)
    asked = plain * price.input + cached * price.cached + (written - kept_long) * price.write
    asked += kept_long * price.input * _HOUR_FACTOR
    said = usage.output_tokens * price.output
    if price.long is not None and usage.input_tokens > price.long.above:
        return round((asked * price.long.input_factor + said * price.long.output_factor) / _MILLION)
    return round((asked + said) / _MILLION)
