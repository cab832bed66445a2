import pytest

from proxy_core.errors import Failure, FailureKind, FailureScope
from proxy_core.routing.retry import decide, is_callers_fault


def failed(kind: FailureKind, scope: FailureScope) -> Failure:
    return Failure(kind, 400, "No.", scope=scope)


@pytest.mark.parametrize("kind", ["invalid_request", "context_length", "too_large", "method_not_allowed"])
def test_a_wrong_request_is_wrong_everywhere(kind: FailureKind) -> None:
    assert is_callers_fault(failed(kind, "request"))
    assert decide(failed(kind, "request"), 1, 4, 3) == "give_up"
    # but what is said of an account or a model is not said of the request
    assert decide(failed(kind, "model"), 1, 4, 3) == "next"


@pytest.mark.parametrize(
    "kind", ["rate_limit", "authentication", "server", "not_found", "unsupported", "timeout"]
)
def test_another_account_may_do_better(kind: FailureKind) -> None:
    assert decide(failed(kind, "request"), 1, 4, 3) == "next"


@pytest.mark.parametrize(
    ("attempt", "left", "verdict"), [(3, 1, "next"), (4, 1, "give_up"), (1, 0, "give_up")]
)
def test_there_is_an_end(attempt: int, left: int, verdict: str) -> None:
    assert decide(failed("server", "account"), attempt, 4, left) == verdict
