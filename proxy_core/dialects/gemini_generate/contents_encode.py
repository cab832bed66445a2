"""The conversation as ``contents`` and ``systemInstruction``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from urllib.parse import urlsplit

from proxy_core.dialects.gemini_generate.arguments import encode_arguments, encode_output
from proxy_core.dialects.gemini_generate.finish import NAME
from proxy_core.ir.media import as_text
from proxy_core.ir.message import (
    HostedStep,
    Inline,
    Json,
    Media,
    Message,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
    ToolResult,
    Url,
)

SENTINEL = "skip_thought_signature_validator"
"""Documented word for a call that did not come from the vendor (dossier of public docs, 2026-11-20)."""

_LEVELS: Mapping[str, str] = MappingProxyType(
    {
        "low": "MEDIA_RESOLUTION_LOW",
        "auto": "MEDIA_RESOLUTION_MEDIUM",
        "high": "MEDIA_RESOLUTION_HIGH",
        "original": "MEDIA_RESOLUTION_ULTRA_HIGH",
    }
)
_BY_SUFFIX: Mapping[str, str] = MappingProxyType(
    {
        "png": "image/png",
        "jpg": "image/jpeg",
        "jpeg": "image/jpeg",
        "gif": "image/gif",
        "webp": "image/webp",
        "heic": "image/heic",
        "pdf": "application/pdf",
        "txt": "text/plain",
        "mp3": "audio/mpeg",
        "wav": "audio/wav",
        "mp4": "video/mp4",
        "webm": "video/webm",
    }
)


def encode_contents(
    messages: Iterable[Message], *, sign_calls: bool, own: bool, result_media: bool = True
) -> list[Json]:
    """Encode arranged turns.

    ``sign_calls``: the first call of each model turn carries a signature, the documented bypass word where
    there is no real one. The vendor asks that only of the current turn; doing it in all of them keeps the
    prompt's beginning the same from turn to turn. ``own``: the caller speaks this dialect too.
    ``result_media`` False: what tools showed comes in a turn of the user's after the one with the results, as
    anything beside these is refused.
    """
    contents: list[Json] = []
    names: dict[str, str] = {}
    for message in messages if result_media else _shown_after(messages):
        parts = [wire for part in message.parts if (wire := _part(part, names, own)) is not None]
        if message.role == "model" and sign_calls:
            _sign(parts)
        if parts:
            contents.append({"role": "model" if message.role == "model" else "user", "parts": parts})
    return contents


def _shown_after(messages: Iterable[Message]) -> Iterator[Message]:
    for message in messages:
        results = [part for part in message.parts if isinstance(part, ToolResult)]
        shown: list[Part] = []
        for result in results:
            media = [part for part in result.content if isinstance(part, Media)]
            shown += (
                [Text(f"[Result of {result.name or 'the tool'}, call {result.call_id}:]"), *media]
                if media
                else []
            )
        if not shown:
            yield message
            continue
        kept = [
            replace(result, content=tuple(part for part in result.content if isinstance(part, Text)))
            for result in results
        ]
        others = [part for part in message.parts if not isinstance(part, ToolResult)]
        yield replace(message, parts=tuple(kept))
        yield replace(message, parts=(*shown, *others))


def _sign(parts: list[dict[str, Json]]) -> None:
    first = next((part for part in parts if "functionCall" in part), None)
    if first is not None:
        first.setdefault("thoughtSignature", SENTINEL)


def encode_system(parts: Iterable[Part]) -> Json:
    """Return ``systemInstruction``, one part per block; None where there is nothing to say."""
    wires = [wire for part in parts if (wire := _part(part, {}, own=True)) not in (None, {"text": ""})]
    return {"parts": wires} if wires else None


def _part(part: Part, names: dict[str, str], own: bool) -> dict[str, Json] | None:
    wire: dict[str, Json] | None = None
    match part:
        case Text():
            wire = {"text": part.text} if part.text or part.seal else None
        case Refusal():
            wire = {"text": part.text} if part.text else None
        case Reasoning():
            wire = {"text": part.text, "thought": True}
        case Media():
            wire = encode_media(part, own=own)
            if own and (level := _LEVELS.get(part.detail or "")):
                wire["mediaResolution"] = {"level": level}
        case ToolCall():
            names[part.id] = part.name
            call = {"id": part.id, "name": part.name, "args": encode_arguments(part.arguments, part.form)}
            wire = {"functionCall": call}
        case ToolResult():
            wire = {"functionResponse": _response(part, names)}
        case HostedStep() | Opaque() if part.dialect == NAME and part.raw:
            wire = dict(part.raw)
        case _:
            return None
    seal = getattr(part, "seal", None)
    if wire is not None and seal is not None:
        wire["thoughtSignature"] = seal.value
    return wire


def _response(result: ToolResult, names: Mapping[str, str]) -> dict[str, Json]:
    name = names.get(result.call_id) or result.name or result.call_id
    wire: dict[str, Json] = {
        "id": result.call_id,
        "name": name,
        "response": encode_output(result.text, result.is_error),
    }
    media = [encode_media(item, own=True) for item in result.content if isinstance(item, Media)]
    if media:
        wire["parts"] = media
    return wire


def encode_media(media: Media, *, own: bool) -> dict[str, Json]:
    """Encode a media part; a text document of a caller with another dialect becomes plain text."""
    source = media.source
    if isinstance(source, Inline):
        text = None if own else as_text(media)
        if text:
            return {"text": text}
        return {"inlineData": {"mimeType": source.mime, "data": source.data}}
    if isinstance(source, Url):
        mime = source.mime or _BY_SUFFIX.get(_suffix(source.url))
        return _file(source.url, mime)
    return _file(source.id, source.mime)


def _suffix(url: str) -> str:
    try:
        return urlsplit(url).path.rpartition(".")[2].lower()
    except ValueError:
        return ""  # no address at all; the vendor says so


def _file(uri: str, mime: str | None) -> dict[str, Json]:
    return {"fileData": {"mimeType": mime, "fileUri": uri} if mime else {"fileUri": uri}}
