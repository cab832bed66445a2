"""What an exchange cost, estimated. Pure."""

from __future__ import annotations

import re

from proxy_core.ir.stream import Usage
from proxy_core.usage.prices import PRICES, Price

_DATED = re.compile(r"-(?:\d{8}|\d{4}-\d{2}-\d{2}|latest)$")
_MILLION = 1_000_000


def price_of(model: str) -> Price | None:
    """Return a model's price; only an exact id counts, with or without its date and vendor prefix."""
    name = _DATED.sub("", model.lower().rpartition("/")[2])
    for known, price in PRICES:
        if known == name:
            return price
    return None


def cost_micro(model: str, usage: Usage) -> int | None:
    """Return micro-dollars, None for a model whose price is not known."""
    price = price_of(model)
    if price is None:
        return None
    cached = usage.cached_tokens or 0
    written = usage.cache_write_tokens or 0
    plain = max(0, usage.input_tokens - cached - written)
    total = plain * price.input + cached * price.cached + written * price.write
    return round((total + usage.output_tokens * price.output) / _MILLION)
