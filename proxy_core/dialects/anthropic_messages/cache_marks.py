"""The vendor's laws for cache marks: at most four, and lifetimes that never grow along the prompt."""

from __future__ import annotations

from collections.abc import Iterator

from proxy_core.ir.message import Json
from proxy_core.ir.request import Loss

MOST = 4
_KEY = "cache_control"


def fit_marks(body: dict[str, Json]) -> list[Loss]:
    """Take surplus marks off the encoded body, in place, and return what was lost.

    The prompt runs tools, system, messages. Marks in messages go first, the earliest before the latest, as
    the last ones serve the next turn. A ``1h`` after a ``5m`` becomes ``5m`` (refused otherwise).
    """
    groups = [list(_holders(body.get(section))) for section in ("messages", "system", "tools")]
    surplus = sum(map(len, groups)) + bool(body.get(_KEY)) - MOST
    losses: list[Loss] = []
    if surplus > 0:
        losses.append(Loss(_KEY, f"more than {MOST} cache marks; {surplus} were left out"))
    for group in groups:
        while surplus > 0 and group:
            del group.pop(0)[_KEY]
            surplus -= 1
    short = False
    for group in reversed(groups):
        for holder in group:
            short = _shorten(holder, short, losses)
    if isinstance(body.get(_KEY), dict):
        _shorten(body, short, losses)
    return losses


def _shorten(holder: dict[str, Json], short: bool, losses: list[Loss]) -> bool:
    mark = holder[_KEY]
    if mark.get("ttl") == "1h" and short:
        holder[_KEY] = {**mark, "ttl": "5m"}
        losses.append(Loss(f"{_KEY}.ttl", "a lifetime of 1h after one of 5m became 5m"))
    return short or mark.get("ttl") != "1h"


def _holders(value: Json) -> Iterator[dict[str, Json]]:
    """Yield every tool or block with a mark, in order; a result's inner blocks come before itself."""
    for item in value if isinstance(value, list) else ():
        if isinstance(item, dict):
            yield from _holders(item.get("content"))
            if isinstance(item.get(_KEY), dict):
                yield item
