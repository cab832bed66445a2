"""The attempt loop: the only module that knows all parties."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace

from proxy_core.accounts.catalogue import Catalogue
from proxy_core.accounts.credentials import Credentials
from proxy_core.accounts.pool import AccountPool
from proxy_core.clock import Clock
from proxy_core.dialect import Dialect, Peek
from proxy_core.errors import DecodeError, Failure, ProxyError, QuotaExhausted, RouteError
from proxy_core.relay import counting, passthrough, refusal, translate
from proxy_core.relay.attempt import Attempt, RefusedReply
from proxy_core.relay.exchange import Exchange
from proxy_core.relay.heartbeat import Heartbeat
from proxy_core.relay.passthrough import Writer
from proxy_core.relay.prepare import prepare, represented, upstream_body
from proxy_core.relay.pulse import Pulse
from proxy_core.relay.sending import Sender
from proxy_core.relay.sink import Sink
from proxy_core.routing.resolve import AliasRule, Resolution, Target, resolve
from proxy_core.routing.retry import decide
from proxy_core.settings import Settings
from proxy_core.transport import Transport, UpstreamReply

SETTLE_S = 5.0
"""How long an unknown model waits for lists that are still on their way."""

_HINTED = frozenset({"rate_limit", "overloaded", "billing"})

Rested = Callable[[str, float | None], None]
"""Told that an account rests so many seconds, or (None) that it works again."""


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
        rested: Rested = lambda account, seconds: None,
    ) -> None:
        self._dialects = dialects
        self._provider_names = provider_names
        self._catalogue = catalogue
        self._pool = pool
        self._sender = Sender(credentials, transport, clock)
        self._clock = clock
        self._settings = settings
        self._aliases = aliases
        self._rested = rested

    async def run(self, exchange: Exchange, sink: Sink) -> None:
        """Answer an exchange, whatever happens; a client that leaves cancels everything.

        Raises CancelledError, or ConnectionError from the sink, when the client is gone.
        """
        try:
            exchange.peek = _peeked(exchange)
            resolution = await self._resolve(exchange.peek.model)
            refused = await self._try_targets(exchange, sink, resolution)
        except ProxyError as error:
            refused = RefusedReply(error.failure(), 0, {}, b"")
        except (asyncio.CancelledError, ConnectionError):
            self._left(exchange)
            raise
        if refused is not None:
            await refusal.refuse(exchange, sink, refused, int(self._clock.now()))
        elif exchange.status == 0:
            exchange.status = 200

    def _left(self, exchange: Exchange) -> None:
        if exchange.is_complete and exchange.target is not None:
            # many clients close as soon as they have read the last event
            exchange.status = 200
            self._succeeded(exchange.target)
            return
        exchange.status = 499
        exchange.failure = Failure("cancelled", 499, "The client left.")

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
            raise self._exhausted(resolution)
        most = min(len(targets), self._settings().routing.attempts)
        for number, target in enumerate(targets, 1):
            exchange.attempts, exchange.target, exchange.losses = number, target, ()
            exchange.usage, exchange.is_complete = None, False
            refused = await self._attempt(exchange, sink, target, resolution)
            if refused is None:
                if exchange.failure is None:
                    self._succeeded(target)
                else:
                    self._failed(target, exchange.failure)
                return None
            wait_s = self._failed(target, refused.failure)
            if decide(refused.failure, number, most, len(targets) - number) == "give_up":
                return self._hinted(refused, resolution, wait_s)
        raise AssertionError("the loop always gives up")

    def _exhausted(self, resolution: Resolution) -> QuotaExhausted:
        limited = self._pool.limit(resolution.targets)
        cause = "." if limited is None else f": {limited[0].message}"
        return QuotaExhausted(
            f"Every account that serves {resolution.model!r} is at its limit{cause}",
            code="model_cooldown",
            retry_after_s=1.0 if limited is None else limited[1],
        )

    def _succeeded(self, target: Target) -> None:
        if self._pool.report_success(target):
            self._rested(target.account, None)

    def _failed(self, target: Target, failure: Failure) -> float | None:
        rest = self._pool.report_failure(target, failure)
        if rest is None:
            return None
        wait_s = max(0.0, rest.until - self._clock.monotonic())
        self._rested(target.account, wait_s)
        return wait_s

    def _hinted(self, refused: RefusedReply, resolution: Resolution, wait_s: float | None) -> RefusedReply:
        """Say when to try again: some clients never do so unless told when."""
        failure = refused.failure
        if failure.kind in _HINTED:
            limited = self._pool.limit(resolution.targets)
            if limited is not None:
                refused.failure = failure.with_retry_after(limited[1])
            elif failure.retry_after_s is None:
                refused.failure = failure.with_retry_after(wait_s)
        return refused

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
            if heart.writer is not None and heart.has_written:
                await heart.writer.write_fault(failure)
                await sink.finish()
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
            if attempt.plan.is_passthrough and not translate.comes_as_asked(attempt, reply):
                plan = replace(attempt.plan, is_passthrough=False)
                attempt = represented(replace(attempt, plan=plan), resolution)
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


def _peeked(exchange: Exchange) -> Peek:
    try:
        return exchange.body_dialect.peek(exchange.body, exchange.call)
    except RecursionError:
        raise DecodeError("The body is nested too deeply.") from None


def _blamed(error: ProxyError) -> Failure:
    """Return the failure; what went wrong on the way to the vendor is laid at the account's door."""
    failure = error.failure()
    upstream = failure.kind in ("server", "timeout", "overloaded", "authentication")
    return replace(failure, scope="account") if upstream else failure
