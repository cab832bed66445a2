import pytest

from proxy_core.accounts.pool import LONGEST_REST_S, AccountPool
from tests.proxy_core.accounts.fakes import failure, target
from tests.proxy_core.clocks import FakeClock

A, B, C = target("a"), target("b"), target("c")


def names(pool: AccountPool, *targets: object) -> str:
    return "".join(one.account for one in pool.order("m", targets))  # type: ignore[arg-type]


def test_equal_accounts_take_turns_per_model() -> None:
    pool = AccountPool(FakeClock())
    assert [names(pool, A, B, C) for _ in range(4)] == ["abc", "bca", "cab", "abc"]
    assert pool.order("other", [A, B])[0] == A
    assert pool.order("m", []) == []


async def test_a_limit_leaves_an_account_out_until_it_ends() -> None:
    clock = FakeClock()
    pool = AccountPool(clock)
    rest = pool.report_failure(A, failure(wait=20))
    assert rest is not None
    assert (rest.is_limit, rest.until - clock.monotonic()) == (True, 20)
    assert names(pool, A, B) == "b"
    assert pool.limit([A, B]) is None
    await clock.advance(20.1)
    assert set(names(pool, A, B)) == {"a", "b"}


def test_a_limit_is_of_one_model_or_of_the_account() -> None:
    pool = AccountPool(FakeClock())
    other = target("a", "n")
    pool.report_failure(A, failure(wait=20))
    assert pool.order("n", [other]) == [other]
    pool.report_failure(A, failure("billing", "account", 30))
    assert pool.order("n", [other]) == []


async def test_when_all_rest_the_earliest_end_is_told() -> None:
    clock = FakeClock()
    pool = AccountPool(clock)
    pool.report_failure(A, failure(wait=20))
    pool.report_failure(B, failure(wait=5))
    await clock.advance(2)
    limited = pool.limit([A, B])
    assert limited is not None
    assert limited[1] == pytest.approx(3)
    assert pool.limit([]) is None


@pytest.mark.parametrize(
    "kind", ["server", "timeout", "overloaded", "authentication", "permission", "not_found"]
)
def test_a_fault_only_sends_to_the_end_of_the_queue(kind: str) -> None:
    pool = AccountPool(FakeClock())
    pool.report_failure(A, failure(kind, "account"))
    assert [names(pool, A, B) for _ in range(2)] == ["ba", "ba"]
    assert names(pool, A) == "a"
    assert pool.limit([A]) is None


def test_the_request_s_own_fault_costs_nobody_anything() -> None:
    pool = AccountPool(FakeClock())
    assert pool.report_failure(A, failure("invalid_request", "request")) is None
    assert pool.resting() == {}


async def test_rests_grow_without_a_hint_and_a_burst_is_one_step() -> None:
    clock = FakeClock()
    pool = AccountPool(clock)
    waits = []
    for _ in range(4):
        for _ in range(3):
            rest = pool.report_failure(A, failure())
        assert rest is not None
        waits.append(rest.until - clock.monotonic())
        await clock.advance(waits[-1] + 0.01)
    assert waits == pytest.approx([1, 2, 4, 8])
    for _ in range(30):
        rest = pool.report_failure(A, failure())
        assert rest is not None
        await clock.advance(rest.until - clock.monotonic() + 0.01)
    rest = pool.report_failure(A, failure())
    assert rest is not None
    assert rest.until - clock.monotonic() == pytest.approx(1800)


def test_a_longer_hint_inside_a_burst_counts_and_a_mad_one_is_cut() -> None:
    clock = FakeClock()
    pool = AccountPool(clock)
    pool.report_failure(A, failure(wait=5))
    pool.report_failure(A, failure(wait=50))
    rest = pool.report_failure(A, failure(wait=1))
    assert rest is not None
    assert rest.until - clock.monotonic() == 50
    rest = pool.report_failure(B, failure(wait=10**9))
    assert rest is not None
    assert rest.until - clock.monotonic() == LONGEST_REST_S


def test_success_and_hand_forget() -> None:
    pool = AccountPool(FakeClock())
    assert not pool.report_success(A)
    pool.report_failure(A, failure("server"))
    pool.report_failure(A, failure("server", "account"))
    assert pool.resting().keys() == {("a", "m"), ("a", "*")}
    assert pool.report_success(A)
    assert pool.resting() == {}
    pool.report_failure(A, failure(wait=60))
    pool.report_failure(B, failure(wait=60))
    pool.forget("a")
    assert pool.resting().keys() == {("b", "m")}


def test_a_late_fault_does_not_end_a_limit() -> None:
    pool = AccountPool(FakeClock())
    pool.report_failure(A, failure(wait=3600))
    pool.report_failure(A, failure("server"))
    assert pool.order("m", [A]) == []
    limited = pool.limit([A])
    assert limited is not None
    assert limited[1] == pytest.approx(3600)


async def test_of_those_that_are_well_preferred_ones_come_first() -> None:
    clock = FakeClock()
    pool = AccountPool(clock)

    def order() -> str:
        return "".join(one.account for one in pool.order("m", [A, B, C], lambda target: target == B))

    assert [order() for _ in range(3)] == ["bac", "bca", "bca"]
    pool.report_failure(B, failure("server", "account"))
    assert order()[-1] == "b"
    pool.report_failure(B, failure(wait=20))
    assert "b" not in order()


async def test_a_rest_has_a_reason_and_an_end_and_what_failed_is_known_longer() -> None:
    clock = FakeClock()
    pool = AccountPool(clock)
    assert (pool.has_failed(A), pool.rest(A)) == (False, None)
    pool.report_failure(A, failure("server", "account"))
    found = pool.rest(A)
    assert found is not None
    assert (found[0].kind, found[1]) == ("server", 1.0)
    await clock.advance(2)
    assert (pool.has_failed(A), pool.rest(A)) == (True, None)
    pool.report_failure(A, failure("authentication", "account"))
    assert (pool.has_failed(A), pool.rest(A)) == (True, None)  # no waiting heals a key
    pool.report_success(A)
    assert not pool.has_failed(A)
