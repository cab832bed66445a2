"""Content parts of a message (openai 3.52.0 ``ChatCompletionContentPartParam``, 2026-11-20)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from proxy_core import jsonbytes
from proxy_core.dialects.openai_chat.shape import Shape, wrong
from proxy_core.dialects.openai_chat.wire import NAME
from proxy_core.errors import DecodeError
from proxy_core.ir import media
from proxy_core.ir.message import (
    CacheMark,
    FileReference,
    Inline,
    Json,
    Media,
    MediaKind,
    Opaque,
    Part,
    Refusal,
    Text,
    Url,
)

_AUDIO: Mapping[str, str] = MappingProxyType({"mp3": "audio/mpeg", "wav": "audio/wav"})


def decode_content(message: Shape, name: str = "content") -> list[Part]:
    """Read a content member: a string, a list of parts, or nothing. Raises DecodeError."""
    value = message.get(name)
    if value is None:
        return []
    if isinstance(value, str):
        return [Text(value)]
    if not isinstance(value, list):
        raise wrong(message.at(name), "a string or an array of parts")
    return [decode_part(item, f"{message.at(name)}[{index}]") for index, item in enumerate(value)]


def decode_part(value: Json, path: str) -> Part:
    """Read one part; an unknown type becomes opaque. Raises DecodeError."""
    if isinstance(value, str):
        return Text(value)
    shape = Shape(value, path)
    match shape.needed_text("type"):
        case "text":
            return Text(_text(shape), cache=decode_cache(shape))
        case "refusal":
            return Refusal(shape.text("refusal") or "")
        case "image_url":
            return _remote(shape, "image_url", "image")
        case "video_url":
            return _remote(shape, "video_url", "video")
        case "input_audio":
            return _audio(shape)
        case "file":
            return _file(shape)
        case _:
            return Opaque(NAME, shape.value)


def decode_cache(shape: Shape) -> CacheMark | None:
    """Read a cache mark: ``prompt_cache_breakpoint``, or ``cache_control`` (LiteLLM, OpenRouter)."""
    for name in ("prompt_cache_breakpoint", "cache_control"):
        mark = shape.get(name)
        if isinstance(mark, dict):
            ttl = mark.get("ttl")
            return CacheMark(ttl if isinstance(ttl, str) else None)
    return None


def decode_result_content(message: Shape) -> tuple[tuple[Text | Media, ...], bool]:
    """Read what a tool answered, and whether it was plain text.

    The type allows text only; pictures and bare JSON values are seen in practice and kept.
    """
    value = message.get("content")
    if value is None:
        return (), True
    if isinstance(value, str):
        return ((Text(value),) if value else ()), True
    if not isinstance(value, list) or not all(isinstance(item, dict) and "type" in item for item in value):
        return (Text(jsonbytes.text(value)),), True
    content: list[Text | Media] = []
    for part in decode_content(message):
        if isinstance(part, Text | Media):
            content.append(part)
        elif isinstance(part, Opaque):
            content.append(Text(jsonbytes.text(part.raw)))
    return tuple(content), False


def _text(shape: Shape) -> str:
    text = shape.text("text")
    if text is None:
        raise wrong(shape.at("text"), "a string")
    return text


def _remote(shape: Shape, name: str, kind: MediaKind) -> Media:
    # Some clients give the address without the object around it.
    member = (
        Shape({"url": shape.get(name)}, shape.path)
        if isinstance(shape.get(name), str)
        else shape.needed_member(name)
    )
    found = _from_url(member.needed_text("url"), kind, member.at("url"), member.text("detail"))
    return Media(found.kind, found.source, found.name, found.detail, decode_cache(shape))


def _audio(shape: Shape) -> Media:
    member = shape.needed_member("input_audio")
    data, form = member.needed_text("data"), member.text("format") or "wav"
    if data[:5].lower() == "data:":
        return _from_url(data, "audio", member.at("data"))
    mime = _AUDIO.get(form, f"audio/{form}")
    return Media("audio", Inline(mime, _base64(data, member.at("data"))), cache=decode_cache(shape))


def _file(shape: Shape) -> Media:
    member = shape.needed_member("file")
    name, identity = member.text("filename"), member.text("file_id")
    cache = decode_cache(shape)
    if identity:
        return Media("document", FileReference(identity, NAME), name, cache=cache)
    data, path = member.needed_text("file_data"), member.at("file_data")
    if data[:8].lower().startswith(("http://", "https://")):
        return Media("document", Url(data), name, cache=cache)
    inline = _inline(data, path)
    mime = media.mime_of_file(inline.mime, inline.data, name)
    return Media(media.kind_of(mime), Inline(mime, inline.data), name, cache=cache)


def _inline(data: str, path: str) -> Inline:
    if data[:5].lower() != "data:":
        return Inline(media.UNKNOWN, _base64(data, path))
    try:
        return media.parse_data_url(data)
    except DecodeError as error:
        raise DecodeError(error.message, param=path) from None


def _from_url(url: str, kind: MediaKind, path: str, detail: str | None = None) -> Media:
    try:
        return media.from_url(url, kind, detail)
    except DecodeError as error:
        raise DecodeError(error.message, param=path) from None


def _base64(data: str, path: str) -> str:
    try:
        return media.normalise_base64(data)
    except DecodeError as error:
        raise DecodeError(error.message, param=path) from None
