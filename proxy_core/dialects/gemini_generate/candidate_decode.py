"""One candidate of an upstream's reply, chunk by chunk, as events."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from proxy_core.dialects.gemini_generate.arguments import decode_arguments
from proxy_core.dialects.gemini_generate.contents_decode import SIGNATURE, decode_plain
from proxy_core.dialects.gemini_generate.finish import decode_finish
from proxy_core.dialects.gemini_generate.grounding import decode_citations
from proxy_core.dialects.gemini_generate.pairing import made_up_id
from proxy_core.dialects.gemini_generate.reading import Node
from proxy_core.dialects.gemini_generate.steps import told_steps
from proxy_core.errors import DecodeError
from proxy_core.ir.fold import skeleton
from proxy_core.ir.message import Json, Media, Part, Reasoning, Seal, Text, ToolCall
from proxy_core.ir.stream import End, PartBegin, PartDelta, PartEnd, StreamEvent

_DETAILS = (
    "groundingMetadata",
    "citationMetadata",
    "urlContextMetadata",
    "safetyRatings",
    "finishMessage",
    "avgLogprobs",
    "continuationToken",
)
_LONE = re.compile("[\ud800-\udfff]")


@dataclass(slots=True)
class _Open:
    """The text or thought that is being received."""

    is_thought: bool
    pieces: list[str] = field(default_factory=list)
    seal: Seal | None = None


class CandidateReader:
    """Turns a candidate's chunks into events; ``finish`` events come from ``close`` only.

    Neighbouring pieces of text are one part until a signature ends it: then each keeps its own.
    """

    def __init__(self, index: int, issuer: str, reply_id: str) -> None:
        self._index = index
        self._issuer = issuer
        self._reply_id = reply_id
        self._parts = 0
        self._calls = 0
        self._before = 0
        self._held = ""
        self._open: _Open | None = None
        self._native: str | None = None
        self._details: dict[str, Json] = {}
        self._logprobs: dict[str, Json] = {}

    @property
    def is_finished(self) -> bool:
        """Whether a finish reason was seen."""
        return self._native is not None

    def take(self, candidate: Node) -> list[StreamEvent]:
        """Take the candidate's object of one chunk; a part that makes no sense is left out."""
        events: list[StreamEvent] = []
        content = candidate.get("content")
        parts = content.get("parts") if isinstance(content, dict) else None
        for raw in parts if isinstance(parts, list) else []:
            try:
                events += self._part(Node.of(raw, "part"))
            except DecodeError:
                continue
        reason = candidate.get("finishReason")
        if isinstance(reason, str) and reason != "FINISH_REASON_UNSPECIFIED":
            self._native = reason
        self._details |= {key: candidate.get(key) for key in _DETAILS if candidate.has(key)}
        self._add_logprobs(candidate.get("logprobsResult"))
        return events

    def close(self) -> list[StreamEvent]:
        """End the open part and the candidate; without a reason it ended as the vendor's default."""
        events = self._text("", self._open is not None and self._open.is_thought, None, at_end=True)
        events += self._shut()
        for step in told_steps(self._details):
            events += self._whole(step)
        finish = decode_finish(self._native or "STOP", self._calls > 0, self._details)
        events.append(End(finish, self._index, self._logprobs or None))
        return events

    def _part(self, part: Node) -> list[StreamEvent]:
        value = part.get("thoughtSignature")
        seal = Seal(self._issuer, SIGNATURE, value) if isinstance(value, str) and value else None
        if part.has("text") or (seal is not None and len(part.members) == 1):
            return self._text(part.text("text") or "", part.get("thought") is True, seal)
        if (call := part.node("functionCall")) is not None:
            return self._call(call, seal)
        found = decode_plain(part)
        if found is None:
            return []
        return self._whole(replace(found, seal=seal) if isinstance(found, Media) else found)

    def _text(
        self, text: str, is_thought: bool, seal: Seal | None, *, at_end: bool = False
    ) -> list[StreamEvent]:
        text = self._mended(text, at_end)
        if not text:
            return self._seal(seal) if seal is not None else []
        events: list[StreamEvent] = []
        if self._open is None or self._open.is_thought != is_thought or self._open.seal is not None:
            events += self._shut()
            self._open = _Open(is_thought)
            events.append(PartBegin(self._parts, Reasoning() if is_thought else Text(""), self._index))
        self._open.pieces.append(text)
        self._open.seal = seal
        events.append(PartDelta(self._parts, text, self._index))
        return events

    def _mended(self, text: str, at_end: bool) -> str:
        """Join a pair of surrogates that was cut in two; half a pair waits for the next piece."""
        text, self._held = self._held + text, ""
        if not _LONE.search(text):
            return text
        if "\ud800" <= text[-1] <= "\udbff" and not at_end:
            text, self._held = text[:-1], text[-1]
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")

    def _seal(self, seal: Seal) -> list[StreamEvent]:
        """Keep a signature that came alone: it belongs to the part before it, never to a new empty text."""
        if self._open is not None and self._open.seal is None:
            self._open.seal = seal
            return []
        return self._whole(Reasoning((), seal))

    def _call(self, call: Node, seal: Seal | None) -> list[StreamEvent]:
        name = call.text("name")
        if not name:
            return []
        given = call.get("id")
        made_up = made_up_id(self._reply_id, self._index, self._calls, name)
        self._calls += 1
        args = call.get("args")
        arguments = decode_arguments(args if isinstance(args, dict) else None)
        return self._whole(
            ToolCall(given if isinstance(given, str) and given else made_up, name, arguments, seal=seal)
        )

    def _whole(self, part: Part) -> list[StreamEvent]:
        events = self._shut()
        events.append(PartBegin(self._parts, skeleton(part), self._index))
        if isinstance(part, ToolCall):
            events.append(PartDelta(self._parts, part.arguments, self._index))
        events.append(PartEnd(self._parts, part, self._index))
        self._parts += 1
        return events

    def _shut(self) -> list[StreamEvent]:
        shut, self._open = self._open, None
        if shut is None:
            return []
        text = "".join(shut.pieces)
        part: Part
        if shut.is_thought:
            part = Reasoning((text,), shut.seal)
        else:
            part = Text(text, decode_citations(self._details, text, self._before), seal=shut.seal)
            self._before += len(text.encode("utf-8", "replace"))
        event = PartEnd(self._parts, part, self._index)
        self._parts += 1
        return [event]

    def _add_logprobs(self, result: Json) -> None:
        if not isinstance(result, Mapping):
            return
        for key, value in result.items():
            known = self._logprobs.get(key)
            self._logprobs[key] = (
                known + value if isinstance(known, list) and isinstance(value, list) else value
            )
