"""Content parts of messages and tool outputs in a request."""

from __future__ import annotations

from dataclasses import replace

from proxy_core import jsonbytes
from proxy_core.dialects.openai_responses.citations import decode_citations
from proxy_core.dialects.openai_responses.fields import Fields, fields, wrong
from proxy_core.dialects.openai_responses.wire import NAME
from proxy_core.errors import DecodeError
from proxy_core.ir.media import (
    UNKNOWN,
    from_url,
    kind_of,
    mime_of_file,
    normalise_base64,
    parse_data_url,
)
from proxy_core.ir.message import (
    CacheMark,
    FileReference,
    Inline,
    Json,
    Media,
    Opaque,
    Part,
    Refusal,
    Text,
    Url,
)

_TEXTS = frozenset({"input_text", "output_text", "text"})
_OUTPUT_PARTS = frozenset({"input_text", "output_text", "text", "input_image", "input_file"})


def decode_content(item: Fields) -> tuple[Part, ...]:
    """Read a message's ``content``: a string or a list of parts. Raises DecodeError."""
    content = item.raw.get("content")
    if content is None:
        return ()
    if isinstance(content, str):
        return (Text(content),)
    if not isinstance(content, list):
        raise wrong(item.at("content"), "a string or an array of parts")
    return tuple(_part(part) for part in item.objects("content"))


def decode_output(item: Fields) -> tuple[tuple[Text | Media, ...], bool]:
    """Read the ``output`` of a tool: its parts, and whether it was one plain string.

    Clients do send objects, numbers and lists that are no parts; they become compact JSON text.
    """
    output = item.raw.get("output")
    if output is None or output == []:
        return (), True
    if isinstance(output, str):
        read = _stringified(output, item.at("output"))
        return (read, False) if read else (((Text(output),) if output else ()), True)
    if not _are_parts(output):
        return (Text(jsonbytes.text(output)),), True
    parts = (_part(part) for part in item.objects("output"))
    return tuple(part for part in parts if isinstance(part, Text | Media)), False


def _stringified(output: str, path: str) -> tuple[Text | Media, ...]:
    """Return the parts of a list that came as text; none unless all are sound and some are media."""
    if not output.startswith("[") or not any(kind in output for kind in ('"input_image"', '"input_file"')):
        return ()
    try:
        value = jsonbytes.decode(output)
        parts = [_part(fields(one, path)) for one in value] if value and _are_parts(value) else []
    except DecodeError:
        return ()
    sound = tuple(part for part in parts if isinstance(part, Text | Media))
    has_media = any(isinstance(part, Media) for part in sound)
    return sound if has_media and len(sound) == len(parts) else ()


def _are_parts(output: Json) -> bool:
    if not isinstance(output, list):
        return False
    kinds = [part.get("type") if isinstance(part, dict) else None for part in output]
    return all(isinstance(kind, str) and kind in _OUTPUT_PARTS for kind in kinds)


def _part(part: Fields) -> Part:
    kind = part.need("type")
    if kind in _TEXTS:
        return Text(_text(part, "text"), decode_citations(part.raw.get("annotations")), _mark(part))
    match kind:
        case "refusal":
            return Refusal(_text(part, "refusal"))
        case "input_image":
            return replace(_image(part), cache=_mark(part))
        case "input_file":
            return replace(_file(part), cache=_mark(part))
        case "input_audio":
            return _audio(part)
        case _:
            return Opaque(NAME, part.raw)


def _text(part: Fields, key: str) -> str:
    value = part.text(key)
    if value is None:
        raise wrong(part.at(key), "a string")
    return value


def _mark(part: Fields) -> CacheMark | None:
    mark = part.inner("prompt_cache_breakpoint")
    return None if mark is None else CacheMark(mark.text("ttl"))


def _image(part: Fields) -> Media:
    detail = part.text("detail")
    # Chat's nesting {"url": …} is a frequent slip of clients.
    nested = part.raw.get("image_url")
    if isinstance(nested, dict):
        inside = fields(nested, part.at("image_url"))
        return _remote(inside, "url", inside.text("detail") or detail)
    if part.text("image_url"):
        return _remote(part, "image_url", detail)
    if file_id := part.text("file_id"):
        return Media("image", FileReference(file_id, NAME), detail=detail)
    raise DecodeError(f"`{part.path}` needs an image_url or a file_id.", param=part.path)


def _remote(part: Fields, key: str, detail: str | None) -> Media:
    try:
        return from_url(part.need(key), "image", detail)
    except DecodeError as error:
        raise DecodeError(error.message, param=part.at(key)) from None


def _file(part: Fields) -> Media:
    name, detail = part.text("filename"), part.text("detail")
    if data := part.text("file_data"):
        inline = _file_data(data, part.at("file_data"), name)
        return Media(kind_of(inline.mime), inline, name, detail)
    if url := part.text("file_url"):
        return Media("document", Url(url), name, detail)
    if file_id := part.text("file_id"):
        return Media("document", FileReference(file_id, NAME), name, detail)
    raise DecodeError(f"`{part.path}` needs file_data, file_url or file_id.", param=part.path)


def _file_data(data: str, path: str, name: str | None) -> Inline:
    try:
        is_url = data[:5].lower() == "data:"
        inline = parse_data_url(data) if is_url else Inline(UNKNOWN, normalise_base64(data))
    except DecodeError as error:
        raise DecodeError(error.message, param=path) from None
    return Inline(mime_of_file(inline.mime, inline.data, name), inline.data)


def _audio(part: Fields) -> Media:
    inside = part.inner("input_audio") or part
    form = inside.text("format") or "wav"
    try:
        data = normalise_base64(inside.need("data"))
    except DecodeError as error:
        raise DecodeError(error.message, param=inside.at("data")) from None
    return Media("audio", Inline("audio/mpeg" if form == "mp3" else f"audio/{form}", data))
