"""What is remembered of reasoning between two requests: in memory, bounded in entries, bytes and time.

Two things are kept. *Steps*: reasoning that a client may not send back, found by the conversation and the
call (see ``ir.reasoning_trace``). *Origins*: who issued a value that went out bare, by its digest, so that it
never goes to anybody else. Nothing here is ever written anywhere; entries show none of their content.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Generic, TypeVar

from proxy_core.clock import Clock
from proxy_core.ir.reasoning_trace import Step

MOST_ENTRIES = 20_000
MOST_BYTES = 16 << 20
LIFE_S = 6 * 3600.0
"""After so long without use an entry is forgotten; a conversation goes on without it."""

_MOST_CONTEXTS = 4
_LARGEST_SHARE = 8
_ORIGIN_SIZE = 250
_SEEN = 256
_TO_STANDARD = bytes.maketrans(b"-_", b"+/")

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


@dataclass(slots=True)
class _Entry(Generic[V]):
    value: V = field(repr=False)
    size: int
    used_at: float


class BoundedMap(Generic[K, V]):
    """A map that forgets what was not used for longest: beyond its bounds at once, beyond its time on use.

    A clock that goes back makes entries live longer, never shorter.
    """

    def __init__(self, clock: Clock, most_entries: int, most_bytes: int, life_s: float) -> None:
        self._clock = clock
        self._most_entries = most_entries
        self._most_bytes = most_bytes
        self._life_s = life_s
        self._entries: OrderedDict[K, _Entry[V]] = OrderedDict()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def size(self) -> int:
        """The bytes that all entries take, by their own account."""
        return self._bytes

    def get(self, key: K) -> V | None:
        """Return the value and count it as used; None if there is none or its time is over."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        now = self._clock.monotonic()
        if now - entry.used_at > self._life_s:
            self.drop(key)
            return None
        entry.used_at = now
        self._entries.move_to_end(key)
        return entry.value

    def put(self, key: K, value: V, size: int) -> None:
        """Keep a value in place of an earlier one; one that would take too much of all is not kept."""
        self.drop(key)
        if size > self._most_bytes // _LARGEST_SHARE:
            return
        self._entries[key] = _Entry(value, size, self._clock.monotonic())
        self._bytes += size
        while len(self._entries) > self._most_entries or self._bytes > self._most_bytes:
            self.drop(next(iter(self._entries)))
        self._expire()

    def drop(self, key: K) -> None:
        """Forget a value."""
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._bytes -= entry.size

    def _expire(self) -> None:
        # in order of use, so that the first that still lives ends the search
        now = self._clock.monotonic()
        while self._entries:
            key = next(iter(self._entries))
            if now - self._entries[key].used_at <= self._life_s:
                return
            self.drop(key)


@dataclass(frozen=True, slots=True)
class Origin:
    """Who issued a bare value, None if that is not known, and who refused it."""

    issuer: str | None
    refused_by: frozenset[str] = frozenset()

    def may_go_to(self, issuer: str) -> bool:
        """Whether an upstream of that issuer may have the value."""
        return self.issuer in (None, issuer) and issuer not in self.refused_by


@dataclass(frozen=True, slots=True)
class _Known:
    context: bytes
    issuer: str
    step: Step | None = field(repr=False)


class ReasoningStore:
    """Steps and origins of one proxy."""

    def __init__(
        self,
        clock: Clock,
        *,
        most_entries: int = MOST_ENTRIES,
        most_bytes: int = MOST_BYTES,
        life_s: float = LIFE_S,
    ) -> None:
        self._steps: BoundedMap[tuple[bytes, bytes], tuple[_Known, ...]] = BoundedMap(
            clock, most_entries, most_bytes, life_s
        )
        self._origins: BoundedMap[bytes, Origin] = BoundedMap(
            clock, most_entries, most_entries * _ORIGIN_SIZE, life_s
        )
        self._issuers: set[str] = set()
        self._dialects: set[str] = set()

    def __repr__(self) -> str:
        return f"<ReasoningStore: {len(self._steps)} steps, {len(self._origins)} origins>"

    @property
    def has_steps(self) -> bool:
        """Whether any step is kept."""
        return len(self._steps) > 0

    def may_have(self, issuer: str) -> bool:
        """Whether a step of that issuer may be kept."""
        return self.has_steps and issuer in self._issuers

    def has_origins(self, dialect: str) -> bool:
        """Whether the origin of a value that went out in this dialect may be kept."""
        return dialect in self._dialects and len(self._origins) > 0

    # --- steps

    def remember(self, scope: bytes, anchor: bytes, context: bytes, issuer: str, step: Step | None) -> None:
        """Keep a step of a conversation; None, for one without reasoning, takes the place of an older one."""
        key = (scope, anchor)
        known = self._steps.get(key) or ()
        if step is None and not known:
            return
        if not self.has_steps:
            self._issuers.clear()
        if step is not None:
            self._issuers.add(issuer)
        others = [one for one in known if one.context != context]
        kept = (*others[1 - _MOST_CONTEXTS :], _Known(context, issuer, step))
        self._steps.put(key, kept, sum(100 if one.step is None else one.step.size for one in kept))

    def recall(self, scope: bytes, anchor: bytes, context: bytes) -> tuple[str, Step] | None:
        """Return a step with its issuer.

        The one of the same context; else, where a client rewrote what came before, the only one that there
        is. Of several nobody knows which one it was.
        """
        known = self._steps.get((scope, anchor)) or ()
        same = [one for one in known if one.context == context] or list(known)
        if len(same) != 1 or same[0].step is None:
            return None
        return same[0].issuer, same[0].step

    # --- origins

    def issued(self, value: str | bytes, issuer: str, dialect: str) -> None:
        """Remember who issued a value that a client of the dialect gets bare."""
        self._dialects.add(dialect)
        self._origins.put(_digest(value), Origin(issuer), _ORIGIN_SIZE)

    def refused(self, value: str | bytes, issuer: str, dialect: str) -> None:
        """Remember who refused a value that came in the dialect."""
        self._dialects.add(dialect)
        key = _digest(value)
        known = self._origins.get(key) or Origin(None)
        self._origins.put(key, Origin(known.issuer, known.refused_by | {issuer}), _ORIGIN_SIZE)

    def origin(self, value: str | bytes) -> Origin | None:
        """Return what is known of a bare value."""
        return self._origins.get(_digest(value))


def _digest(value: str | bytes) -> bytes:
    """Return what a value is known by: its beginning and its end, which no two sealed values share.

    One value has several spellings: URL-safe base64 without padding, slashes escaped in JSON.
    """
    raw = value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value
    if len(raw) > 2 * _SEEN:
        head, tail = raw[:_SEEN].translate(_TO_STANDARD, b"=\\"), raw[-_SEEN:].translate(_TO_STANDARD, b"=\\")
        raw = head[: _SEEN // 2] + tail[-_SEEN // 2 :]
    else:
        raw = raw.translate(_TO_STANDARD, b"=\\")
    return blake2b(raw, digest_size=16).digest()
