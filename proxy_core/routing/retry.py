"""(attempt, failure) → the next target, or give up. Pure."""

from __future__ import annotations

from typing import Literal

from proxy_core.errors import Failure

Verdict = Literal["next", "give_up"]

# The same request fails the same way everywhere: asking the next account would only cost.
_CALLERS_FAULT = frozenset(
    {"invalid_request", "context_length", "too_large", "cancelled", "method_not_allowed"}
)


def is_callers_fault(failure: Failure) -> bool:
    """Say whether the request itself is wrong, wherever it goes."""
    return failure.kind in _CALLERS_FAULT and failure.scope == "request"


def decide(failure: Failure, attempt: int, most_attempts: int, targets_left: int) -> Verdict:
    """Say what follows a failed attempt; ``attempt`` counts from 1."""
    if is_callers_fault(failure) or attempt >= most_attempts or targets_left == 0:
        return "give_up"
    return "next"
