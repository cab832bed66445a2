"""Tells a client that its exchange failed: with a status while that is possible, else in-band."""

from __future__ import annotations

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
    exchange.status = failure.status
    last = exchange.dialect.parting(failure, mode)
    if mode == "whole" or last is not None:
        if mode != "whole" and last:
            await sink.write(last)
        sink.abort()
        return
    try:
        encoder = exchange.dialect.reply_encoder(mode, exchange.request(), created)
        data = encoder.encode(Fault(failure)) + encoder.close()
    except ProxyError:
        data = exchange.dialect.encode_fault(failure, mode)
    await sink.write(data)
    await sink.finish()


def _is_own(exchange: Exchange, refused: RefusedReply) -> bool:
    same = exchange.upstream_dialect == exchange.dialect.name and 400 <= refused.status < 600
    # every dialect's clients look for `error`; what some gateways answer instead is wrapped into one
    is_json = b'"error"' in refused.body and "json" in refused.headers.get("content-type", "")
    return same and is_json and not _lacks_hint(exchange, refused)


def _lacks_hint(exchange: Exchange, refused: RefusedReply) -> bool:
    """Whether the dialect's clients look for a wait in the body, and this body has none."""
    if refused.failure.wait_s is None:
        return False
    dialect = exchange.dialect
    ours = dialect.decode_error(refused.status, dialect.encode_error(refused.failure).body)
    return ours.retry_after_s is not None and (
        dialect.decode_error(refused.status, refused.body).retry_after_s is None
    )


async def _verbatim(exchange: Exchange, sink: Sink, refused: RefusedReply) -> None:
    headers = {**passed(refused.headers, exchange.dialect.reply_headers), **ours(exchange)}
    headers["content-type"] = refused.headers["content-type"]
    # of several accounts that rest, the one that is back first
    hints = exchange.dialect.encode_error(refused.failure).headers
    headers.update({name: hints[name] for name in ("retry-after", "x-should-retry") if name in hints})
    exchange.status = refused.status
    await sink.respond(refused.status, headers, refused.body)
