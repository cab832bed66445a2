"""Replies that need no network: a provider's own steps, played in time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

from proxy_core.clock import Clock
from proxy_core.errors import UpstreamProtocolError
from proxy_core.provider import LocalAnswer


class LocalReply:
    """An :class:`~proxy_core.transport.UpstreamReply` that plays a :class:`LocalAnswer`."""

    def __init__(self, answer: LocalAnswer, clock: Clock) -> None:
        self._answer = answer
        self._clock = clock
        self.status: int = answer.status
        self.headers: Mapping[str, str] = {name.lower(): value for name, value in answer.headers.items()}

    async def chunks(self) -> AsyncIterator[bytes]:
        """The steps' data, each after its delay. Raises UpstreamProtocolError at a cut."""
        for step in self._answer.steps:
            if step.delay_s:
                await self._clock.sleep(step.delay_s)
            if step.cut:
                raise UpstreamProtocolError("The provider broke off its reply.")
            if step.data:
                yield step.data

    async def read(self, limit: int) -> bytes:
        """At most ``limit`` bytes of the body."""
        body = bytearray()
        async for chunk in self.chunks():
            body += chunk
            if len(body) >= limit:
                break
        return bytes(body[:limit])

    async def close(self) -> None:
        """Nothing is held."""
