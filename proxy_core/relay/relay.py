"""The attempt loop: the only module that knows all parties."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace

from proxy_core.accounts.catalogue import Catalogue
from proxy_core.accounts.credentials import Credentials
from proxy_core.accounts.pool import AccountPool
from proxy_core.clock import Clock
from proxy_core.dialect import Dialect, Peek
from proxy_core.errors import (
    DecodeError,
    Failure,
    Interrupted,
    ProxyError,
    RouteError,
    VaultLockedError,
    VaultUnavailableError,
)
from proxy_core.relay import counting, passthrough, refusal, translate
from proxy_core.relay.attempt import Attempt, RefusedReply
from proxy_core.relay.continuity import Continuity
from proxy_core.relay.exchange import Exchange
from proxy_core.relay.heartbeat import Heartbeat
from proxy_core.relay.prepare import prepare, represented, upstream_body, without_reasoning
from proxy_core.relay.pulse import Pulse
from proxy_core.relay.reasoning_store import ReasoningStore
from proxy_core.relay.repeats import Repeats
from proxy_core.relay.resting import Rested, Resting
from proxy_core.relay.sending import Sender
from proxy_core.relay.sink import Sink
from proxy_core.relay.writer import Writer
from proxy_core.routing.resolve import AliasRule, Resolution, Resolver, Target
from proxy_core.routing.retry import decide, is_callers_fault, may_pass
from proxy_core.settings import Settings
from proxy_core.transport import Transport, UpstreamReply

SETTLE_S = 5.0
"""How long an unknown model waits for lists that are still on their way."""

PAUSE_S = 0.5
"""Before an overloaded vendor is asked once more."""

_STOPPING = "Trunkline is stopping. Try again when it runs."


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
        self._resolver = Resolver((), {}, provider_names)
        self._catalogue = catalogue
        self._pool = pool
        self._credentials = credentials
        self._sender = Sender(credentials, transport, clock)
        self._clock = clock
        self._settings = settings
        self._aliases = aliases
        self._resting = Resting(pool, clock, rested)
        self._repeats = Repeats(clock)
        self._pulses: set[Pulse] = set()
        self._stopping: Interrupted | None = None
        self._continuity = Continuity(ReasoningStore(clock))

    async def run(self, exchange: Exchange, sink: Sink) -> None:
        """Answer an exchange, whatever happens; a client that leaves cancels everything.

        Raises CancelledError, or ConnectionError from the sink, when the client is gone.
        """
        exchange.quiet_since = self._clock.monotonic()
        try:
            exchange.peek = _peeked(exchange)
            resolution = await self._resolve(exchange.peek.model)
            if exchange.operation == "count_tokens":
                refused = await self._count(exchange, sink, resolution)
            else:
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

    def interrupt(self) -> None:
        """End every exchange that is under way with an error; those that come are refused."""
        self._stopping = Interrupted(_STOPPING)
        for pulse in tuple(self._pulses):
            pulse.interrupt(self._stopping)

    def resume(self) -> None:
        """Take exchanges again."""
        self._stopping = None

    def _left(self, exchange: Exchange) -> None:
        if exchange.is_complete and exchange.target is not None:
            # many clients close as soon as they have read the last event
            exchange.status = 200
            self._resting.succeeded(exchange.target)
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
        offers, aliases = self._catalogue.offers, self._aliases()
        if not self._resolver.is_of(offers, aliases):
            self._resolver = Resolver(offers, aliases, self._provider_names)
        return self._resolver.find(name)

    async def _try_targets(
        self, exchange: Exchange, sink: Sink, resolution: Resolution
    ) -> RefusedReply | None:
        targets = self._ordered(exchange, resolution)
        is_repeat = self._repeats.has(exchange)
        if is_repeat:
            targets = self._resting.for_repeat(targets)
        if not targets:
            return self._resting.told_to_wait(resolution)
        refused, wait_s = await self._in_turn(exchange, sink, resolution, targets, is_repeat)
        if refused is None:
            self._repeats.succeeded(exchange)
            return None
        if not is_callers_fault(refused.failure):
            self._repeats.failed(exchange)
        return self._resting.hinted(refused, resolution, wait_s)

    async def _in_turn(
        self,
        exchange: Exchange,
        sink: Sink,
        resolution: Resolution,
        targets: list[Target],
        is_repeat: bool,
    ) -> tuple[RefusedReply | None, float | None]:
        """Try one target after the other; return what was refused last, and how long that account rests."""
        most = self._settings().routing.attempts
        left = deque(targets)
        is_only = len(targets) == 1 and not is_repeat
        target = left.popleft()
        while True:
            exchange.attempts, exchange.target, exchange.losses = exchange.attempts + 1, target, ()
            exchange.usage, exchange.is_usage_final = None, False
            exchange.seen, exchange.is_complete = None, False
            refused = await self._attempt(exchange, sink, target, resolution)
            if self._stopping is not None:
                return refused, None
            if refused is None:
                self._judge(exchange, target)
                return None, None
            may_repeat = is_only and exchange.attempts == 1 and may_pass(refused.failure, refused.status)
            wait_s = self._resting.failed(target, refused.failure)
            verdict = decide(refused.failure, exchange.attempts, most, len(left), may_repeat=may_repeat)
            if verdict == "give_up":
                return refused, wait_s
            if verdict == "next":
                target = left.popleft()
            elif refused.failure.kind == "authentication":
                self._credentials.forget()  # the key may be a new one
            elif refused.failure.kind == "overloaded":
                await self._clock.sleep(PAUSE_S)

    def _judge(self, exchange: Exchange, target: Target) -> None:
        if exchange.failure is None:
            self._resting.succeeded(target)
        else:
            self._resting.failed(target, exchange.failure)

    def _ordered(self, exchange: Exchange, resolution: Resolution) -> list[Target]:
        """Return the targets in the pool's order, but first the account whose reasoning the body holds."""
        targets = resolution.targets
        issuers = {target: self._issuer(target) for target in targets} if len(targets) > 1 else {}
        latest = self._continuity.latest_issuer(exchange, set(issuers.values())) if issuers else None
        return self._pool.order(
            resolution.model,
            targets,
            lambda target: latest is not None and issuers.get(target) == latest,
        )

    def _issuer(self, target: Target) -> str:
        account = self._catalogue.account(target.account)
        return "" if account is None else account.issuer

    async def _count(self, exchange: Exchange, sink: Sink, resolution: Resolution) -> RefusedReply | None:
        """Count tokens; whatever an account answers to that changes nothing for chats."""
        targets = self._ordered(exchange, resolution)
        targets = targets[: self._settings().routing.attempts]
        for number, target in enumerate(targets, 1):
            exchange.attempts, exchange.target, exchange.losses = number, target, ()
            refused = await self._attempt(exchange, sink, target, resolution)
            if refused is None:
                return None
            if counting.is_estimated(exchange, refused):
                break
            if decide(refused.failure, number, len(targets), len(targets) - number) == "give_up":
                return refused
        await counting.estimate(exchange, sink)
        return None

    async def _attempt(
        self, exchange: Exchange, sink: Sink, target: Target, resolution: Resolution
    ) -> RefusedReply | None:
        settings = self._settings()
        heart = Heartbeat(exchange, sink, settings.server.keep_alive_s)
        limit_s = settings.network.first_byte_timeout_s
        if exchange.operation == "count_tokens":
            limit_s = min(limit_s, counting.PATIENCE_S)
        pulse = Pulse(
            self._clock, heart.every_s, heart.beat, limit_s, heart.quiet_since(exchange.quiet_since)
        )
        if self._stopping is not None:
            pulse.interrupt(self._stopping)
        self._pulses.add(pulse)
        try:
            async with pulse:
                failure = await self._within(heart, pulse, exchange, sink, target, resolution)
        except RefusedReply as error:
            return error
        except ProxyError as error:
            failure = _blamed(error)
            if heart.writer is not None and heart.has_written:
                await heart.writer.break_off(failure, exchange.dialect.encode_fault(failure, heart.mode))
                return None
        finally:
            self._pulses.discard(pulse)
            if sink.is_committed:
                exchange.quiet_since = pulse.quiet_since
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
        attempt = prepare(
            exchange, sink, pulse, target, account, self._dialects, resolution, now, self._continuity
        )
        heart.attempt = attempt
        if exchange.operation == "count_tokens" and not attempt.plan.is_passthrough:
            await counting.relay_count(attempt, self._sender.send)
            return None
        heart.writer = Writer(attempt)
        attempt, reply = await self._sent(attempt, resolution)
        heart.attempt, heart.writer = attempt, Writer(attempt)
        try:
            if exchange.operation != "count_tokens":
                pulse.limit(self._settings().network.idle_timeout_s)
            if attempt.plan.is_passthrough and not translate.comes_as_asked(attempt, reply):
                plan = replace(attempt.plan, is_passthrough=False)
                attempt = represented(replace(attempt, plan=plan), resolution, self._continuity)
            return await self._bring(attempt, reply, heart.writer)
        finally:
            await reply.close()

    async def _sent(self, attempt: Attempt, resolution: Resolution) -> tuple[Attempt, UpstreamReply]:
        """Send; once more, without its reasoning, what the vendor refused for that."""
        try:
            return attempt, await self._sender.send(attempt, upstream_body(attempt, resolution))
        except RefusedReply as refused:
            again = without_reasoning(attempt, refused, resolution, self._continuity)
            if again is None:
                raise
        return again, await self._sender.send(again, upstream_body(again, resolution))

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
        members, exchange.members = exchange.members, None
        return exchange.body_dialect.peek(exchange.body if members is None else members, exchange.call)
    except RecursionError:
        raise DecodeError("The body is nested too deeply.") from None


def _blamed(error: ProxyError) -> Failure:
    """Return the failure; what went wrong on the way to the vendor is laid at the account's door."""
    failure = error.failure()
    if isinstance(error, VaultLockedError | VaultUnavailableError | Interrupted):
        return failure  # nobody was asked
    upstream = failure.kind in ("server", "timeout", "overloaded", "authentication")
    return replace(failure, scope="account") if upstream else failure
