"""Token counts: the vendor's own where it gives one, else an estimate that says so.

A count is never refused because a vendor is busy. Tools ask for dozens at once (one per tool and file of
their context), vendors limit the counter on its own, and nothing that it answers says anything of chats: so
it puts no account to rest, and wakes none.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from proxy_core.relay.attempt import Attempt, RefusedReply, encode_target, reply_headers
from proxy_core.relay.exchange import Exchange
from proxy_core.relay.headers import JSON, ours
from proxy_core.relay.sink import Sink
from proxy_core.transport import UpstreamReply
from proxy_core.usage.estimate import estimated_input

Send = Callable[[Attempt, bytes, str], Awaitable[UpstreamReply]]

PATIENCE_S = 8.0
"""How long a vendor's counter may take; the estimate is better than a wait."""

ESTIMATED = "x-trunkline-estimated"
_COUNT_LIMIT = 1 << 20
_REQUEST_IS_WRONG = frozenset({"invalid_request", "context_length", "too_large"})


async def relay_count(attempt: Attempt, send: Send) -> None:
    """Answer a client of another dialect from the vendor's counter; with an estimate if it has none.

    Raises RefusedReply, UpstreamError, UnsupportedError when the counter does not give its number.
    """
    counted = await _ask(attempt, send)
    if counted is None:
        await estimate(attempt.exchange, attempt.sink)
        return
    headers = {**reply_headers(attempt, {}), "content-type": JSON}
    await attempt.sink.respond(200, headers, attempt.exchange.dialect.encode_count(counted))


async def estimate(exchange: Exchange, sink: Sink) -> None:
    """Answer with our own number. Raises DecodeError."""
    counted = await estimated_input(exchange.request())
    headers = {**ours(exchange), "content-type": JSON, ESTIMATED: "input_tokens"}
    await sink.respond(200, headers, exchange.dialect.encode_count(counted))


def is_estimated(exchange: Exchange, refused: RefusedReply) -> bool:
    """Whether an estimate stands in for what the vendor refused.

    Not where the request itself is wrong, and not for a key that is not taken: both would only come back with
    the chat. A vendor that dislikes our translation of a request says nothing of the request.
    """
    if refused.failure.kind == "authentication":
        return False
    translated = refused.status != 0 and exchange.upstream_dialect != exchange.dialect.name
    return translated or refused.failure.kind not in _REQUEST_IS_WRONG


async def _ask(attempt: Attempt, send: Send) -> int | None:
    request = attempt.request
    if request is None or "count_tokens" not in attempt.speech.paths:
        return None
    target = encode_target(attempt, stream=False)
    encoded = attempt.upstream.encode_count_request(request, target)
    if encoded is None:
        return None
    reply = await send(attempt, encoded.body, "count_tokens")
    try:
        return attempt.upstream.decode_count(await attempt.pulse.waited(reply.read(_COUNT_LIMIT)))
    finally:
        await reply.close()
