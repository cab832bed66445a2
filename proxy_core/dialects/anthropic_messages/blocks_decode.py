"""Content blocks of a request to parts (anthropic 2.11.0 types, 2026-11-20)."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

from proxy_core import jsonbytes
from proxy_core.dialects.anthropic_messages import steps
from proxy_core.dialects.anthropic_messages.check import Fields, name_of, refuse
from proxy_core.dialects.anthropic_messages.tool_changes import is_change, kept_change
from proxy_core.dialects.anthropic_messages.words import (
    BLOCK,
    NAME,
    OF_NEXT,
    PART_SEALS,
    REDACTED,
    SIGNATURE,
    UNSIGNED,
)
from proxy_core.errors import DecodeError
from proxy_core.ir import media, seal
from proxy_core.ir.message import (
    CacheMark,
    Citation,
    FileReference,
    HostedStep,
    Inline,
    Json,
    Media,
    MediaKind,
    Opaque,
    Part,
    Reasoning,
    Seal,
    Text,
    ToolCall,
    ToolResult,
    Url,
)

_PDF = "application/pdf"
_MEDIA_MEMBERS = frozenset({"type", "source", "title", "cache_control"})


def decode_content(owner: Fields, role: str, names: Mapping[str, str]) -> list[Part]:
    """Read ``content``: a string or blocks. ``names`` maps call ids that came before to tool names."""
    content = owner.value.get("content")
    if isinstance(content, str):
        return [Text(content)]
    if not isinstance(content, list):
        refuse(owner.at("content"), f"a string or an array of blocks is needed here, not {name_of(content)}.")
    parts: list[Part] = []
    for block in owner.objects("content"):
        parts.extend(_block(block, role, names))
    return settle_carriers(parts) if role == "assistant" else parts


def decode_texts(owner: Fields, key: str) -> list[Text]:
    """Read a string or text blocks (``system``); anything but text is refused."""
    value = owner.value.get(key)
    if value is None:
        return []
    if isinstance(value, str):
        return [Text(value)]
    texts = []
    for block in owner.objects(key):
        if block.value.get("type") != "text":
            refuse(block.at("type"), "only text blocks are possible in instructions.")
        texts.append(_text(block))
    return texts


def decode_instructions(entry: Fields) -> list[Part]:
    """Read the content of a system message inside the conversation: text, and changes of the tools."""
    if not isinstance(entry.value.get("content"), list):
        return [*decode_texts(entry, "content")]
    parts: list[Part] = []
    for block in entry.objects("content"):
        if is_change(block):
            parts.append(kept_change(block))
        elif block.value.get("type") == "text":
            parts.append(_text(block))
        else:
            refuse(block.at("type"), "only text and changes of tools are possible in a system message.")
    return parts


def settle_carriers(parts: list[Part]) -> list[Part]:
    """Give seals back to the call or text that they were carried beside.

    A redacted block carries the seal of the part before it, or of the call after it where its kind says so.
    """
    out: list[Part] = []
    waiting: Seal | None = None
    for part in parts:
        seal = part.seal if isinstance(part, Reasoning) and part.redacted else None
        if seal is not None and seal.kind.removesuffix(OF_NEXT) in PART_SEALS:
            before = out[-1] if out else None
            if seal.kind.endswith(OF_NEXT):
                waiting = replace(seal, kind=seal.kind.removesuffix(OF_NEXT))
            elif isinstance(before, Text | ToolCall) and before.seal is None:
                out[-1] = replace(before, seal=seal)
            continue
        if waiting is not None and isinstance(part, ToolCall):
            part, waiting = replace(part, seal=waiting), None
        out.append(part)
    return out


def _block(block: Fields, role: str, names: Mapping[str, str]) -> list[Part]:
    kind = block.text("type")
    if kind in ("thinking", "redacted_thinking") and role != "assistant":
        return []  # thinking that a user claims for the model is not passed on
    if kind == "tool_use" and role != "assistant":
        refuse(block.at("type"), "tool_use blocks belong into assistant messages.")
    if kind == "tool_result" and role != "user":
        refuse(block.at("type"), "tool_result blocks belong into user messages.")
    if kind == "tool_result":
        return [_tool_result(block, names)]
    reader = _READERS.get(kind)
    if reader is not None:
        return [reader(block)]
    if steps.is_result(kind):
        block.maybe_text("tool_use_id")  # of the right type, if it is there
        return [steps.decode_result(block.value)]
    return [Opaque(NAME, block.value)]


def _mark(block: Fields) -> CacheMark | None:
    mark = block.maybe_object("cache_control")
    return None if mark is None else CacheMark(mark.maybe_text("ttl"))


def _text(block: Fields) -> Text:
    citations = tuple(decode_citation(item.value) for item in block.objects("citations"))
    return Text(block.text("text"), citations, _mark(block))


def decode_citation(raw: Mapping[str, Json]) -> Citation:
    """Keep a citation whole, with its neutral members beside."""

    def text(key: str) -> str | None:
        value = raw.get(key)
        return value if isinstance(value, str) else None

    title = text("title") or text("document_title")
    return Citation(url=text("url") or text("source"), title=title, quote=text("cited_text"), native=raw)


def _image(block: Fields) -> Part:
    return _media(block, "image")


def _document(block: Fields) -> Part:
    return _media(block, "document")


def _media(block: Fields, kind: MediaKind) -> Part:
    source = Fields.of(block.value.get("source"), block.at("source"))
    title, mark = block.maybe_text("title"), _mark(block)
    match source.text("type"):
        case "base64":
            found: Inline | Url | FileReference = _inline(source)
        case "text":
            raw = source.text("data").encode("utf-8", "surrogatepass")
            found = Inline("text/plain", base64.b64encode(raw).decode())
        case "url":
            found = Url(source.text("url"), _PDF if kind == "document" else None)
        case "file":
            found = FileReference(source.text("file_id"), NAME)
        case "content":
            return _stand_in(_flat(source, "content"), block)
        case _:
            return Opaque(NAME, block.value)
    if isinstance(found, Inline):
        kind = media.kind_of(found.mime)
    return Media(kind, found, name=title, cache=mark, seal=_kept(block.rest(_MEDIA_MEMBERS)))


def _kept(members: dict[str, Json]) -> Seal | None:
    """Return what only this dialect can say of a block, in case that it goes to this dialect again."""
    members = {key: value for key, value in members.items() if value is not None}
    return Seal(None, BLOCK, jsonbytes.text(members)) if members else None


def _stand_in(text: str, block: Fields) -> Text:
    """Return text that says in any dialect what the block says in this one."""
    return Text(text, cache=_mark(block), seal=_kept(block.rest(frozenset({"cache_control"}))))


def _inline(source: Fields) -> Inline:
    try:
        data = media.normalise_base64(source.text("data"))
    except DecodeError as error:
        refuse(source.at("data"), error.message)
    said = source.maybe_text("media_type")
    mime = media.true_mime(said or "", data)
    if said is None and mime == media.UNKNOWN:
        refuse(source.at("media_type"), "this field is required: nothing says what the data is.")
    return Inline(mime, data)


def _flat(owner: Fields, key: str) -> str:
    """Return the text in a string or in nested blocks, one block a line."""
    value = owner.value.get(key)
    if isinstance(value, str):
        return value
    return "\n".join(block.maybe_text("text") or "" for block in owner.objects(key))


def _search_result(block: Fields) -> Text:
    lines = (block.maybe_text("title"), block.maybe_text("source"), _flat(block, "content"))
    return _stand_in("\n".join(line for line in lines if line), block)


def _thinking(block: Fields) -> Reasoning:
    text = block.text("thinking")
    signature = block.maybe_text("signature")
    return Reasoning((text,) if text else (), _seal(signature or "", SIGNATURE))


def _redacted(block: Fields) -> Reasoning:
    return Reasoning((), _seal(block.text("data"), REDACTED), redacted=True)


def _seal(value: str, kind: str) -> Seal | None:
    found = seal.unwrap(value, kind)
    return None if found == UNSIGNED else found


def _tool_use(block: Fields) -> ToolCall:
    given = block.value.get("input")
    arguments = "{}" if given is None else jsonbytes.text(given)
    return ToolCall(block.text("id"), block.text("name"), arguments, cache=_mark(block))


def _server_tool_use(block: Fields) -> HostedStep:
    block.text("name"), block.maybe_text("id")  # both of the right type
    return steps.decode_call(block.value)


def _tool_result(block: Fields, names: Mapping[str, str]) -> ToolResult:
    call_id = block.text("tool_use_id")
    content = block.value.get("content")
    parts: list[Text | Media] = []
    if isinstance(content, str):
        parts = [Text(content)]
    elif not _are_blocks(content):  # seen from tools that answer with their bare result
        parts = [Text(jsonbytes.text(content))]
    elif content is not None:
        parts = [_result_part(item) for item in block.objects("content")]
    return ToolResult(
        call_id=call_id,
        content=tuple(parts),
        name=names.get(call_id),
        is_error=block.maybe_bool("is_error") or False,
        as_text=not isinstance(content, list) or not _are_blocks(content),
        cache=_mark(block),
        loads=_loads(content),
    )


def _are_blocks(content: Json) -> bool:
    """Whether a result is a list of blocks, or nothing."""
    if not isinstance(content, list):
        return content is None
    return not content or any(map(_is_block, content))


def _is_block(item: Json) -> bool:
    return isinstance(item, dict) and isinstance(item.get("type"), str)


def _loads(content: Json) -> tuple[str, ...]:
    blocks = content if isinstance(content, list) else ()
    named = (one.get("tool_name") for one in blocks if _is_block(one) and one["type"] == "tool_reference")
    return tuple(name for name in named if isinstance(name, str))


def _result_part(block: Fields) -> Text | Media:
    kind = block.text("type")
    if kind == "tool_reference":
        # The client now declares the tool itself; elsewhere the model only needs to be told.
        return _stand_in(f"The tool {block.text('tool_name')} is now available.", block)
    if kind == "image" and not _has_source(block):
        return Text("[An image without data was left out.]")
    reader = _READERS.get(kind) if kind in ("text", "image", "document", "search_result") else None
    part = reader(block) if reader is not None else None
    if isinstance(part, Text | Media):
        return part
    return _stand_in(jsonbytes.text(block.value), block)


def _has_source(block: Fields) -> bool:
    source = block.value.get("source")
    if not isinstance(source, dict):
        return False
    return source.get("type") != "base64" or bool(source.get("data"))


_READERS: Mapping[str, Callable[[Fields], Part]] = MappingProxyType(
    {
        "text": _text,
        "image": _image,
        "document": _document,
        "search_result": _search_result,
        "thinking": _thinking,
        "redacted_thinking": _redacted,
        "tool_use": _tool_use,
        "server_tool_use": _server_tool_use,
    }
)
