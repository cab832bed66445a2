"""Makes call ids unique within a turn, as the vendor demands; they may be used again in a later one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from proxy_core.ir.message import Message, Part, ToolCall, ToolResult


def unique_ids(messages: Iterable[Message]) -> tuple[Message, ...]:
    """Return arranged messages in which the second call of an id in a turn, and its result, is ``id_2``.

    Clients that number their calls from the start in every message get there when two messages of the model
    are merged.
    """
    return tuple(replace(message, parts=_numbered(message.parts)) for message in messages)


def _numbered(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    seen: Counter[str] = Counter()
    taken = {_id(part) for part in parts}

    def fresh(call_id: str) -> str:
        seen[call_id] += 1
        if seen[call_id] == 1:
            return call_id
        while (name := f"{call_id}_{seen[call_id]}") in taken:
            seen[call_id] += 1
        return name

    out: list[Part] = []
    for part in parts:
        match part:
            case ToolCall():
                out.append(replace(part, id=fresh(part.id)))
            case ToolResult():
                out.append(replace(part, call_id=fresh(part.call_id)))
            case _:
                out.append(part)
    return tuple(out)


def _id(part: Part) -> str | None:
    match part:
        case ToolCall():
            return part.id
        case ToolResult():
            return part.call_id
        case _:
            return None
