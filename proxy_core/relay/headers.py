"""Which headers pass, in both directions, and what we add."""

from __future__ import annotations

from collections.abc import Mapping

from proxy_core.relay.exchange import Exchange

STREAM_HEADERS: tuple[tuple[str, str], ...] = (
    ("cache-control", "no-cache"),
    ("x-accel-buffering", "no"),
)
JSON = "application/json; charset=utf-8"


def content_type(mode: str) -> str:
    """Return the content type of a reply in this mode."""
    return "text/event-stream; charset=utf-8" if mode == "stream" else JSON


def passed(headers: Mapping[str, str], allowed: frozenset[str]) -> dict[str, str]:
    """Return the headers that the dialect lets through."""
    return {name: value for name, value in headers.items() if name.lower() in allowed and _is_text(value)}


def joined(first: str | None, second: str) -> str:
    """Return a header that two sides have something to say in: every value of its list once."""
    if first is None:
        return second
    values = (value.strip() for value in (*first.split(","), *second.split(",")))
    return ",".join(dict.fromkeys(value for value in values if value))


def ours(exchange: Exchange) -> dict[str, str]:
    """Return what we say of an exchange: its id, what served it, what was dropped."""
    found = {"x-trunkline-request-id": exchange.id}
    if exchange.target is not None:
        found["x-trunkline-provider"] = exchange.target.provider
        found["x-trunkline-model"] = _plain(exchange.target.model)
    if dropped := exchange.dropped():
        found["x-trunkline-dropped"] = dropped
    return found


def _is_text(value: str) -> bool:
    if value.isascii():
        return value.isprintable()
    # a value that came as broken UTF-8 cannot be written again
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return value.isprintable()


def _plain(value: str) -> str:
    if value.isascii() and value.isprintable():
        return value[:200]
    ascii_text = value.encode("ascii", "replace").decode()
    return "".join(char if char.isprintable() else "?" for char in ascii_text)[:200]
