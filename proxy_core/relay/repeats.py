"""Knows requests that failed a moment ago, so that a client's retries and ours do not multiply.

A tool turns one turn that fails into 30 requests and more (Codex; measured 2026-11-20). The first of them may
go to several accounts; a repeat of it may go only where it has not failed yet, and once to an account whose
rest is over.
"""

from __future__ import annotations

from collections import OrderedDict
from hashlib import blake2b

from proxy_core.clock import Clock
from proxy_core.relay.exchange import Exchange

WINDOW_S = 60.0
"""So long after a failure the same request is a repeat."""

_MOST = 512
_END = 4096


class Repeats:
    """Requests that failed, by what they look like: their length, beginning and end."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._until: OrderedDict[bytes, float] = OrderedDict()

    def has(self, exchange: Exchange) -> bool:
        """Whether this is a repeat: the client says so, or the same request failed a moment ago."""
        if exchange.call.headers.get("x-stainless-retry-count", "0").strip() not in ("", "0"):
            return True
        if not self._until:
            return False
        return self._until.get(_looks(exchange), 0.0) > self._clock.monotonic()

    def failed(self, exchange: Exchange) -> None:
        """Note that a request failed at every account that was asked."""
        key = _looks(exchange)
        self._until[key] = self._clock.monotonic() + WINDOW_S
        self._until.move_to_end(key)
        if len(self._until) > _MOST:
            self._until.popitem(last=False)

    def succeeded(self, exchange: Exchange) -> None:
        """Note that a request was answered."""
        if self._until:
            self._until.pop(_looks(exchange), None)


def _looks(exchange: Exchange) -> bytes:
    body = exchange.body
    said = f"{exchange.client_key}\0{exchange.call.endpoint.path}\0{exchange.call.path_model}\0{len(body)}"
    return blake2b(body[:_END] + body[-_END:] + said.encode("utf-8", "replace"), digest_size=16).digest()
