"""Names of the wire format that more than one module of the dialect needs."""

from __future__ import annotations

from proxy_core.ir.message import Json

NAME = "openai_chat"
FAMILY = "openai"

DETAILS = "chat.details"
"""Seal kind: JSON text of ``reasoning_details`` (OpenRouter's list)."""
BLOCKS = "chat.blocks"
"""Seal kind: JSON text of ``thinking_blocks`` (LiteLLM's list)."""
SIGNATURE = "chat.signature"
"""Seal kind: ``tool_calls[].extra_content.google.thought_signature``."""

TEXT_SEAL = "trunkline-text"
"""``id`` of a ``reasoning_details`` entry that carries the seal of visible text, not of thinking."""


def signature_of(call: Json) -> str | None:
    """Return a tool call's thought signature (Google's OpenAI-compatible endpoint), None without one."""
    for name in ("extra_content", "google", "thought_signature"):
        call = call.get(name) if isinstance(call, dict) else None
    return call if isinstance(call, str) and call else None
