"""A whole message to the neutral reply (anthropic 2.11.0 ``Message``, 2026-11-20)."""

from __future__ import annotations

from proxy_core import jsonbytes
from proxy_core.dialects.anthropic_messages.errors import failure_of
from proxy_core.dialects.anthropic_messages.finish import decode_finish
from proxy_core.dialects.anthropic_messages.reply_blocks import decode_block
from proxy_core.dialects.anthropic_messages.usage import decode_usage
from proxy_core.dialects.anthropic_messages.words import NAME
from proxy_core.errors import DecodeError, UpstreamProtocolError
from proxy_core.ir.message import Json, Part
from proxy_core.ir.stream import Candidate, Finish, Reply


def decode_reply(body: bytes, issuer: str) -> Reply:
    """Decode a whole body; seals belong to ``issuer``. Raises UpstreamProtocolError."""
    try:
        value = jsonbytes.decode_object(body)
    except DecodeError as error:
        raise UpstreamProtocolError(f"The provider's answer is not readable: {error.message}") from None
    if value.get("type") == "error":
        raise UpstreamProtocolError(failure_of(value.get("error"), 200).message)
    content = value.get("content")
    if not isinstance(content, list):
        raise UpstreamProtocolError("The provider's answer has no content.")
    parts = tuple(_part(block, issuer) for block in content)
    finish = decode_finish(value) or Finish("stop", None, NAME)
    usage = value.get("usage")
    return Reply(
        id=_word(value.get("id")),
        model=_word(value.get("model")),
        candidates=(Candidate(parts, finish),),
        usage=decode_usage(usage) if isinstance(usage, dict) else None,
    )


def _part(block: Json, issuer: str) -> Part:
    if not isinstance(block, dict):
        raise UpstreamProtocolError("The provider's answer holds a block that is no object.")
    return decode_block(block, issuer)


def _word(value: Json) -> str:
    return value if isinstance(value, str) else ""
