"""What is remembered of an exchange."""

from __future__ import annotations

from proxy_core.relay.exchange import Exchange
from proxy_core.usage.ledger import Outcome

_LONGEST_NAME = 200


def outcome(exchange: Exchange, duration_s: float) -> Outcome:
    """Return the facts for the ledger."""
    peek, target, failure = exchange.peek, exchange.target, exchange.failure
    return Outcome(
        id=exchange.id,
        started_at=exchange.started_at,
        client_key=exchange.client_key,
        client_dialect=exchange.dialect.name,
        operation=exchange.operation,
        requested_model=None if peek is None else _name(peek.model),
        model=None if target is None else _name(target.model),
        provider=None if target is None else target.provider,
        account=None if target is None else target.account,
        upstream_dialect=exchange.upstream_dialect,
        status=exchange.status,
        error=None if failure is None else failure.kind,
        attempts=exchange.attempts,
        duration_s=duration_s,
        first_byte_s=exchange.first_byte_s,
        usage=exchange.usage,
        streamed=peek is not None and peek.mode != "whole",
        dropped=exchange.dropped(),
    )


def _name(model: str) -> str:
    """Return a model's name as a ledger can keep it: whatever a caller may call a model."""
    return model[:_LONGEST_NAME].encode("utf-8", "replace").decode()
