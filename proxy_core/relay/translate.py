"""Two dialects: vendor bytes → events → client bytes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from proxy_core.dialect import DecodeSource, Mode
from proxy_core.errors import Failure, ProxyError, UpstreamError, UpstreamProtocolError
from proxy_core.ir.message import ToolCall
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
from proxy_core.relay import reckoning
from proxy_core.relay.attempt import REPLY_LIMIT, Attempt, reply_headers, start
from proxy_core.relay.headers import JSON
from proxy_core.relay.passthrough import ENDING_S, GRACE_S
from proxy_core.relay.seen import Seen
from proxy_core.relay.writer import Writer
from proxy_core.transport import UpstreamReply

_MOST_AT_ONCE = 1 << 14


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


async def events_of(attempt: Attempt, reply: UpstreamReply) -> AsyncGenerator[list[StreamEvent] | None, None]:
    """Yield the events of each chunk, with tool names restored; a broken reply ends in a ``Fault``.

    None stands for the vendor's last event: what its body still holds means nothing, and is read only so that
    the connection can be used again.
    """
    assert attempt.request is not None
    assert attempt.encoded is not None
    source = DecodeSource(attempt.account.issuer, attempt.request, attempt.encoded)
    decoder = attempt.upstream.reply_decoder(upstream_mode(reply), source)
    restorer = Restorer(attempt.encoded.memory)
    size = 0
    is_done = False
    broken: ProxyError | None = None
    try:
        watched = attempt.pulse.watched(reply.chunks())
        async with aclosing(watched), aclosing(_small(watched)) as chunks:
            async for chunk in chunks:
                size += len(chunk)
                if size > REPLY_LIMIT:
                    raise UpstreamProtocolError("The provider's reply is too large.")
                if is_done:
                    continue
                yield _restored(restorer, _fed(decoder, chunk))
                if restorer.is_cut:
                    return  # at a stop string that the vendor does not know: what it still says only costs
                if decoder.can_end:
                    attempt.pulse.limit(ENDING_S)
                if decoder.is_done:
                    is_done = True
                    yield [*_restored(restorer, _fed(decoder, None)), *restorer.close()]
                    yield None
                    attempt.pulse.limit(GRACE_S)
    except UpstreamError as error:
        broken = error
    if is_done:
        return
    last = _fed(decoder, None)
    if broken is not None:
        last = [Fault(broken.failure()) if isinstance(event, Fault) else event for event in last]
    yield [*_restored(restorer, last), *restorer.close()]


async def _small(chunks: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    """Yield the chunks in pieces that are quickly translated; between them others get their turn.

    A vendor that is faster than we are brings hundreds of events at once, and windows wait for the same loop.
    """
    async for chunk in chunks:
        yield chunk[:_MOST_AT_ONCE]
        for at in range(_MOST_AT_ONCE, len(chunk), _MOST_AT_ONCE):
            await asyncio.sleep(0)
            yield chunk[at : at + _MOST_AT_ONCE]


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
        self._listener = attempt.listener
        self._seen = attempt.exchange.seen = Seen()
        self._is_told = False
        self.has_ended = False

    def note(self, event: StreamEvent) -> None:
        """Look at an event."""
        if self._listener is not None:
            self._listener.note(event)
        self._seen.note(event)
        match event:
            case Begin() if event.usage is not None:
                self._exchange.usage = event.usage
            case UsageReport():
                self._exchange.usage = event.usage
                self._is_told = True
            case End():
                self.has_ended = True
            case _:
                return
        # what is told while a reply runs (its input, or what it has come to) is not all of it
        self._exchange.is_usage_final = self._is_told and self.has_ended


async def relay_stream(attempt: Attempt, reply: UpstreamReply, writer: Writer) -> Failure | None:
    """Translate a stream; return the failure if one came before anything that a client can use."""
    outlet = _Outlet(attempt, reply, writer)
    async with aclosing(events_of(attempt, reply)) as together:
        async for events in together:
            if events is None:
                await outlet.finish()
            elif (failure := await outlet.take(events)) is not None:
                return failure
            if outlet.is_broken:
                break
    return await outlet.close()


class _Outlet:
    """Encodes events for the client; holds them until one says something."""

    def __init__(self, attempt: Attempt, reply: UpstreamReply, writer: Writer) -> None:
        self._attempt = attempt
        self._reply = reply
        self._writer = writer
        self._exchange = attempt.exchange
        self._encoder = _encoder(attempt)
        self._watcher = _Watcher(attempt)
        self._held: list[StreamEvent] | None = []
        self._is_finished = False
        self.is_broken = False

    async def take(self, events: list[StreamEvent]) -> Failure | None:
        """Bring events to the client in one write; return a failure that another account may still heal."""
        if self._is_finished:
            return None
        pieces: list[bytes] = []
        for event in events:
            if isinstance(event, Beat):
                continue
            self._watcher.note(event)
            if isinstance(event, Fault):
                if self._held is not None:
                    return self._attempt.classified(event.failure, self._reply.headers)
                await self._writer.write(b"".join(pieces))
                await self._break_off(event.failure)
                return None
            if self._held is None:
                pieces.append(self._encoder.encode(event))
                continue
            self._held.append(event)
            if _says_something(event):
                pieces = [self._encoder.encode(one) for one in self._held]
                if self._encoder.failure is not None:
                    # an end that the client's dialect has no word for, and nothing was said before it
                    return self._attempt.classified(self._encoder.failure, self._reply.headers)
                self._held = None
                await start(self._attempt, self._reply.headers)
        await self._write(b"".join(pieces))
        return None

    async def _write(self, data: bytes) -> None:
        failure = self._encoder.failure
        if failure is None:
            await self._writer.write(data)
            return
        self.is_broken = True
        await self._writer.break_off(failure, data)

    async def finish(self) -> None:
        """The vendor said all that it has to say: so does the client's stream, now."""
        if self._is_finished or self._held is not None or not self._watcher.has_ended:
            return
        assert self._attempt.request is not None
        owed = await reckoning.owed(self._exchange, self._attempt.request)
        if owed is not None:
            await self._writer.write(self._encoder.encode(UsageReport(owed)))
        self._is_finished = True
        await self._write(self._encoder.close())
        if not self.is_broken:
            self._exchange.is_complete = True
            await self._attempt.sink.finish()

    async def close(self) -> Failure | None:
        """The events ended."""
        if self._held is not None:
            failure = UpstreamProtocolError("The provider sent an empty reply.").failure()
            return self._attempt.classified(failure, self._reply.headers)
        if self.is_broken:
            return None
        if self._watcher.has_ended:
            await self.finish()
        else:
            await self._break_off(UpstreamProtocolError("The provider broke off its reply.").failure())
        return None

    async def _break_off(self, failure: Failure) -> None:
        self.is_broken = True
        fault = self._encoder.encode(Fault(failure)) + self._encoder.close()
        await self._writer.break_off(failure, fault)


def _says_something(event: StreamEvent) -> bool:
    """Whether a client can show it or act upon it."""
    match event:
        case PartDelta():
            return bool(event.text)
        case PartBegin():
            return isinstance(event.part, ToolCall)
        case PartEnd() | End():
            return True
        case _:
            return False


async def relay_whole(attempt: Attempt, reply: UpstreamReply) -> Failure | None:
    """Translate into one whole body."""
    encoder = _encoder(attempt)
    watcher = _Watcher(attempt)
    async with aclosing(events_of(attempt, reply)) as together:
        async for events in together:
            if events is None:
                break
            for event in events:
                watcher.note(event)
                if isinstance(event, Fault):
                    return attempt.classified(event.failure, reply.headers)
                encoder.encode(event)
    assert attempt.request is not None
    owed = await reckoning.owed(attempt.exchange, attempt.request) if watcher.has_ended else None
    if owed is not None:
        encoder.encode(UsageReport(owed))
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
