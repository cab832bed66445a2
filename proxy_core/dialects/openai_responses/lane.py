"""One output item while it streams in: its events to part events.

Every item has a lane of its own, so that items may arrive interleaved; the stream decoder lets the lanes
through one after the other. Numbers are given there: events that leave a lane carry index 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from proxy_core.dialects.openai_responses.output_decode import (
    Origin,
    decode_call,
    decode_item,
    decode_piece,
    decode_reasoning,
    objects,
    string,
)
from proxy_core.ir.fold import skeleton
from proxy_core.ir.message import Json, Part, Reasoning, Refusal, Text, ToolCall
from proxy_core.ir.stream import PartBegin, PartDelta, PartEnd

LaneEvent = PartBegin | PartDelta | PartEnd


class Lane:
    """An item that does not stream: it is there when it is done."""

    def __init__(self, item: Mapping[str, Json], origin: Origin) -> None:
        self.item = item
        self.origin = origin
        self.pending: list[LaneEvent] = []
        self.is_closed = False

    def delta(self, source: str, position: int, text: str) -> None:
        """Take a fragment. ``source`` is the event's stem, ``position`` its content or summary index."""

    def note(self, source: str, position: int, event: Mapping[str, Json]) -> None:
        """Take a ``.done`` event of a piece of the item."""

    def close(self, item: Mapping[str, Json] | None) -> None:
        """The item is complete; None: it never came whole, what streamed in must do."""
        if not self.is_closed:
            self.is_closed = True
            if item is not None:
                self.item = {**self.item, **item}
            self._finish(self.item if item is not None else None)

    def _finish(self, item: Mapping[str, Json] | None) -> None:
        for part in decode_item(item, self.origin) if item is not None else ():
            self._whole(part)

    def _whole(self, part: Part) -> None:
        self._begin(part)
        if isinstance(part, Text | Refusal):
            self._rest("", part.text)
        self.pending.append(PartEnd(0, part))

    def _begin(self, part: Part) -> None:
        self.pending.append(PartBegin(0, skeleton(part)))

    def _rest(self, sent: str, text: str, segment: int = 0) -> None:
        if len(text) > len(sent):
            self.pending.append(PartDelta(0, text[len(sent) :], segment=segment))


class MessageLane(Lane):
    """A message: content parts, one after the other."""

    def __init__(self, item: Mapping[str, Json], origin: Origin) -> None:
        super().__init__(item, origin)
        self._open: Text | Refusal | None = None
        self._position = -1
        self._sent = ""
        self._ended: set[int] = set()
        self._notes: dict[int, Mapping[str, Json]] = {}

    def delta(self, source: str, position: int, text: str) -> None:
        """Take text of a content part; a part that is over does not open again."""
        if source not in ("output_text", "refusal") or not text or position in self._ended:
            return
        if position != self._position:
            self._end(self._noted())
            self._position = position
            self._open = Refusal("") if source == "refusal" else Text("", phase=self._phase)
            self._begin(self._open)
        self._sent += text
        self.pending.append(PartDelta(0, text))

    def note(self, source: str, position: int, event: Mapping[str, Json]) -> None:
        """Keep the finished content part: it has what the deltas lack."""
        part = event.get("part")
        if source == "content_part" and isinstance(part, dict):
            self._notes[position] = part

    def _noted(self) -> Text | Refusal | None:
        note = self._notes.get(self._position)
        return None if note is None else decode_piece(note, self._phase)

    @property
    def _phase(self) -> str | None:
        return string(self.item.get("phase")) or None

    def _finish(self, item: Mapping[str, Json] | None) -> None:
        for place, piece in enumerate(objects((item or {}).get("content"))):
            part = decode_piece(piece, self._phase)
            if place == self._position and self._open is not None:
                self._end(part)
            elif place not in self._ended and part is not None and part.text:
                self._end(self._noted())
                self._ended.add(place)
                self._whole(part)
        self._end(self._noted())

    def _end(self, final: Text | Refusal | None) -> None:
        if self._open is None:
            return
        part = self._open
        if final is not None and type(final) is type(part) and final.text.startswith(self._sent):
            self._rest(self._sent, final.text)
            part = final
        else:
            part = replace(part, text=self._sent)
        self.pending.append(PartEnd(0, part))
        self._ended.add(self._position)
        self._open, self._position, self._sent = None, -1, ""


class ReasoningLane(Lane):
    """Thinking: summary parts or raw text, whichever comes first; they tell the same twice."""

    def __init__(self, item: Mapping[str, Json], origin: Origin) -> None:
        super().__init__(item, origin)
        self._source: str | None = None
        self._places: list[int] = []
        self._sent: list[str] = []

    def delta(self, source: str, position: int, text: str) -> None:
        """Take text of a summary part or paragraph."""
        if not text or self._source not in (None, source):
            return
        if self._source is None:
            self._source = source
            self._begin(Reasoning(id=string(self.item.get("id")) or None))
        if position not in self._places:
            self._places.append(position)
            self._sent.append("")
        self._sent[-1] += text
        self.pending.append(PartDelta(0, text, segment=len(self._sent) - 1))

    def _finish(self, item: Mapping[str, Json] | None) -> None:
        final = decode_reasoning(item, self.origin) if item is not None else None
        if not self._sent:
            if final is not None:
                self._begin(final)
                for segment, text in enumerate(final.segments):
                    self._rest("", text, segment)
                self.pending.append(PartEnd(0, final))
            return
        segments = self._segments(final.segments if final is not None else ())
        seal = final.seal if final is not None else None
        self.pending.append(PartEnd(0, Reasoning(segments, seal, id=string(self.item.get("id")) or None)))

    def _segments(self, final: tuple[str, ...]) -> tuple[str, ...]:
        last = len(self._sent) - 1
        if len(final) <= last or not final[last].startswith(self._sent[last]):
            return tuple(self._sent)
        for segment in range(last, len(final)):
            self._rest(self._sent[last] if segment == last else "", final[segment], segment)
        return (*self._sent[:last], *final[last:])


class CallLane(Lane):
    """A function or custom tool call: announced once it has a name, its text told once."""

    def __init__(self, item: Mapping[str, Json], origin: Origin) -> None:
        super().__init__(item, origin)
        self._call: ToolCall | None = None
        self._sent = ""
        self._noted = ""
        if string(item.get("call_id")):
            self._announce(item)

    def _announce(self, item: Mapping[str, Json]) -> None:
        call = decode_call(item, self.origin)
        if call is not None:
            self._call = call
            self._begin(call)
            self._rest("", self._sent)

    def delta(self, source: str, position: int, text: str) -> None:
        """Take a fragment of the arguments."""
        self._sent += text
        if text and self._call is not None:
            self.pending.append(PartDelta(0, text))

    def note(self, source: str, position: int, event: Mapping[str, Json]) -> None:
        """Keep the whole arguments: some upstreams send nothing before."""
        self._noted = string(event.get("arguments")) or string(event.get("input")) or self._noted

    def _finish(self, item: Mapping[str, Json] | None) -> None:
        if self._call is None:
            self._announce(item if item is not None else self.item)
        if self._call is None:
            return
        final = decode_call(item, self.origin) if item is not None else None
        told = "" if item is None else string(item.get("arguments")) or string(item.get("input"))
        text = told or self._noted or self._sent
        if not text.startswith(self._sent):
            text = self._sent
        is_cut = item is None or item.get("status") == "incomplete"
        if self._call.form == "json" and not text.strip() and not is_cut:
            text = self._sent + "{}"
        self._rest(self._sent, text)
        namespace = self._call.namespace or (final.namespace if final is not None else None)
        self.pending.append(PartEnd(0, replace(self._call, arguments=text, namespace=namespace)))


def lane_for(item: Mapping[str, Json], origin: Origin) -> Lane:
    """Return the lane for an item's type."""
    match item.get("type"):
        case "message":
            return MessageLane(item, origin)
        case "reasoning":
            return ReasoningLane(item, origin)
        case "function_call" | "custom_tool_call":
            return CallLane(item, origin)
        case _:
            return Lane(item, origin)
