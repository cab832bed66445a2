"""What every fake vendor offers, whichever dialect it speaks, and the words they share."""

import base64
import json
import re
import secrets
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from tests.samples import load
from tests.upstreams.shapes import Flaw

_FRAME = re.compile(rb".+?(?:\r?\n){2}", re.DOTALL)
RouteKind = Literal["generate", "count", "models", "model", "embeddings", "upgrade"]
Form = Literal["json", "freeform"]
Trouble = Literal[
    "invalid", "auth", "billing", "permission", "not_found", "too_large", "rate_limit", "overloaded", "server"
]


@dataclass(frozen=True, slots=True)
class Route:
    """Which operation a path means. `model` is set where the path names the model."""

    kind: RouteKind
    model: str = ""
    stream: bool = False


@dataclass(frozen=True, slots=True)
class Options:
    """How strict a fake is.

    `compatible`: a vendor that only imitates OpenAI chat, so it also takes and gives `reasoning_content`.
    `demands_seals`: a call that this fake issued with sealed reasoning must come back with that seal, also
    where the real vendor would let it pass; a call that somebody edited must not. `reasoning`: where a
    compatible vendor puts its reasoning: as text only, in `reasoning_details` (OpenRouter), or as a
    signature in `extra_content` (Google's OpenAI-compatible endpoint, which insists on it).
    """

    compatible: bool = False
    demands_seals: bool = False
    reasoning: Literal["text", "details", "signature"] = "text"


@dataclass(slots=True)
class Memory:
    """What one fake remembers: seals it issued, which call each belongs to, answers kept for later turns."""

    dialect: str
    seals: set[str] = field(default_factory=set)
    by_call: dict[str, str] = field(default_factory=dict)
    made: dict[str, Any] = field(default_factory=dict)
    thoughts: dict[str, str] = field(default_factory=dict)
    stored: dict[str, list[Any]] = field(default_factory=dict)
    _count: int = 0

    def next_id(self, prefix: str) -> str:
        """A new id; ids of two fakes never collide."""
        self._count += 1
        return f"{prefix}{self._count:04d}{secrets.token_hex(8)}"

    def issue(self, head: bytes, call_id: str | None = None) -> str:
        """A new seal in padded base64 that contains both `+` and `/`."""
        seal = base64.b64encode(head + b"\xfb\xef\xbe\xff\xff\xff" + secrets.token_bytes(31)).decode()
        return self.keep(seal, call_id)

    def keep(self, seal: str, call_id: str | None = None) -> str:
        """Accept a seal from now on, and tie it to a call."""
        self.seals.add(seal)
        if call_id is not None:
            self.by_call[call_id] = seal
        return seal

    def wanted(self, call_id: str, arguments: Any) -> str | None:
        """The seal that must come with a call, None where it has none or its arguments were edited."""
        return None if self.is_edited(call_id, arguments) else self.by_call.get(call_id)

    def is_edited(self, call_id: str, arguments: Any) -> bool:
        """Whether a call that was issued here comes with other arguments."""
        return call_id in self.made and self.made[call_id] != arguments

    def knows(self, seal: str) -> bool:
        """Whether a seal was issued here or stands in the samples of this dialect, letter for letter."""
        return seal in self.seals or seal in load.seals(self.dialect)

    def knows_bytes(self, seal: str) -> bool:
        """The same, comparing what the base64 text means."""
        return self.knows(seal) or any(
            load.same_bytes(seal, known) for known in (*self.seals, *load.seals(self.dialect))
        )


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request that has a route. `body` is the parsed JSON, None for GET."""

    route: Route
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any
    options: Options
    memory: Memory


@dataclass(frozen=True, slots=True)
class Offered:
    """A tool that the request offers. `schema` is its JSON schema, empty for freeform tools."""

    name: str
    form: Form
    schema: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Ask:
    """A request in neutral words.

    `history` lists user texts and tool results in order, each as (kind, text). `think`: the caller asked for
    reasoning. `hosted` are the kinds of hosted tools that it offers.
    """

    model: str
    stream: bool
    history: tuple[tuple[Literal["text", "result"], str], ...]
    tools: tuple[Offered, ...]
    think: bool
    hosted: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Call:
    """A tool call: `arguments` for json tools, `text` for freeform ones."""

    name: str
    form: Form = "json"
    arguments: Mapping[str, Any] = field(default_factory=dict)
    text: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a hosted tool: a search with the pages that it found, or code with what it printed."""

    kind: Literal["web_search", "code_execution"]
    query: str = ""
    sources: tuple[tuple[str, str], ...] = ()
    code: str = ""
    output: str = ""


@dataclass(frozen=True, slots=True)
class Cite:
    """A stretch of the answer's text, in characters, with the page that it rests on."""

    start: int
    end: int
    url: str
    title: str


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer in neutral words, in the order thinking, steps of hosted tools, text, calls."""

    text: str = ""
    calls: tuple[Call, ...] = ()
    thinking: str = ""
    steps: tuple[Step, ...] = ()
    cites: tuple[Cite, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer. A streamed one has one frame per event, each with its blank line."""

    status: int
    frames: tuple[bytes, ...]
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    streamed: bool = False


class Refusal(Exception):
    """The fake refuses a request with this answer."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status, answer.frames)
        self.answer = answer


class Vendor(ABC):
    """One vendor's side of one dialect."""

    dialect: str
    credential_headers: frozenset[str]

    @abstractmethod
    def route(self, method: str, path: str) -> Route | None:
        """Which operation a path means, None when it is not this vendor's."""

    @abstractmethod
    def key(self, headers: Mapping[str, str], query: Mapping[str, str]) -> str | None:
        """The API key of a request, None when there is none."""

    @abstractmethod
    def trouble(self, kind: Trouble, message: str, status: int, retry_after: int | None = None) -> Answer:
        """An error answer in the vendor's shape."""

    @abstractmethod
    def wrong_key(self, given: str | None) -> Answer:
        """The vendor's answer to a missing or wrong key."""

    @abstractmethod
    def worded(self, flaw: Flaw) -> Answer:
        """The vendor's 400 for a flaw."""

    @abstractmethod
    def check(self, exchange: Exchange) -> None:
        """Raise Flaw or Refusal when the real vendor would refuse the request."""

    @abstractmethod
    def ask(self, exchange: Exchange) -> Ask:
        """The request in neutral words. Only called after `check`."""

    @abstractmethod
    def write(self, exchange: Exchange, reply: Reply) -> Answer:
        """A reply, whole or streamed as the request asks."""

    @abstractmethod
    def replay(self, exchange: Exchange, sample: load.Sample) -> Answer:
        """A sample's answer, whole or streamed as the request asks."""

    @abstractmethod
    def count(self, tokens: int) -> Answer:
        """The answer to a token count."""

    @abstractmethod
    def models(self, names: tuple[str, ...]) -> Answer:
        """The model list."""

    @abstractmethod
    def model(self, name: str) -> Answer:
        """One entry of the model list."""

    @abstractmethod
    def in_band_error(self, message: str) -> bytes:
        """The frame that reports overload inside a stream that began with status 200."""

    @abstractmethod
    def noise(self) -> tuple[bytes, ...]:
        """Frames that mean nothing and may stand anywhere in the vendor's streams."""


def whole(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """A JSON answer."""
    return Answer(status, (json.dumps(body, ensure_ascii=False).encode(),), headers=headers or {})


def event_stream(frames: tuple[bytes, ...] | list[bytes]) -> Answer:
    """An SSE answer."""
    return Answer(200, tuple(frames), content_type="text/event-stream", streamed=True)


def replayed(sample: load.Sample, streamed: bool) -> Answer:
    """A sample's answer as stored. Falls back to the whole form where there is no stream."""
    if streamed and sample.stream is not None:
        return event_stream(_FRAME.findall(sample.stream))
    return Answer(sample.status, (sample.response,), headers=sample.headers)


def pieces(value: str, size: int = 11) -> list[str]:
    """A text cut into stream-sized pieces."""
    return [value[start : start + size] for start in range(0, len(value), size)]


def compact(value: Any) -> str:
    """JSON without spaces, as vendors put it on the wire."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def bearer(headers: Mapping[str, str]) -> str | None:
    """The token of an Authorization header."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token if scheme.lower() == "bearer" and token else None


def text_of(content: Any) -> str:
    """The text of a message content that is a string or a list of parts."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    return "\n".join(part["text"] for part in content if isinstance(part, dict) and "text" in part)


def plausible_count(value: Any) -> int:
    """A token count: four bytes to the token, at least one."""
    return max(1, len(compact(value)) // 4)
