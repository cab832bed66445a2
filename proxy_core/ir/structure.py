"""The laws of a conversation, applied just before a dialect writes it.

Vendors refuse histories that real clients produce every day: interrupted calls, results in the wrong place,
empty blocks, two turns of one side in a row. An encoder says which laws its dialect has; it first drops the
parts that it cannot send (foreign reasoning), so that nothing is left behind as an empty turn.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from proxy_core.ir.message import (
    Message,
    Part,
    Reasoning,
    Refusal,
    Role,
    Text,
    ToolCall,
    ToolResult,
)
from proxy_core.ir.request import Loss, Request
from proxy_core.ir.rounds import answer_calls, joined

PLACEHOLDER = "…"
"""Stands for a user turn that a dialect demands and the caller did not have."""

CONTINUE = "Continue."
"""Follows a trailing model turn where the model takes no prefill."""


@dataclass(frozen=True, slots=True)
class StructureLaws:
    """What a dialect demands of a conversation.

    ``merge_roles``: neighbours of one role become one turn. ``start_with_user``: the first turn is the
    user's. ``text_before_calls``: in a model turn, calls come last. ``results_follow``: results stand right
    after the turn with their calls, all together, in a user turn. ``order_results``: in the order of the
    calls. ``results_first``: before anything else in their turn. ``drop_empty_text``: text of blanks only is
    left out, and turns without content. ``keep_prefill``: a trailing model turn may stay.
    ``system_in_place``: system messages may stand in the middle. ``reasoning_first``: a model turn with
    thinking begins with it. ``fill_missing_results``: every call has a result. ``needs_user_turn``: there is
    at least one. ``drop_open_turn``: a turn at the end whose calls nobody answered is left out.
    """

    merge_roles: bool = False
    start_with_user: bool = False
    text_before_calls: bool = False
    results_follow: bool = True
    order_results: bool = False
    results_first: bool = False
    drop_empty_text: bool = False
    keep_prefill: bool = True
    system_in_place: bool = True
    reasoning_first: bool = False
    fill_missing_results: bool = True
    needs_user_turn: bool = False
    drop_open_turn: bool = False


def arrange(request: Request, laws: StructureLaws) -> tuple[Request, tuple[Loss, ...]]:
    """Return the request with a conversation that keeps the laws, and what had to be dropped for it.

    Arranging twice is arranging once.
    """
    losses: list[Loss] = []
    messages = _cleaned(request.messages, laws, losses)
    if laws.drop_open_turn:
        messages = _closed(messages, losses)
    messages = answer_calls(
        messages,
        losses,
        follow=laws.results_follow,
        ordered=laws.order_results,
        fill=laws.fill_missing_results,
        joins=_always if laws.merge_roles else _joins,
    )
    messages = _merged(messages, laws)
    messages = [replace(message, parts=_sorted(message, laws)) for message in messages]
    system = request.system
    if laws.drop_empty_text:
        system = tuple(part for part in system if not _is_empty(part))
    return replace(request, messages=tuple(_edged(messages, laws)), system=system), tuple(losses)


def _cleaned(messages: Iterable[Message], laws: StructureLaws, losses: list[Loss]) -> list[Message]:
    cleaned: list[Message] = []
    for message in messages:
        kept = _placed(message, losses)
        if kept.role == "system" and not laws.system_in_place:
            kept = _reminder(kept)
        if laws.drop_empty_text:
            kept = _without_empty(kept)
        if kept.parts or not (message.parts or laws.drop_empty_text):
            cleaned.append(kept)
    return cleaned


def _closed(messages: list[Message], losses: list[Loss]) -> list[Message]:
    """Cut the conversation before a last model turn with calls: what it asked for was never done."""
    start = len(messages)
    while start and messages[start - 1].role == "model":
        start -= 1
    for number in range(start, len(messages)):
        if _has_call(messages[number]):
            losses.append(Loss("messages", "The last turn was dropped: its tool calls have no results."))
            return messages[:number]
    return messages


def _joins(turn: Message, following: Message) -> bool:
    """Whether two model messages around a call may become one turn without mixing up what is said of them."""
    if turn.name != following.name and turn.name and following.name:
        return False
    if turn.extensions == following.extensions:
        return True
    return not (_has_text(turn) and _has_text(following))


def _always(turn: Message, following: Message) -> bool:
    return True


def _has_text(message: Message) -> bool:
    return any(isinstance(part, Text | Refusal) for part in message.parts)


def _placed(message: Message, losses: list[Loss]) -> Message:
    # Thinking and calls belong to the model alone; in another's mouth they are an attempt to fake it.
    if message.role == "model":
        return message
    if any(isinstance(part, ToolCall) for part in message.parts):
        losses.append(Loss("messages", "A tool call outside a model turn was dropped."))
    parts = tuple(part for part in message.parts if not isinstance(part, Reasoning | ToolCall))
    return message if len(parts) == len(message.parts) else replace(message, parts=parts)


def _reminder(message: Message) -> Message:
    texts = [part for part in message.parts if isinstance(part, Text)]
    others = tuple(part for part in message.parts if not isinstance(part, Text))
    said = "\n\n".join(part.text for part in texts if part.text.strip())
    cache = next((part.cache for part in reversed(texts) if part.cache is not None), None)
    wrapped = (Text(f"<system-reminder>\n{said}\n</system-reminder>", cache=cache),) if said else ()
    return replace(message, role="user", parts=(*wrapped, *others))


def _without_empty(message: Message) -> Message:
    parts: list[Part] = []
    for part in message.parts:
        if isinstance(part, ToolResult):
            kept = tuple(item for item in part.content if not _is_empty(item))
            parts.append(part if len(kept) == len(part.content) else replace(part, content=kept))
        elif not _is_empty(part):
            parts.append(part)
    return replace(message, parts=tuple(parts))


def _is_empty(part: Part) -> bool:
    match part:
        case Text():
            return part.seal is None and not part.text.strip()
        case Refusal():
            return not part.text.strip()
        case Reasoning():
            return part.seal is None and not part.text.strip()
        case _:
            return False


def _merged(messages: Iterable[Message], laws: StructureLaws) -> list[Message]:
    merged: list[Message] = []
    for run in _runs(messages):
        # One turn of the model with its calls is one message everywhere, even where neighbours may stay.
        unites = laws.results_follow and run[0].role == "model" and any(map(_has_call, run))
        for number, message in enumerate(run):
            if number and (laws.merge_roles or (unites and _joins(merged[-1], message))):
                merged[-1] = joined(merged[-1], message)
            else:
                merged.append(message)
    return merged


def _runs(messages: Iterable[Message]) -> list[list[Message]]:
    runs: list[list[Message]] = []
    for message in messages:
        if runs and runs[-1][0].role == message.role:
            runs[-1].append(message)
        else:
            runs.append([message])
    return runs


def _has_call(message: Message) -> bool:
    return any(isinstance(part, ToolCall) for part in message.parts)


def _sorted(message: Message, laws: StructureLaws) -> tuple[Part, ...]:
    parts = message.parts
    if laws.reasoning_first and parts and not isinstance(parts[0], Reasoning):
        # A turn that begins with thinking may think again later: its order is signed, it stays.
        parts = _first(parts, Reasoning)
    if laws.results_first:
        parts = _first(parts, ToolResult)
    if laws.text_before_calls:
        calls = tuple(part for part in parts if isinstance(part, ToolCall))
        parts = (*(part for part in parts if not isinstance(part, ToolCall)), *calls)
    return parts


def _first(parts: tuple[Part, ...], kind: type[Part]) -> tuple[Part, ...]:
    return tuple(sorted(parts, key=lambda part: not isinstance(part, kind)))


def _edged(messages: list[Message], laws: StructureLaws) -> list[Message]:
    lacks_user = laws.needs_user_turn and not any(message.role == "user" for message in messages)
    wrong_start = laws.start_with_user and bool(messages) and messages[0].role != "user"
    if lacks_user or wrong_start:
        messages = [_said("user", PLACEHOLDER), *messages]
    if not laws.keep_prefill and messages and messages[-1].role == "model":
        messages = [*messages, _said("user", CONTINUE)]
    return messages


def _said(role: Role, text: str) -> Message:
    return Message(role, (Text(text),))
