"""The model list in Anthropic's shape (anthropic 2.11.0 ``ModelInfo``, 2026-11-20)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from proxy_core import jsonbytes
from proxy_core.dialect import ModelCard
from proxy_core.ir.message import Json

_LATEST = 253_402_300_799  # the last second that an ISO date can name


def encode_models(cards: Sequence[ModelCard]) -> bytes:
    """Return ``{data, has_more, first_id, last_id}``, all models on one page."""
    data = [_entry(card) for card in cards]
    return jsonbytes.encode(
        {
            "data": data,
            "has_more": False,
            "first_id": cards[0].id if cards else None,
            "last_id": cards[-1].id if cards else None,
        }
    )


def encode_model(card: ModelCard) -> bytes:
    """Return one entry by itself."""
    return jsonbytes.encode(_entry(card))


def _entry(card: ModelCard) -> dict[str, Json]:
    created = datetime.fromtimestamp(min(max(0, card.created), _LATEST), UTC)
    entry: dict[str, Json] = {
        "type": "model",
        "id": card.id,
        "display_name": card.title,
        "created_at": created.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "lifecycle": "active",
    }
    if card.profile.context_tokens is not None:
        entry["max_input_tokens"] = card.profile.context_tokens
    if card.profile.max_output_tokens is not None:
        entry["max_tokens"] = card.profile.max_output_tokens
    return entry
