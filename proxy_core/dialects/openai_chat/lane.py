"""One part of a streamed reply while it is being received."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from proxy_core import jsonbytes
from proxy_core.dialects.openai_chat.thinking import entries_text
from proxy_core.dialects.openai_chat.wire import DETAILS, SIGNATURE
from proxy_core.errors import DecodeError
from proxy_core.ir import seal as seals
from proxy_core.ir.message import Citation, Json, Media, Part, Reasoning, Refusal, Seal, Text, ToolCall

LaneKind = Literal["text", "refusal", "reasoning", "media", "call"]


@dataclass(slots=True)
class Lane:
    """What has come of one part.

    ``sent`` counts the characters that were passed on already. ``entries`` is structured thinking;
    ``reads_entries``: the thinking text comes from them, for no plain member has it.
    """

    kind: LaneKind
    issuer: str
    text: str = ""
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

    @property
    def can_open(self) -> bool:
        """Whether enough is known to announce the part; a call needs its id and name."""
        if self.kind == "call":
            return bool(self.id and self.name)
        return bool(self.text or self.entries or self.media)

    @property
    def is_complete(self) -> bool:
        """Whether the part may be closed as soon as another one begins.

        Parallel calls may come interleaved: a call is complete only when its arguments are whole JSON.
        """
        if self.kind != "call":
            return True
        if self.is_freeform or not self.can_open:
            return False
        try:
            jsonbytes.decode(self.text)
        except DecodeError:
            return False
        return True

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
        end = len(self.text)
        if end > self.sent and "\ud800" <= self.text[end - 1] <= "\udbff":
            end -= 1
        piece, self.sent = self.text[self.sent : end], end
        return piece

    def add(self, text: str) -> None:
        """Append text, joining a surrogate pair that two fragments split."""
        if self.text and text and "\ud800" <= self.text[-1] <= "\udbff" and "\udc00" <= text[0] <= "\udfff":
            pair = (self.text[-1] + text[0]).encode("utf-16-le", "surrogatepass").decode("utf-16-le")
            self.text, text = self.text[:-1] + pair, text[1:]
        self.text += text

    def _reasoning(self) -> Reasoning:
        seal = Seal(self.issuer, self.entries_kind, jsonbytes.text(self.entries)) if self.entries else None
        text = self.text or entries_text(self.entries)
        return Reasoning((text,) if text else (), seal)

    def _call(self) -> ToolCall:
        seal = None
        if self.signature:
            found = seals.unwrap(self.signature, SIGNATURE)
            seal = found and Seal(found.issuer or self.issuer, found.kind, found.value)
        if self.is_freeform:
            return ToolCall(self.id, self.name, self.text, "freeform", seal=seal)
        arguments = self.text if self.text.strip() else "{}"
        return ToolCall(self.id, self.name, arguments, seal=seal)
