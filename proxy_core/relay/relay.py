"""The attempt loop: the only module that knows all parties."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace

from proxy_core.accounts.catalogue import Catalogue
from proxy_core.accounts.credentials import Credentials
from proxy_core.accounts.pool import AccountPool
from proxy_core.clock import Clock
from proxy_core.dialect import Dialect
from proxy_core.errors import Failure, ProxyError, QuotaExhausted, RouteError
from proxy_core.relay import counting, passthrough, translate
from proxy_core.relay.attempt import Attempt, RefusedReply
from proxy_core.relay.exchange import Exchange
from proxy_core.relay.headers import JSON, ours, passed
from proxy_core.relay.heartbeat import Heartbeat
from proxy_core.relay.passthrough import Writer
from proxy_core.relay.prepare import prepare, upstream_body
from proxy_core.relay.pulse import Pulse
from proxy_core.relay.sending import Sender
from proxy_core.relay.sink import Sink
from proxy_core.routing.resolve import AliasRule, Resolution, Target, resolve
from proxy_core.routing.retry import decide
from proxy_core.settings import Settings
from proxy_core.transport import Transport, UpstreamReply

SETTLE_S = 5.0
"""How long an unknown model waits for lists that are still on their way."""


class Relay:
    """Brings exchanges to their end."""

    def __init__(
        self,
        *,
        dialects: Mapping[str, Dialect],
        provider_names: frozenset[str],
        catalogue: Catalogue,
        pool: AccountPool,
        credentials: Credentials,
        transport: Transport,
        clock: Clock,
        settings: Callable[[], Settings],
        aliases: Callable[[], Mapping[str, AliasRule]],
    ) -> None:
        self._dialects = dialects
        self._provider_names = provider_names
        self._catalogue = catalogue
        self._pool = pool
        self._sender = Sender(credentials, transport, clock)
        self._clock = clock
        self._settings = settings
        self._aliases = aliases

    async def run(self, exchange: Exchange, sink: Sink) -> None:
        """Answer an exchange, whatever happens; a client that leaves cancels everything."""
        try:
            exchange.peek = exchange.body_dialect.peek(exchange.body, exchange.call)
            resolution = await self._resolve(exchange.peek.model)
            refused = await self._try_targets(exchange, sink, resolution)
        except ProxyError as error:
            refused = RefusedReply(error.failure(), 0, {}, b"")
        except asyncio.CancelledError:
            exchange.status = 499
            exchange.failure = Failure("cancelled", 499, "The client left.")
            raise
        if refused is not None:
            await self._refuse(exchange, sink, refused)
        elif exchange.status == 0:
            exchange.status = 200

    async def _resolve(self, name: str) -> Resolution:
        try:
            return self._find(name)
        except RouteError:
            await self._catalogue.settle(SETTLE_S)
            return self._find(name)

    def _find(self, name: str) -> Resolution:
        return resolve(name, self._catalogue.offers, self._aliases(), self._provider_names)

    async def _try_targets(
        self, exchange: Exchange, sink: Sink, resolution: Resolution
    ) -> RefusedReply | None:
        targets = self._pool.order(resolution.model, resolution.targets)
        if not targets:
            limited = self._pool.limit(resolution.targets)
            failure = None if limited is None else limited[0]
            raise QuotaExhausted(
                f"Every account that serves {resolution.model!r} is at its limit"
                + (f": {failure.message}" if failure is not None else "."),
                code="model_cooldown",
                retry_after_s=1.0 if limited is None else limited[1],
            )
        most = min(len(targets), self._settings().routing.attempts)
        for number, target in enumerate(targets, 1):
            exchange.attempts, exchange.target, exchange.losses = number, target, ()
            refused = await self._attempt(exchange, sink, target, resolution)
            if refused is None:
                if exchange.failure is None:
                    self._pool.report_success(target)
                return None
            self._pool.report_failure(target, refused.failure)
            left = len(targets) - number
            if decide(refused.failure, number, most, left) == "give_up":
                return refused
        raise AssertionError("the loop always gives up")

    async def _attempt(
        self, exchange: Exchange, sink: Sink, target: Target, resolution: Resolution
    ) -> RefusedReply | None:
        heart = Heartbeat(exchange, sink)
        settings = self._settings()
        beat = heart.beat if heart.is_wanted else None
        limit_s = settings.network.first_byte_timeout_s
        try:
            async with Pulse(self._clock, settings.server.keep_alive_s, beat, limit_s) as pulse:
                failure = await self._within(heart, pulse, exchange, sink, target, resolution)
        except RefusedReply as error:
            return error
        except ProxyError as error:
            failure = _blamed(error)
            if heart.has_written:
                await self._break(exchange, sink, heart, failure)
                return None
        return None if failure is None else RefusedReply(failure, 0, {}, b"")

    async def _within(
        self,
        heart: Heartbeat,
        pulse: Pulse,
        exchange: Exchange,
        sink: Sink,
        target: Target,
        resolution: Resolution,
    ) -> Failure | None:
        account = self._catalogue.account(target.account)
        now = int(self._clock.now())
        attempt = prepare(exchange, sink, pulse, target, account, self._dialects, resolution, now)
        heart.attempt = attempt
        if exchange.operation == "count_tokens" and not attempt.plan.is_passthrough:
            await counting.relay_count(attempt, self._sender.send)
            return None
        heart.writer = Writer(attempt)
        reply = await self._sender.send(attempt, upstream_body(attempt, resolution))
        try:
            pulse.limit(self._settings().network.idle_timeout_s)
            return await self._bring(attempt, reply, heart.writer)
        finally:
            await reply.close()

    async def _bring(self, attempt: Attempt, reply: UpstreamReply, writer: Writer) -> Failure | None:
        if attempt.plan.is_passthrough:
            if attempt.mode == "whole":
                return await passthrough.relay_whole(attempt, reply)
            return await passthrough.relay_stream(attempt, reply, writer)
        if attempt.mode == "whole":
            return await translate.relay_whole(attempt, reply)
        return await translate.relay_stream(attempt, reply, writer)

    async def _break(self, exchange: Exchange, sink: Sink, heart: Heartbeat, failure: Failure) -> None:
        """End a reply that broke after its first byte: in-band, and never cleanly."""
        exchange.failure = failure
        if heart.attempt is not None:
            await sink.write(exchange.dialect.encode_fault(failure, heart.attempt.mode))
        await sink.finish()

    async def _refuse(self, exchange: Exchange, sink: Sink, refused: RefusedReply) -> None:
        failure = refused.failure
        exchange.failure = failure
        if sink.is_committed:
            mode = exchange.peek.mode if exchange.peek is not None else "stream"
            exchange.status = failure.status
            await sink.write(exchange.dialect.encode_fault(failure, mode))
            await sink.finish()
            return
        own = exchange.upstream_dialect == exchange.dialect.name and 400 <= refused.status < 600
        kind = refused.headers.get("content-type", "")
        if own and refused.body and "json" in kind:
            headers = {**passed(refused.headers, exchange.dialect.reply_headers), **ours(exchange)}
            headers["content-type"] = kind
            if failure.retry_after_s is not None and "retry-after" not in headers:
                headers["retry-after"] = str(max(1, round(failure.retry_after_s + 0.5)))
            exchange.status = refused.status
            await sink.respond(refused.status, headers, refused.body)
            return
        error = exchange.dialect.encode_error(failure)
        exchange.status = error.status
        headers = {"content-type": JSON, **error.headers, **ours(exchange)}
        await sink.respond(error.status, headers, error.body)


def _blamed(error: ProxyError) -> Failure:
    """Return the failure; what went wrong on the way to the vendor is laid at the account's door."""
    failure = error.failure()
    upstream = failure.kind in ("server", "timeout", "overloaded", "authentication")
    return replace(failure, scope="account") if upstream else failure
