"""The one event algebra for streamed and whole replies.

Laws: ``Begin`` first and once. Per candidate, parts are numbered densely from 0 in order of start and
exactly one is open at a time: a decoder whose vendor interleaves (parallel calls in Chat deltas)
serialises by buffering. ``PartEnd`` carries the complete part, so an encoder may ignore the deltas.
``End`` closes a candidate after its last part. ``UsageReport`` totals overwrite earlier ones and come
before the stream's end. ``Fault`` ends everything. A decoder's ``close()`` yields a ``Fault`` when the
bytes stopped before the vendor's terminal event (or its finish reason) was seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from proxy_core.errors import Failure
from proxy_core.ir.message import EMPTY, Json, Part

FinishReason = Literal[
    "stop",
    "stop_sequence",
    "tool",
    "length",
    "context_full",
    "filter",
    "refusal",
    "pause",
    "malformed_call",
    "continue",
    "other",
]


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens; ``input_tokens`` and ``output_tokens`` are totals (cached and reasoning included).

    A detail of None was not reported, which is not zero. ``native`` keeps what only the issuer's dialect
    knows (modalities, tiers).
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None
    cache_write_long_tokens: int | None = None
    reasoning_tokens: int | None = None
    tool_prompt_tokens: int | None = None
    estimated: bool = False
    native: Mapping[str, Json] = field(default_factory=lambda: EMPTY)


@dataclass(frozen=True, slots=True)
class Finish:
    """Why a candidate ended. ``native`` is the vendor's word, ``dialect`` whose word it is."""

    reason: FinishReason
    native: str | None = None
    dialect: str | None = None
    stop_sequence: str | None = None
    detail: Mapping[str, Json] | None = None


@dataclass(frozen=True, slots=True)
class Begin:
    """The reply starts. ``created`` is seconds since the epoch, None if the vendor does not say."""

    id: str
    model: str
    created: int | None = None
    usage: Usage | None = None


@dataclass(frozen=True, slots=True)
class PartBegin:
    """A part opens; ``part`` is its skeleton (empty text, a call with its id and name and no arguments)."""

    index: int
    part: Part
    candidate: int = 0


@dataclass(frozen=True, slots=True)
class PartDelta:
    """More of the open part: text, thinking text, or a fragment of a call's arguments.

    ``segment`` counts the paragraphs of a Reasoning part from 0.
    """

    index: int
    text: str
    candidate: int = 0
    segment: int = 0


@dataclass(frozen=True, slots=True)
class PartEnd:
    """The part is complete: ``part`` is all of it, with seal and citations."""

    index: int
    part: Part
    candidate: int = 0


@dataclass(frozen=True, slots=True)
class UsageReport:
    """Totals so far; overwrites."""

    usage: Usage


@dataclass(frozen=True, slots=True)
class End:
    """A candidate is complete. ``logprobs`` in the issuer's shape; see :mod:`proxy_core.ir.logprobs`."""

    finish: Finish
    candidate: int = 0
    logprobs: Json = None


@dataclass(frozen=True, slots=True)
class Fault:
    """The vendor failed in the middle."""

    failure: Failure


@dataclass(frozen=True, slots=True)
class Beat:
    """The vendor's own keep-alive."""


StreamEvent = Begin | PartBegin | PartDelta | PartEnd | UsageReport | End | Fault | Beat


@dataclass(frozen=True, slots=True)
class Candidate:
    """One answer of a reply."""

    parts: tuple[Part, ...]
    finish: Finish
    index: int = 0
    logprobs: Json = None


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole reply."""

    id: str
    model: str
    candidates: tuple[Candidate, ...]
    usage: Usage | None = None
    created: int | None = None


class ReplyDecoder(Protocol):
    """Bytes of a vendor's reply in, events out; fed in any cut."""

    @property
    def is_done(self) -> bool:
        """The vendor's very last event was seen: the reply is over, even if its body goes on."""
        ...

    @property
    def can_end(self) -> bool:
        """Every reason to stop was seen: should the bytes end now, the reply is complete."""
        ...

    def feed(self, data: bytes) -> list[StreamEvent]:
        """Take the next bytes. Raises UpstreamProtocolError only when nothing sensible can follow."""
        ...

    def close(self) -> list[StreamEvent]:
        """The bytes ended; a ``Fault`` comes out if that was too early."""
        ...


class ReplyEncoder(Protocol):
    """Events in, bytes for the client out."""

    @property
    def failure(self) -> Failure | None:
        """The failure that ended the reply, be it a ``Fault`` or an end that the dialect has no word for."""
        ...

    def encode(self, event: StreamEvent) -> bytes:
        """Return the bytes for this event, perhaps none."""
        ...

    def close(self) -> bytes:
        """Return the tail (a terminator, or the whole body where the reply is not streamed)."""
        ...
