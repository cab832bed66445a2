"""A clock whose wall time jumps, as machines' clocks do; what it measures goes on evenly."""

import asyncio
import time

DAY_S = 86400.0


class JumpingClock:
    """The machine's clocks, the wall clock moved by ``offset`` seconds, or standing at ``at``."""

    def __init__(self) -> None:
        self.offset = 0.0
        self.at: float | None = None

    def now(self) -> float:
        """Seconds since the epoch, as somebody set them."""
        return time.time() + self.offset if self.at is None else self.at

    def monotonic(self) -> float:
        """Seconds on a clock that never goes back."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(max(0.0, seconds))
