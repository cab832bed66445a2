"""Which account next: turns, and cooldowns per account and model. A state machine with a clock.

Two kinds of rest are told apart. A *limit* (429, 402) is kept: the account is not asked before its end,
and when every target rests so, the caller gets 429 with the earliest end. A *fault* (refused key, 5xx,
network) only moves the account to the end of the queue: with one account, asking again is the only way
to find out that it works again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from proxy_core.clock import Clock
from proxy_core.errors import Failure
from proxy_core.routing.resolve import Target

LONGEST_REST_S = 7 * 24 * 3600.0
"""A hint beyond this is taken for a mistake and cut."""

_ANY = "*"
_LIMITS = frozenset({"rate_limit", "billing"})
_REST_S: Mapping[str, float] = MappingProxyType(
    {"authentication": 1800.0, "permission": 1800.0, "billing": 1800.0, "not_found": 600.0}
)
_PASSING = frozenset({"server", "overloaded", "timeout"})
_FIRST_REST_S = 1.0
_LONGEST_LADDER_S = 1800.0
_LONGEST_FAULT_S = 60.0


@dataclass(frozen=True, slots=True)
class Rest:
    """Why and until when (monotonic seconds) an account is left alone, for one model or for all."""

    until: float
    failure: Failure
    streak: int

    @property
    def is_limit(self) -> bool:
        """Whether the account must not be asked before the end."""
        return self.failure.kind in _LIMITS


class AccountPool:
    """Turns and cooldowns of all accounts."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._rests: dict[tuple[str, str], Rest] = {}
        self._turns: dict[str, int] = {}

    def order(
        self,
        name: str,
        targets: Sequence[Target],
        is_preferred: Callable[[Target], bool] = lambda target: False,
    ) -> list[Target]:
        """Return the targets to try for the model called ``name``, best first; those at a limit are left out.

        Every call is one turn of the round: equal accounts take turns. Of those that are well, preferred ones
        come first.
        """
        turn = self._turns.get(name, 0)
        self._turns[name] = turn + 1
        if not targets:
            return []
        start = turn % len(targets)
        turned = [*targets[start:], *targets[:start]]
        open_targets = [target for target in turned if not self._is_limited(target)]
        return sorted(open_targets, key=lambda target: (self._fault_end(target), not is_preferred(target)))

    def limit(self, targets: Sequence[Target]) -> tuple[Failure, float] | None:
        """Return the limit that ends first and the seconds until then; None if a target is not limited."""
        rests = [self._limit_of(target) for target in targets]
        if not rests or any(rest is None for rest in rests):
            return None
        first = min((rest for rest in rests if rest is not None), key=lambda rest: rest.until)
        return first.failure, max(0.0, first.until - self._clock.monotonic())

    def has_failed(self, target: Target) -> bool:
        """Whether the account failed for the model, and did not answer since."""
        return any((target.account, model) in self._rests for model in (_ANY, target.model))

    def rest(self, target: Target) -> tuple[Failure, float] | None:
        """Return why the account had better not be asked again for the model now, and for how many seconds.

        What no waiting heals (a refused key, a model that is not there) is no reason to wait.
        """
        rests = [one for one in self._current(target) if one.failure.kind in _PASSING or one.is_limit]
        if not rests:
            return None
        last = max(rests, key=lambda one: one.until)
        return last.failure, last.until - self._clock.monotonic()

    def report_success(self, target: Target) -> bool:
        """The account answered for the model: forget its rests; returns whether there were any."""
        rests = [self._rests.pop((target.account, model), None) for model in (target.model, _ANY)]
        return any(rest is not None for rest in rests)

    def report_failure(self, target: Target, failure: Failure) -> Rest | None:
        """Note a failure that is the account's or the model's; return the rest that follows, if one does."""
        if failure.scope == "request":
            return None
        key = (target.account, _ANY if failure.scope == "account" else target.model)
        known = self._rests.get(key)
        now = self._clock.monotonic()
        is_limited = known is not None and known.is_limit and known.until > now
        if known is not None and is_limited and failure.kind not in _LIMITS:
            return known  # a fault that comes late tells nothing of the limit
        if known is not None and is_limited:
            # a burst of calls that all fail at once is one step of the ladder; a longer hint counts
            hinted = now + min(failure.retry_after_s or 0.0, LONGEST_REST_S)
            streak = known.streak
            until = max(known.until, hinted)
        else:
            streak = 0 if known is None else known.streak + 1
            until = now + self._rest_s(failure, streak)
        rest = self._rests[key] = Rest(until, failure, streak)
        return rest

    def forget(self, account: str) -> None:
        """Forget every rest of an account: it was changed by hand."""
        for key in [key for key in self._rests if key[0] == account]:
            del self._rests[key]

    def resting(self) -> dict[tuple[str, str], tuple[float, Failure]]:
        """Return seconds left and failure by (account, model or ``*``) for every rest that still lasts."""
        now = self._clock.monotonic()
        return {
            key: (rest.until - now, rest.failure) for key, rest in self._rests.items() if rest.until > now
        }

    def _rest_s(self, failure: Failure, streak: int) -> float:
        if failure.retry_after_s is not None:
            return min(max(failure.retry_after_s, 0.0), LONGEST_REST_S)
        fixed = _REST_S.get(failure.kind)
        if fixed is not None:
            return fixed
        most = _LONGEST_LADDER_S if failure.kind in _LIMITS else _LONGEST_FAULT_S
        ladder: float = _FIRST_REST_S * 2 ** min(streak, 20)
        return min(ladder, most)

    def _current(self, target: Target) -> list[Rest]:
        now = self._clock.monotonic()
        keys = ((target.account, _ANY), (target.account, target.model))
        return [rest for key in keys if (rest := self._rests.get(key)) is not None and rest.until > now]

    def _limit_of(self, target: Target) -> Rest | None:
        limits = [rest for rest in self._current(target) if rest.is_limit]
        return max(limits, key=lambda rest: rest.until) if limits else None

    def _is_limited(self, target: Target) -> bool:
        return self._limit_of(target) is not None

    def _fault_end(self, target: Target) -> float:
        return max((rest.until for rest in self._current(target)), default=0.0)
