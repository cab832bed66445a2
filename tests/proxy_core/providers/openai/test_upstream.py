import pytest

from proxy_core.errors import Failure, FailureKind
from proxy_core.provider import UpstreamCall
from proxy_core.providers.openai.upstream import OPENAI


@pytest.mark.parametrize(
    ("operation", "dialect", "url"),
    [
        ("chat", "openai_responses", "https://api.openai.com/v1/responses"),
        ("chat", "openai_chat", "https://api.openai.com/v1/chat/completions"),
        ("embeddings", "openai_chat", "https://api.openai.com/v1/embeddings"),
    ],
)
def test_addresses(operation: str, dialect: str, url: str) -> None:
    request = OPENAI.prepare(UpstreamCall(operation, dialect, "gpt-5.5", False, b"{}", "sk-1"))
    assert (request.url, request.headers["authorization"]) == (url, "Bearer sk-1")


@pytest.mark.parametrize(
    ("status", "kind", "code", "message", "expected", "scope"),
    [
        (429, "rate_limit", "insufficient_quota", "You exceeded your current quota", "billing", "account"),
        (429, "rate_limit", "rate_limit_exceeded", "Rate limit reached for gpt-5.5", "rate_limit", "model"),
        (401, "authentication", "invalid_api_key", "Incorrect API key", "authentication", "account"),
        (403, "permission", "unsupported_country_region_territory", "Country", "permission", "account"),
        (
            403,
            "permission",
            "model_not_found",
            "Project does not have access to model x",
            "not_found",
            "model",
        ),
        (404, "not_found", "model_not_found", "The model does not exist", "not_found", "model"),
        (400, "invalid_request", "cyber_policy", "no", "invalid_request", "request"),
        (503, "server", "server_is_overloaded", "busy", "overloaded", "model"),
    ],
)
def test_refusals(status: int, kind: FailureKind, code: str, message: str, expected: str, scope: str) -> None:
    found = OPENAI.classify(status, {}, Failure(kind, status, message, code))
    assert (found.kind, found.scope) == (expected, scope)


def test_the_window_that_is_used_up_says_when() -> None:
    headers = {
        "x-ratelimit-remaining-requests": "4999",
        "x-ratelimit-reset-requests": "12ms",
        "x-ratelimit-remaining-tokens": "0",
        "x-ratelimit-reset-tokens": "6m0s",
    }
    assert OPENAI.classify(429, headers, Failure("rate_limit", 429, "slow down")).retry_after_s == 360.0
