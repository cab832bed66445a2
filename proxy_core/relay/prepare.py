"""From an exchange and a target to an attempt and its upstream body."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from proxy_core.accounts.account import Account
from proxy_core.dialect import Dialect, Edits
from proxy_core.errors import DecodeError, RouteError
from proxy_core.ir.request import Request
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
    return attempt if chosen.is_passthrough else represented(attempt, resolution)


def represented(attempt: Attempt, resolution: Resolution) -> Attempt:
    """Return the attempt with its request decoded, and encoded for the provider."""
    exchange = attempt.exchange
    try:
        request = _decoded(exchange, resolution)
        if exchange.operation == "count_tokens":
            return replace(attempt, request=request)
        whom = encode_target(attempt.target, attempt.provider, stream=attempt.mode != "whole")
        encoded = attempt.upstream.encode_request(request, whom)
    except RecursionError:
        raise DecodeError("The body is nested too deeply.") from None
    exchange.losses = encoded.losses
    return replace(attempt, request=request, encoded=encoded)


def _decoded(exchange: Exchange, resolution: Resolution) -> Request:
    request = exchange.request()
    model = request.model if exchange.peek is None else exchange.peek.model
    return replace(request, model=model, reasoning=overridden(request, resolution.reasoning))


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
    """Return the bytes to send: encoded ones, or the client's own with shallow edits where needed.

    What the edits leave unsaid goes into the exchange's losses. Raises DecodeError.
    """
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
    asked = (exchange.body, exchange.call, edits, attempt.target.profile)
    try:
        exchange.losses = exchange.dialect.edit_losses(*asked)
        return exchange.dialect.edit_request(*asked)
    except RecursionError:
        raise DecodeError("The body is nested too deeply.") from None
