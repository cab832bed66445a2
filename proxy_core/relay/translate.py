"""Two dialects: vendor bytes → events → client bytes."""

from __future__ import annotations

from collections.abc import AsyncIterator

from proxy_core.dialect import DecodeSource, Mode
from proxy_core.errors import Failure, ProxyError, UpstreamProtocolError
from proxy_core.ir.restore import Restorer
from proxy_core.ir.stream import (
    Beat,
    Begin,
    End,
    Fault,
    PartBegin,
    PartDelta,
    PartEnd,
    ReplyEncoder,
    StreamEvent,
    UsageReport,
)
from proxy_core.relay.attempt import REPLY_LIMIT, Attempt, reply_headers, start
from proxy_core.relay.headers import JSON
from proxy_core.relay.passthrough import Writer
from proxy_core.transport import UpstreamReply


def upstream_mode(reply: UpstreamReply) -> Mode:
    """Return how the vendor answers, whatever was asked for."""
    kind = reply.headers.get("content-type", "").lower()
    return "stream" if kind.startswith("text/event-stream") else "whole"


async def events_of(attempt: Attempt, reply: UpstreamReply) -> AsyncIterator[StreamEvent]:
    """Yield the reply's events with tool names restored; a broken reply ends in a ``Fault``."""
    assert attempt.request is not None and attempt.encoded is not None
    source = DecodeSource(attempt.provider.name, attempt.request, attempt.encoded)
    decoder = attempt.upstream.reply_decoder(upstream_mode(reply), source)
    restorer = Restorer(attempt.encoded.memory)
    size = 0
    try:
        async for chunk in attempt.pulse.watched(reply.chunks()):
            size += len(chunk)
            if size > REPLY_LIMIT:
                raise UpstreamProtocolError("The provider's reply is too large.")
            for event in decoder.feed(chunk):
                for restored in restorer.feed(event):
                    yield restored
            if restorer.is_cut:
                # we hit the stop string that the vendor does not know: what it still says only costs
                return
        broken: ProxyError | None = None
    except UpstreamProtocolError as error:
        broken = error
    for event in decoder.close():
        if broken is not None and isinstance(event, Fault):
            event = Fault(broken.failure())
        for restored in restorer.feed(event):
            yield restored
    for restored in restorer.close():
        yield restored


class _Watcher:
    """Notes usage and completeness while events go by."""

    def __init__(self, attempt: Attempt) -> None:
        self._exchange = attempt.exchange
        self.ended = False

    def note(self, event: StreamEvent) -> None:
        """Look at an event."""
        match event:
            case Begin() if event.usage is not None:
                self._exchange.usage = event.usage
            case UsageReport():
                self._exchange.usage = event.usage
            case End():
                self.ended = True
            case _:
                pass


async def relay_stream(attempt: Attempt, reply: UpstreamReply, writer: Writer) -> Failure | None:
    """Translate a stream; return the failure if one came before anything that a client can use."""
    exchange = attempt.exchange
    encoder = _encoder(attempt)
    watcher = _Watcher(attempt)
    held: list[StreamEvent] | None = []
    async for event in events_of(attempt, reply):
        watcher.note(event)
        if held is not None:
            if isinstance(event, Fault):
                return event.failure
            held.append(event)
            if not isinstance(event, PartBegin | PartDelta | PartEnd | End):
                continue
            await start(attempt, reply.headers)
            pending, held = held, None
        elif isinstance(event, Beat):
            continue
        else:
            pending = [event]
        await writer.write(b"".join([encoder.encode(one) for one in pending]))
        if isinstance(event, Fault):
            exchange.failure = event.failure
            break
    if held is not None:
        return UpstreamProtocolError("The provider sent an empty reply.").failure()
    if exchange.failure is None and not watcher.ended:
        exchange.failure = UpstreamProtocolError("The provider broke off its reply.").failure()
        await writer.write(encoder.encode(Fault(exchange.failure)))
    await writer.write(encoder.close())
    await attempt.sink.finish()
    return None


async def relay_whole(attempt: Attempt, reply: UpstreamReply) -> Failure | None:
    """Translate into one whole body."""
    encoder = _encoder(attempt)
    watcher = _Watcher(attempt)
    async for event in events_of(attempt, reply):
        watcher.note(event)
        if isinstance(event, Fault):
            return event.failure
        encoder.encode(event)
    try:
        body = encoder.close()
    except ProxyError as error:
        return error.failure()
    headers = reply_headers(attempt, reply.headers)
    headers["content-type"] = JSON
    await attempt.sink.respond(200, headers, body)
    return None


def _encoder(attempt: Attempt) -> ReplyEncoder:
    assert attempt.request is not None
    return attempt.exchange.dialect.reply_encoder(attempt.mode, attempt.request, attempt.created)
