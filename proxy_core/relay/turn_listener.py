"""Hears what a vendor says and remembers the reasoning in it, as it goes by.

A translated reply is heard as events. A passed one is looked at as bytes; only one that holds reasoning which
its client may not send back is decoded, beside the road.
"""

from __future__ import annotations

from proxy_core.dialect import DecodeSource, Dialect, Mode, Tap
from proxy_core.errors import Failure, ProxyError
from proxy_core.ir.message import Part, Seal
from proxy_core.ir.reasoning_trace import context, digest, opening, steps
from proxy_core.ir.request import EncodedRequest, Request
from proxy_core.ir.stream import End, Finish, PartEnd, ReplyDecoder, StreamEvent, Usage
from proxy_core.relay.exchange import Exchange
from proxy_core.relay.reasoning_store import ReasoningStore
from proxy_core.relay.seal_watch import SealWatch, values

SESSION_HEADERS = (
    "x-claude-code-session-id",
    "session-id",
    "session_id",
    "thread-id",
    "conversation_id",
    "x-session-id",
    "x-session-affinity",
)
"""Where tools say which conversation it is (Claude Code, Codex, opencode; captured 2026-11-20)."""

_MOST_HELD = 4 << 20


def decoded(exchange: Exchange) -> Request | None:
    """Return the decoded request; None where it cannot be: the vendor may still understand it."""
    try:
        return exchange.request()
    except (ProxyError, RecursionError):
        return None


def scope_of(exchange: Exchange, request: Request) -> bytes:
    """Return which conversation it is: by the client's key, and its session or what it began with."""
    headers = exchange.call.headers
    named = next((headers[name] for name in SESSION_HEADERS if headers.get(name)), None)
    owner = exchange.client_key or ""
    if named is not None:
        return digest("session", owner, named)
    return digest("conversation", owner, opening(request.messages).hex())


def inner_values(seal: Seal, dialect: Dialect) -> list[str | bytes]:
    """Return the values in a seal: itself, or those in a list of a vendor's entries."""
    fields = dialect.seal_fields
    if fields is None or not seal.value.startswith("["):
        return [seal.value]
    return [*values(seal.value.encode("utf-8", "surrogatepass"), fields)]


class TurnListener:
    """Hears the events of a reply and remembers each turn that is complete."""

    def __init__(self, store: ReasoningStore, exchange: Exchange, upstream: Dialect, issuer: str) -> None:
        self._store = store
        self._exchange = exchange
        self._issuer = issuer
        self._dialect = upstream
        self._parts: dict[int, list[Part]] = {}

    def note(self, event: StreamEvent) -> None:
        """Hear an event."""
        if isinstance(event, PartEnd):
            self._parts.setdefault(event.candidate, []).append(event.part)
            self._note_seal(event.part)
        elif isinstance(event, End):
            self._remember(self._parts.pop(event.candidate, []))

    def _note_seal(self, part: Part) -> None:
        seal = getattr(part, "seal", None)
        if isinstance(seal, Seal) and self._dialect is self._exchange.dialect:
            # the client gets it bare
            for value in inner_values(seal, self._dialect):
                self._store.issued(value, self._issuer, self._dialect.name)

    def _remember(self, parts: list[Part]) -> None:
        found = steps(parts)
        if not self._store.has_steps and not any(step for _, step in found):
            return
        request = decoded(self._exchange)
        if request is None:
            return
        scope, before = scope_of(self._exchange, request), context(request.messages)
        for anchor, step in found:
            self._store.remember(scope, anchor, before, self._issuer, step)


class TurnReader:
    """Decodes a passed reply beside the road, from the moment on when it turns out to hold reasoning."""

    def __init__(
        self, listener: TurnListener, exchange: Exchange, mode: Mode, issuer: str, watch: SealWatch
    ) -> None:
        self._listener = listener
        self._exchange = exchange
        self._mode = mode
        self._issuer = issuer
        self._watch = watch
        self._held: list[bytes] = []
        self._size = 0
        self._decoder: ReplyDecoder | None = None
        self._is_over = False

    def feed(self, data: bytes) -> None:
        """Take the next bytes, which the watch has seen."""
        if self._is_over:
            return
        if self._decoder is not None:
            self._hear(data)
            return
        self._held.append(data)
        self._size += len(data)
        if self._watch.has_marks:
            self._begin()
        elif self._size > _MOST_HELD:
            self._end()

    def close(self) -> None:
        """The bytes ended."""
        if self._decoder is None and self._watch.has_marks and not self._is_over:
            self._begin()
        if self._decoder is not None and not self._is_over:
            self._hear(None)
        self._end()

    def _begin(self) -> None:
        # a client that sends reasoning back does not need our help
        request = None if self._exchange.shows_reasoning else decoded(self._exchange)
        if request is None:
            self._end()
            return
        source = DecodeSource(self._issuer, request, EncodedRequest(b""))
        self._decoder = self._exchange.dialect.reply_decoder(self._mode, source)
        held, self._held = b"".join(self._held), []
        self._hear(held)

    def _hear(self, data: bytes | None) -> None:
        assert self._decoder is not None
        try:
            for event in self._decoder.close() if data is None else self._decoder.feed(data):
                self._listener.note(event)
        except (ProxyError, RecursionError):
            self._end()  # the relay itself says what is wrong with the reply

    def _end(self) -> None:
        self._is_over = True
        self._held.clear()


class WatchingTap:
    """A ``Tap`` with those beside it who listen as well."""

    def __init__(self, inner: Tap, watch: SealWatch, reader: TurnReader | None) -> None:
        self._inner = inner
        self._watch = watch
        self._reader = reader

    @property
    def usage(self) -> Usage | None:
        """What was reported so far."""
        return self._inner.usage

    @property
    def finish(self) -> Finish | None:
        """Why the first candidate ended, once known."""
        return self._inner.finish

    @property
    def failure(self) -> Failure | None:
        """An in-band error that went by."""
        return self._inner.failure

    @property
    def is_complete(self) -> bool:
        """The end was seen."""
        return self._inner.is_complete

    @property
    def has_content(self) -> bool:
        """Something that a client can use was seen."""
        return self._inner.has_content

    @property
    def is_done(self) -> bool:
        """Nothing more is to come."""
        return self._inner.is_done

    def feed(self, data: bytes) -> None:
        """Look at the next bytes."""
        self._inner.feed(data)
        self._watch.feed(data)
        if self._reader is not None:
            self._reader.feed(data)

    def close(self) -> None:
        """The bytes ended."""
        self._inner.close()
        self._watch.close()
        if self._reader is not None:
            self._reader.close()

    def encode_fault(self, failure: Failure) -> bytes:
        """Return the dialect's in-band error."""
        return self._inner.encode_fault(failure)
