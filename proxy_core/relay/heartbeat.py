"""Keep-alives in the client's dialect, never in the middle of an event.

A stream gets them in every silence. A whole reply has no place for one but before it: once a client has
waited for long, the headers go out with a blank, since the most impatient one (Gemini CLI) gives up after
60 s without headers. From then on only a break of the connection can tell of a failure, so that comes late.
"""

from __future__ import annotations

from proxy_core.dialect import Mode
from proxy_core.relay.attempt import Attempt, stream_headers
from proxy_core.relay.exchange import Exchange
from proxy_core.relay.sink import Sink
from proxy_core.relay.writer import Writer

WHOLE_AFTER_S = 45.0
"""How long a client that wants a whole reply waits for headers: 60 s, less what a late look may cost."""

_BLANK = b"\n"


class Heartbeat:
    """Knows how far the attempt has come; set ``attempt`` and ``writer`` as they come to be."""

    def __init__(self, exchange: Exchange, sink: Sink, every_s: float) -> None:
        self._exchange = exchange
        self._sink = sink
        self.every_s = 0.0 if exchange.operation == "count_tokens" else every_s
        self.attempt: Attempt | None = None
        self.writer: Writer | None = None

    @property
    def mode(self) -> Mode:
        """How the reply travels."""
        return "whole" if self._exchange.peek is None else self._exchange.peek.mode

    @property
    def has_written(self) -> bool:
        """Whether a part of the reply went out, so that a failure must go in-band."""
        return self.writer is not None and self.writer.has_written

    def quiet_since(self, since: float | None) -> float | None:
        """Return from when on to count silence: for a whole reply later, before its first one."""
        if since is None or self.mode != "whole" or self._sink.is_committed:
            return since
        return since + max(0.0, WHOLE_AFTER_S - self.every_s)

    async def beat(self) -> None:
        """Send one, and commit to the reply if it is the first thing sent."""
        if self._exchange.is_complete or self.attempt is None:
            return
        if self.writer is not None and not self.writer.is_at_boundary:
            return
        data = _BLANK if self.mode == "whole" else self._exchange.dialect.keep_alive(self.mode)
        if not data:
            return
        if not self._sink.is_committed:
            await self._sink.start(200, stream_headers(self.attempt, {}))
        await self._sink.write(data)
