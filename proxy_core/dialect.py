"""The contract of a dialect: one wire format, both directions, no I/O.

A dialect serves clients (``decode_request``, ``reply_encoder``, ``encode_error``) and talks to upstreams
(``encode_request``, ``reply_decoder``, ``decode_error``). Same-dialect traffic uses only ``peek``, ``mend``,
``edit_request``, ``edit_losses`` and the ``tap``. Everything is a pure function of its arguments or a
private state machine; ids that a vendor leaves out are derived deterministically, never drawn.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from proxy_core.errors import Failure
from proxy_core.ir.message import EMPTY
from proxy_core.ir.request import EncodedRequest, Loss, ReasoningControl, Request
from proxy_core.ir.stream import Finish, ReplyDecoder, ReplyEncoder, Usage
from proxy_core.jsonbytes import Members
from proxy_core.profile import ModelProfile

Operation = Literal["chat", "count_tokens", "embeddings", "list_models", "get_model"]
_PLACE = re.compile(r"\[\d+\]")
_HEAD = re.compile(r"[^.\[]+")

Mode = Literal["whole", "stream", "array"]
"""How a reply travels: one JSON body, server-sent events, or (Gemini without ``alt=sse``) a JSON array."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A path a dialect serves. ``path`` is canonical, ``{model}`` stands for a model name (slashes too).

    The server also answers without the version prefix and under doubled prefixes. ``streams``: the path
    itself decides (Gemini), None: the body does.
    """

    method: str
    path: str
    operation: Operation
    streams: bool | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """What the server knows of a request beside its body. Header names are lower case, without keys."""

    endpoint: Endpoint
    path_model: str | None = None
    query: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    headers: Mapping[str, str] = field(default_factory=lambda: EMPTY)


@dataclass(frozen=True, slots=True)
class Peek:
    """The two facts that routing needs."""

    model: str
    mode: Mode


@dataclass(frozen=True, slots=True)
class EncodeTarget:
    """Whom a request is encoded for.

    ``model`` is the upstream's name, ``issuer`` the provider's id (only seals of that issuer may be sent),
    ``stream`` whether the upstream shall stream, ``strict`` False where a compatible vendor also takes the
    well-known extensions of the dialect (``reasoning_content`` in history). ``lean`` True where it takes
    neither those nor the dialect's newest members: only what every imitation of it knows.
    ``without_reasoning``: the vendor refused this conversation for its reasoning, and none is left in the
    request; an encoder must do without whatever needs some, or use the vendor's stand-in.
    """

    model: str
    issuer: str
    profile: ModelProfile
    stream: bool
    strict: bool = True
    lean: bool = False
    without_reasoning: bool = False

    @property
    def takes_extensions(self) -> bool:
        """Whether well-known extensions of the dialect may be sent."""
        return not self.strict and not self.lean


@dataclass(frozen=True, slots=True)
class DecodeSource:
    """Where a reply comes from: ``issuer`` tags its seals; ``model`` is the name the client asked for."""

    issuer: str
    request: Request
    encoded: EncodedRequest


@dataclass(frozen=True, slots=True)
class Edits:
    """Shallow edits for same-dialect traffic; None and unset mean: leave as it is."""

    model: str | None = None
    stream: bool | None = None
    want_usage: bool = False
    reasoning: ReasoningControl | None = None


@dataclass(frozen=True, slots=True)
class Mended:
    """A body that stays in its dialect, put right, with headers (lower case) that belong beside it."""

    body: bytes
    headers: Mapping[str, str] = field(default_factory=lambda: EMPTY)


@dataclass(frozen=True, slots=True)
class SealFields:
    """Where opaque reasoning stands in a dialect's bodies, for a look at bytes that nobody decodes.

    One of ``marks``, names of members with the quote behind them, is in every body that holds some; the value
    of each of ``members`` is some, and what ``others`` finds (in its last group) where a name does not tell.
    ``call_mark`` is in every body with a tool call. ``is_official``: the dialect's clients send reasoning
    back; where that is only a custom, many do not.
    """

    marks: tuple[bytes, ...]
    members: tuple[bytes, ...]
    call_mark: bytes
    is_official: bool = True
    others: re.Pattern[bytes] | None = None


@dataclass(frozen=True, slots=True)
class ModelCard:
    """One row of a model list. ``created`` is seconds since the epoch."""

    id: str
    title: str
    owner: str
    created: int
    profile: ModelProfile


@dataclass(frozen=True, slots=True)
class ErrorReply:
    """An error in a dialect's own shape."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=lambda: EMPTY)


def own_path(path: str, names: Mapping[str, str], *, with_places: bool = False) -> str:
    """Return the path of a loss or a refusal as the caller would write it.

    Places in lists are left out unless asked for: they count in the representation, where leading
    instructions are no messages and a call may be one of its own.
    """
    path = path if with_places else _PLACE.sub("[]", path)
    if path in names:
        return names[path]
    head = _HEAD.match(path)
    word = path if head is None else head[0]
    return names.get(word, word) + path[len(word) :]


class Tap(Protocol):
    """Watches the bytes of a same-dialect reply; never changes or delays them."""

    @property
    def usage(self) -> Usage | None:
        """What was reported so far."""
        ...

    @property
    def finish(self) -> Finish | None:
        """Why the first candidate ended, once known."""
        ...

    @property
    def failure(self) -> Failure | None:
        """An in-band error that went by."""
        ...

    @property
    def is_complete(self) -> bool:
        """The terminal event (or finish reason) was seen: the stream was not cut."""
        ...

    @property
    def is_done(self) -> bool:
        """The vendor's very last event was seen: what still comes means nothing."""
        ...

    @property
    def has_content(self) -> bool:
        """Something was seen that a client can show or act upon, not only that a reply begins."""
        ...

    def feed(self, data: bytes) -> None:
        """Look at the next bytes."""
        ...

    def close(self) -> None:
        """The bytes ended; a whole body is looked at now."""
        ...

    def encode_fault(self, failure: Failure) -> bytes:
        """Return the dialect's in-band error, in agreement with what the reply said of itself."""
        ...


class Dialect(Protocol):
    """One wire format."""

    @property
    def name(self) -> str:
        """Its id: folder, setting value, test folder."""
        ...

    @property
    def family(self) -> str:
        """Whose vocabulary it shares (``openai``, ``anthropic``, ``google``): key of extensions."""
        ...

    @property
    def member_names(self) -> Mapping[str, str]:
        """Where a client of this dialect writes what losses and refusals name in neutral words.

        Only what is called otherwise; see :func:`own_path`.
        """
        ...

    @property
    def client_base(self) -> str:
        """What a tool of this dialect wants behind the address in its base URL: ``/v1`` or nothing."""
        ...

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """What the server answers in this dialect."""
        ...

    @property
    def request_headers(self) -> frozenset[str]:
        """Client headers (lower case) that may go to an upstream of the same dialect."""
        ...

    @property
    def reply_headers(self) -> frozenset[str]:
        """Upstream headers (lower case) that may go to a client of the same dialect."""
        ...

    @property
    def seal_fields(self) -> SealFields | None:
        """Where opaque reasoning stands in its bodies; None where it has none."""
        ...

    def affinity(self, headers: Mapping[str, str], path: str) -> int:
        """How sure the dialect is that a client with these headers speaks it, 0 to 10.

        Decides who answers shared paths (model lists) and errors on unknown paths; 0 is *no idea*, the
        default dialect says 1, a telling path or header 5 and more.
        """
        ...

    def claims(self, members: frozenset[str]) -> bool:
        """Whether a body with these top-level members is a chat request of this dialect and of no other."""
        ...

    # --- client side

    def peek(self, body: bytes | Members, call: Call) -> Peek:
        """Return model and mode, from a body or from its members. Raises DecodeError."""
        ...

    def decode_request(self, body: bytes, call: Call) -> Request:
        """Decode a chat (or count) request. Raises DecodeError on a body that is not of the dialect."""
        ...

    def reply_encoder(self, mode: Mode, request: Request, created: int) -> ReplyEncoder:
        """Return an encoder for a reply to ``request``; ``created`` is the time to state, epoch seconds.

        The reply names the model that the client asked for (``request.model``). In mode *stream* and
        *array* a ``Fault`` becomes the dialect's in-band error and no clean end follows; in mode *whole*
        the encoder is a ``WholeEncoder`` (or offers ``failure`` as it does).
        """
        ...

    def encode_error(self, failure: Failure) -> ErrorReply:
        """Return a whole error reply, with Retry-After (and RetryInfo) where the failure has a hint."""
        ...

    def encode_fault(self, failure: Failure, mode: Mode) -> bytes:
        """Return the in-band error for a same-dialect stream that broke after its first byte."""
        ...

    def parting(self, failure: Failure, mode: Mode) -> bytes | None:
        """Return the last bytes before the connection is aborted; None where an in-band error is better.

        Some clients take every in-band error for final, also one that passes: only a broken connection makes
        them try again. The bytes then are a comment, for people who read along.
        """
        ...

    def keep_alive(self, mode: Mode) -> bytes:
        """Return the keep-alive that this dialect's clients survive; empty where none does."""
        ...

    def encode_models(self, cards: Sequence[ModelCard]) -> bytes:
        """Return the model list in this dialect's shape."""
        ...

    def encode_model(self, card: ModelCard) -> bytes:
        """Return one model in this dialect's shape."""
        ...

    def encode_count(self, input_tokens: int) -> bytes:
        """Return the answer of the dialect's token counter."""
        ...

    # --- upstream side

    def encode_request(self, request: Request, target: EncodeTarget) -> EncodedRequest:
        """Encode a request for an upstream. Raises UnsupportedError for a feature it cannot say."""
        ...

    def encode_count_request(self, request: Request, target: EncodeTarget) -> EncodedRequest | None:
        """Encode for the vendor's token counter; None where the dialect has none."""
        ...

    def decode_count(self, body: bytes) -> int:
        """Read the vendor's token count. Raises UpstreamProtocolError."""
        ...

    def reply_decoder(self, mode: Mode, source: DecodeSource) -> ReplyDecoder:
        """Return a decoder for an upstream's reply in this mode."""
        ...

    def decode_error(self, status: int, body: bytes) -> Failure:
        """Read an upstream's error body, whatever it is (HTML too); never raises.

        ``retry_after_s`` is what the body says; the status is the neutral one of the kind. The message
        is the vendor's text, cut to a sane length; a body that is not the dialect's is not echoed.
        """
        ...

    def mend(self, body: bytes, call: Call) -> Mended | None:
        """Put right what clients write in a body that stays in this dialect, but its vendor does not take.

        None where there is nothing of the kind, which must be cheap to tell. Raises DecodeError.
        """
        ...

    def edit_request(self, body: bytes, call: Call, edits: Edits, profile: ModelProfile) -> bytes:
        """Apply shallow edits to a body that stays in this dialect; unchanged bytes if nothing applies."""
        ...

    def edit_losses(self, body: bytes, call: Call, edits: Edits, profile: ModelProfile) -> tuple[Loss, ...]:
        """Return what :meth:`edit_request`, given the same, leaves unsaid."""
        ...

    def tap(self, mode: Mode) -> Tap:
        """Return a tap for a same-dialect reply."""
        ...
