import pytest

from proxy_core.errors import Failure, FailureKind
from proxy_core.provider import UpstreamCall
from proxy_core.providers.gemini.upstream import GEMINI

MODELS = "https://generativelanguage.googleapis.com/v1beta/models"


@pytest.mark.parametrize(
    ("operation", "stream", "url"),
    [
        ("chat", False, f"{MODELS}/gemini-3.8-flash:generateContent"),
        ("chat", True, f"{MODELS}/gemini-3.8-flash:streamGenerateContent?alt=sse"),
        ("array", True, f"{MODELS}/gemini-3.8-flash:streamGenerateContent"),
        ("count_tokens", False, f"{MODELS}/gemini-3.8-flash:countTokens"),
    ],
)
def test_addresses(operation: str, stream: bool, url: str) -> None:
    request = GEMINI.prepare(
        UpstreamCall(operation, "gemini_generate", "gemini-3.8-flash", stream, b"{}", "AIza")
    )
    assert (request.url, request.headers["x-goog-api-key"]) == (url, "AIza")
    assert "AIza" not in request.url


@pytest.mark.parametrize(
    ("status", "kind", "code", "message", "expected", "scope"),
    [
        (400, "invalid_request", "API_KEY_INVALID", "bad", "authentication", "account"),
        (
            400,
            "invalid_request",
            "INVALID_ARGUMENT",
            "API key not valid. Please pass",
            "authentication",
            "account",
        ),
        (400, "invalid_request", "INVALID_ARGUMENT", "Unknown name", "invalid_request", "request"),
        (
            400,
            "invalid_request",
            "FAILED_PRECONDITION",
            "User location is not supported",
            "permission",
            "account",
        ),
        (
            403,
            "permission",
            "PERMISSION_DENIED",
            "Your API key was reported as leaked",
            "permission",
            "account",
        ),
        (403, "permission", "SERVICE_DISABLED", "no", "permission", "account"),
        (429, "rate_limit", "RESOURCE_EXHAUSTED", "You exceeded your current quota", "rate_limit", "model"),
        (
            429,
            "billing",
            "RESOURCE_EXHAUSTED",
            "You exceeded your current quota, please check your plan and billing details",
            "rate_limit",
            "model",
        ),
        (503, "overloaded", "UNAVAILABLE", "The model is overloaded", "overloaded", "model"),
        (500, "server", "INTERNAL", "An internal error", "server", "model"),
        (404, "not_found", "NOT_FOUND", "models/x is not found", "not_found", "model"),
    ],
)
def test_refusals(status: int, kind: FailureKind, code: str, message: str, expected: str, scope: str) -> None:
    found = GEMINI.classify(status, {}, Failure(kind, status, message, code))
    assert (found.kind, found.scope) == (expected, scope)


@pytest.mark.parametrize(
    ("message", "said", "wait"),
    [
        ("Quota exceeded.\nPlease retry in 20.5s.", None, 20.5),
        ("Please retry in 1h2m3s.", None, 3723.0),
        ("Please retry in 20.5s.", 9.0, 9.0),
        ("Quota exceeded.", None, None),
    ],
)
def test_when_to_try_again(message: str, said: float | None, wait: float | None) -> None:
    failure = Failure("rate_limit", 429, message, "RESOURCE_EXHAUSTED", retry_after_s=said)
    assert GEMINI.classify(429, {}, failure).retry_after_s == wait


def test_its_list_is_asked_for_whole_and_what_cannot_generate_is_hidden() -> None:
    request = GEMINI.list_request("AIza", None, None)
    assert request is not None
    assert request.url == f"{MODELS}?pageSize=1000"
    body = (
        b'{"models":[{"name":"models/gemini-4-flash","supportedGenerationMethods":["generateContent"]},'
        b'{"name":"models/gemini-embedding-001","supportedGenerationMethods":["embedContent"]}]}'
    )
    assert [(model.id, model.hidden) for model in GEMINI.read_models(body)] == [
        ("gemini-4-flash", False),
        ("gemini-embedding-001", True),
    ]
