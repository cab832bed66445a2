"""A whole message to the neutral reply (anthropic 2.11.0 ``Message``, 2026-11-20)."""

from __future__ import annotations

from dataclasses import replace

from proxy_core import jsonbytes
from proxy_core.dialects.anthropic_messages.errors import failure_of
from proxy_core.dialects.anthropic_messages.finish import decode_finish
from proxy_core.dialects.anthropic_messages.reply_blocks import decode_block, identified
from proxy_core.dialects.anthropic_messages.usage import decode_usage
from proxy_core.dialects.anthropic_messages.words import NAME
from proxy_core.errors import DecodeError, UpstreamProtocolError
from proxy_core.ir.fold import is_cut
from proxy_core.ir.message import Json, Part, ToolCall
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
    finish, reply_id = decode_finish(value) or Finish("stop", None, NAME), _word(value.get("id"))
    parts = _cut(tuple(_part(block, issuer, reply_id, place) for place, block in enumerate(content)), finish)
    usage = value.get("usage")
    return Reply(
        id=reply_id,
        model=_word(value.get("model")),
        candidates=(Candidate(parts, finish),),
        usage=decode_usage(usage) if isinstance(usage, dict) else None,
    )


def _part(block: Json, issuer: str, reply_id: str, place: int) -> Part:
    if not isinstance(block, dict):
        raise UpstreamProtocolError("The provider's answer holds a block that is no object.")
    return decode_block(identified(block, reply_id, place), issuer)


def _cut(parts: tuple[Part, ...], finish: Finish) -> tuple[Part, ...]:
    """Take back the empty input of a last call that the limit cut: nobody shall run a tool with nothing."""
    last = parts[-1] if parts else None
    if not (is_cut(finish) and isinstance(last, ToolCall) and last.arguments == "{}"):
        return parts
    return (*parts[:-1], replace(last, arguments=""))


def _word(value: Json) -> str:
    return value if isinstance(value, str) else ""
