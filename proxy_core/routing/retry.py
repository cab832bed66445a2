"""(attempt, failure) → the next target, or give up. Pure."""

from __future__ import annotations

import re
from typing import Literal

from proxy_core.errors import Failure

Verdict = Literal["next", "again", "give_up"]

_PASSING = frozenset({"server", "overloaded"})

# The same request fails the same way everywhere: asking the next account would only cost.
_CALLERS_FAULT = frozenset(
    {"invalid_request", "context_length", "too_large", "cancelled", "method_not_allowed"}
)


_REASONING_CODES = frozenset({"invalid_encrypted_content", "thinking_signature_invalid"})
# In the words of OpenAI (and xAI), Anthropic and Google, as their users report them (2026-08 to 2026-11).
_REASONING_WORDS = re.compile(
    r"encrypted.content|thought.?signature|reasoning_content"
    r"|invalid.{0,3}(signature|data).{0,9}(redacted_)?thinking|signature.{0,20}thinking"
    r"|thinking.{0,9}redacted_thinking|required.{0,3}reasoning.{0,3}item|item with id .rs_"
    r"|reasoning.{0,3} was provided without its required following item",
    re.IGNORECASE,
)


def refuses_reasoning(failure: Failure) -> bool:
    """Say whether a vendor refused a request for reasoning in its history: altered, foreign, missing."""
    if failure.kind not in ("invalid_request", "not_found"):
        return False
    return failure.code in _REASONING_CODES or _REASONING_WORDS.search(failure.message) is not None


def is_callers_fault(failure: Failure) -> bool:
    """Say whether the request itself is wrong, wherever it goes."""
    return failure.kind in _CALLERS_FAULT and failure.scope == "request"


def may_pass(failure: Failure, status: int) -> bool:
    """Say whether the same account may well answer when it is asked again at once.

    ``status`` is the vendor's, 0 if it did not get as far: a refused key is read again, since it may be new.
    """
    if failure.kind == "authentication":
        return status == 401
    if failure.kind == "overloaded" and failure.scope == "request":
        return False  # nobody was asked: our own vault is locked
    return failure.kind in _PASSING and failure.retry_after_s is None


def decide(
    failure: Failure, attempt: int, most_attempts: int, targets_left: int, *, may_repeat: bool = False
) -> Verdict:
    """Say what follows a failed attempt; ``attempt`` counts from 1.

    ``may_repeat``: the same target may be asked once more, if there is no other.
    """
    if is_callers_fault(failure) or attempt >= most_attempts:
        return "give_up"
    if targets_left:
        return "next"
    return "again" if may_repeat else "give_up"
