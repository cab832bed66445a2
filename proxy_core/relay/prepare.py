"""From an exchange and a target to an attempt and its upstream body."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from proxy_core.accounts.account import Account
from proxy_core.dialect import Dialect, Edits, Mended, own_path
from proxy_core.errors import DecodeError, ProxyError, RouteError, UnsupportedError
from proxy_core.ir.reasoning_trace import unsealed
from proxy_core.ir.request import Loss, Request
from proxy_core.relay.attempt import Attempt, RefusedReply, encode_target, overridden
from proxy_core.relay.continuity import Continuity
from proxy_core.relay.exchange import Exchange
from proxy_core.relay.pulse import Pulse
from proxy_core.relay.sink import Sink
from proxy_core.routing.plan import Plan, plan
from proxy_core.routing.resolve import Resolution, Target
from proxy_core.routing.retry import refuses_reasoning


def prepare(
    exchange: Exchange,
    sink: Sink,
    pulse: Pulse,
    target: Target,
    account: Account | None,
    dialects: Mapping[str, Dialect],
    resolution: Resolution,
    created: int,
    continuity: Continuity | None = None,
) -> Attempt:
    """Decide how to go and encode if need be. Raises DecodeError, UnsupportedError, RouteError."""
    if account is None or exchange.peek is None:
        raise RouteError(f"The account {target.account!r} was removed.")
    chosen = _plan(exchange, account, dialects, continuity)
    upstream = dialects[chosen.speech.dialect]
    exchange.upstream_dialect = upstream.name
    mode = exchange.peek.mode
    attempt = Attempt(exchange, sink, pulse, target, account, chosen, mode, upstream, created)
    if not chosen.is_passthrough:
        return represented(attempt, resolution, continuity)
    tap = None if continuity is None else continuity.tap(exchange, mode, account.issuer)
    return replace(attempt, tap=tap, mended=_mended(exchange))


def represented(attempt: Attempt, resolution: Resolution, continuity: Continuity | None = None) -> Attempt:
    """Return the attempt with its request decoded, and encoded for the provider."""
    exchange = attempt.exchange
    try:
        request = _decoded(exchange, resolution)
        if attempt.is_unsealed:
            request = unsealed(request)
        elif continuity is not None:
            request = continuity.completed(exchange, request, attempt.account.issuer)
        if exchange.operation == "count_tokens":
            return replace(attempt, request=request)
        whom = encode_target(attempt, stream=attempt.mode != "whole")
        encoded = attempt.upstream.encode_request(request, whom)
    except UnsupportedError as error:
        if error.param is not None:
            names = exchange.body_dialect.member_names
            error.param = own_path(error.param, names, with_places=True)
        raise
    except RecursionError:
        raise DecodeError("The body is nested too deeply.") from None
    exchange.losses = encoded.losses
    listener = None
    if continuity is not None:
        listener = continuity.listener(exchange, attempt.upstream, attempt.account.issuer)
    return replace(attempt, request=request, encoded=encoded, listener=listener)


def without_reasoning(
    attempt: Attempt, refused: RefusedReply, resolution: Resolution, continuity: Continuity
) -> Attempt | None:
    """Return the attempt to send once more to the same target, without the reasoning that it refused.

    None where that would change nothing, and where it cannot be said.
    """
    exchange = attempt.exchange
    if attempt.is_unsealed or exchange.operation != "chat" or not refuses_reasoning(refused.failure):
        return None
    fields = exchange.dialect.seal_fields
    if attempt.encoded is None and not exchange.seal_values and (fields is None or fields.is_official):
        return None  # it is the client that left out what its own dialect has a place for
    plan_ = replace(attempt.plan, is_passthrough=False)
    try:
        bare = replace(attempt, plan=plan_, is_unsealed=True, tap=None)
        again = represented(bare, resolution, continuity)
    except ProxyError:
        return None
    if again.encoded is None or (attempt.encoded is not None and attempt.encoded.body == again.encoded.body):
        return None
    continuity.refused(exchange, attempt.request, attempt.upstream, attempt.account.issuer)
    exchange.losses = (*exchange.losses, Loss("reasoning", "The provider refused its earlier reasoning."))
    return again


def _mended(exchange: Exchange) -> Mended | None:
    try:
        return exchange.dialect.mend(exchange.body, exchange.call)
    except RecursionError:
        raise DecodeError("The body is nested too deeply.") from None


def _decoded(exchange: Exchange, resolution: Resolution) -> Request:
    request = exchange.request()
    model = request.model if exchange.peek is None else exchange.peek.model
    return replace(request, model=model, reasoning=overridden(request, resolution.reasoning))


def _plan(
    exchange: Exchange, account: Account, dialects: Mapping[str, Dialect], continuity: Continuity | None
) -> Plan:
    foreign = exchange.body_dialect is not exchange.dialect or exchange.holds_envelope
    speaks_it = any(speech.dialect == exchange.dialect.name for speech in account.provider.speaks)
    if not foreign and speaks_it and continuity is not None:
        foreign = continuity.needs_representation(exchange, account.issuer)
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
    body = exchange.body if attempt.mended is None else attempt.mended.body
    if edits == Edits():
        return body
    asked = (body, exchange.call, edits, attempt.target.profile)
    try:
        exchange.losses = exchange.dialect.edit_losses(*asked)
        return exchange.dialect.edit_request(*asked)
    except RecursionError:
        raise DecodeError("The body is nested too deeply.") from None
