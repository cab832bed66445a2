"""``trunkline usage``: what the ledger says."""

from __future__ import annotations

import time
from dataclasses import asdict

import click

from app.command import Options, common
from app.terminal import emit, table

_DAY_S = 86400.0


@click.command("usage")
@click.option("--days", type=click.FloatRange(0, 3650), default=7.0, help="How far back.")
@click.option(
    "--by",
    "group",
    type=click.Choice(["model", "provider", "account", "client_key", "day", "client_dialect"]),
    default="model",
    help="What to sum by.",
)
@click.option("--requests", type=click.IntRange(1, 10000), help="List the newest requests instead.")
@common
async def usage(options: Options, days: float, group: str, requests: int | None) -> None:
    """Show requests, tokens and estimated cost."""
    place = await options.workplace()
    ledger = place.ledger()
    now = time.time()
    try:
        if requests is not None:
            rows = await ledger.recent(requests)
            value = [asdict(row) for row in rows]
            lines = [
                [
                    time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(row.started_at)),
                    row.client_key or "",
                    row.client_dialect,
                    row.requested_model or "",
                    row.provider or "",
                    row.status,
                    _tokens(row.input_tokens, row.usage_estimated),
                    _tokens(row.output_tokens, row.usage_estimated),
                ]
                for row in rows
            ]
            head = ["TIME", "KEY", "DIALECT", "MODEL", "PROVIDER", "STATUS", "IN", "OUT"]
            emit(options.as_json, value, table(head, lines))
            return
        totals = await ledger.totals(group, now - days * _DAY_S, now + 1)  # type: ignore[arg-type]
    finally:
        await ledger.close()
    lines = [
        [
            one.group or "–",
            one.requests,
            one.failures,
            one.input_tokens,
            one.cached_tokens,
            one.output_tokens,
            one.usage_estimated,
            _money(one.cost_micro),
        ]
        for one in totals
    ]
    head = [group.upper().replace("_", " "), "REQUESTS", "FAILED", "INPUT", "CACHED", "OUTPUT"]
    head += ["ESTIMATED", "COST (EST.)"]
    emit(options.as_json, [asdict(one) for one in totals], table(head, lines))


def _tokens(count: int | None, is_estimated: bool) -> str:
    """Return a count; a vendor that told none is guessed at, which ``~`` says."""
    return "" if count is None else f"~{count}" if is_estimated else str(count)


def _money(micro: int | None) -> str:
    return "none" if micro is None else f"${micro / 1_000_000:.4f}"


COMMANDS = (usage,)
