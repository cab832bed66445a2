"""One part of a streamed reply while it is being received."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from proxy_core import jsonbytes
from proxy_core.dialects.openai_chat.wire import DETAILS, SIGNATURE
from proxy_core.errors import DecodeError
from proxy_core.ir import seal as seals
from proxy_core.ir.message import Citation, Json, Media, Part, Reasoning, Refusal, Seal, Text, ToolCall

LaneKind = Literal["text", "refusal", "reasoning", "media", "call"]


@dataclass(slots=True)
class Lane:
    """What has come of one part.

    ``pieces`` are its fragments, of which ``sent`` were passed on already: joining them at every delta would
    cost the square of a long reply. ``entries`` is structured thinking;
    ``reads_entries``: the thinking text comes from them, for no plain member has it.
    """

    kind: LaneKind
    issuer: str
    pieces: list[str] = field(default_factory=list)
    sent: int = 0
    is_open: bool = False
    is_freeform: bool = False
    id: str = ""
    name: str = ""
    signature: str | None = None
    media: Media | None = None
    citations: list[Citation] = field(default_factory=list)
    entries: list[dict[str, Json]] = field(default_factory=list)
    entries_kind: str = DETAILS
    reads_entries: bool = False
    checked: int = -1
    is_json: bool = False
    is_cut: bool = False

    @property
    def text(self) -> str:
        """All of its text so far."""
        return "".join(self.pieces)

    @property
    def can_open(self) -> bool:
        """Whether enough is known to announce the part; a call needs its id and name."""
        if self.kind == "call":
            return bool(self.id and self.name)
        return bool(self.pieces or self.entries or self.media)

    @property
    def is_complete(self) -> bool:
        """Whether the part may be closed as soon as another one begins.

        Parallel calls may come interleaved: a call is complete only when its arguments are whole JSON.
        """
        if self.kind != "call":
            return True
        if self.is_freeform or not self.can_open:
            return False
        if self.checked != len(self.pieces):
            self.checked, self.is_json = len(self.pieces), _is_json(self.text)
        return self.is_json

    def skeleton(self) -> Part:
        """Return the part as it opens."""
        match self.kind:
            case "text":
                return Text("")
            case "refusal":
                return Refusal("")
            case "reasoning":
                return Reasoning()
            case "call":
                return ToolCall(self.id, self.name, "", "freeform" if self.is_freeform else "json")
            case _:
                return self.part()

    def part(self) -> Part:
        """Return the complete part."""
        match self.kind:
            case "text":
                return Text(self.text, tuple(self.citations))
            case "refusal":
                return Refusal(self.text)
            case "reasoning":
                return self._reasoning()
            case "call":
                return self._call()
            case _:
                assert self.media is not None
                return self.media

    def unsent(self) -> str:
        """Return the text to pass on now; half of a surrogate pair waits for its other half."""
        waiting = self.pieces[self.sent :]
        if waiting and _is_high(waiting[-1]):
            head, half = waiting[-1][:-1], waiting[-1][-1]
            self.pieces[-1:] = [head, half]
            waiting[-1] = head
        self.sent += len(waiting)
        return "".join(waiting)

    def add(self, text: str) -> None:
        """Append text, joining a surrogate pair that two fragments split."""
        if self.pieces and _is_high(self.pieces[-1]) and "\udc00" <= text[:1] <= "\udfff":
            last = self.pieces.pop()
            pair = (last[-1] + text[0]).encode("utf-16-le", "surrogatepass").decode("utf-16-le")
            text = last[:-1] + pair + text[1:]
        if text:
            self.pieces.append(text)

    def _reasoning(self) -> Reasoning:
        seal = Seal(self.issuer, self.entries_kind, jsonbytes.text(self.entries)) if self.entries else None
        text = self.text
        return Reasoning((text,) if text else (), seal)

    def _call(self) -> ToolCall:
        seal = None
        if self.signature:
            found = seals.unwrap(self.signature, SIGNATURE)
            seal = found and Seal(found.issuer or self.issuer, found.kind, found.value)
        if self.is_freeform:
            return ToolCall(self.id, self.name, self.text, "freeform", seal=seal)
        # A limit may have cut the call before its arguments; else the tool takes none.
        arguments = self.text if self.text.strip() or self.is_cut else "{}"
        return ToolCall(self.id, self.name, arguments, seal=seal)


def _is_high(text: str) -> bool:
    return "\ud800" <= text[-1:] <= "\udbff"


def _is_json(text: str) -> bool:
    try:
        jsonbytes.decode(text)
    except DecodeError:
        return False
    return True
