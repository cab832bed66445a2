import pytest

from proxy_core.errors import Failure, FailureKind, FailureScope, VaultLockedError
from proxy_core.routing.retry import decide, is_callers_fault, may_pass, refuses_reasoning


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


def test_the_same_target_comes_after_all_others() -> None:
    failure = failed("server", "account")
    assert decide(failure, 1, 4, 1, may_repeat=True) == "next"
    assert decide(failure, 1, 4, 0, may_repeat=True) == "again"
    assert decide(failure, 4, 4, 0, may_repeat=True) == "give_up"
    assert decide(failed("invalid_request", "request"), 1, 4, 0, may_repeat=True) == "give_up"


@pytest.mark.parametrize(
    ("kind", "status", "wait", "passes"),
    [
        ("server", 500, None, True),
        ("server", 0, None, True),
        ("overloaded", 529, None, True),
        ("overloaded", 503, 20.0, False),
        ("rate_limit", 429, None, False),
        ("timeout", 0, None, False),
        ("authentication", 401, None, True),
        ("authentication", 0, None, False),
        ("permission", 403, None, False),
        ("not_found", 404, None, False),
    ],
)
def test_what_may_pass_at_once(kind: FailureKind, status: int, wait: float | None, passes: bool) -> None:
    assert may_pass(Failure(kind, status or 502, "No.", retry_after_s=wait, scope="model"), status) is passes


def test_a_locked_vault_of_ours_does_not_open_by_asking_again() -> None:
    assert not may_pass(VaultLockedError("Locked.").failure(), 0)


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("No.", "invalid_encrypted_content"),
        ("No.", "thinking_signature_invalid"),
        ("The encrypted content for item rs_1 could not be verified.", None),
        ("Item with id 'rs_1' not found. Items are not persisted when `store` is set to false.", None),
        ("Item 'fc_1' was provided without its required 'reasoning' item: 'rs_1'.", None),
        ("messages.1.content.0: Invalid `signature` in `thinking` block", None),
        ("messages.1.content.0: Invalid `data` in `redacted_thinking` block", None),
        ("Expected `thinking` or `redacted_thinking`, but found `text`.", None),
        ("Function call is missing a thought_signature in functionCall parts.", None),
        ("Thought signature is not valid", None),
        ("Missing `reasoning_content` field in the assistant message at message index 2", None),
    ],
)
def test_refusals_of_reasoning_are_known_by_code_or_words(message: str, code: str | None) -> None:
    assert refuses_reasoning(Failure("invalid_request", 400, message, code=code))
    assert not refuses_reasoning(Failure("rate_limit", 429, message, code=code))


@pytest.mark.parametrize(
    "message",
    [
        "Unknown parameter: 'signature'.",
        "thinking.budget_tokens: Input should be greater than or equal to 1024",
        "Unsupported parameter: 'reasoning.effort' is not supported with this model.",
        "The function signature of the tool is invalid.",
    ],
)
def test_other_refusals_are_not(message: str) -> None:
    assert not refuses_reasoning(Failure("invalid_request", 400, message))
