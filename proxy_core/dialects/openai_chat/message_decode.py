"""Messages of a request (openai 3.52.0 ``ChatCompletionMessageParam``, 2026-11-20)."""

from __future__ import annotations

from dataclasses import replace

from proxy_core import jsonbytes
from proxy_core.dialects.openai_chat.part_decode import decode_cache, decode_content, decode_result_content
from proxy_core.dialects.openai_chat.shape import Shape, wrong
from proxy_core.dialects.openai_chat.thinking import attach_seal, decode_history
from proxy_core.dialects.openai_chat.wire import NAME, SIGNATURE, signature_of
from proxy_core.ir import seal as seals
from proxy_core.ir.message import (
    FileReference,
    Json,
    Media,
    Message,
    Part,
    Refusal,
    Seal,
    Text,
    ToolCall,
    ToolResult,
)

_SHARED = frozenset({"role", "content", "name", "cache_control"})
_ASSISTANT = _SHARED | {
    "refusal", "tool_calls", "function_call", "audio", "annotations", "images",
    "reasoning_content", "reasoning", "reasoning_details", "thinking_blocks",
}  # fmt: skip
_TOOL = _SHARED | {"tool_call_id"}


def decode_messages(body: Shape) -> tuple[tuple[Part, ...], tuple[Message, ...]]:
    """Return the leading instructions, one part per block, and the conversation after them."""
    if not body.items("messages"):
        raise wrong("messages", "an array with at least one message")
    system: list[Part] = []
    messages: list[Message] = []
    legacy: dict[str, str] = {}
    for index, shape in enumerate(body.objects("messages")):
        message = _decode(shape, index, legacy)
        if message.role == "system" and not messages:
            system.extend(part for part in message.parts if not (isinstance(part, Text) and not part.text))
        else:
            messages.append(message)
    return tuple(system), tuple(messages)


def _decode(shape: Shape, index: int, legacy: dict[str, str]) -> Message:
    match shape.needed_text("role"):
        case "system" | "developer":
            return Message("system", _marked(_needed(shape), shape), shape.text("name"), shape.rest(_SHARED))
        case "user":
            return Message("user", _marked(_needed(shape), shape), shape.text("name"), shape.rest(_SHARED))
        case "assistant":
            parts = _assistant(shape, index, legacy)
            return Message("model", _marked(parts, shape), shape.text("name"), shape.rest(_ASSISTANT))
        case "tool":
            result = _result(shape, shape.needed_text("tool_call_id"))
            return Message("user", (result,), None, shape.rest(_TOOL))
        case "function":
            name = shape.needed_text("name")
            return Message(
                "user", (_result(shape, legacy.get(name, f"call_{name}")),), None, shape.rest(_SHARED)
            )
        case _:
            raise wrong(shape.at("role"), "one of developer, system, user, assistant, tool, function")


def _needed(shape: Shape) -> list[Part]:
    if shape.get("content") is None:
        raise wrong(shape.at("content"), "a string or an array of parts")
    return decode_content(shape)


def _result(shape: Shape, call_id: str) -> ToolResult:
    content, as_text = decode_result_content(shape)
    return ToolResult(call_id, content, shape.text("name"), as_text=as_text, cache=decode_cache(shape))


def _marked(parts: list[Part], shape: Shape) -> tuple[Part, ...]:
    """Give a message-level cache mark to the last part, unless that has its own."""
    mark = decode_cache(shape)
    if mark is not None and parts:
        last = parts[-1]
        if isinstance(last, Text | Media | ToolCall) and last.cache is None:
            parts[-1] = replace(last, cache=mark)
    return tuple(parts)


def _assistant(shape: Shape, index: int, legacy: dict[str, str]) -> list[Part]:
    thoughts, text_seal = decode_history(shape.value)
    said = [part for part in decode_content(shape) if not (isinstance(part, Text) and not part.text)]
    if text_seal is not None:
        texts = [part for part in said if isinstance(part, Text)]
        others = [part for part in said if not isinstance(part, Text)]
        said = [*attach_seal(texts, text_seal), *others]
    refusal = shape.text("refusal")
    if refusal:
        said.append(Refusal(refusal))
    audio = shape.member("audio")
    if audio is not None:
        said.append(Media("audio", FileReference(audio.needed_text("id"), NAME)))
    said.extend(_images(shape))
    calls: list[Part] = [_call(call) for call in shape.objects("tool_calls")]
    function = shape.member("function_call")
    if function is not None:
        name = function.needed_text("name")
        legacy[name] = f"call_{name}_{index}"
        calls.append(ToolCall(legacy[name], name, _arguments(function, "arguments")))
    return [*thoughts, *said, *calls]


def _images(shape: Shape) -> list[Part]:
    # Image output, as our replies and OpenRouter's carry it.
    return [part for part in decode_content(shape, "images") if isinstance(part, Media)]


def _call(shape: Shape) -> ToolCall:
    seal = _call_seal(shape.value)
    identity = shape.needed_text("id")
    if shape.text("type") == "custom":
        custom = shape.needed_member("custom")
        name = custom.needed_text("name")
        return ToolCall(
            identity, name, custom.text("input") or "", "freeform", cache=decode_cache(shape), seal=seal
        )
    function = shape.needed_member("function")
    arguments = _arguments(function, "arguments")
    return ToolCall(identity, function.needed_text("name"), arguments, cache=decode_cache(shape), seal=seal)


def _arguments(shape: Shape, name: str) -> str:
    """Return arguments as JSON text; an object in place of the string is taken as well."""
    value: Json = shape.get(name)
    if isinstance(value, dict):
        return jsonbytes.text(value)
    text = shape.text(name) or ""
    return text if text.strip() else "{}"


def _call_seal(call: dict[str, Json]) -> Seal | None:
    value = signature_of(call)
    return None if value is None else seals.unwrap(value, SIGNATURE)
