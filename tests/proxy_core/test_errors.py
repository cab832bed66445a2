from typing import get_args

import pytest

from proxy_core import errors
from proxy_core.errors import (
    AccessError,
    DecodeError,
    Failure,
    FailureKind,
    ProxyError,
    QuotaExhausted,
    SettingsError,
    UnsupportedError,
    UpstreamTimeout,
    VaultLockedError,
)

EVERY = sorted(
    (one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, ProxyError)),
    key=lambda one: one.__name__,
)


@pytest.mark.parametrize("error", EVERY)
def test_every_error_has_a_kind_a_status_and_a_title(error: type[ProxyError]) -> None:
    failure = error("Do this.").failure()
    assert failure.kind in get_args(FailureKind)
    assert 400 <= failure.status <= 599
    assert failure.message == str(error("Do this.")) == "Do this."
    assert error.title
    assert error.__doc__


def test_the_tree_is_the_one_on_the_screen() -> None:
    assert errors.__doc__ is not None
    assert all(error.__name__ in errors.__doc__ for error in EVERY)


def test_the_facts_reach_the_failure() -> None:
    error = QuotaExhausted("Wait.", code="quota", param="model", retry_after_s=1.5)
    assert error.failure() == Failure("rate_limit", 429, "Wait.", "quota", "model", 1.5)


def test_a_failure_gets_another_hint_without_changing() -> None:
    failure = UpstreamTimeout("Slow.").failure()
    assert failure.with_retry_after(3).retry_after_s == 3
    assert failure.retry_after_s is None


def test_statuses_that_clients_act_on() -> None:
    def status(error: ProxyError) -> tuple[str, int]:
        return error.kind, error.status

    assert status(DecodeError("x")) == ("invalid_request", 400)
    assert status(UnsupportedError("x")) == ("unsupported", 400)
    assert status(UpstreamTimeout("x")) == ("timeout", 504)
    assert status(VaultLockedError("x")) == ("overloaded", 503)


def test_a_wrong_key_and_a_wrong_origin_are_two_things() -> None:
    key, origin = AccessError("Key?"), AccessError("Origin?", forbidden=True)
    assert (key.kind, key.status, key.code) == ("authentication", 401, "invalid_api_key")
    assert (origin.kind, origin.status, origin.code) == ("permission", 403, None)
    assert AccessError("Again?").status == 401


def test_a_setting_is_named_with_its_line() -> None:
    error = SettingsError("No such field.", field="server.prot", line=3)
    assert (error.field, error.line, error.failure().param) == ("server.prot", 3, "server.prot")


@pytest.mark.parametrize(
    ("told", "said", "stepped"),
    [
        (None, 5, 5),
        (0.0, 1, 1),
        (0.2, 1, 1),
        (20.1, 21, 21),
        (59.0, 59, 59),
        (60.0, 60, 59),
        (300.0, 300, 59),
        (301.0, 301, 301),
    ],
)
def test_a_wait_is_told_in_whole_seconds(told: float | None, said: int, stepped: int) -> None:
    for failure in (
        Failure("rate_limit", 429, "m", retry_after_s=told),
        Failure("overloaded", 503, "m", retry_after_s=told),
    ):
        assert (failure.wait_s, failure.stepped_wait_s) == (said, stepped)


def test_not_everything_can_be_waited_for() -> None:
    assert Failure("invalid_request", 400, "m").wait_s is None
    assert Failure("server", 500, "m").wait_s is None
    assert Failure("server", 500, "m", retry_after_s=2.0).wait_s == 2


def test_what_is_final() -> None:
    final: tuple[FailureKind, ...] = (
        "invalid_request",
        "authentication",
        "billing",
        "permission",
        "not_found",
    )
    passing: tuple[FailureKind, ...] = ("server", "overloaded", "timeout", "rate_limit")
    for kind in final:
        assert Failure(kind, 400, "m").is_final
    for kind in passing:
        assert not Failure(kind, 500, "m", retry_after_s=300).is_final
    assert Failure("rate_limit", 429, "m", retry_after_s=301).is_final
