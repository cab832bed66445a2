"""What the laws of streams share: cuts, forks, and when a stream was complete."""

import copy
import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from proxy_core.ir.fold import unfold
from proxy_core.ir.message import EMPTY, Part, Reasoning, ToolCall
from proxy_core.ir.stream import Beat, End, Fault, PartDelta, Reply, StreamEvent
from tests.laws.codecs import asked, dialects, reply_bytes, source
from tests.laws.digest import canonical
from tests.samples import load


def streams(name: str) -> tuple[tuple[str, bytes], ...]:
    """The golden streams of a dialect."""
    return tuple((one.name, one.stream) for one in load.samples(name) if one.stream is not None)


def written(name: str, reply: Reply) -> bytes:
    """A reply as this dialect streams it."""
    return reply_bytes(name, unfold(reply), "stream")


def every_cut(
    name: str, body: bytes, cuts: Iterable[int], answers: int = 1
) -> Iterator[tuple[int, list[StreamEvent]]]:
    """What comes out of a decoder that got only so many bytes, for each of the (rising) cuts."""
    shared = source(asked(name, answers=answers))
    decoder: Any = dialects()[name].reply_decoder("stream", shared)
    found: list[StreamEvent] = []
    at = 0
    for cut in cuts:
        found += decoder.feed(body[at:cut])
        at = cut
        # what is frozen need not be copied
        fork = copy.deepcopy(decoder, {id(shared): shared, id(EMPTY): EMPTY})
        yield cut, found + fork.close()


def telling_cuts(body: bytes) -> list[int]:
    """Before and after every line end, and inside every line: no other place has another meaning."""
    found = {0, len(body)}
    start = 0
    while start < len(body):
        end = body.find(b"\n", start) + 1 or len(body)
        found |= {(start + end) // 2, end - 1, end}
        start = end
    return sorted(cut for cut in found if 0 <= cut <= len(body))


def joined(events: Iterable[StreamEvent]) -> list[StreamEvent]:
    """The events without beats, neighbouring deltas of one part as one."""
    found: list[StreamEvent] = []
    for event in events:
        last = found[-1] if found else None
        if isinstance(event, Beat):
            continue
        if isinstance(event, PartDelta) and isinstance(last, PartDelta) and _place(event) == _place(last):
            found[-1] = PartDelta(last.index, last.text + event.text, last.candidate, last.segment)
        else:
            found.append(event)
    return found


def _place(delta: PartDelta) -> tuple[int, int, int]:
    return delta.candidate, delta.index, delta.segment


def plain(reply: Reply, name: str) -> Reply:
    """The reply with the arguments of its calls spelled in one way: a number is the number it says.

    Chat has no order between what was thought and what was said: there all thinking is one part, and first.
    """
    found = []
    for one in reply.candidates:
        parts = tuple(
            replace(part, arguments=json.dumps(canonical(part.arguments), sort_keys=True))
            if isinstance(part, ToolCall) and part.form == "json"
            else part
            for part in one.parts
        )
        if name == "openai_chat":
            parts = _thinking_first(parts)
        found.append(replace(one, parts=parts))
    return replace(reply, candidates=tuple(found))


def _thinking_first(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    thoughts = [part for part in parts if isinstance(part, Reasoning)]
    if not thoughts:
        return parts
    seals = [part.seal for part in thoughts if part.seal is not None]
    segments = tuple(text for part in thoughts for text in part.segments)
    others = tuple(part for part in parts if not isinstance(part, Reasoning))
    return (replace(thoughts[0], segments=segments, seal=seals[0] if seals else None), *others)


def has_ended(events: Iterable[StreamEvent]) -> bool:
    """Whether the vendor was heard to end the answer: a finish, and nothing that broke."""
    found = list(events)
    return any(isinstance(one, End) for one in found) and not any(isinstance(one, Fault) for one in found)
