"""Same dialect: bytes out, bytes back, a tap beside."""

from __future__ import annotations

import re
from contextlib import aclosing

from proxy_core.dialect import Mode, Tap
from proxy_core.errors import Failure, UpstreamError, UpstreamProtocolError
from proxy_core.relay.attempt import REPLY_LIMIT, Attempt, at_boundary, reply_headers, start
from proxy_core.routing.retry import is_callers_fault
from proxy_core.transport import UpstreamReply

_MOST_HELD = 1 << 16
_BLANK_LINE = b"\n\n"
_EVENT = re.compile(rb"(?:^|[\r\n])data:.*?(?:\n\n|\r\n\r\n|\r\r)", re.DOTALL)


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

    async def write_fault(self, failure: Failure, tap: Tap | None = None) -> None:
        """End a reply that broke: what it broke in is ended first, so that the error stands alone.

        ``tap`` is the one that saw the reply, if one did: it knows what the error has to agree with.
        """
        exchange = self._attempt.exchange
        exchange.failure, exchange.status = self._attempt.classified(failure, {}), failure.status
        mode = self._attempt.mode
        gap = b"" if mode == "array" or self.is_at_boundary else _BLANK_LINE
        fault = exchange.dialect.encode_fault(failure, mode) if tap is None else tap.encode_fault(failure)
        await self.write(gap + fault)


async def relay_stream(attempt: Attempt, reply: UpstreamReply, writer: Writer) -> Failure | None:
    """Pass a stream on as it comes; return the failure if one came before the first byte."""
    exchange = attempt.exchange
    tap = exchange.dialect.tap(attempt.mode)
    held = bytearray()
    broken: Failure | None = None
    try:
        async with aclosing(attempt.pulse.watched(reply.chunks())) as chunks:
            async for chunk in chunks:
                tap.feed(chunk)
                if writer.has_written:
                    await writer.write(chunk)
                    exchange.is_complete = _is_good(tap)
                    continue
                # nobody can use a part of the first event, and it may be an error
                held += chunk
                if _is_another_s_turn(tap):
                    break
                if _is_useful(held, attempt.mode):
                    await start(attempt, reply.headers)
                    await writer.write(bytes(held))
                    exchange.is_complete = _is_good(tap)
        tap.close()
    except UpstreamError as error:
        broken = error.failure()
    finally:
        exchange.usage = tap.usage
    if tap.failure is None and not tap.is_complete:
        broken = broken or UpstreamProtocolError("The provider broke off its reply.").failure()
    if not writer.has_written:
        failure = tap.failure if _is_another_s_turn(tap) else broken
        if failure is not None:
            return attempt.classified(failure, reply.headers)
        await start(attempt, reply.headers)
        await writer.write(bytes(held))
    exchange.is_complete = _is_good(tap)
    await _end(attempt, tap, writer, broken)
    return None


async def _end(attempt: Attempt, tap: Tap, writer: Writer, broken: Failure | None) -> None:
    exchange = attempt.exchange
    if tap.failure is not None:
        exchange.failure = attempt.classified(tap.failure, {})
        exchange.status = exchange.failure.status
    elif broken is not None and not tap.is_complete:
        await writer.write_fault(broken, tap)
    await attempt.sink.finish()


def _is_good(tap: Tap) -> bool:
    return tap.is_complete and tap.failure is None


def _is_another_s_turn(tap: Tap) -> bool:
    return tap.failure is not None and not is_callers_fault(tap.failure)


def _is_useful(held: bytearray, mode: Mode) -> bool:
    # comments alone are the vendor's keep-alives; the client has ours
    return mode == "array" or _EVENT.search(held) is not None or len(held) >= _MOST_HELD


async def relay_whole(attempt: Attempt, reply: UpstreamReply) -> Failure | None:
    """Pass a whole reply on; it is held until complete, so that a cut never reaches the client."""
    exchange = attempt.exchange
    tap = exchange.dialect.tap(attempt.mode)
    body = bytearray()
    async with aclosing(attempt.pulse.watched(reply.chunks())) as chunks:
        async for chunk in chunks:
            tap.feed(chunk)
            body += chunk
            if len(body) > REPLY_LIMIT:
                return UpstreamProtocolError("The provider's reply is too large.").failure()
    tap.close()
    exchange.usage = tap.usage
    if not body.lstrip().startswith((b"{", b"[")):
        failure = UpstreamProtocolError("The provider's reply is empty or not JSON.").failure()
        return attempt.classified(failure, reply.headers)
    if _is_another_s_turn(tap) and tap.failure is not None:
        return attempt.classified(tap.failure, reply.headers)
    exchange.failure = tap.failure
    headers = reply_headers(attempt, reply.headers)
    headers["content-type"] = reply.headers.get("content-type", "application/json")
    await attempt.sink.respond(reply.status, headers, bytes(body))
    return None
