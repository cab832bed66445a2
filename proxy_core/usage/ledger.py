"""One row per exchange, and the events around it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from proxy_core.ir.stream import Usage
from proxy_core.store import UsageRow
from proxy_core.usage.pricing import cost_micro

_MOST = 10**12
"""Of tokens in one exchange; beyond it sums would not fit into a ledger's 64 bits."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the ledger wants to know of an exchange. Times are epoch seconds, durations seconds."""

    id: str
    started_at: float
    client_key: str | None
    client_dialect: str
    operation: str
    requested_model: str | None
    model: str | None
    provider: str | None
    account: str | None
    upstream_dialect: str | None
    status: int
    error: str | None
    attempts: int
    duration_s: float
    first_byte_s: float | None
    usage: Usage | None
    streamed: bool
    dropped: str


def row(outcome: Outcome) -> UsageRow:
    """Return the ledger's row; a model without a known price has no cost."""
    usage = None if outcome.usage is None else _believed(outcome.usage)
    return UsageRow(
        id=outcome.id,
        started_at=outcome.started_at,
        client_key=outcome.client_key,
        client_dialect=outcome.client_dialect,
        operation=outcome.operation,
        requested_model=outcome.requested_model,
        model=outcome.model,
        provider=outcome.provider,
        account=outcome.account,
        upstream_dialect=outcome.upstream_dialect,
        status=outcome.status,
        error=outcome.error,
        attempts=outcome.attempts,
        duration_s=outcome.duration_s,
        first_byte_s=outcome.first_byte_s,
        input_tokens=None if usage is None else usage.input_tokens,
        cached_tokens=None if usage is None else usage.cached_tokens,
        cache_write_tokens=None if usage is None else usage.cache_write_tokens,
        output_tokens=None if usage is None else usage.output_tokens,
        reasoning_tokens=None if usage is None else usage.reasoning_tokens,
        usage_estimated=usage is not None and usage.estimated,
        cost_micro=None if usage is None or outcome.model is None else cost_micro(outcome.model, usage),
        streamed=outcome.streamed,
        dropped=outcome.dropped,
    )


def _believed(usage: Usage) -> Usage:
    """Return the counts as they can be: vendors are believed, but not in everything."""
    if all(0 <= count <= _MOST for count in _counts(usage) if count is not None):
        return usage
    return replace(
        usage,
        input_tokens=_count(usage.input_tokens) or 0,
        output_tokens=_count(usage.output_tokens) or 0,
        cached_tokens=_count(usage.cached_tokens),
        cache_write_tokens=_count(usage.cache_write_tokens),
        cache_write_long_tokens=_count(usage.cache_write_long_tokens),
        reasoning_tokens=_count(usage.reasoning_tokens),
    )


def _counts(usage: Usage) -> tuple[int | None, ...]:
    return (
        usage.input_tokens,
        usage.output_tokens,
        usage.cached_tokens,
        usage.cache_write_tokens,
        usage.cache_write_long_tokens,
        usage.reasoning_tokens,
    )


def _count(tokens: int | None) -> int | None:
    return None if tokens is None else min(max(tokens, 0), _MOST)
