"""The contract of a provider: one upstream vendor, knowing upstream only. Pure.

It never sees the neutral representation: it gets a body already encoded in a dialect it speaks, dresses
it (address, headers, envelope), and reads the vendor's status and headers. Most vendors are only data:
:class:`proxy_core.provider_key.KeyProvider`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import Literal, Protocol
from urllib.parse import quote, urlsplit

from proxy_core.errors import Failure
from proxy_core.profile import ModelProfile
from proxy_core.transport import UpstreamRequest

Availability = Literal["available", "limited", "api_key_only", "discontinued"]
KeyUse = Literal["required", "optional", "none"]

VERSION = "0.1.0"
"""Of the program, as upstreams see it in ``User-Agent``; a test compares it with the package's."""

_EMPTY: Mapping[str, str] = MappingProxyType({})
_VERSION_SEGMENT = re.compile(r"v\d+[a-z0-9]*")
_VERSIONED = re.compile(r"/v\d+[a-z0-9]*(?=/)")
_PASTED = re.compile(
    r"/(chat/completions|completions|responses|messages|messages/count_tokens|embeddings|models(/[^/]+)?)$"
)
_NEARBY = ("localhost", "127.", "[::1]", "0.0.0.0", "10.", "192.168.")


@dataclass(frozen=True, slots=True)
class ProviderState:
    """Whether the provider can be used, since when (ISO date) that is so, and one sentence for a person."""

    availability: Availability
    date: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class SealBinding:
    """To whom a vendor's opaque reasoning (signatures, encrypted thinking) is bound, since when (ISO date).

    *provider*: any account of the provider may send it back; *account*: only the one that it was given to.
    ``note``: how that is known.
    """

    to: Literal["provider", "account"]
    date: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Speech:
    """One dialect that a provider speaks.

    ``paths`` maps an operation (``chat``, ``stream``, ``array``, ``count_tokens``, ``embeddings``) to a
    path below the base address, its version first (``/v1/…``); ``{model}`` is filled in, percent-encoded.
    ``stream`` absent: the same as ``chat``; ``array`` is a stream as one JSON array. ``key_headers`` are the
    headers (lower case) that carry the credential: ``authorization`` as a Bearer token, every other one bare.
    """

    dialect: str
    paths: Mapping[str, str]
    base_url: str | None = None
    headers: Mapping[str, str] = field(default_factory=lambda: _EMPTY)
    key_headers: tuple[str, ...] = ("authorization",)


@dataclass(frozen=True, slots=True)
class UpstreamCall:
    """What a provider dresses: ``body`` is encoded in ``dialect`` for ``model``.

    ``base_url`` None: the provider's own. ``headers`` are client headers that the dialect lets through
    and the user's own for the account; ``key`` is the credential, None for keyless servers.
    """

    operation: str
    dialect: str
    model: str
    stream: bool
    body: bytes = field(repr=False)
    key: str | None = field(repr=False)
    base_url: str | None = None
    headers: Mapping[str, str] = field(default_factory=lambda: _EMPTY, repr=False)
    proxy: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Step:
    """A piece of an answer that a provider gives by itself: wait ``delay_s``, then send ``data``.

    ``cut``: the connection breaks here.
    """

    data: bytes = b""
    delay_s: float = 0.0
    cut: bool = False


@dataclass(frozen=True, slots=True)
class LocalAnswer:
    """An answer that needs no network."""

    status: int
    headers: Mapping[str, str]
    steps: Iterator[Step]


class Provider(Protocol):
    """One upstream vendor."""

    @property
    def name(self) -> str:
        """Its id."""
        ...

    @property
    def title(self) -> str:
        """What people call it."""
        ...

    @property
    def state(self) -> ProviderState:
        """Whether it can be used."""
        ...

    @property
    def speaks(self) -> tuple[Speech, ...]:
        """The dialects it speaks, preferred first."""
        ...

    @property
    def key_use(self) -> KeyUse:
        """Whether an account needs a key."""
        ...

    @property
    def base_url(self) -> str | None:
        """Its address; None: the user types it in."""
        ...

    @property
    def key_url(self) -> str | None:
        """Where a person gets a key."""
        ...

    @property
    def discover_url(self) -> str | None:
        """A loopback address where a local server is looked for; None: not a local server."""
        ...

    @property
    def models(self) -> tuple[ModelProfile, ...]:
        """Shipped models, used where the vendor has no list or does not answer."""
        ...

    @property
    def models_date(self) -> str:
        """ISO date of the shipped models."""
        ...

    @property
    def strict(self) -> bool:
        """Whether it takes all official members of its dialect and no others."""
        ...

    @property
    def lean(self) -> bool:
        """Whether it takes only what every imitation of its dialect knows."""
        ...

    @property
    def seal_binding(self) -> SealBinding:
        """To whom its opaque reasoning is bound."""
        ...

    def speech(self, dialect: str) -> Speech | None:
        """Return how it speaks that dialect, or None."""
        ...

    def profile(self, model: str) -> ModelProfile:
        """Return what is known of a model; for an unknown one a profile with ``known`` False."""
        ...

    def prepare(self, call: UpstreamCall) -> UpstreamRequest:
        """Dress an encoded body. Raises UnsupportedError where the provider lacks the operation."""
        ...

    def answer(self, request: UpstreamRequest) -> LocalAnswer | None:
        """Answer without a network (demo); None for every real vendor."""
        ...

    def classify(self, status: int, headers: Mapping[str, str], failure: Failure) -> Failure:
        """Refine a failure that the dialect read from the body: scope, retry hint, vendor's codes."""
        ...

    def list_request(
        self, key: str | None, base_url: str | None, proxy: str | None
    ) -> UpstreamRequest | None:
        """Return the request for the vendor's model list; None where it has none."""
        ...

    def read_models(self, body: bytes) -> Sequence[ModelProfile]:
        """Read the vendor's model list. Raises UpstreamProtocolError."""
        ...


@lru_cache(512)
def join(base: str, path: str, model: str) -> str:
    """Return the address of an operation, with the model filled into ``path``.

    ``base`` may be what a person pasted: with or without the version, with slashes at its end, with the
    whole endpoint behind it, without a scheme. A version in ``base`` wins over the one in ``path``, and a
    pasted endpoint without a version means that there is none.
    """
    stem = base.strip().partition("#")[0].partition("?")[0].rstrip("/")
    if "://" not in stem:
        stem = f"{'http' if stem.startswith(_NEARBY) else 'https'}://{stem}"
    below = urlsplit(stem).path
    kept = _PASTED.sub("", below)
    if kept != below or any(_VERSION_SEGMENT.fullmatch(segment) for segment in below.split("/")):
        path = _VERSIONED.sub("", path, count=1)
    stem = stem.removesuffix(below) + kept
    return stem.rstrip("/") + path.replace("{model}", quote(model, safe="@.:-_"))
