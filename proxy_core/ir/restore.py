"""Undoes on the reply what was done to its request: tool names, freeform tools, stop strings."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from proxy_core import jsonbytes
from proxy_core.errors import DecodeError
from proxy_core.ir.fold import ended
from proxy_core.ir.message import Citation, Part, Text, ToolCall
from proxy_core.ir.request import ReplyMemory
from proxy_core.ir.stream import (
    Beat,
    Begin,
    End,
    Fault,
    Finish,
    PartBegin,
    PartDelta,
    PartEnd,
    StreamEvent,
    UsageReport,
)


@dataclass(slots=True)
class _Track:
    """Where one candidate is: of the open text, ``said`` was sent and ``held`` is withheld."""

    index: int = -1
    is_text: bool = False
    is_freeform: bool = False
    said: list[str] = field(default_factory=list)
    held: str = ""
    calls: list[Part] = field(default_factory=list)
    is_cut: bool = False


class Restorer:
    """Stands between the decoder of an upstream's reply and the encoder for the client.

    Calls get the client's names, namespaces and forms back (a freeform input is held until it is complete).
    Text is cut before the first stop string that completes; as much of its end is withheld as may still
    become one. After a cut the candidate is over: only usage comes through.
    """

    def __init__(self, memory: ReplyMemory) -> None:
        self._tools = memory.tools
        self._stop = tuple(text for text in memory.stop if text)
        self._tracks: dict[int, _Track] = {}

    @property
    def is_cut(self) -> bool:
        """Whether every candidate was cut at a stop string: nothing that still comes is of interest."""
        return bool(self._tracks) and all(track.is_cut for track in self._tracks.values())

    def feed(self, event: StreamEvent) -> list[StreamEvent]:
        """Take the next event and return what it becomes."""
        match event:
            case PartBegin() | PartDelta() | PartEnd() | End():
                track = self._tracks.setdefault(event.candidate, _Track())
                return [] if track.is_cut else self._on_candidate(event, track)
            case Fault():
                return [] if self.is_cut else [*self.close(), event]
            case Begin() | UsageReport() | Beat():
                return [event]

    def close(self) -> list[StreamEvent]:
        """The events ended: return text that is still withheld."""
        events: list[StreamEvent] = []
        for candidate, track in self._tracks.items():
            events.extend(_released(track, candidate))
        return events

    def _on_candidate(self, event: PartBegin | PartDelta | PartEnd | End, track: _Track) -> list[StreamEvent]:
        match event:
            case PartBegin():
                return [self._begun(event, track)]
            case PartDelta():
                return self._more(event, track)
            case PartEnd():
                return self._finished(event, track)
            case End():
                return [replace(event, finish=ended(event.finish, track.calls))]

    def _begun(self, event: PartBegin, track: _Track) -> PartBegin:
        part = self._named(event.part)
        track.index = event.index
        track.is_text = bool(self._stop) and isinstance(part, Text)
        track.is_freeform = _was_wrapped(event.part, part)
        track.said, track.held = [], ""
        return replace(event, part=part)

    def _more(self, event: PartDelta, track: _Track) -> list[StreamEvent]:
        if track.is_freeform:
            return []
        if track.is_text:
            return self._watched(event.text, event.candidate, track, ())
        return [event]

    def _finished(self, event: PartEnd, track: _Track) -> list[StreamEvent]:
        part = self._named(event.part)
        events: list[StreamEvent] = []
        if isinstance(part, ToolCall):
            # As the vendor sent it: of its wrapping it can be said whether it is complete.
            track.calls.append(event.part)
            if _was_wrapped(event.part, part):
                part = replace(part, arguments=_unwrapped(part.arguments))
                if part.arguments:
                    events.append(PartDelta(event.index, part.arguments, event.candidate))
        elif isinstance(part, Text) and self._stop:
            # A decoder may bring (the rest of) the text only now.
            seen = "".join(track.said) + track.held
            rest = part.text[len(seen) :] if part.text.startswith(seen) else ""
            events = self._watched(rest, event.candidate, track, part.citations)
            if track.is_cut:
                return events
            events += _released(track, event.candidate)
        track.is_text = track.is_freeform = False
        return [*events, replace(event, part=part)]

    def _named(self, part: Part) -> Part:
        if not isinstance(part, ToolCall) or (known := self._tools.get(part.name)) is None:
            return part
        return replace(part, name=known.name, namespace=known.namespace, form=known.form, typed=known.typed)

    def _watched(
        self, text: str, candidate: int, track: _Track, citations: tuple[Citation, ...]
    ) -> list[StreamEvent]:
        text = track.held + text
        hit = self._hit(text)
        if hit is None:
            # Neither more nor less than what may still become a stop string.
            sure = len(text) - self._withheld(text)
            track.held = text[sure:]
            return _sent(text[:sure], candidate, track)
        at, stop = hit
        track.is_cut, track.held = True, ""
        events = _sent(text[:at], candidate, track)
        whole = "".join(track.said)
        cited = tuple(one for one in citations if one.end is None or one.end <= len(whole))
        finish = Finish("stop_sequence", stop_sequence=stop)
        return [*events, PartEnd(track.index, Text(whole, cited), candidate), End(finish, candidate)]

    def _hit(self, text: str) -> tuple[int, str] | None:
        # The one that completes first, as if the text came letter by letter; of those the longest.
        found = [(at + len(stop), at, stop) for stop in self._stop if (at := text.find(stop)) >= 0]
        if not found:
            return None
        _, at, stop = min(found)
        return at, stop

    def _withheld(self, text: str) -> int:
        longest = min(max(map(len, self._stop)) - 1, len(text))
        ends = (count for count in range(longest, 0, -1) if self._begins(text[-count:]))
        return next(ends, 0)

    def _begins(self, end: str) -> bool:
        return any(stop.startswith(end) for stop in self._stop)


def _sent(text: str, candidate: int, track: _Track) -> list[StreamEvent]:
    if not text:
        return []
    track.said.append(text)
    return [PartDelta(track.index, text, candidate)]


def _released(track: _Track, candidate: int) -> list[StreamEvent]:
    held, track.held = track.held, ""
    return _sent(held, candidate, track)


def _was_wrapped(sent: Part, restored: Part) -> bool:
    return (
        isinstance(sent, ToolCall)
        and isinstance(restored, ToolCall)
        and sent.form == "json"
        and restored.form == "freeform"
    )


_OPENING = re.compile(r'\s*\{\s*"input"\s*:\s*"')
_HALF_ESCAPE = re.compile(r"\\(?:u[0-9a-fA-F]{0,3})?$")


def _unwrapped(arguments: str) -> str:
    """Return the text in ``{"input": text}``; a model that wrote something else is taken at its word."""
    try:
        value = jsonbytes.decode(arguments)
    except DecodeError:
        return _cut_text(arguments)
    if isinstance(value, str):
        return value
    if not isinstance(value, dict):
        return arguments
    if isinstance(value.get("input"), str):
        return str(value["input"])
    texts = [item for item in value.values() if isinstance(item, str)]
    return texts[0] if len(texts) == len(value) == 1 else arguments


def _cut_text(arguments: str) -> str:
    """Return what has come of the text in a wrapping that was cut."""
    opening = _OPENING.match(arguments)
    if opening is None:
        return arguments
    rest = arguments[opening.end() :]
    # An escape that lost its end goes; one that only looks so, after another backslash, stays.
    half = _HALF_ESCAPE.search(rest)
    if half is not None and not (len(rest[: half.start()]) - len(rest[: half.start()].rstrip("\\"))) % 2:
        rest = rest[: half.start()]
    try:
        return str(jsonbytes.decode(f'"{rest}"'))
    except DecodeError:
        return arguments
