"""What an exchange used, where its vendor did not say or could not: an estimate, marked as one.

It is made after the last byte went out, in a thread: a request can be of any size. Only a client that is owed
a number inside its reply gets one while it waits.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace

from proxy_core.errors import ProxyError
from proxy_core.ir.request import Request
from proxy_core.ir.stream import Usage
from proxy_core.relay.exchange import Exchange
from proxy_core.relay.seen import Seen
from proxy_core.usage.estimate import estimate_input

_BYTES_PER_TOKEN = 4


async def reckoned(exchange: Exchange) -> Usage | None:
    """Return what an exchange used: as the vendor told at its end, else estimated; None if nothing was."""
    known = exchange.usage
    if known is not None and exchange.is_usage_final:
        return known
    if exchange.seen is None or exchange.operation != "chat":
        return known
    return await asyncio.to_thread(_estimated, exchange, exchange.seen, None)


async def owed(exchange: Exchange, request: Request) -> Usage | None:
    """Return the estimate for a client that is told the usage in its reply, None if the vendor told it."""
    if exchange.usage is not None and exchange.is_usage_final:
        return None
    return await asyncio.to_thread(_estimated, exchange, exchange.seen or Seen(), request)


def _estimated(exchange: Exchange, seen: Seen, request: Request | None) -> Usage:
    known = exchange.usage or Usage()
    if request is None:
        with contextlib.suppress(ProxyError, RecursionError):  # the vendor understood it
            request = exchange.request()
    rough = max(1, len(exchange.body) // _BYTES_PER_TOKEN)
    asked = known.input_tokens or (rough if request is None else estimate_input(request))
    said = seen.output_tokens(request, exchange.body)
    return replace(known, input_tokens=asked, output_tokens=max(known.output_tokens, said), estimated=True)
