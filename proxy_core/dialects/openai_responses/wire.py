"""Names and small shapes of the wire (openai 3.52.0 types, 2026-11-20)."""

from __future__ import annotations

from typing import Literal, TypedDict

NAME = "openai_responses"
FAMILY = "openai"
SEAL_KIND = "responses.encrypted"
"""Kind of a ``reasoning`` item's ``encrypted_content``."""

AFTER = "@after"
"""Ends the seal kind of an empty ``reasoning`` item that carries the state of the text or call before it."""

ALONE = "@alone"
"""Ends the seal kind of an empty ``reasoning`` item that carries the state of a text part without text."""

ENCRYPTED = "reasoning.encrypted_content"
LOGPROBS = "message.output_text.logprobs"
MAX_NAME = 64
MAX_CALL_ID = 64

Status = Literal["in_progress", "completed", "incomplete", "failed", "cancelled", "queued"]


class InputTokensDetails(TypedDict):
    """Both members are required by type."""

    cached_tokens: int
    cache_write_tokens: int


class OutputTokensDetails(TypedDict):
    """Required by type."""

    reasoning_tokens: int


class ResponseUsage(TypedDict):
    """``usage`` of a response; totals."""

    input_tokens: int
    input_tokens_details: InputTokensDetails
    output_tokens: int
    output_tokens_details: OutputTokensDetails
    total_tokens: int
