"""A clock that a test moves by hand."""

import asyncio

from proxy_core.clock import Clock

_TURNS = 60


class FakeClock:
    """Stands still; `advance` moves it and wakes who slept long enough, in the order of their times."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self._start = now
        self._at = 1000.0
        self._sleepers: list[tuple[float, asyncio.Event]] = []

    def now(self) -> float:
        return self._start + self._at - 1000.0

    def monotonic(self) -> float:
        return self._at

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        sleeper = (self._at + seconds, asyncio.Event())
        self._sleepers.append(sleeper)
        try:
            await sleeper[1].wait()
        finally:
            self._sleepers.remove(sleeper)

    @property
    def sleepers(self) -> int:
        """How many sleep."""
        return len(self._sleepers)

    async def advance(self, seconds: float) -> None:
        """Move on, step by step, and let everybody who wakes run."""
        end = self._at + seconds
        await settle()
        while due := [at for at, event in self._sleepers if at <= end and not event.is_set()]:
            self._at = max(self._at, min(due))
            for at, event in list(self._sleepers):
                if at <= self._at:
                    event.set()
            await settle()
        self._at = end
        await settle()


class HastyClock(FakeClock):
    """Short waits take no time; those of a second and more do."""

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds if seconds >= 1 else 0)


async def settle() -> None:
    """Let everything run that can run now."""
    for _ in range(_TURNS):
        await asyncio.sleep(0)


_CHECKED: type[Clock] = FakeClock
