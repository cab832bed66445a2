"""Tells a client that its exchange failed: with a status while that is possible, else in-band."""

from __future__ import annotations

import math

from proxy_core.errors import Failure, ProxyError
from proxy_core.ir.stream import Fault
from proxy_core.relay.attempt import RefusedReply
from proxy_core.relay.exchange import Exchange
from proxy_core.relay.headers import JSON, ours, passed
from proxy_core.relay.sink import Sink


async def refuse(exchange: Exchange, sink: Sink, refused: RefusedReply, created: int) -> None:
    """Answer with a failure; a vendor's own error goes on as it came to a client of the same dialect."""
    exchange.failure = refused.failure
    if sink.is_committed:
        await _in_band(exchange, sink, refused.failure, created)
    elif _is_own(exchange, refused):
        await _verbatim(exchange, sink, refused)
    else:
        error = exchange.dialect.encode_error(refused.failure)
        exchange.status = error.status
        await sink.respond(
            error.status, {"content-type": JSON, **error.headers, **ours(exchange)}, error.body
        )


async def _in_band(exchange: Exchange, sink: Sink, failure: Failure, created: int) -> None:
    # only keep-alives went out: the error is the first and last thing in the stream
    mode = "stream" if exchange.peek is None else exchange.peek.mode
    try:
        encoder = exchange.dialect.reply_encoder(mode, exchange.request(), created)
        data = encoder.encode(Fault(failure)) + encoder.close()
    except ProxyError:
        data = exchange.dialect.encode_fault(failure, mode)
    exchange.status = failure.status
    await sink.write(data)
    await sink.finish()


def _is_own(exchange: Exchange, refused: RefusedReply) -> bool:
    same = exchange.upstream_dialect == exchange.dialect.name and 400 <= refused.status < 600
    return same and bool(refused.body) and "json" in refused.headers.get("content-type", "")


async def _verbatim(exchange: Exchange, sink: Sink, refused: RefusedReply) -> None:
    headers = {**passed(refused.headers, exchange.dialect.reply_headers), **ours(exchange)}
    headers["content-type"] = refused.headers["content-type"]
    if refused.failure.retry_after_s is not None:
        # of several accounts that rest, the one that is back first
        headers["retry-after"] = str(max(1, math.ceil(refused.failure.retry_after_s)))
    exchange.status = refused.status
    await sink.respond(refused.status, headers, refused.body)
