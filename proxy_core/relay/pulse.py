"""Watches a reply's silence: keep-alives to the client, and an end to an upstream that says nothing.

One sleeping task per exchange instead of a timer per chunk: under qasync a cancelled timer lives on
until it expires, and most chunks come long before any limit.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from typing import TypeVar

from proxy_core.clock import Clock
from proxy_core.errors import UpstreamTimeout
from proxy_core.tasks import TaskGroup

_COARSEST_S = 5.0
_FINEST_S = 0.01

T = TypeVar("T")


class Pulse:
    """Use as an async context around everything that waits for an upstream.

    ``beat`` is called after every ``beat_s`` in which the client got nothing (never if 0), and only while the
    exchange waits, so that it never writes into the middle of something. ``limit_s`` of waiting raises
    UpstreamTimeout inside.
    """

    def __init__(
        self, clock: Clock, beat_s: float, beat: Callable[[], Awaitable[None]] | None, limit_s: float
    ) -> None:
        self._clock = clock
        self._beat_s = beat_s if beat is not None else 0.0
        self._beat = beat
        self._limit_s = limit_s
        self._waiting_since: float | None = None
        self._last_beat = clock.monotonic()
        self._owner: asyncio.Task[object] | None = None
        self._expired = False
        self._tasks = TaskGroup()

    def limit(self, seconds: float) -> None:
        """Set how long a silence may be from now on."""
        self._limit_s = seconds

    def wrote(self) -> None:
        """Note that the client got something."""
        self._last_beat = self._clock.monotonic()

    async def __aenter__(self) -> Pulse:
        self._owner = asyncio.current_task()
        self._tasks.spawn(self._watch(), "silence of a reply")
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        await self._tasks.close()
        if not self._expired or self._owner is None:
            return
        # a client that left at the same moment has cancelled as well: then that is the reason
        is_ours_alone = self._owner.uncancel() == 0
        if is_ours_alone and kind is asyncio.CancelledError:
            raise UpstreamTimeout(f"The provider said nothing for {self._limit_s:g} seconds.") from None

    async def waited(self, answer: Awaitable[T]) -> T:
        """Await something from upstream under the watch."""
        self._waiting_since = self._clock.monotonic()
        try:
            return await answer
        finally:
            self._waiting_since = None

    async def watched(self, chunks: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
        """Yield the chunks; the time between asking for one and getting it counts as silence."""
        try:
            while True:
                self._waiting_since = self._clock.monotonic()
                chunk = await anext(chunks, None)
                self._waiting_since = None
                if chunk is None:
                    return
                yield chunk
        finally:
            self._waiting_since = None
            if isinstance(chunks, AsyncGenerator):
                await chunks.aclose()

    async def _watch(self) -> None:
        while True:
            steps = [_COARSEST_S, self._limit_s / 4]
            if self._beat_s:
                steps.append(self._beat_s / 2)
            await self._clock.sleep(max(_FINEST_S, min(steps)))
            now = self._clock.monotonic()
            if self._waiting_since is None:
                continue
            if now - self._waiting_since >= self._limit_s:
                self._expired = True
                if self._owner is not None:
                    self._owner.cancel()
                return
            if self._beat_s and now - self._last_beat >= self._beat_s and self._beat is not None:
                self._last_beat = now
                try:
                    await self._beat()
                except ConnectionError:
                    return
