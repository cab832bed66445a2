"""The conversation made sayable: seals where the vendor wants them, foreign things taken out.

A signature that a client of another dialect kept for us comes back on a thinking block; the vendor wants
it on the call or text that it belongs to. The vendor refuses unknown signatures and does not need its
thoughts back, so thinking without a seal that may be sent is left out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from proxy_core.dialects.gemini_generate.contents_decode import SIGNATURE
from proxy_core.dialects.gemini_generate.finish import NAME
from proxy_core.errors import UnsupportedError
from proxy_core.ir.message import (
    FileReference,
    HostedStep,
    Media,
    Message,
    Opaque,
    Part,
    Reasoning,
    Seal,
    Text,
    ToolCall,
    ToolResult,
)
from proxy_core.ir.request import Loss, Request
from proxy_core.ir.seal import sendable

_ATTRIBUTION = "x-anthropic-billing-header:"


def sayable(request: Request, issuer: str, losses: list[Loss]) -> Request:
    """Return the request with a history that can be encoded. Raises UnsupportedError for foreign files."""
    _refuse_files(request)
    own = request.dialect == NAME
    messages: list[Message] = []
    for number, message in enumerate(request.messages):
        if message.name:
            losses.append(Loss(f"messages[{number}].name", "Names of participants are not known there."))
        losses.extend(Loss(f"messages[{number}].{key}", "Not known there.") for key in message.extensions)
        messages.append(_message(message, issuer, own, losses))
    # Claude Code's attribution changes with every request and would spoil the prompt cache.
    system = tuple(
        part for part in request.system if not (isinstance(part, Text) and part.text.startswith(_ATTRIBUTION))
    )
    if not own:
        system = tuple(part for part in system if not isinstance(part, Opaque))
        _refuse_shown_instructions(system)
    _note_marks(request, losses)
    return replace(request, messages=tuple(messages), system=_known(system, losses))


def _refuse_shown_instructions(system: tuple[Part, ...]) -> None:
    if any(isinstance(part, Media) for part in system):
        raise UnsupportedError(
            "Gemini takes only text as instructions; move the media into a user message.", param="system"
        )


def _refuse_files(request: Request) -> None:
    for number, message in enumerate(request.messages):
        for part in message.parts:
            inner = part.content if isinstance(part, ToolResult) else (part,)
            if any(_is_foreign_file(item) for item in inner):
                raise UnsupportedError(
                    "A file that was uploaded to another provider cannot be sent; send its content.",
                    param=f"messages[{number}]",
                )


def _is_foreign_file(part: Part) -> bool:
    if not isinstance(part, Media) or not isinstance(part.source, FileReference):
        return False
    return part.source.dialect != NAME


def _message(message: Message, issuer: str, own: bool, losses: list[Loss]) -> Message:
    parts = _known(message.parts, losses)
    if message.role != "model":
        return replace(message, parts=tuple(_bare(part) for part in parts))
    placed = _own_seals(parts, issuer) if own else _moved_seals(parts, issuer)
    return replace(message, parts=tuple(placed))


def _known(parts: Iterable[Part], losses: list[Loss]) -> tuple[Part, ...]:
    kept: list[Part] = []
    for part in parts:
        if isinstance(part, HostedStep | Opaque) and part.dialect != NAME:
            kind = part.kind if isinstance(part, HostedStep) else str(part.raw.get("type", "part"))
            losses.append(Loss(f"messages.{kind}", "Only the provider that made it understands it."))
        else:
            kept.append(part)
    return tuple(kept)


def _bare(part: Part) -> Part:
    return replace(part, seal=None) if isinstance(part, Text | Media | ToolCall) else part


def _sent(seal: Seal | None, issuer: str) -> Seal | None:
    return seal if sendable(seal, issuer, SIGNATURE) is not None else None


def _own_seals(parts: Iterable[Part], issuer: str) -> list[Part]:
    placed: list[Part] = []
    for part in parts:
        if not isinstance(part, Text | Media | ToolCall | Reasoning):
            placed.append(part)
            continue
        sealed = replace(part, seal=_sent(part.seal, issuer))
        if sealed.seal is not None or not isinstance(part, Reasoning):
            placed.append(sealed)
    return placed


def _moved_seals(parts: tuple[Part, ...], issuer: str) -> list[Part]:
    """Put every seal of a thinking block on what follows it; the first call is served before any text."""
    first_call = next((at for at, part in enumerate(parts) if isinstance(part, ToolCall)), None)
    carriers = [part for part in parts[:first_call] if isinstance(part, Reasoning)]
    left = sum(_sent(part.seal, issuer) is not None for part in carriers)
    placed: list[Part] = []
    waiting: list[Seal] = []
    for at, part in enumerate(parts):
        if isinstance(part, Reasoning):
            if (seal := _sent(part.seal, issuer)) is not None:
                waiting.append(seal)
            continue
        if not isinstance(part, Text | Media | ToolCall):
            placed.append(part)
            continue
        sealed = replace(part, seal=_sent(part.seal, issuer))
        # One seal is kept back for the call, which the vendor checks; text may go without.
        spare = left > (first_call is not None and at < first_call)
        takes = at == first_call or (isinstance(part, Text) and bool(part.text) and spare)
        if sealed.seal is None and waiting and takes:
            sealed = replace(sealed, seal=waiting.pop(-1 if at == first_call else 0))
            left -= 1
        placed.append(sealed)
    return _leftover(placed, waiting) if first_call is None else placed


def _leftover(placed: list[Part], waiting: list[Seal]) -> list[Part]:
    """Put what no later part took on the last unsealed text, else on an empty one, as the vendor does."""
    for seal in waiting:
        for at in reversed(range(len(placed))):
            part = placed[at]
            if isinstance(part, Text) and part.seal is None:
                placed[at] = replace(part, seal=seal)
                break
        else:
            placed.append(Text("", seal=seal))
    return placed


def _note_marks(request: Request, losses: list[Loss]) -> None:
    parts: list[object] = [*request.system, *request.tools]
    for message in request.messages:
        parts.extend(message.parts)
    if any(getattr(part, "cache", None) is not None for part in parts):
        losses.append(Loss("cache_control", "This provider caches by itself; it takes no marks."))
    if any(isinstance(part, Text) and part.citations for part in parts):
        losses.append(Loss("citations", "Sources of earlier answers are not sent back."))
