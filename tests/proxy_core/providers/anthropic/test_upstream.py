import pytest

from proxy_core.errors import Failure, FailureKind
from proxy_core.provider import UpstreamCall
from proxy_core.providers.anthropic.upstream import ANTHROPIC

CALL = UpstreamCall("chat", "anthropic_messages", "claude-opus-5", True, b"{}", "sk-ant-1")


def test_the_key_and_the_version_go_into_their_own_headers() -> None:
    request = ANTHROPIC.prepare(CALL)
    assert request.url == "https://api.anthropic.com/v1/messages"
    assert request.headers["x-api-key"] == "sk-ant-1"
    assert request.headers["anthropic-version"] == "2023-06-01"
    assert "authorization" not in request.headers


def test_a_client_may_ask_for_another_version_and_for_betas() -> None:
    sent = {"anthropic-version": "2026-01-01", "anthropic-beta": "some-beta"}
    request = ANTHROPIC.prepare(
        UpstreamCall("count_tokens", *("anthropic_messages", "m"), False, b"", "k", headers=sent)
    )
    assert request.url == "https://api.anthropic.com/v1/messages/count_tokens"
    assert {name: request.headers[name] for name in sent} == sent


@pytest.mark.parametrize(
    ("status", "kind", "message", "expected", "scope"),
    [
        (429, "rate_limit", "This request would exceed your rate limit", "rate_limit", "model"),
        (429, "rate_limit", "Usage credits are required for fast mode", "invalid_request", "request"),
        (
            429,
            "rate_limit",
            "Extra usage is required for long context requests",
            "invalid_request",
            "request",
        ),
        (429, "rate_limit", "You have reached your spend limit", "billing", "account"),
        (400, "invalid_request", "Your credit balance is too low to access the API", "billing", "account"),
        (400, "invalid_request", "This organization has been disabled.", "permission", "account"),
        (
            400,
            "invalid_request",
            "prompt is too long: 210000 tokens > 200000 maximum",
            "context_length",
            "request",
        ),
        (401, "authentication", "invalid x-api-key", "authentication", "account"),
        (529, "overloaded", "Overloaded", "overloaded", "model"),
        (413, "too_large", "Request exceeds the maximum size", "too_large", "request"),
    ],
)
def test_refusals(status: int, kind: FailureKind, message: str, expected: str, scope: str) -> None:
    found = ANTHROPIC.classify(status, {}, Failure(kind, status, message, f"{kind}_error"))
    assert (found.kind, found.scope) == (expected, scope)


def test_the_window_that_is_used_up_says_when() -> None:
    headers = {
        "date": "Fri, 20 Nov 2026 12:00:00 GMT",
        "anthropic-ratelimit-requests-remaining": "49",
        "anthropic-ratelimit-requests-reset": "2026-11-20T12:05:00Z",
        "anthropic-ratelimit-input-tokens-remaining": "0",
        "anthropic-ratelimit-input-tokens-reset": "2026-11-20T12:00:20Z",
    }
    failure = Failure("rate_limit", 429, "no")
    assert ANTHROPIC.classify(429, headers, failure).retry_after_s == 20.0
    assert ANTHROPIC.classify(429, {**headers, "retry-after": "7"}, failure).retry_after_s == 7.0


def test_its_list_is_asked_for_whole() -> None:
    request = ANTHROPIC.list_request("sk-ant-1", None, None)
    assert request is not None
    assert request.url == "https://api.anthropic.com/v1/models?limit=1000"
    assert request.headers["anthropic-version"] == "2023-06-01"
