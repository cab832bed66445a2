"""Parts to content blocks (anthropic 2.11.0 types, 2026-11-20)."""

from __future__ import annotations

from types import MappingProxyType

import msgspec

from proxy_core import jsonbytes
from proxy_core.dialects.anthropic_messages.select import thinking_seal
from proxy_core.dialects.anthropic_messages.words import BLOCK, NAME
from proxy_core.errors import DecodeError, UnsupportedError
from proxy_core.ir import media
from proxy_core.ir.message import (
    CacheMark,
    Citation,
    FileReference,
    HostedStep,
    Inline,
    Json,
    Media,
    Message,
    Opaque,
    Part,
    Reasoning,
    Text,
    ToolCall,
    ToolResult,
    Url,
)

Block = dict[str, Json]

_IMAGES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
_SAME_MIME = MappingProxyType({"image/jpg": "image/jpeg", "image/pjpeg": "image/jpeg"})
_PDF = "application/pdf"
_PDF_NAMES = frozenset({_PDF, "application/x-pdf"})
_ROLES = MappingProxyType({"user": "user", "model": "assistant", "system": "system"})


def emit(body: Block) -> bytes:
    """Encode a body that may hold raw JSON of tool arguments."""
    try:
        return jsonbytes.encode(body)
    except TypeError:  # the encoder for lone surrogates knows no raw JSON
        return jsonbytes.encode(_plain(body))


def _plain(value: Json) -> Json:
    match value:
        case msgspec.Raw():
            return jsonbytes.decode(bytes(value))
        case dict():
            return {key: _plain(item) for key, item in value.items()}
        case list():
            return [_plain(item) for item in value]
        case _:
            return value


def encode_message(message: Message, issuer: str) -> Block:
    """Return one entry of ``messages``."""
    return {
        "role": _ROLES[message.role],
        "content": [encode_part(part, issuer) for part in message.parts],
    }


def shorten(messages: list[Block]) -> None:
    """Write a lone plain text as a string, in place; last, as a block may lose its cache mark before."""
    for message in messages:
        blocks = message["content"]
        if len(blocks) == 1 and blocks[0].keys() == {"type", "text"}:
            message["content"] = blocks[0]["text"]


def encode_part(part: Part, issuer: str) -> Block:
    """Return the block of a part that ``select`` let through. Raises UnsupportedError for media."""
    match part:
        case Text() if block := _kept(part):
            return marked(block, part.cache)
        case Text():
            return encode_text(part)
        case Media():
            return marked({**_media(part), **_kept(part)}, part.cache)
        case Reasoning() if part.redacted:
            return {"type": "redacted_thinking", "data": thinking_seal(part, issuer) or ""}
        case Reasoning():
            signature = thinking_seal(part, issuer) or ""
            return {"type": "thinking", "thinking": part.text, "signature": signature}
        case ToolCall():
            return encode_call(part)
        case ToolResult():
            return _result(part)
        case HostedStep() | Opaque():
            return dict(part.raw)
        case _:
            return {"type": "text", "text": part.text}


def _kept(part: Text | Media) -> Block:
    if part.seal is None or part.seal.kind != BLOCK or part.seal.issuer is not None:
        return {}
    return jsonbytes.decode_object(part.seal.value)


def marked(block: Block, mark: CacheMark | None) -> Block:
    """Return the block with its cache mark; a lifetime that the vendor does not know is left to it."""
    if mark is not None:
        block["cache_control"] = {"type": "ephemeral"}
        if mark.ttl in ("5m", "1h"):
            block["cache_control"]["ttl"] = mark.ttl
    return block


def encode_text(part: Text) -> Block:
    """Return a text block with the citations that are the vendor's own."""
    block: Block = {"type": "text", "text": part.text}
    if citations := [found for one in part.citations if (found := own_citation(one))]:
        block["citations"] = citations
    return marked(block, part.cache)


def own_citation(citation: Citation) -> Block | None:
    """Return a citation as the vendor sent it, None for one from elsewhere."""
    kind = citation.native.get("type")
    if not isinstance(kind, str) or not kind.endswith("_location"):
        return None
    if kind == "web_search_result_location" and not citation.native.get("encrypted_index"):
        return None
    return dict(citation.native)


def encode_call(call: ToolCall) -> Block:
    """Return a ``tool_use`` block; its input keeps the spelling of the arguments."""
    block: Block = {"type": "tool_use", "id": call.id, "name": call.name, "input": call_input(call)}
    return marked(block, call.cache)


def call_input(call: ToolCall) -> Json:
    """Return the arguments as an object: ``{"input": text}`` if freeform, ``{"_raw": text}`` if broken."""
    if call.form == "freeform":
        return {"input": call.arguments}
    text = call.arguments.strip()
    if not text:
        return {}
    try:
        value = jsonbytes.decode(text)
    except DecodeError:
        return {"_raw": call.arguments}
    if not isinstance(value, dict):
        return {"_raw": call.arguments}
    try:
        return msgspec.Raw(text.encode())
    except UnicodeEncodeError:
        return value


def _result(result: ToolResult) -> Block:
    block: Block = {"type": "tool_result", "tool_use_id": result.call_id}
    texts = [part for part in result.content if isinstance(part, Text)]
    if result.as_text and len(texts) == len(result.content) and not any(part.cache for part in texts):
        block["content"] = result.text
    else:
        block["content"] = [encode_part(part, "") for part in result.content]
    if result.is_error:
        block["is_error"] = True
    return marked(block, result.cache)


def _media(part: Media) -> Block:
    match part.source:
        case FileReference() if part.source.dialect != NAME:
            raise UnsupportedError(
                "A file that was uploaded to another vendor cannot be sent; put its data into the message.",
                param="file_id",
            )
        case FileReference():
            kind = "image" if part.kind == "image" else "document"
            return _titled({"type": kind, "source": {"type": "file", "file_id": part.source.id}}, part)
        case Url():
            return _remote(part, part.source)
        case Inline():
            return _inline(part, part.source)


def _titled(block: Block, part: Media) -> Block:
    if part.name and block["type"] == "document":
        block["title"] = part.name
    return block


def _remote(part: Media, source: Url) -> Block:
    if part.kind not in ("image", "document"):
        raise _refused(part.kind)
    if not source.url.lower().startswith(("http://", "https://")):
        raise UnsupportedError("Anthropic fetches media only from http and https addresses.", param="url")
    return _titled({"type": part.kind, "source": {"type": "url", "url": source.url}}, part)


def _inline(part: Media, source: Inline) -> Block:
    said = source.mime.partition(";")[0].strip().lower()
    said = _SAME_MIME.get(said, said)
    if said not in _IMAGES and said not in _PDF_NAMES:
        # Clients do send images and PDFs under the type of unknown bytes.
        found = media.sniff_mime(source.data)
        said = found if found in _IMAGES or found == _PDF else said
    if said in _IMAGES:
        return {"type": "image", "source": {"type": "base64", "media_type": said, "data": source.data}}
    if said in _PDF_NAMES:
        pdf = {"type": "base64", "media_type": _PDF, "data": source.data}
        return _titled({"type": "document", "source": pdf}, part)
    text = media.as_text(part)
    if text is None or (part.kind == "image" and part.name is None):  # drawings that are text, such as SVG
        raise _refused(said or part.kind)
    if not text.strip():
        return {"type": "text", "text": f"[{part.name or 'An empty file'} has no content.]"}
    plain = {"type": "text", "media_type": "text/plain", "data": text}
    return _titled({"type": "document", "source": plain}, part)


def _refused(what: str) -> UnsupportedError:
    return UnsupportedError(
        f"Anthropic takes images (JPEG, PNG, GIF, WebP), PDFs and text files, but not {what}.",
        param="content",
    )
