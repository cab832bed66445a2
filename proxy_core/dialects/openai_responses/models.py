"""The model list in OpenAI's shape."""

from __future__ import annotations

from collections.abc import Sequence

from proxy_core import jsonbytes
from proxy_core.dialect import ModelCard
from proxy_core.ir.message import Json


def encode_models(cards: Sequence[ModelCard]) -> bytes:
    """Write ``{"object": "list", "data": […]}``."""
    return jsonbytes.encode({"object": "list", "data": [_row(card) for card in cards]})


def encode_model(card: ModelCard) -> bytes:
    """Write one model."""
    return jsonbytes.encode(_row(card))


def _row(card: ModelCard) -> dict[str, Json]:
    return {"id": card.id, "object": "model", "created": card.created, "owned_by": card.owner}
