"""Output items of an upstream's response: to parts, and to the reason why it ended.

Lenient: what an upstream leaves out or misspells costs the item, never the reply.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from proxy_core.dialects.openai_responses.citations import decode_citations
from proxy_core.dialects.openai_responses.hosted import HOSTED_STEPS
from proxy_core.dialects.openai_responses.steps import decode_step
from proxy_core.dialects.openai_responses.wire import NAME, SEAL_KIND
from proxy_core.errors import DecodeError
from proxy_core.ir.fold import ended
from proxy_core.ir.media import normalise_base64, sniff_mime
from proxy_core.ir.message import (
    Inline,
    Json,
    Media,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Seal,
    Text,
    ToolCall,
)
from proxy_core.ir.stream import Finish, FinishReason

_INCOMPLETE: Mapping[str, FinishReason] = MappingProxyType(
    {"max_output_tokens": "length", "content_filter": "filter", "max_messages": "length"}
)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an item stands: who issued it, in which response, at which place of the output."""

    issuer: str
    response_id: str
    index: int


def string(value: Json) -> str:
    """Return a string, and nothing else."""
    return value if isinstance(value, str) else ""


def whole_number(value: Json) -> int | None:
    """Return a finite number without its fraction, and nothing else."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not -math.inf < value < math.inf:
        return None
    return int(value)


def objects(value: Json) -> list[dict[str, Json]]:
    """Return the objects of a list, of anything else none."""
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def decode_item(item: Mapping[str, Json], origin: Origin) -> tuple[Part, ...]:
    """Return the parts of one output item; none for an empty one."""
    kind = string(item.get("type"))
    match kind:
        case "message":
            phase = string(item.get("phase")) or None
            parts = (decode_piece(piece, phase) for piece in objects(item.get("content")))
            return tuple(part for part in parts if part is not None and part.text)
        case "reasoning":
            reasoning = decode_reasoning(item, origin)
            return () if reasoning is None else (reasoning,)
        case "function_call" | "custom_tool_call":
            call = decode_call(item, origin)
            return () if call is None else (call,)
        case "image_generation_call":
            return (_image(item),)
        case _ if kind in HOSTED_STEPS:
            return (decode_step(item),)
        case _:
            return (Opaque(NAME, item),)


def decode_piece(piece: Mapping[str, Json], phase: str | None = None) -> Text | Refusal | None:
    """Return one content part of a message; ``phase`` is the message's."""
    match piece.get("type"):
        case "output_text" | "text":
            text, cited = string(piece.get("text")), decode_citations(piece.get("annotations"))
            return Text(text, cited, phase=phase)
        case "refusal":
            return Refusal(string(piece.get("refusal")))
        case _:
            return None


def decode_reasoning(item: Mapping[str, Json], origin: Origin) -> Reasoning | None:
    """Return the thinking of an item: its summary, else its raw text; None if there is nothing at all."""
    segments = _texts(item, "summary") or _texts(item, "content")
    sealed = string(item.get("encrypted_content"))
    if not segments and not sealed:
        return None
    seal = Seal(origin.issuer, SEAL_KIND, sealed) if sealed else None
    return Reasoning(segments, seal, id=string(item.get("id")) or None)


def _texts(item: Mapping[str, Json], key: str) -> tuple[str, ...]:
    texts = (string(entry.get("text")) for entry in objects(item.get(key)))
    return tuple(text for text in texts if text)


def decode_call(item: Mapping[str, Json], origin: Origin) -> ToolCall | None:
    """Return the call of an item, None as long as it has no name. A missing id is derived, never drawn."""
    name = string(item.get("name"))
    if not name:
        return None
    call_id = string(item.get("call_id")) or _derived_id(origin, name)
    namespace = string(item.get("namespace")) or None
    if item.get("type") == "custom_tool_call":
        return ToolCall(call_id, name, string(item.get("input")), "freeform", namespace)
    arguments = string(item.get("arguments"))
    if not arguments.strip():
        # Cut before its arguments, or a tool that takes none.
        arguments = "" if item.get("status") == "incomplete" else "{}"
    return ToolCall(call_id, name, arguments, "json", namespace)


def _derived_id(origin: Origin, name: str) -> str:
    seed = f"{origin.response_id}\0{origin.index}\0{name}"
    return "call_" + hashlib.sha256(seed.encode("utf-8", "surrogatepass")).hexdigest()[:24]


def _image(item: Mapping[str, Json]) -> Part:
    try:
        data = normalise_base64(string(item.get("result")))
    except DecodeError:
        data = ""
    if not data:
        return decode_step(item)
    mime = sniff_mime(data) or f"image/{string(item.get('output_format')) or 'png'}"
    return Media("image", Inline(mime, data))


def decode_finish(response: Mapping[str, Json], parts: Iterable[Part]) -> Finish:
    """Return why a response ended that did not fail, in step with the calls in it."""
    parts = tuple(parts)
    if response.get("status") == "incomplete":
        details = response.get("incomplete_details")
        native = string(details.get("reason")) if isinstance(details, dict) else ""
        return Finish(_INCOMPLETE.get(native, "other"), native or "incomplete", NAME)
    refused = any(isinstance(part, Refusal) for part in parts)
    return ended(Finish("refusal" if refused else "stop", "completed", NAME), parts)
