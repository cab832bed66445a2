"""Two dialects: vendor bytes → events → client bytes."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from proxy_core.dialect import DecodeSource, Mode
from proxy_core.errors import Failure, ProxyError, UpstreamError, UpstreamProtocolError
from proxy_core.ir.restore import Restorer
from proxy_core.ir.stream import (
    Beat,
    Begin,
    End,
    Fault,
    PartBegin,
    PartDelta,
    PartEnd,
    ReplyDecoder,
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


def comes_as_asked(attempt: Attempt, reply: UpstreamReply) -> bool:
    """Say whether the vendor streams if a stream was asked for, and only then.

    Some compatible ones know only one way.
    """
    kind = reply.headers.get("content-type", "").lower()
    if attempt.mode == "stream":
        return not kind.startswith("application/json")
    return attempt.mode == "array" or not kind.startswith("text/event-stream")


async def events_of(attempt: Attempt, reply: UpstreamReply) -> AsyncGenerator[StreamEvent, None]:
    """Yield the reply's events with tool names restored; a broken reply ends in a ``Fault``."""
    assert attempt.request is not None
    assert attempt.encoded is not None
    source = DecodeSource(attempt.provider.name, attempt.request, attempt.encoded)
    decoder = attempt.upstream.reply_decoder(upstream_mode(reply), source)
    restorer = Restorer(attempt.encoded.memory)
    size = 0
    broken: ProxyError | None = None
    try:
        async with aclosing(attempt.pulse.watched(reply.chunks())) as chunks:
            async for chunk in chunks:
                size += len(chunk)
                if size > REPLY_LIMIT:
                    raise UpstreamProtocolError("The provider's reply is too large.")
                for restored in _restored(restorer, _fed(decoder, chunk)):
                    yield restored
                if restorer.is_cut:
                    return  # at a stop string that the vendor does not know: what it still says only costs
    except UpstreamError as error:
        broken = error
    for event in _fed(decoder, None):
        if broken is not None and isinstance(event, Fault):
            event = Fault(broken.failure())
        for restored in restorer.feed(event):
            yield restored
    for restored in restorer.close():
        yield restored


def _restored(restorer: Restorer, events: list[StreamEvent]) -> list[StreamEvent]:
    return [restored for event in events for restored in restorer.feed(event)]


def _fed(decoder: ReplyDecoder, chunk: bytes | None) -> list[StreamEvent]:
    """Feed the decoder, or close it with None."""
    try:
        return list(decoder.close() if chunk is None else decoder.feed(chunk))
    except RecursionError:
        raise UpstreamProtocolError("The provider's reply is nested too deeply.") from None


class _Watcher:
    """Notes usage and completeness while events go by."""

    def __init__(self, attempt: Attempt) -> None:
        self._exchange = attempt.exchange
        self.has_ended = False

    def note(self, event: StreamEvent) -> None:
        """Look at an event."""
        match event:
            case Begin() if event.usage is not None:
                self._exchange.usage = event.usage
            case UsageReport():
                self._exchange.usage = event.usage
            case End():
                self.has_ended = True
            case _:
                pass


async def relay_stream(attempt: Attempt, reply: UpstreamReply, writer: Writer) -> Failure | None:
    """Translate a stream; return the failure if one came before anything that a client can use."""
    exchange = attempt.exchange
    encoder = _encoder(attempt)
    watcher = _Watcher(attempt)
    held: list[StreamEvent] | None = []
    async with aclosing(events_of(attempt, reply)) as events:
        async for event in events:
            if isinstance(event, Beat):
                continue
            watcher.note(event)
            if isinstance(event, Fault) and held is not None:
                return attempt.classified(event.failure, reply.headers)
            if held is not None:
                held.append(event)
                if not isinstance(event, PartBegin | PartDelta | PartEnd | End):
                    continue
                await start(attempt, reply.headers)
                pending, held = held, None
            else:
                pending = [event]
            await writer.write(b"".join([encoder.encode(one) for one in pending]))
            exchange.is_complete = watcher.has_ended
            if isinstance(event, Fault):
                exchange.failure = attempt.classified(event.failure, {})
                exchange.status = event.failure.status
                break
    if held is not None:
        failure = UpstreamProtocolError("The provider sent an empty reply.").failure()
        return attempt.classified(failure, reply.headers)
    if exchange.failure is None and not exchange.is_complete:
        failure = UpstreamProtocolError("The provider broke off its reply.").failure()
        exchange.failure, exchange.status = attempt.classified(failure, {}), failure.status
        await writer.write(encoder.encode(Fault(failure)))
    await writer.write(encoder.close())
    await attempt.sink.finish()
    return None


async def relay_whole(attempt: Attempt, reply: UpstreamReply) -> Failure | None:
    """Translate into one whole body."""
    encoder = _encoder(attempt)
    watcher = _Watcher(attempt)
    async with aclosing(events_of(attempt, reply)) as events:
        async for event in events:
            watcher.note(event)
            if isinstance(event, Fault):
                return attempt.classified(event.failure, reply.headers)
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
