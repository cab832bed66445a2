"""Leaves only parts that a conversation of this dialect can hold, before its laws are applied."""

from __future__ import annotations

from dataclasses import replace

from proxy_core.dialects.anthropic_messages.words import BLOCK, NAME, REDACTED, SIGNATURE
from proxy_core.errors import UnsupportedError
from proxy_core.ir.message import (
    HostedStep,
    Inline,
    Media,
    Message,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Seal,
    Text,
    ToolCall,
    ToolResult,
)
from proxy_core.ir.request import Loss, Request
from proxy_core.ir.seal import sendable


def thinking_seal(part: Reasoning, issuer: str) -> str | None:
    """Return the signature or redacted data that ``issuer`` may have back, else None."""
    return sendable(part.seal, issuer, REDACTED if part.redacted else SIGNATURE)


def select(request: Request, issuer: str, losses: list[Loss]) -> Request:
    """Return the request without parts that cannot be sent; what a person could miss becomes a loss.

    Thinking that the upstream did not sign is dropped silently, its seals would be refused. Seals on other
    parts have no place here.
    """
    messages = []
    for place, message in enumerate(request.messages):
        path = f"messages[{place}]"
        _report(message, path, losses)
        kept = (_part(part, message, path, issuer, losses) for part in message.parts)
        messages.append(replace(message, parts=tuple(part for part in kept if part is not None)))
    system = tuple(_system(part) for part in request.system)
    return replace(request, messages=tuple(messages), system=system)


def _report(message: Message, path: str, losses: list[Loss]) -> None:
    if message.name:
        losses.append(Loss(f"{path}.name", "Anthropic's messages have no names"))
    losses += [Loss(f"{path}.{key}", "Anthropic has nothing like it") for key in message.extensions]
    details = {part.detail for part in message.parts if isinstance(part, Media) and part.detail}
    if details - {"auto"}:
        losses.append(Loss(f"{path}.detail", "Anthropic chooses the detail of an image itself"))


def _system(part: Part) -> Text | Opaque:
    if isinstance(part, Text):
        return replace(part, seal=None)
    if isinstance(part, Opaque) and part.dialect == NAME:
        return part  # a label that the client wrote for this vendor
    raise UnsupportedError(
        "Anthropic takes only text as instructions; move other content into a user message.", param="system"
    )


def _part(part: Part, message: Message, path: str, issuer: str, losses: list[Loss]) -> Part | None:
    match part:
        case Reasoning():
            return _thinking(part, message, issuer)
        case Text():
            return _unsealed(part)
        case ToolCall():
            return part if part.seal is None else replace(part, seal=None)
        case ToolResult():
            content = tuple(_unsealed(item) if isinstance(item, Text) else item for item in part.content)
            return replace(part, content=content)
        case Refusal():
            return Text(part.text)
        case Media() if message.role == "model":
            losses.append(Loss(path, "Anthropic takes no media in an assistant message"))
            return Text(media_note(part))
        case Media() if message.role == "system":
            return _system(part)
        case HostedStep() | Opaque() if part.dialect != NAME:
            losses.append(Loss(path, "only the dialect that it came from can repeat this step"))
            return None
        case _:
            return part


def _unsealed(part: Text) -> Text:
    if part.seal is None or part.seal.kind == BLOCK:
        return part
    return replace(part, seal=None)


def _thinking(part: Reasoning, message: Message, issuer: str) -> Reasoning | None:
    value = thinking_seal(part, issuer)
    if message.role != "model" or value is None:
        return None
    return replace(part, seal=Seal(issuer, REDACTED if part.redacted else SIGNATURE, value))


def media_note(part: Media) -> str:
    """Return a sentence that stands for media where none can be."""
    what = part.source.mime if isinstance(part.source, Inline) else None
    return f"[{part.kind} left out here: {what or part.name or 'a remote file'}]"
