import json

import pytest

from proxy_core.accounts.pool import AccountPool
from proxy_core.errors import Failure, FailureKind
from proxy_core.profile import ModelProfile
from proxy_core.relay.attempt import RefusedReply
from proxy_core.relay.resting import Resting
from proxy_core.routing.resolve import Resolution, Target
from tests.proxy_core.clocks import FakeClock

ONE, TWO = (Target("vendor", name, "m", ModelProfile("m")) for name in ("one", "two"))
BOTH = Resolution((ONE, TWO), "m")


def made() -> tuple[Resting, FakeClock, list[tuple[str, float | None]]]:
    clock, told = FakeClock(), list[tuple[str, float | None]]()
    return Resting(AccountPool(clock), clock, lambda name, wait: told.append((name, wait))), clock, told


def failed(kind: FailureKind, wait: float | None = None) -> Failure:
    return Failure(kind, 500, "No.", retry_after_s=wait, scope="account")


async def test_a_repeat_goes_where_nothing_failed_then_where_a_rest_is_over() -> None:
    resting, clock, told = made()
    assert resting.for_repeat([ONE, TWO]) == [ONE, TWO]
    resting.failed(ONE, failed("server"))
    assert resting.for_repeat([ONE, TWO]) == [TWO]
    resting.failed(TWO, failed("overloaded", 5))
    assert resting.for_repeat([ONE, TWO]) == []
    await clock.advance(2)
    assert resting.for_repeat([ONE, TWO]) == [ONE]
    await clock.advance(4)
    assert resting.for_repeat([ONE, TWO]) == [ONE]
    resting.succeeded(TWO)
    assert resting.for_repeat([ONE, TWO]) == [TWO]
    assert told == [("one", 1.0), ("two", 5.0), ("two", None)]


def test_a_refused_key_is_no_reason_to_wait() -> None:
    resting, _, _ = made()
    resting.failed(ONE, failed("authentication"))
    assert resting.for_repeat([ONE]) == [ONE]


@pytest.mark.parametrize(
    ("kind", "status", "told"),
    [
        ("rate_limit", 429, "rate_limit"),
        ("billing", 402, "billing"),
        ("server", 503, "overloaded"),
        ("timeout", 503, "overloaded"),
    ],
)
def test_who_waits_is_told_for_how_long_and_why(kind: FailureKind, status: int, told: str) -> None:
    resting, _, _ = made()
    resting.failed(ONE, failed(kind, 20))
    resting.failed(TWO, failed(kind, 7))
    refused = resting.told_to_wait(BOTH)
    found = refused.failure
    assert (found.kind, found.status, found.retry_after_s, refused.status) == (told, status, 7, 0)
    assert "'m'" in found.message
    assert "No." in found.message


def test_a_hint_is_put_in_where_there_is_none() -> None:
    resting, _, _ = made()
    bare = RefusedReply(failed("server"), 500, {}, json.dumps({}).encode())
    assert resting.hinted(bare, BOTH, 3.0).failure.retry_after_s == 3.0
    limited = RefusedReply(failed("rate_limit", 90), 429, {}, b"")
    resting.failed(ONE, failed("rate_limit", 90))
    resting.failed(TWO, failed("rate_limit", 10))
    assert resting.hinted(limited, BOTH, 90).failure.retry_after_s == 10
    wrong = RefusedReply(failed("invalid_request"), 400, {}, b"")
    assert resting.hinted(wrong, BOTH, 3.0).failure.retry_after_s is None
