"""Messages and their parts.

Opaque vendor data (thinking signatures, encrypted reasoning) rides on a part as a :class:`Seal` with
its issuer, and goes back to that issuer only. Tool arguments stay JSON *text* until a dialect needs an
object, so that numbers keep their spelling. Everything here is a value: encoders build new ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

Json = Any
"""A decoded JSON value: dict, list, str, int, float, bool or None."""

EMPTY: Mapping[str, Json] = MappingProxyType({})

Role = Literal["user", "model", "system"]
MediaKind = Literal["image", "audio", "video", "document"]


@dataclass(frozen=True, slots=True)
class Seal:
    """Opaque state of a vendor.

    ``issuer`` is the id of the provider that issued it; None means *native*: it came from a client in
    the client's own dialect, without our envelope, so its issuer is unknown and it must not be sent to
    an upstream of another dialect. ``kind`` names the shape, for instance ``anthropic.signature``,
    ``anthropic.redacted``, ``responses.encrypted``, ``gemini.signature``, ``chat.details``.
    """

    issuer: str | None
    kind: str
    value: str


@dataclass(frozen=True, slots=True)
class CacheMark:
    """A prompt-cache breakpoint after the part; ``ttl`` as the vendor spells it (``5m``, ``1h``)."""

    ttl: str | None = None


@dataclass(frozen=True, slots=True)
class Citation:
    """A source of a stretch of text. ``start``/``end`` count code points in the part's text."""

    url: str | None = None
    title: str | None = None
    quote: str | None = None
    start: int | None = None
    end: int | None = None
    native: Mapping[str, Json] = field(default_factory=lambda: EMPTY)


@dataclass(frozen=True, slots=True)
class Text:
    """Visible text. ``phase`` is OpenAI's, in a reply: said on the way (``commentary``) or as the answer."""

    text: str
    citations: tuple[Citation, ...] = ()
    cache: CacheMark | None = None
    seal: Seal | None = None
    phase: str | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """The model's own refusal, where a dialect keeps it apart from text."""

    text: str


@dataclass(frozen=True, slots=True)
class Inline:
    """Bytes as standard, padded base64 text with their MIME type."""

    mime: str
    data: str


@dataclass(frozen=True, slots=True)
class Url:
    """A remote file; ``mime`` if it was said."""

    url: str
    mime: str | None = None


@dataclass(frozen=True, slots=True)
class FileReference:
    """A file that was uploaded to a vendor: bound to it. ``dialect`` is where the id was written."""

    id: str
    dialect: str
    mime: str | None = None


@dataclass(frozen=True, slots=True)
class Media:
    """An image, sound, film or document. ``detail`` is OpenAI's: auto, low, high, original."""

    kind: MediaKind
    source: Inline | Url | FileReference
    name: str | None = None
    detail: str | None = None
    cache: CacheMark | None = None
    seal: Seal | None = None


@dataclass(frozen=True, slots=True)
class Reasoning:
    """Thinking. ``segments`` are the summary parts or paragraphs; empty with a seal means sealed only."""

    segments: tuple[str, ...] = ()
    seal: Seal | None = None
    redacted: bool = False
    id: str | None = None

    @property
    def text(self) -> str:
        """All segments, parted by blank lines."""
        return "\n\n".join(self.segments)


@dataclass(frozen=True, slots=True)
class Typed:
    """A tool of the client's own that its dialect knows by a type instead of a schema (shells, patches).

    Other dialects see a plain function. ``raw`` is the declaration, call or result as it came; it is empty
    on a call that a model of another dialect made.
    """

    kind: str
    dialect: str
    raw: Mapping[str, Json] = field(default_factory=lambda: EMPTY)


@dataclass(frozen=True, slots=True)
class ToolCall:
    """The model asks for a tool.

    ``arguments`` is JSON text for ``form`` *json* (``{}`` where the tool takes none; empty only where the
    reply was cut before them) and plain text for *freeform*.
    """

    id: str
    name: str
    arguments: str
    form: Literal["json", "freeform"] = "json"
    namespace: str | None = None
    cache: CacheMark | None = None
    seal: Seal | None = None
    typed: Typed | None = None


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a tool answered. ``as_text``: the content was one plain string, not a list of parts.

    ``loads`` names tools that may be called from here on; until then they were only announced.
    """

    call_id: str
    content: tuple[Text | Media, ...] = ()
    name: str | None = None
    is_error: bool = False
    as_text: bool = True
    form: Literal["json", "freeform"] = "json"
    cache: CacheMark | None = None
    loads: tuple[str, ...] = ()
    typed: Typed | None = None

    @property
    def text(self) -> str:
        """The text parts, joined without a separator."""
        return "".join(part.text for part in self.content if isinstance(part, Text))


@dataclass(frozen=True, slots=True)
class Source:
    """A page that a search found."""

    url: str
    title: str | None = None


@dataclass(frozen=True, slots=True)
class Work:
    """What a hosted step did, as far as its vendor says.

    ``queries`` are searches, or the addresses that were read; ``sources`` what was found; ``code`` what was
    run and ``output`` what it printed. A member of None, or an empty one, was not reported.
    """

    queries: tuple[str, ...] = ()
    sources: tuple[Source, ...] = ()
    code: str | None = None
    output: str | None = None
    failed: bool = False


Stage = Literal["call", "result", "both"]


@dataclass(frozen=True, slots=True)
class HostedStep:
    """A step of a tool that the vendor itself ran (web search, code); only its dialect can replay it.

    Some vendors tell a step in two parts of one ``id``, the ``stage`` *call* and the *result*. Clients of
    other dialects are shown the ``work``. An empty ``raw`` says that the vendor has no part for the step.
    """

    kind: str
    dialect: str
    raw: Mapping[str, Json]
    id: str | None = None
    stage: Stage = "both"
    work: Work = Work()


@dataclass(frozen=True, slots=True)
class Opaque:
    """A block, item or part that the decoder of ``dialect`` does not know; kept as it came.

    ``told``: the request says the same in neutral words elsewhere, so other dialects lose nothing by it.
    """

    dialect: str
    raw: Mapping[str, Json]
    told: bool = False


Part = Text | Refusal | Media | Reasoning | ToolCall | ToolResult | HostedStep | Opaque


@dataclass(frozen=True, slots=True)
class Message:
    """One received turn; merging neighbours is the encoder's matter."""

    role: Role
    parts: tuple[Part, ...]
    name: str | None = None
    extensions: Mapping[str, Json] = field(default_factory=lambda: EMPTY)
