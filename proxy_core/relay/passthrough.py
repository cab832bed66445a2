"""Same dialect: bytes out, bytes back, a tap beside."""

from __future__ import annotations

import re
from contextlib import aclosing

from proxy_core.dialect import Tap
from proxy_core.errors import Failure, UpstreamError, UpstreamProtocolError
from proxy_core.relay.attempt import REPLY_LIMIT, Attempt, reply_headers, start
from proxy_core.relay.event_shelf import MOST_HELD, EventShelf
from proxy_core.relay.seen import Seen
from proxy_core.relay.writer import Writer
from proxy_core.routing.retry import is_callers_fault
from proxy_core.transport import UpstreamReply

ENDING_S = 10.0
"""How long a vendor may be silent once it gave its reason to stop; then the reply is taken for complete."""

GRACE_S = 1.0
"""How long the rest of a complete reply is read, so that the connection to the vendor can be used again."""

_BROKE_OFF = "The provider broke off its reply."
_WHOLE = (b"\n", b"\r", b"}", b"]")
_ERROR = re.compile(rb'"error"|"response\.failed"')


async def relay_stream(attempt: Attempt, reply: UpstreamReply, writer: Writer) -> Failure | None:
    """Pass a stream on as it comes; return the failure if one came before anything that a client can use."""
    return await _Passage(attempt, reply, writer).run()


class _Passage:
    """One stream on its way: whole events, held only until the first that says something."""

    def __init__(self, attempt: Attempt, reply: UpstreamReply, writer: Writer) -> None:
        self._attempt = attempt
        self._reply = reply
        self._writer = writer
        self._exchange = attempt.exchange
        self._tap: Tap = attempt.tap or attempt.exchange.dialect.tap(attempt.mode)
        self._shelf = EventShelf()
        self._seen = attempt.exchange.seen = Seen(attempt.exchange.dialect, attempt.mode)
        self._is_finished = False

    async def run(self) -> Failure | None:
        """Bring the stream to its end."""
        broken: Failure | None = None
        try:
            async with aclosing(self._attempt.pulse.watched(self._reply.chunks())) as chunks:
                async for chunk in chunks:
                    if self._is_finished:
                        continue  # nothing that is said after the last event means anything
                    await self._pass(chunk)
                    if self._tap.failure is not None:
                        break
            self._tap.close()
        except UpstreamError as error:
            broken = error.failure()
        finally:
            self._note()
        if self._is_finished:
            return None
        return await self._end(broken)

    async def _pass(self, chunk: bytes) -> None:
        tap, writer = self._tap, self._writer
        tap.feed(chunk)
        self._seen.add(chunk)
        self._shelf.put(chunk)
        if tap.failure is not None:
            return
        if not writer.has_written:
            if not self._says_something():
                return
            await start(self._attempt, self._reply.headers)
        await writer.write(self._shelf.take_all() if self._attempt.mode == "array" else self._shelf.take())
        if tap.is_complete:
            self._exchange.is_complete = True
            self._attempt.pulse.limit(ENDING_S)
        if tap.is_done:
            await self._attempt.sink.finish()
            self._is_finished = True
            self._attempt.pulse.limit(GRACE_S)

    def _says_something(self) -> bool:
        # comments alone are the vendor's keep-alives (the client has ours), and a reply that only began
        # may still fail: then another account can answer
        return self._tap.has_content or self._tap.is_complete or self._shelf.size >= MOST_HELD

    def _note(self) -> None:
        self._exchange.usage = self._tap.usage
        self._exchange.is_usage_final = self._tap.is_complete

    async def _end(self, broken: Failure | None) -> Failure | None:
        tap, writer = self._tap, self._writer
        told = tap.failure
        if told is None and not tap.is_complete:
            broken = broken or UpstreamProtocolError(_BROKE_OFF).failure()
            failure: Failure | None = broken
        else:
            failure = told
        if failure is not None and not writer.has_written and (told is None or not is_callers_fault(failure)):
            return self._attempt.classified(failure, self._reply.headers)
        await start(self._attempt, self._reply.headers)
        if told is not None:
            await self._end_as_told(told)
        elif failure is not None:
            await writer.write(self._shelf.take())
            await writer.break_off(failure, tap.encode_fault(failure))
        else:
            await writer.write(self._shelf.take())
            rest = self._shelf.take_all()
            if broken is None and rest.rstrip(b" ").endswith(_WHOLE):
                await writer.write(rest)  # its blank line is all that the last event lacks
            self._exchange.is_complete = True
            await self._attempt.sink.finish()
        return None

    async def _end_as_told(self, failure: Failure) -> None:
        """The vendor itself said in-band that it failed: in its words, where clients understand them."""
        exchange, writer, rest = self._exchange, self._writer, self._shelf.take_all()
        exchange.failure = self._attempt.classified(failure, {})
        exchange.status = exchange.failure.status
        if exchange.dialect.parting(exchange.failure, self._attempt.mode) is None:
            await writer.write(rest)
            await self._attempt.sink.finish()
            return
        await writer.write(_before_error(rest))
        await writer.break_off(failure, b"")


def _before_error(data: bytes) -> bytes:
    """Return the events before the one that tells of an error."""
    found = _ERROR.search(data)
    if found is None:
        return data
    before = EventShelf()
    before.put(data[: found.start()])
    return before.take()


async def relay_whole(attempt: Attempt, reply: UpstreamReply) -> Failure | None:
    """Pass a whole reply on; it is held until complete, so that a cut never reaches the client."""
    exchange = attempt.exchange
    tap = attempt.tap or exchange.dialect.tap(attempt.mode)
    seen = exchange.seen = Seen(exchange.dialect, attempt.mode)
    body = bytearray()
    async with aclosing(attempt.pulse.watched(reply.chunks())) as chunks:
        async for chunk in chunks:
            tap.feed(chunk)
            seen.add(chunk)
            body += chunk
            if len(body) > REPLY_LIMIT:
                return UpstreamProtocolError("The provider's reply is too large.").failure()
    tap.close()
    exchange.usage, exchange.is_usage_final = tap.usage, True
    if not body.lstrip().startswith((b"{", b"[")):
        failure = UpstreamProtocolError("The provider's reply is empty or not JSON.").failure()
        return attempt.classified(failure, reply.headers)
    if tap.failure is not None and not is_callers_fault(tap.failure):
        return attempt.classified(tap.failure, reply.headers)
    exchange.failure = tap.failure
    headers = reply_headers(attempt, reply.headers)
    headers["content-type"] = reply.headers.get("content-type", "application/json")
    await attempt.sink.respond(reply.status, headers, bytes(body))
    return None
