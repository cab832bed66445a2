"""Watches a reply's silence: keep-alives to the client, and an end to an upstream that says nothing.

One sleeping task per exchange instead of a timer per chunk: under qasync a cancelled timer lives on
until it expires, and most chunks come long before any limit.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Coroutine
from typing import TypeVar

from proxy_core.clock import Clock
from proxy_core.errors import UpstreamError, UpstreamTimeout
from proxy_core.tasks import TaskGroup

_COARSEST_S = 5.0
_FINEST_S = 0.01

T = TypeVar("T")


class Pulse:
    """Use as an async context around everything that waits for an upstream.

    ``beat`` is called after every ``beat_s`` in which the client got nothing (never if 0), and only while the
    exchange waits, so that it never writes into the middle of something. ``quiet_since`` is when the client
    last got something (monotonic; None: now), and can be a time to come, to begin later. ``limit_s`` of
    waiting raises UpstreamTimeout where it is waited, and :meth:`interrupt` any other UpstreamError.
    """

    def __init__(
        self,
        clock: Clock,
        beat_s: float,
        beat: Callable[[], Awaitable[None]] | None,
        limit_s: float,
        quiet_since: float | None = None,
    ) -> None:
        self._clock = clock
        self._beat_s = beat_s if beat is not None else 0.0
        self._beat = beat
        self._limit_s = limit_s
        self._waiting_since: float | None = None
        self.quiet_since = clock.monotonic() if quiet_since is None else quiet_since
        self._owner: asyncio.Task[object] | None = None
        self._reason: UpstreamError | None = None
        self._tasks = TaskGroup()
        self._watchers = 0

    def limit(self, seconds: float) -> None:
        """Set how long a silence may be from now on."""
        is_shorter = seconds < self._step()
        self._limit_s = seconds
        if is_shorter and self._owner is not None:
            self._start()  # the one that runs sleeps too long to notice

    def wrote(self) -> None:
        """Note that the client got something."""
        self.quiet_since = self._clock.monotonic()

    def interrupt(self, error: UpstreamError) -> None:
        """End the wait with an error, now if there is one, else the next one."""
        if self._reason is not None:
            return
        self._reason = error
        if self._waiting_since is not None and self._owner is not None:
            self._owner.cancel()

    async def __aenter__(self) -> Pulse:
        self._owner = asyncio.current_task()
        self._start()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        await self._tasks.close()

    async def waited(self, answer: Awaitable[T]) -> T:
        """Await something from upstream under the watch."""
        if self._reason is not None and isinstance(answer, Coroutine):
            answer.close()
        self._begin()
        try:
            return await answer
        except asyncio.CancelledError:
            self._explain()
            raise
        finally:
            self._waiting_since = None

    async def watched(self, chunks: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
        """Yield the chunks; the time between asking for one and getting it counts as silence."""
        try:
            while True:
                self._begin()
                try:
                    chunk = await anext(chunks, None)
                except asyncio.CancelledError:
                    self._explain()
                    raise
                self._waiting_since = None
                if chunk is None:
                    return
                yield chunk
        finally:
            self._waiting_since = None
            if isinstance(chunks, AsyncGenerator):
                await chunks.aclose()

    def _start(self) -> None:
        self._watchers += 1
        self._tasks.spawn(self._watch(self._watchers), "silence of a reply")

    def _begin(self) -> None:
        if self._reason is not None:
            raise self._reason
        self._waiting_since = self._clock.monotonic()

    def _explain(self) -> None:
        """Raise the reason why we ended the wait; return if it was not us."""
        if self._reason is None or self._owner is None:
            return
        # a client that left at the same moment has cancelled as well: then that is the reason
        if self._owner.uncancel() == 0:
            raise self._reason from None

    def _step(self) -> float:
        steps = [_COARSEST_S, self._limit_s / 4]
        if self._beat_s:
            steps.append(self._beat_s / 2)
        return max(_FINEST_S, min(steps))

    async def _watch(self, number: int) -> None:
        while True:
            await self._clock.sleep(self._step())
            if number != self._watchers:
                return
            now = self._clock.monotonic()
            if self._waiting_since is None:
                continue
            if now - self._waiting_since >= self._limit_s:
                self.interrupt(UpstreamTimeout(f"The provider said nothing for {self._limit_s:g} seconds."))
                return
            if self._beat_s and now - self.quiet_since >= self._beat_s and self._beat is not None:
                self.quiet_since = now
                try:
                    await self._beat()
                except ConnectionError:
                    return
