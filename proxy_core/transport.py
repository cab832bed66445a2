"""The contract between the core and the network."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Protocol

_NO_HEADERS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class UpstreamRequest:
    """One HTTP request to a vendor, with its credential already in the headers.

    ``proxy`` is an address (http, https, socks5, socks5h), ``direct`` for none, or None for the
    environment's. ``stream`` says that a stream is expected, so that nothing is compressed.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=lambda: _NO_HEADERS, repr=False)
    body: bytes = field(default=b"", repr=False)
    proxy: str | None = field(default=None, repr=False)
    stream: bool = False


class UpstreamReply(Protocol):
    """A vendor's answer whose body is still to come; close it in every case."""

    @property
    def status(self) -> int:
        """HTTP status."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """Header names in lower case; of repeated ones the last."""
        ...

    def chunks(self) -> AsyncIterator[bytes]:
        """The body, decompressed, in pieces as they come. Raises UpstreamError when it breaks or idles."""
        ...

    async def read(self, limit: int) -> bytes:
        """All of the body, at most ``limit`` bytes. Raises UpstreamError."""
        ...

    async def close(self) -> None:
        """Give the connection back, or drop it if the body was not read to its end."""
        ...


class Transport(Protocol):
    """Sends requests. Raises UpstreamTimeout or UpstreamUnavailable with a sentence for a person."""

    async def send(self, request: UpstreamRequest) -> UpstreamReply:
        """Send and return as soon as status and headers are there."""
        ...

    async def close(self) -> None:
        """Close every connection."""
        ...
