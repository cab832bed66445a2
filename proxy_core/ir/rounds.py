"""Pairs tool calls with their results, round by round.

A result answers the nearest earlier message that has a call of its id: ids may be used again later.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from proxy_core.ir.message import EMPTY, Json, Message, Part, Text, ToolCall, ToolResult
from proxy_core.ir.request import Loss

NO_OUTPUT = "No output was provided."
"""What a call without a result is answered with, as an error."""

Joins = Callable[[Message, Message], bool]


@dataclass(slots=True)
class _Open:
    """A call with the result that it got so far; ``place`` is where its first result stood."""

    call: ToolCall
    result: ToolResult | None = None
    place: tuple[int, int] = (-1, -1)


@dataclass(slots=True)
class _Ledger:
    """All calls by their place, and every result that stays, by its place."""

    calls: dict[tuple[int, int], _Open]
    kept: dict[tuple[int, int], _Open]


def answer_calls(
    messages: list[Message], losses: list[Loss], *, follow: bool, ordered: bool, fill: bool, joins: Joins
) -> list[Message]:
    """Return the messages with every result in its place.

    Results without a call are dropped with a loss; of several for one call the last content stays, at the
    first one's place. ``follow``: results stand in a user turn right after the model turn (neighbours that
    ``joins`` unites) with their calls. ``ordered``: in the order of the calls. ``fill``: a call without a
    result gets an error result.
    """
    ledger = _paired(messages, losses)
    if not ledger.calls and not any(_has_result(message) for message in messages):
        return messages
    if not follow:
        return list(_in_place(messages, ledger, ordered=ordered, fill=fill))
    answered: list[Message] = []
    for turn in _turns(messages, ledger, joins):
        opened: list[_Open] = []
        for number, message in turn:
            rest = tuple(part for part in message.parts if not isinstance(part, ToolResult))
            if rest or not message.parts:
                answered.append(message if len(rest) == len(message.parts) else replace(message, parts=rest))
            opened.extend(ledger.calls[place] for place in _call_places(number, message))
        if results := _results(opened, ordered=ordered, fill=fill):
            answered.append(Message("user", results))
    return answered


def _paired(messages: list[Message], losses: list[Loss]) -> _Ledger:
    ledger = _Ledger({}, {})
    latest: dict[str, list[_Open]] = {}
    for number, message in enumerate(messages):
        fresh: dict[str, list[_Open]] = {}
        for index, part in enumerate(message.parts):
            if isinstance(part, ToolCall):
                ledger.calls[number, index] = opened = _Open(part)
                fresh.setdefault(part.id, []).append(opened)
                latest[part.id] = fresh[part.id]
            elif isinstance(part, ToolResult):
                loss = _answer(part, (number, index), latest.get(part.call_id, []), ledger)
                if loss is not None:
                    losses.append(Loss("tool_results", loss))
    return ledger


def _answer(result: ToolResult, place: tuple[int, int], calls: list[_Open], ledger: _Ledger) -> str | None:
    if not calls:
        return "A tool result whose call is not in the conversation was dropped."
    opened = next((one for one in calls if one.result is None), None)
    if opened is not None:
        opened.place = place
        opened.result = result
        ledger.kept[place] = opened
        return None
    calls[-1].result = result
    return "Of several results for one tool call only the last was kept."


def joined(turn: Message, following: Message) -> Message:
    """Return two neighbours as one message."""
    extensions: Mapping[str, Json] = EMPTY
    if turn.extensions or following.extensions:
        extensions = {**turn.extensions, **following.extensions}
    parts = (*turn.parts, *following.parts)
    return Message(turn.role, parts, turn.name or following.name, extensions)


def _turns(messages: list[Message], ledger: _Ledger, joins: Joins) -> Iterator[list[tuple[int, Message]]]:
    """Yield messages that belong together: a model's turn, or any single other message."""
    turn: list[tuple[int, Message]] = []
    whole: Message | None = None
    for number, message in enumerate(messages):
        if _is_only_dropped_results(number, message, ledger):
            continue
        if whole is not None and whole.role == message.role == "model" and joins(whole, message):
            whole = joined(whole, message)
        else:
            if turn:
                yield turn
            whole, turn = message, []
        turn.append((number, message))
    if turn:
        yield turn


def _is_only_dropped_results(number: int, message: Message, ledger: _Ledger) -> bool:
    return bool(message.parts) and all(
        isinstance(part, ToolResult) and (number, index) not in ledger.kept
        for index, part in enumerate(message.parts)
    )


def _has_result(message: Message) -> bool:
    return any(isinstance(part, ToolResult) for part in message.parts)


def _call_places(number: int, message: Message) -> Iterator[tuple[int, int]]:
    return ((number, index) for index, part in enumerate(message.parts) if isinstance(part, ToolCall))


def _results(opened: list[_Open], *, ordered: bool, fill: bool) -> tuple[ToolResult, ...]:
    answered = [one for one in opened if one.result is not None]
    missing = [one for one in opened if one.result is None]
    if fill:
        for one in missing:
            one.result = _no_output(one.call)
    else:
        missing = []
    order = opened if ordered else sorted(answered, key=lambda one: one.place) + missing
    return tuple(one.result for one in order if one.result is not None)


def _no_output(call: ToolCall) -> ToolResult:
    return ToolResult(call.id, (Text(NO_OUTPUT),), call.name, is_error=True, form=call.form)


def _staying(number: int, message: Message, ledger: _Ledger) -> Iterator[Part]:
    for index, part in enumerate(message.parts):
        if not isinstance(part, ToolResult):
            yield part
        elif (opened := ledger.kept.get((number, index))) is not None and opened.result is not None:
            yield opened.result


def _in_place(messages: list[Message], ledger: _Ledger, *, ordered: bool, fill: bool) -> Iterator[Message]:
    for number, message in enumerate(messages):
        if not _is_only_dropped_results(number, message, ledger):
            yield replace(message, parts=tuple(_staying(number, message, ledger)))
        missing = [
            one for place in _call_places(number, message) if (one := ledger.calls[place]).result is None
        ]
        if results := _results(missing, ordered=ordered, fill=fill):
            yield Message("user", results)
