"""Writes a reply to the client, and ends one that cannot go on in the way that makes clients try again."""

from __future__ import annotations

from proxy_core.errors import Failure
from proxy_core.relay.attempt import Attempt, at_boundary

_BLANK_LINE = b"\n\n"


class Writer:
    """Writes to the client and remembers whether a keep-alive may come next."""

    def __init__(self, attempt: Attempt) -> None:
        self._attempt = attempt
        self._sink = attempt.sink
        self._last = b""

    @property
    def is_at_boundary(self) -> bool:
        """Whether the last bytes ended an event."""
        return at_boundary(self._last)

    @property
    def has_written(self) -> bool:
        """Whether a part of the reply (not a keep-alive) went out."""
        return bool(self._last)

    async def write(self, data: bytes) -> None:
        """Send bytes."""
        if data:
            self._last = data[-4:] if len(data) >= 4 else (self._last + data)[-4:]
            await self._sink.write(data)
            self._attempt.pulse.wrote()

    async def break_off(self, failure: Failure, fault: bytes) -> None:
        """End a reply that cannot go on. ``fault`` is the in-band error, in agreement with what was said.

        Never a clean end: either the error stands alone behind what it broke in, or the connection is
        aborted, after a comment where one can stand.
        """
        exchange, mode = self._attempt.exchange, self._attempt.mode
        exchange.failure, exchange.status = self._attempt.classified(failure, {}), failure.status
        last = exchange.dialect.parting(exchange.failure, mode)
        if last is None and mode != "whole":
            gap = b"" if mode == "array" or self.is_at_boundary else _BLANK_LINE
            await self.write(gap + fault)
            await self._sink.finish()
            return
        if last and self.is_at_boundary and mode != "whole":
            await self.write(last)
        self._sink.abort()
