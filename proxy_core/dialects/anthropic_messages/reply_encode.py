"""The neutral reply to a whole message (anthropic 2.11.0 ``Message``, 2026-11-20)."""

from __future__ import annotations

from proxy_core.dialects.anthropic_messages.blocks_encode import Block, emit
from proxy_core.dialects.anthropic_messages.finish import encode_finish
from proxy_core.dialects.anthropic_messages.reply_blocks import encode_content
from proxy_core.dialects.anthropic_messages.usage import encode_usage
from proxy_core.ir.fold import ended, executable
from proxy_core.ir.stream import Reply


def encode_reply(reply: Reply, model: str) -> bytes:
    """Encode the first candidate as a message of ``model``, the name that the client asked for."""
    candidate = reply.candidates[0]
    message: Block = {
        "id": message_id(reply.id),
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": encode_content(executable(candidate.parts, candidate.finish), message_id(reply.id)),
        **encode_finish(ended(candidate.finish, candidate.parts)),
        "usage": encode_usage(reply.usage),
    }
    return emit(message)


def message_id(vendor_id: str) -> str:
    """Return the vendor's id; a placeholder where it has none, as the field is required."""
    return vendor_id or "msg_unknown"
