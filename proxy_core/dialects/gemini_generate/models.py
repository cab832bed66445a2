"""The model list in Gemini shape (google-genai 3.4.0 types, 2026-11-20), and model names in paths."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import unquote

from proxy_core import jsonbytes
from proxy_core.dialect import ModelCard
from proxy_core.ir.message import Json

_METHODS = ("generateContent", "streamGenerateContent", "countTokens")
_PREFIX = re.compile(r"^(?:publishers/[^/]+/models|models|tunedModels)/")


def plain_name(name: str) -> str:
    """Return a model's bare name: ``models/x``, ``tunedModels/x``, ``publishers/google/models/x`` give x."""
    return _PREFIX.sub("", unquote(name).strip("/"))


def model_row(card: ModelCard) -> dict[str, Json]:
    """Return one model; limits that are not known are left out."""
    row: dict[str, Json] = {
        "name": f"models/{card.id}",
        "version": "001",
        "displayName": card.title,
        "inputTokenLimit": card.profile.context_tokens,
        "outputTokenLimit": card.profile.max_output_tokens,
        "supportedGenerationMethods": _METHODS,
        "thinking": card.profile.thinking is not None,
    }
    return {key: value for key, value in row.items() if value is not None}


def encode_models(cards: Sequence[ModelCard]) -> bytes:
    """Return the whole list in one page: no ``nextPageToken``."""
    return jsonbytes.encode({"models": [model_row(card) for card in cards]})
