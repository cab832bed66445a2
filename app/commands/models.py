"""``trunkline models``."""

from __future__ import annotations

import click

from app.command import Options, common
from app.terminal import emit, table


@click.command("models")
@click.option("--wait", type=click.FloatRange(0, 60), default=8.0, help="Seconds to wait for providers.")
@common
async def models(options: Options, wait: float) -> None:
    """List every model that is served now."""
    place = await options.workplace()
    if any(account.enabled and account.has_key for account in place.settings.accounts):
        # a vault that does not open must not look like accounts without models
        place = await options.workplace(probe=True)
        place.need_vault()
    proxy = place.proxy(lambda event: None)
    try:
        cards = await proxy.models(wait)
    finally:
        await proxy.close()
    value = [
        {
            "id": card.id,
            "owner": card.owner,
            "context_tokens": card.profile.context_tokens,
            "max_output_tokens": card.profile.max_output_tokens,
        }
        for card in cards
    ]
    rows = [[card.id, card.owner, card.profile.context_tokens] for card in cards]
    text = table(["MODEL", "OWNER", "CONTEXT"], rows) if rows else "No models are served."
    emit(options.as_json, value, text)


COMMANDS = (models,)
