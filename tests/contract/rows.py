"""A ledger row for tests of stores."""

from proxy_core.store import UsageRow

DAY_S = 86400.0
NOON = 20_000 * DAY_S + DAY_S / 2
"""Noon (UTC) of some day."""

ROW = UsageRow(
    id="exchange-1",
    started_at=NOON,
    client_key="tool",
    client_dialect="wire",
    operation="chat",
    requested_model="fast",
    model="model-1",
    provider="vendor",
    account="work",
    upstream_dialect="wire",
    status=200,
    error=None,
    attempts=1,
    duration_s=1.5,
    first_byte_s=0.25,
    input_tokens=100,
    cached_tokens=10,
    cache_write_tokens=5,
    output_tokens=20,
    reasoning_tokens=7,
    usage_estimated=False,
    cost_micro=1000,
    streamed=True,
    dropped="top_k",
)
