"""``contents`` and ``systemInstruction`` of a client's request."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from proxy_core.dialects.gemini_generate import pairing
from proxy_core.dialects.gemini_generate.arguments import decode_arguments, decode_output
from proxy_core.dialects.gemini_generate.finish import NAME
from proxy_core.dialects.gemini_generate.pairing import Identity, Place
from proxy_core.dialects.gemini_generate.reading import Node, as_list, wrong
from proxy_core.dialects.gemini_generate.steps import decode_step
from proxy_core.errors import DecodeError
from proxy_core.ir import media
from proxy_core.ir.message import (
    FileReference,
    Inline,
    Json,
    Media,
    Message,
    Opaque,
    Part,
    Reasoning,
    Role,
    Seal,
    Text,
    ToolCall,
    ToolResult,
    Url,
)
from proxy_core.ir.seal import unwrap

SIGNATURE = "gemini.signature"
SENTINELS = frozenset({"skip_thought_signature_validator", "context_engineering_is_the_way_to_go"})
_CALL_SEALS = frozenset({"chat.signature"})
"""Kinds of others that sit on a call, as the own one does; all others sit on thinking before it."""

_ROLES: Mapping[str, Role] = MappingProxyType(
    {
        "user": "user",
        "model": "model",
        "assistant": "model",
        "function": "user",
        "tool": "user",
        "system": "system",
    }
)
_FILES_API = re.compile(r"^https://generativelanguage\.googleapis\.com/|^files/|^gs://")
_DETAILS = MappingProxyType({"LOW": "low", "MEDIUM": "auto", "HIGH": "high", "ULTRA_HIGH": "original"})


def decode_contents(body: Node) -> tuple[Message, ...]:
    """Decode the conversation. Raises DecodeError."""
    given = body.get("contents")
    if given is None:
        raise DecodeError("contents is missing: a list of turns is needed.", param="contents")
    turns = [_turn(item, f"contents[{index}]") for index, item in enumerate(as_list(given))]
    parts = [turn.nodes("parts") for turn in turns]
    identities = pairing.identify(parts)
    messages: list[Message] = []
    role: Role = "model"
    for at, turn in enumerate(turns):
        role = _role(turn, role)
        decoded = [
            piece for i, part in enumerate(parts[at]) for piece in _part(part, role, identities, (at, i))
        ]
        messages.append(Message(role, tuple(_whole(decoded) if role == "model" else decoded)))
    return tuple(messages)


def _whole(parts: list[Part]) -> list[Part]:
    """Join what was cut only by streaming: clients send a reply's pieces back as they came.

    A signature seals its own piece; one that came alone belongs to the text before it.
    """
    whole: list[Part] = []
    for part in parts:
        joined = _joined(whole[-1], part) if whole else None
        if joined is None:
            whole.append(part)
        else:
            whole[-1] = joined
    return [_emptied(part) for part in whole]


def _emptied(part: Part) -> Part:
    return replace(part, segments=()) if isinstance(part, Reasoning) and not part.text else part


def _joined(before: Part, part: Part) -> Part | None:
    match before, part:
        case Reasoning(seal=None), Reasoning(seal=None):
            return Reasoning((before.text + part.text,))
        case Reasoning(seal=None), Reasoning(segments=("",)):
            return Reasoning(before.segments, part.seal)
        case Text(seal=None), Text() if part.seal is None or not part.text:
            return Text(before.text + part.text, seal=part.seal)
        case _:
            return None


def _turn(item: Json, path: str) -> Node:
    if isinstance(item, str):
        return Node({"parts": [{"text": item}]}, path)
    node = Node.of(item, path)
    if not node.has("parts") and (node.has("text") or node.has("inlineData")):
        return Node({"parts": [dict(node.members)]}, path)
    return _spread(node)


def _spread(node: Node) -> Node:
    """Return a turn whose parts are objects: the API also takes bare strings."""
    parts = node.get("parts")
    if not isinstance(parts, str | list):
        return node
    spread = [{"text": part} if isinstance(part, str) else part for part in as_list(parts)]
    return Node({**node.members, "parts": spread}, node.path)


def _role(turn: Node, previous: Role) -> Role:
    word = turn.text("role")
    if not word:
        return "user"
    known = _ROLES.get(word.lower())
    if known is not None:
        return known
    return "model" if previous == "user" else "user"


def _part(part: Node, role: Role, identities: Mapping[Place, Identity], place: Place) -> list[Part]:
    """Decode one part: none if it is empty, two if it carries the sealed thinking of another vendor."""
    seal = decode_seal(part)
    if part.get("thought") is True and part.has("text"):
        text = part.text("text") or ""
        return [Reasoning((text,), seal)] if role != "user" and (text or seal) else []
    decoded = _plain(part, identities, place)
    if decoded is None:
        return []
    if seal is None or isinstance(decoded, ToolResult):
        return [decoded]
    if seal.kind != SIGNATURE and not (seal.kind in _CALL_SEALS and isinstance(decoded, ToolCall)):
        carrier = Reasoning((), seal, redacted=seal.kind.endswith("redacted"))
        return [carrier] if decoded == Text("") else [carrier, decoded]
    return [replace(decoded, seal=seal)] if isinstance(decoded, Text | Media | ToolCall) else [decoded]


def decode_seal(part: Node) -> Seal | None:
    """Return what ``thoughtSignature`` holds; the vendor's bypass words are nobody's seal."""
    value = part.text("thoughtSignature")
    return None if not value or value in SENTINELS else unwrap(value, SIGNATURE)


def _plain(part: Node, identities: Mapping[Place, Identity], place: Place) -> Part | None:
    if part.has("functionCall"):
        return _call(part, identities[place])
    if part.has("functionResponse"):
        return _result(part, identities[place])
    return decode_plain(part)


def decode_plain(part: Node) -> Part | None:
    """Decode a part that is neither call nor response nor thought; None for one without data."""
    if part.has("text"):
        return Text(part.text("text") or "")
    if (blob := part.node("inlineData")) is not None:
        return replace(_inline(blob), detail=_detail(part))
    if (file := part.node("fileData")) is not None:
        return replace(_file(file), detail=_detail(part))
    if (step := decode_step(part.members)) is not None:
        return step
    known = part.members.keys() - {"thought", "thoughtSignature", "videoMetadata", "mediaResolution"}
    if known:
        return Opaque(NAME, dict(part.members))
    return Text("") if part.has("thoughtSignature") else None


def _inline(blob: Node) -> Media:
    data, mime = blob.text("data"), blob.text("mimeType")
    if data is None:
        wrong(blob.at("data"), "base64 text")
    try:
        data = media.normalise_base64(data)
    except DecodeError as error:
        raise DecodeError(f"{blob.at('data')}: {error.message}", param=blob.at("data")) from None
    mime = media.true_mime(mime or "", data)
    return Media(media.kind_of(mime), Inline(mime, data), blob.text("displayName"))


def _file(file: Node) -> Media:
    uri, mime = file.text("fileUri"), file.text("mimeType")
    if not uri:
        wrong(file.at("fileUri"), "the address of a file")
    source = FileReference(uri, NAME, mime) if _FILES_API.search(uri) else Url(uri, mime)
    kind = media.kind_of(mime) if mime else "video" if "youtu" in uri else "document"
    return Media(kind, source, file.text("displayName"))


def _detail(part: Node) -> str | None:
    level = part.get("mediaResolution")
    level = level.get("level") if isinstance(level, dict) else level
    return _DETAILS.get(level.removeprefix("MEDIA_RESOLUTION_")) if isinstance(level, str) else None


def _call(part: Node, identity: Identity) -> ToolCall:
    call = part.node("functionCall") or part
    args = call.get("args")
    if not identity.name:
        wrong(call.at("name"), "the name of a function")
    if args is not None and not isinstance(args, dict):
        wrong(call.at("args"), "an object")
    return ToolCall(identity.id, identity.name, decode_arguments(args))


def _result(part: Node, identity: Identity) -> ToolResult:
    response = part.node("functionResponse") or part
    text, is_error = decode_output(response.get("response"), identity.name)
    content: list[Text | Media] = [Text(text)] if text else []
    for item in response.nodes("parts"):
        found = decode_plain(item)
        if isinstance(found, Text | Media):
            content.append(found)
    has_media = any(isinstance(item, Media) for item in content)
    return ToolResult(identity.id, tuple(content), identity.name or None, is_error, as_text=not has_media)


def decode_system(body: Node) -> tuple[Part, ...]:
    """Decode ``systemInstruction``: a string, a content, or a list of parts; the role does not matter."""
    given = body.get("systemInstruction")
    if given is None:
        return ()
    path = "systemInstruction"
    if isinstance(given, list):
        given = {"parts": given}
    turn = _turn(given, path)
    decoded = [decode_plain(part) for part in turn.nodes("parts")]
    return tuple(part for part in decoded if part is not None and part != Text(""))
