"""Token counts for a client whose dialect the provider does not speak."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from proxy_core.errors import UpstreamError
from proxy_core.relay.attempt import Attempt, RefusedReply, encode_target, reply_headers
from proxy_core.relay.headers import JSON
from proxy_core.transport import UpstreamReply
from proxy_core.usage.estimate import estimate_input

Send = Callable[[Attempt, bytes, str], Awaitable[UpstreamReply]]

_COUNT_LIMIT = 1 << 20


async def relay_count(attempt: Attempt, send: Send) -> None:
    """Answer from the vendor's own counter, translated; else with an estimate that says so."""
    counted = await _ask(attempt, send)
    request = attempt.request
    assert request is not None
    headers = reply_headers(attempt, {})
    headers["content-type"] = JSON
    if counted is None:
        headers["x-trunkline-estimated"] = "input_tokens"
        counted = estimate_input(request)
    await attempt.sink.respond(200, headers, attempt.exchange.dialect.encode_count(counted))


async def _ask(attempt: Attempt, send: Send) -> int | None:
    request = attempt.request
    if request is None or "count_tokens" not in attempt.speech.paths:
        return None
    target = encode_target(attempt.target, attempt.provider, stream=False)
    encoded = attempt.upstream.encode_count_request(request, target)
    if encoded is None:
        return None
    try:
        reply = await send(attempt, encoded.body, "count_tokens")
    except (UpstreamError, RefusedReply):
        return None
    try:
        return attempt.upstream.decode_count(await reply.read(_COUNT_LIMIT))
    except UpstreamError:
        return None
    finally:
        await reply.close()
