"""A transport that answers from a list, for tests of this package and of programs that embed it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, field

from proxy_core.errors import UpstreamError, UpstreamUnavailable
from proxy_core.transport import UpstreamReply, UpstreamRequest


@dataclass
class Recorded:
    """One reply: its chunks come one by one, then ``error`` is raised if there is one."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=lambda: {"content-type": "application/json"})
    body: Iterable[bytes] = ()
    error: UpstreamError | None = None
    is_closed: bool = False

    async def chunks(self) -> AsyncIterator[bytes]:
        """The chunks."""
        for chunk in self.body:
            yield chunk
        if self.error is not None:
            raise self.error

    async def read(self, limit: int) -> bytes:
        """All chunks, cut to ``limit``."""
        return b"".join([chunk async for chunk in self.chunks()])[:limit]

    async def close(self) -> None:
        """Note that it was closed."""
        self.is_closed = True


class ReplayTransport:
    """Gives the replies in order and keeps the requests. A reply may be an error to raise at once."""

    def __init__(self, replies: Iterable[Recorded | UpstreamError]) -> None:
        self._replies = list(replies)
        self.requests: list[UpstreamRequest] = []

    async def send(self, request: UpstreamRequest) -> UpstreamReply:
        """Return the next reply. Raises UpstreamUnavailable when none is left."""
        self.requests.append(request)
        if not self._replies:
            raise UpstreamUnavailable("No recorded reply is left.")
        reply = self._replies.pop(0)
        if isinstance(reply, UpstreamError):
            raise reply
        return reply

    async def close(self) -> None:
        """Nothing is held."""
