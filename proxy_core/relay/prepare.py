"""From an exchange and a target to an attempt and its upstream body."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from proxy_core.accounts.account import Account
from proxy_core.dialect import Dialect, Edits
from proxy_core.errors import RouteError
from proxy_core.ir.seal import has_envelope
from proxy_core.relay.attempt import Attempt, encode_target, overridden
from proxy_core.relay.exchange import Exchange
from proxy_core.relay.pulse import Pulse
from proxy_core.relay.sink import Sink
from proxy_core.routing.plan import Plan, plan
from proxy_core.routing.resolve import Resolution, Target


def prepare(
    exchange: Exchange,
    sink: Sink,
    pulse: Pulse,
    target: Target,
    account: Account | None,
    dialects: Mapping[str, Dialect],
    resolution: Resolution,
    created: int,
) -> Attempt:
    """Decide how to go and encode if need be. Raises DecodeError, UnsupportedError, RouteError."""
    if account is None or exchange.peek is None:
        raise RouteError(f"The account {target.account!r} was removed.")
    chosen = _plan(exchange, account, dialects)
    upstream = dialects[chosen.speech.dialect]
    exchange.upstream_dialect = upstream.name
    mode = exchange.peek.mode
    attempt = Attempt(exchange, sink, pulse, target, account, chosen, mode, upstream, created)
    if chosen.is_passthrough:
        return attempt
    request = exchange.request()
    reasoning = overridden(request, resolution.reasoning)
    request = replace(request, model=exchange.peek.model, reasoning=reasoning)
    if exchange.operation == "count_tokens":
        return replace(attempt, request=request)
    whom = encode_target(target, account.provider, stream=mode != "whole")
    encoded = upstream.encode_request(request, whom)
    exchange.losses = encoded.losses
    return replace(attempt, request=request, encoded=encoded)


def _plan(exchange: Exchange, account: Account, dialects: Mapping[str, Dialect]) -> Plan:
    foreign = exchange.body_dialect is not exchange.dialect or has_envelope(exchange.body)
    chosen = plan(
        exchange.dialect.name,
        account.provider.speaks,
        wanted_dialect=account.dialect,
        needs_representation=foreign,
        operation=exchange.operation,
        known_dialects=dialects.keys(),
    )
    is_array = exchange.peek is not None and exchange.peek.mode == "array"
    if is_array and "array" not in chosen.speech.paths:
        return replace(chosen, is_passthrough=False)
    return chosen


def upstream_body(attempt: Attempt, resolution: Resolution) -> bytes:
    """Return the bytes to send: encoded ones, or the client's own with shallow edits where needed."""
    if attempt.encoded is not None:
        return attempt.encoded.body
    exchange = attempt.exchange
    renamed = exchange.peek is not None and exchange.peek.model != attempt.target.model
    edits = Edits(
        model=attempt.target.model if renamed else None,
        reasoning=resolution.reasoning if exchange.operation == "chat" else None,
    )
    if edits == Edits():
        return exchange.body
    return exchange.dialect.edit_request(exchange.body, exchange.call, edits, attempt.target.profile)
