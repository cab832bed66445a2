"""Keeps the reasoning of a conversation with those who issued it.

On the way out: native values are tagged with their issuer, and what the client did not send back is put in
from the store. On the way back: what a vendor issued is noted as it goes by, before the client has it.
"""

from __future__ import annotations

from collections.abc import Collection

from proxy_core.dialect import Dialect, Mode, Tap
from proxy_core.ir.message import Seal, ToolCall
from proxy_core.ir.reasoning_trace import Step, call_anchor, context, restored, seals_of, tagged
from proxy_core.ir.request import Request
from proxy_core.ir.seal import last_issuer
from proxy_core.relay.exchange import Exchange
from proxy_core.relay.reasoning_store import Origin, ReasoningStore
from proxy_core.relay.seal_watch import SealWatch
from proxy_core.relay.turn_listener import (
    TurnListener,
    TurnReader,
    WatchingTap,
    decoded,
    inner_values,
    scope_of,
)

_NOBODY = "-"
"""An issuer that no account has: its seals go nowhere."""

_MOST_TURNS = 8
"""So far back a turn of a known issuer is looked for; each step costs another look at all before it."""

_TALKING = frozenset({"chat", "count_tokens"})


class Continuity:
    """Reads and writes the store for exchanges."""

    def __init__(self, store: ReasoningStore) -> None:
        self._store = store

    # --- before sending

    def needs_representation(self, exchange: Exchange, issuer: str) -> bool:
        """Say whether a body of the upstream's own dialect must not go as it is.

        It holds reasoning of another issuer, or it lacks what its client never sends back.
        """
        fields = exchange.dialect.seal_fields
        if fields is None or exchange.operation not in _TALKING:
            return False
        if self._store.has_origins(exchange.dialect.name) and exchange.seal_values:
            origins = map(self._store.origin, exchange.seal_values)
            return any(not origin.may_go_to(issuer) for origin in origins if origin is not None)
        if fields.is_official or not self._store.may_have(issuer) or exchange.shows_reasoning:
            return False
        request = decoded(exchange) if fields.call_mark in exchange.body else None
        return request is not None and self.completed(exchange, request, issuer) is not request

    def completed(self, exchange: Exchange, request: Request, issuer: str) -> Request:
        """Return the request as an upstream of that issuer should have it."""
        if self._store.has_origins(exchange.body_dialect.name):
            request = tagged(request, lambda seal: self._issuer_of(seal, exchange.body_dialect, issuer))
        if not self._store.may_have(issuer):
            return request
        scope = scope_of(exchange, request)

        def found(anchor: bytes, before: bytes) -> Step | None:
            known = self._store.recall(scope, anchor, before)
            if (
                known is None
                or known[0] != issuer
                or self._was_refused(known[1], exchange.body_dialect, issuer)
            ):
                return None
            return known[1]

        return restored(request, found)

    def _issuer_of(self, seal: Seal, dialect: Dialect, issuer: str) -> str | None:
        """Return whose the seal is, as far as it is known; nobody's if this issuer refused it."""
        for origin in (origins := self._origins(seal, dialect)):
            if not origin.may_go_to(issuer):
                return _NOBODY if origin.issuer in (None, issuer) else origin.issuer
        return origins[0].issuer if origins else None

    def _was_refused(self, step: Step, dialect: Dialect, issuer: str) -> bool:
        origins = [origin for seal in step.seals for origin in self._origins(seal, dialect)]
        return any(issuer in origin.refused_by for origin in origins)

    def _origins(self, seal: Seal, dialect: Dialect) -> list[Origin]:
        found = (self._store.origin(value) for value in inner_values(seal, dialect))
        return [origin for origin in found if origin is not None]

    def latest_issuer(self, exchange: Exchange, among: Collection[str]) -> str | None:
        """Return which of some issuers issued the latest reasoning in a conversation; None if none did."""
        if exchange.operation not in _TALKING:
            return None
        is_known = self._store.has_origins(exchange.body_dialect.name)
        for value in reversed(exchange.seal_values if is_known else ()):
            origin = self._store.origin(value)
            if origin is not None and origin.issuer in among:
                return origin.issuer
        named = last_issuer(exchange.body, among) if exchange.holds_envelope else None
        if named is not None:
            return named
        fields = exchange.body_dialect.seal_fields
        is_known = any(self._store.may_have(issuer) for issuer in among)
        if not is_known or fields is None or fields.call_mark not in exchange.body:
            return None
        return self._latest_step(exchange, among)

    def _latest_step(self, exchange: Exchange, among: Collection[str]) -> str | None:
        request = decoded(exchange)
        if request is None:
            return None
        scope = scope_of(exchange, request)
        said = [place for place, message in enumerate(request.messages) if message.role == "model"]
        for place in reversed(said[-_MOST_TURNS:]):
            message = request.messages[place]
            for call in (part for part in message.parts if isinstance(part, ToolCall)):
                known = self._store.recall(scope, call_anchor(call), context(request.messages[:place]))
                if known is not None and known[0] in among:
                    return known[0]
        return None

    # --- on the way back

    def listener(self, exchange: Exchange, upstream: Dialect, issuer: str) -> TurnListener:
        """Return what has to hear the events of a reply."""
        return TurnListener(self._store, exchange, upstream, issuer)

    def tap(self, exchange: Exchange, mode: Mode, issuer: str) -> Tap:
        """Return a tap for a reply that is passed through; it also notes what the vendor issued."""
        inner = exchange.dialect.tap(mode)
        fields = exchange.dialect.seal_fields
        if fields is None or exchange.operation != "chat":
            return inner
        store, name = self._store, exchange.dialect.name
        watch = SealWatch(fields, mode, lambda value: store.issued(value, issuer, name))
        if fields.is_official:
            return WatchingTap(inner, watch, None)
        listener = self.listener(exchange, exchange.dialect, issuer)
        return WatchingTap(inner, watch, TurnReader(listener, exchange, mode, issuer, watch))

    def refused(self, exchange: Exchange, request: Request | None, upstream: Dialect, issuer: str) -> None:
        """The vendor refused the reasoning that it was sent: it does not get it again.

        ``request`` is what was encoded for it, None where the body went as it came.
        """
        if request is None:
            for value in exchange.seal_values:
                self._store.refused(value, issuer, exchange.body_dialect.name)
            return
        for seal in seals_of(request):
            if seal.issuer in (None, issuer):
                for inner in inner_values(seal, upstream):
                    self._store.refused(inner, issuer, exchange.body_dialect.name)
