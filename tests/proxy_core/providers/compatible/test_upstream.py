import pytest

from proxy_core.errors import Failure, FailureKind
from proxy_core.provider_key import KeyProvider
from proxy_core.providers.compatible.upstream import RULES, chat, messages

VENDOR = KeyProvider(
    name="some", title="Some", base_url="https://some.example", speaks=(chat(),), rules=RULES
)


@pytest.mark.parametrize(
    ("status", "kind", "code", "message", "expected", "scope"),
    [
        (402, "billing", None, "Insufficient Balance", "billing", "account"),
        (
            429,
            "rate_limit",
            "exceeded_current_quota_error",
            "Your account is suspended",
            "billing",
            "account",
        ),
        (
            429,
            "rate_limit",
            "1113",
            "Insufficient balance or no resource package. Please recharge.",
            "billing",
            "account",
        ),
        (
            400,
            "invalid_request",
            "Arrearage",
            "Access denied, account is not in good standing.",
            "billing",
            "account",
        ),
        (400, "invalid_request", None, "Incorrect API key provided: xai-abc.", "authentication", "account"),
        (401, "authentication", "InvalidApiKey", "Invalid API-key provided.", "authentication", "account"),
        (404, "not_found", None, 'model "llama9" not found, try pulling it first', "not_found", "model"),
        (
            400,
            "invalid_request",
            None,
            "the request exceeds the available context size",
            "context_length",
            "request",
        ),
        (503, "server", None, "Loading model", "overloaded", "model"),
        (429, "rate_limit", "engine_overloaded_error", "The engine is overloaded", "overloaded", "model"),
        (498, "invalid_request", None, "Flex tier capacity exceeded", "overloaded", "model"),
        (429, "rate_limit", "rate_limit_exceeded", "Rate limit reached", "rate_limit", "model"),
    ],
)
def test_refusals(
    status: int, kind: FailureKind, code: str | None, message: str, expected: str, scope: str
) -> None:
    found = VENDOR.classify(status, {}, Failure(kind, status, message, code))
    assert (found.kind, found.scope) == (expected, scope)


def test_a_reset_in_epoch_milliseconds_is_read_with_the_vendor_s_clock() -> None:
    headers = {
        "date": "Fri, 20 Nov 2026 12:00:00 GMT",
        "x-ratelimit-remaining": "0",
        "x-ratelimit-reset": "1795176060000",
    }
    assert VENDOR.classify(429, headers, Failure("rate_limit", 429, "no")).retry_after_s == 60.0


def test_speeches() -> None:
    assert chat("/v4", embeddings=False).paths == {"chat": "/v4/chat/completions"}
    assert messages(counts=True).paths["count_tokens"] == "/v1/messages/count_tokens"
    assert "count_tokens" not in messages().paths
