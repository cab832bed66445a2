"""What the outcome of an attempt means for the accounts, and what a client is told while they rest."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from proxy_core.accounts.pool import AccountPool
from proxy_core.clock import Clock
from proxy_core.errors import Failure, FailureKind
from proxy_core.relay.attempt import RefusedReply
from proxy_core.routing.resolve import Resolution, Target

Rested = Callable[[str, float | None], None]
"""Told that an account rests so many seconds, or (None) that it works again."""

_HINTED = frozenset({"rate_limit", "overloaded", "billing", "server"})
_LIMITS: frozenset[FailureKind] = frozenset({"rate_limit", "billing"})


class Resting:
    """Reports outcomes to the pool, and reads from it when to come again."""

    def __init__(self, pool: AccountPool, clock: Clock, rested: Rested) -> None:
        self._pool = pool
        self._clock = clock
        self._rested = rested

    def succeeded(self, target: Target) -> None:
        """Note that an account answered."""
        if self._pool.report_success(target):
            self._rested(target.account, None)

    def failed(self, target: Target, failure: Failure) -> float | None:
        """Note that an account failed; return for how many seconds it rests, None if it does not."""
        rest = self._pool.report_failure(target, failure)
        if rest is None:
            return None
        wait_s = max(0.0, rest.until - self._clock.monotonic())
        self._rested(target.account, wait_s)
        return wait_s

    def for_repeat(self, targets: Sequence[Target]) -> list[Target]:
        """Return where the repeat of a failed request may go: where nothing failed, else to who rested."""
        fresh = [target for target in targets if not self._pool.has_failed(target)]
        return fresh or [target for target in targets if self._pool.rest(target) is None][:1]

    def hinted(self, refused: RefusedReply, resolution: Resolution, wait_s: float | None) -> RefusedReply:
        """Say when to try again: some clients never do so unless told when."""
        failure = refused.failure
        if failure.kind in _HINTED:
            limited = self._pool.limit(resolution.targets)
            if limited is not None:
                refused.failure = failure.with_retry_after(limited[1])
            elif failure.retry_after_s is None:
                refused.failure = failure.with_retry_after(wait_s)
        return refused

    def told_to_wait(self, resolution: Resolution) -> RefusedReply:
        """Return the answer while every account rests: no vendor is asked."""
        rests = [rest for target in resolution.targets if (rest := self._pool.rest(target)) is not None]
        cause, seconds = min(rests, key=lambda rest: rest[1])
        served = f"Every account that serves {resolution.model!r}"
        if cause.kind in _LIMITS:
            status = 402 if cause.kind == "billing" else 429
            words = f"{served} is at its limit"
            failure = Failure(cause.kind, status, f"{words}: {cause.message}", "model_cooldown")
        else:
            words = f"{served} failed a moment ago and rests for {seconds:.0f} s"
            failure = Failure("overloaded", 503, f"{words}: {cause.message}", "model_cooldown")
        return RefusedReply(failure.with_retry_after(seconds), 0, {}, b"")
