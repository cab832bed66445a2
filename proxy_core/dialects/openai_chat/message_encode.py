"""Messages for an upstream, after the conversation was arranged."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from proxy_core.dialects.openai_chat.part_encode import ContentEncoder
from proxy_core.dialects.openai_chat.thinking import encode_history, encode_history_call_seal
from proxy_core.dialects.openai_chat.wire import NAME
from proxy_core.errors import UnsupportedError
from proxy_core.ir.message import (
    FileReference,
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
)
from proxy_core.ir.request import Loss

Wire = dict[str, Json]


def encode_system(parts: Sequence[Part], content: ContentEncoder, name: str | None = None) -> list[Wire]:
    """Return the system message, none for empty instructions. Raises UnsupportedError for media."""
    for part in parts:
        if isinstance(part, Media):
            raise UnsupportedError(
                "The chosen model takes only text as instructions; move the media into a user message.",
                param="system",
            )
    kept = [part for part in parts if not _is_mute(part)]
    if not kept:
        return []
    return [_named({"role": "system", "content": content.content(kept)}, name)]


def _is_mute(part: Part) -> bool:
    # an unknown block among the instructions is a client's label for its own vendor
    if isinstance(part, Opaque):
        return part.dialect != NAME
    return isinstance(part, Text) and not part.text


def encode_messages(messages: Iterable[Message], content: ContentEncoder, issuer: str) -> list[Wire]:
    """Return the conversation.

    A tool message holds text only: media of results follow in a user message after all results of the
    batch, labelled with their call ids.
    """
    wire: list[Wire] = []
    waiting: list[Part] = []
    for message in _joined(messages):
        for key in message.extensions:
            content.losses.append(Loss(f"messages[].{key}", "The chosen model's API has no such member."))
        results = [part for part in message.parts if isinstance(part, ToolResult)]
        for result in results:
            tool, media = _result(result, content)
            wire.append(tool)
            waiting.extend(media)
        others = tuple(part for part in message.parts if not isinstance(part, ToolResult))
        if not others and results:
            continue
        if waiting and message.role != "user":
            wire.append({"role": "user", "content": content.content(waiting)})
            waiting = []
        wire.extend(_message(replace(message, parts=(*waiting, *others)), content, issuer))
        waiting = []
    if waiting:
        wire.append({"role": "user", "content": content.content(waiting)})
    return wire


def _message(message: Message, content: ContentEncoder, issuer: str) -> list[Wire]:
    match message.role:
        case "system":
            return encode_system(message.parts, content, message.name)
        case "model":
            return _assistant(message, content, issuer)
        case _:
            return [_named({"role": "user", "content": content.content(message.parts)}, message.name)]


def _assistant(message: Message, content: ContentEncoder, issuer: str) -> list[Wire]:
    calls = [part for part in message.parts if isinstance(part, ToolCall)]
    media = [part for part in message.parts if isinstance(part, Media)]
    said = [part for part in message.parts if not isinstance(part, Reasoning | ToolCall | Media)]
    cited = any(isinstance(part, Text) and part.citations for part in said)
    wire: Wire = {"role": "assistant"}
    extensions = encode_history(message, issuer) if content.extends else {}
    text = content.content(said, "" if cited else "\n\n")
    worded = any(isinstance(part, Text | Refusal) for part in said)
    if message.parts and not (text or calls or media or extensions or worded):
        return []  # nothing but thinking and blocks that may not be sent
    if isinstance(text, str) and not text and calls:
        wire["content"] = None
    else:
        wire["content"] = text
    wire |= extensions
    _add_media(wire, media, content)
    if calls:
        wire["tool_calls"] = [_call(call, content, issuer) for call in calls]
    return [_named(wire, message.name)]


def _add_media(wire: Wire, media: list[Media], content: ContentEncoder) -> None:
    for part in media:
        if part.kind == "audio" and isinstance(part.source, FileReference) and part.source.dialect == NAME:
            wire["audio"] = {"id": part.source.id}
        elif part.kind == "image" and content.extends:
            wire.setdefault("images", []).append(content.part(part))
        else:
            content.losses.append(Loss(f"messages[].{part.kind}", "An assistant message cannot hold media."))


def _call(call: ToolCall, content: ContentEncoder, issuer: str) -> Wire:
    if call.form == "freeform":
        return {"id": call.id, "type": "custom", "custom": {"name": call.name, "input": call.arguments}}
    wire: Wire = {
        "id": call.id,
        "type": "function",
        "function": {"name": call.name, "arguments": call.arguments or "{}"},
    }
    seal = encode_history_call_seal(call, issuer) if content.extends else None
    if seal is not None:
        wire["extra_content"] = seal
    return wire


def _result(result: ToolResult, content: ContentEncoder) -> tuple[Wire, list[Part]]:
    texts = [replace(part, cache=None) for part in result.content if isinstance(part, Text)]
    media = [replace(part, cache=None) for part in result.content if isinstance(part, Media)]
    if result.is_error and not result.text.lstrip().lower().startswith("error"):
        texts = [Text(f"Error: {texts[0].text}" if texts else "Error"), *texts[1:]]
    if result.cache is not None:
        texts = [*texts[:-1], replace(texts[-1] if texts else Text(""), cache=result.cache)]
    text = content.content(texts, "\n")
    if result.as_text and isinstance(text, list) and result.cache is None:
        text = "".join(part.text for part in texts)
    if not text:
        text = "See the media in the next message." if media else ""
    wire: Wire = {"role": "tool", "tool_call_id": result.call_id, "content": text}
    label = [Text(f"Output of tool call {result.call_id}:")] if media else []
    return wire, [*label, *media]


def _joined(messages: Iterable[Message]) -> list[Message]:
    # Thinking that stands alone belongs to what the model said next.
    joined: list[Message] = []
    for message in messages:
        before = joined[-1] if joined else None
        if before is not None and before.role == message.role == "model" and _only_thinks(before):
            joined[-1] = replace(message, parts=(*before.parts, *message.parts))
        else:
            joined.append(message)
    return joined


def _only_thinks(message: Message) -> bool:
    return bool(message.parts) and all(isinstance(part, Reasoning) for part in message.parts)


def _named(wire: Wire, name: str | None) -> Wire:
    if name:
        wire["name"] = name
    return wire
