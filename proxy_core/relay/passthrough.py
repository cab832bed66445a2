"""Same dialect: bytes out, bytes back, a tap beside."""

from __future__ import annotations

from proxy_core.errors import Failure, UpstreamProtocolError
from proxy_core.relay.attempt import REPLY_LIMIT, Attempt, at_boundary, reply_headers, start
from proxy_core.transport import UpstreamReply


class Writer:
    """Writes to the client and remembers whether a keep-alive may come next."""

    def __init__(self, attempt: Attempt) -> None:
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


async def relay_stream(attempt: Attempt, reply: UpstreamReply, writer: Writer) -> Failure | None:
    """Pass a stream on as it comes; return the failure if one came before the first byte."""
    exchange = attempt.exchange
    tap = exchange.dialect.tap(attempt.mode)
    failure: Failure | None = None
    wrote = False
    try:
        async for chunk in attempt.pulse.watched(reply.chunks()):
            tap.feed(chunk)
            if not wrote and tap.failure is not None and not tap.is_complete:
                return tap.failure
            await start(attempt, reply.headers)
            await writer.write(chunk)
            wrote = True
        tap.close()
        if not tap.is_complete and tap.failure is None:
            failure = UpstreamProtocolError("The provider broke off its reply.").failure()
    except UpstreamProtocolError as error:
        failure = None if tap.is_complete else error.failure()
    finally:
        exchange.usage = tap.usage
    if not wrote and failure is not None:
        return failure
    exchange.failure = failure or tap.failure
    if failure is not None:
        await writer.write(exchange.dialect.encode_fault(failure, attempt.mode))
    await attempt.sink.finish()
    return None


async def relay_whole(attempt: Attempt, reply: UpstreamReply) -> Failure | None:
    """Pass a whole reply on; it is held until complete, so that a cut never reaches the client."""
    exchange = attempt.exchange
    tap = exchange.dialect.tap(attempt.mode)
    body = bytearray()
    async for chunk in attempt.pulse.watched(reply.chunks()):
        tap.feed(chunk)
        body += chunk
        if len(body) > REPLY_LIMIT:
            return UpstreamProtocolError("The provider's reply is too large.").failure()
    tap.close()
    exchange.usage = tap.usage
    if not body:
        return UpstreamProtocolError("The provider sent an empty reply.").failure()
    headers = reply_headers(attempt, reply.headers)
    headers["content-type"] = reply.headers.get("content-type", "application/json")
    await attempt.sink.respond(reply.status, headers, bytes(body))
    return None
