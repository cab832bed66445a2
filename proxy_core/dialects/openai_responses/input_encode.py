"""Messages to ``input`` items."""

from __future__ import annotations

from collections.abc import Iterable
from types import MappingProxyType

from proxy_core.dialect import EncodeTarget
from proxy_core.dialects.openai_responses.local_results import encode_result
from proxy_core.dialects.openai_responses.media_encode import encode_input
from proxy_core.dialects.openai_responses.wire import NAME, SEAL_KIND
from proxy_core.ir.message import (
    HostedStep,
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
from proxy_core.ir.request import Loss, Request
from proxy_core.ir.seal import sendable

ERROR_PREFIX = "Error: "
_EMPTY = MappingProxyType({"type": "input_text", "text": ""})


def keep_sayable(request: Request, target: EncodeTarget) -> tuple[tuple[Message, ...], list[Loss]]:
    """Drop the parts that no item can carry, before the conversation is arranged.

    Reasoning without a seal is worthless to the model, and a foreign seal must not be sent. Steps of another
    vendor's tools and unknown blocks of another dialect are losses.
    """
    losses: list[Loss] = []
    messages = []
    for place, message in enumerate(request.messages):
        parts = []
        for number, part in enumerate(message.parts):
            if isinstance(part, HostedStep | Opaque) and part.dialect != NAME:
                losses.append(Loss(f"messages[{place}]", f"A {_title(part)} of another vendor was dropped."))
            elif _is_sayable(part, message.parts[number + 1 :], target):
                parts.append(part)
        if message.name:
            losses.append(Loss(f"messages[{place}].name", "Messages have no name here."))
        if parts:
            messages.append(Message(message.role, tuple(parts), extensions=message.extensions))
    return tuple(messages), losses


def _title(part: HostedStep | Opaque) -> str:
    return f"step of {part.kind}" if isinstance(part, HostedStep) else "block"


def _is_sayable(part: Part, after: tuple[Part, ...], target: EncodeTarget) -> bool:
    if isinstance(part, Reasoning):
        # The vendor refuses a reasoning item that nothing follows.
        follows = any(isinstance(other, Text | Refusal | ToolCall | HostedStep) for other in after)
        return follows and sendable(part.seal, target.issuer, SEAL_KIND) is not None
    return not (isinstance(part, Text) and not part.text and part.seal is not None)


def encode_system(system: tuple[Part, ...], marks: bool) -> tuple[str | None, list[Json]]:
    """Write the leading instructions: one text, or a developer item where some are marked or media.

    Raises UnsupportedError for media that cannot be said.
    """
    kept = [part for part in system if isinstance(part, Media) or (isinstance(part, Text) and part.text)]
    texts = [part for part in kept if isinstance(part, Text)]
    if len(texts) < len(kept) or (marks and any(part.cache is not None for part in texts)):
        content = [encode_input(part, "instructions", marks) for part in kept]
        return None, [_heard("developer", content)]
    return "\n\n".join(part.text for part in texts) or None, []


def encode_messages(messages: Iterable[Message], target: EncodeTarget) -> list[Json]:
    """Write all messages. Raises UnsupportedError for media that cannot be said."""
    writer = _Writer(target)
    for place, message in enumerate(messages):
        path = f"messages[{place}]"
        if message.role == "model":
            writer.said(message, path)
        else:
            writer.heard(message, path)
    return writer.items


def _heard(role: str, content: Json) -> dict[str, Json]:
    return {"type": "message", "role": role, "content": content}


class _Writer:
    def __init__(self, target: EncodeTarget) -> None:
        self.items: list[Json] = []
        self._target = target
        self._marks = target.strict
        self._forms: dict[str, str] = {}
        self._typed: dict[str, str] = {}

    def heard(self, message: Message, path: str) -> None:
        """Write a user or system turn; results are items of their own, in their place."""
        role = "user" if message.role == "user" else "developer"
        content: list[Json] = []
        for part in message.parts:
            if isinstance(part, Text | Media):
                content.append(encode_input(part, path, self._marks))
            elif isinstance(part, Refusal):
                content.append({"type": "input_text", "text": part.text})
            elif isinstance(part, ToolResult):
                self._close(role, content)
                content = []
                self.items.append(self._result(part, path))
            elif isinstance(part, Opaque) and str(part.raw.get("type", "")).startswith("input_"):
                content.append(dict(part.raw))
            elif isinstance(part, HostedStep | Opaque):
                self._close(role, content)
                content = []
                self.items.append(dict(part.raw))
        self._close(role, content)

    def _close(self, role: str, content: list[Json]) -> None:
        if content:
            full = [part for part in content if part != _EMPTY]
            self.items.append(_heard(role, full or content[:1]))

    def said(self, message: Message, path: str) -> None:
        """Write a turn of the model, item by item; ids are left out: what nobody stored must not be named."""
        for part in message.parts:
            match part:
                case Text() | Refusal():
                    item = {"type": "message", "role": "assistant", "content": part.text}
                    self.items.append({**item, **_phase(message)})
                case Reasoning():
                    self.items.append(self._reasoning(part))
                case ToolCall():
                    self.items.append(self._call(part))
                case HostedStep() | Opaque():
                    self.items.append(dict(part.raw))
                case Media():
                    # An assistant item cannot hold an image: the user shows it again.
                    note: dict[str, Json] = {"type": "input_text", "text": "You made this image:"}
                    shown = encode_input(part, path, self._marks)
                    self.items.append(_heard("user", [note, shown]))

    def _reasoning(self, part: Reasoning) -> dict[str, Json]:
        item: dict[str, Json] = {"type": "reasoning"}
        if part.id and part.id.startswith("rs_") and len(part.id) <= 64:
            item["id"] = part.id
        item["summary"] = [{"type": "summary_text", "text": text} for text in part.segments]
        item["encrypted_content"] = sendable(part.seal, self._target.issuer, SEAL_KIND)
        return item

    def _call(self, part: ToolCall) -> dict[str, Json]:
        self._forms[part.id] = part.form
        if part.typed is not None and part.typed.dialect == NAME and part.typed.raw:
            self._typed[part.id] = part.typed.kind
            return {**part.typed.raw, "call_id": part.id}
        item: dict[str, Json] = {"call_id": part.id, "name": part.name}
        if part.form == "freeform":
            item = {"type": "custom_tool_call", **item, "input": part.arguments}
        else:
            item = {"type": "function_call", **item, "arguments": part.arguments or "{}"}
        if part.namespace is not None:
            item["namespace"] = part.namespace
        return item

    def _result(self, part: ToolResult, path: str) -> dict[str, Json]:
        if (typed := self._typed.get(part.call_id)) is not None:
            return encode_result(typed, part)
        freeform = self._forms.get(part.call_id, part.form) == "freeform"
        kind = "custom_tool_call_output" if freeform else "function_call_output"
        return {"type": kind, "call_id": part.call_id, "output": self._output(part, path)}

    def _output(self, part: ToolResult, path: str) -> Json:
        if all(isinstance(one, Text) for one in part.content) and (part.as_text or len(part.content) < 2):
            return _flagged(part.text) if part.is_error else part.text
        content = list(part.content)
        if part.is_error:
            first = content[0] if isinstance(content[0], Text) else None
            rest = content if first is None else content[1:]
            content = [Text(_flagged(first.text if first else "")), *rest]
        return [encode_input(one, path, self._marks) for one in content]


def _phase(message: Message) -> dict[str, Json]:
    # whether it was said on the way or at the end; the vendor wants it back
    return {"phase": message.extensions["phase"]} if "phase" in message.extensions else {}


def _flagged(text: str) -> str:
    return text if text.lower().startswith("error") else f"{ERROR_PREFIX}{text}".rstrip()
