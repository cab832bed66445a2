"""Keep-alives in the client's dialect, never in the middle of an event."""

from __future__ import annotations

from proxy_core.relay.attempt import Attempt, stream_headers
from proxy_core.relay.exchange import Exchange
from proxy_core.relay.passthrough import Writer
from proxy_core.relay.sink import Sink


class Heartbeat:
    """Knows how far the attempt has come; set ``attempt`` and ``writer`` as they come to be."""

    def __init__(self, exchange: Exchange, sink: Sink) -> None:
        self._exchange = exchange
        self._sink = sink
        self.attempt: Attempt | None = None
        self.writer: Writer | None = None

    @property
    def is_wanted(self) -> bool:
        """Whether the reply is one that can carry keep-alives."""
        return self._exchange.peek is not None and self._exchange.peek.mode != "whole"

    @property
    def has_written(self) -> bool:
        """Whether a part of the reply went out, so that a failure must go in-band."""
        return self.writer is not None and self.writer.has_written

    async def beat(self) -> None:
        """Send one, and commit to the reply if it is the first thing sent."""
        if self.attempt is None or (self.writer is not None and not self.writer.is_at_boundary):
            return
        data = self._exchange.dialect.keep_alive(self.attempt.mode)
        if not data:
            return
        if not self._sink.is_committed:
            await self._sink.start(200, stream_headers(self.attempt, {}))
        await self._sink.write(data)
