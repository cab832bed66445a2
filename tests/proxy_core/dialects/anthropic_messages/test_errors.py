import json
from typing import Any, get_args

import pytest

from proxy_core.dialects.anthropic_messages.errors import (
    decode_error,
    encode_error,
    error_event,
    failure_of,
)
from proxy_core.errors import Failure, FailureKind
from tests.samples import load


@pytest.mark.parametrize("kind", get_args(FailureKind))
def test_every_kind_has_a_shape(kind: FailureKind) -> None:
    reply = encode_error(Failure(kind, 400, "words"))
    body = json.loads(reply.body)
    assert body["type"] == "error"
    assert body["error"]["message"] == "words"
    assert 400 <= reply.status < 600


def test_statuses_and_hints() -> None:
    busy = encode_error(Failure("overloaded", 503, "busy", retry_after_s=2.1))
    assert (busy.status, busy.headers["retry-after"]) == (529, "3")
    assert "x-should-retry" not in busy.headers
    assert encode_error(Failure("unsupported", 400, "no")).headers["x-should-retry"] == "false"


@pytest.mark.parametrize(
    ("kind", "word"),
    [("rate_limit", "rate_limit_error"), ("too_large", "request_too_large"), ("server", "api_error")],
)
def test_what_is_written_is_read_again(kind: FailureKind, word: str) -> None:
    reply = encode_error(Failure(kind, 400, "words"))
    read = decode_error(reply.status, reply.body)
    assert (read.kind, read.code, read.message) == (kind, word, "words")


def test_the_sample() -> None:
    sample = load.sample("anthropic_messages", "13-error-rate-limit")
    failure = decode_error(sample.status, sample.response)
    expect = sample.expect["error"]
    assert (failure.status, failure.kind, failure.message) == (
        expect["status"],
        expect["kind"],
        expect["message"],
    )


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("prompt is too long: 208310 tokens > 200000 maximum", "context_length"),
        ("input length and `max_tokens` exceed context limit", "context_length"),
        ("Your credit balance is too low to access the API.", "billing"),
        ("messages: Field required", "invalid_request"),
    ],
)
def test_what_hides_behind_an_invalid_request(message: str, kind: str) -> None:
    body = {"type": "error", "error": {"type": "invalid_request_error", "message": message}}
    assert decode_error(400, json.dumps(body).encode()).kind == kind


@pytest.mark.parametrize(
    ("status", "body", "kind", "neutral"),
    [
        (529, b"", "overloaded", 503),
        (502, b"<html><h1>secret host</h1></html>", "server", 502),
        (401, b'{"detail":"bad key"}', "authentication", 401),
        (422, b'{"error":"unprocessable"}', "invalid_request", 400),
        (403, b'{"error":{"code":5}}', "permission", 403),
        (418, b"\xff\xfe", "invalid_request", 400),
        (200, b"[]", "server", 500),
    ],
)
def test_anything_is_read(status: int, body: bytes, kind: str, neutral: int) -> None:
    failure = decode_error(status, body)
    assert (failure.kind, failure.status) == (kind, neutral)
    assert failure.message
    assert "secret" not in failure.message


def test_a_long_message_is_cut_and_a_code_found() -> None:
    failure = failure_of({"type": "api_error", "message": "x" * 9999, "details": {"error_code": "boom"}}, 500)
    assert len(failure.message) == 2000
    assert failure.code == "boom"


def test_the_event_has_its_event_line() -> None:
    data = error_event(Failure("server", 500, "gone"))
    assert data.startswith(b"event: error\ndata: {")
    assert data.endswith(b"}\n\n")


@pytest.mark.parametrize(
    ("status", "kind", "neutral"),
    [
        (401, "authentication", 401), (402, "billing", 402), (403, "permission", 403),
        (404, "not_found", 404),
        (408, "timeout", 504), (413, "too_large", 413), (429, "rate_limit", 429), (500, "server", 500),
        (501, "server", 501), (502, "server", 502), (503, "overloaded", 503), (504, "timeout", 504),
        (520, "server", 520), (529, "overloaded", 503),
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "error",
    [
        {"type": "invalid_request_error"},
        {"type": "api_error"},
        {"type": "not_found_error"},
        {"type": "authentication_error"},
        {"type": "timeout_error"},
    ],
)
def test_the_status_says_more_than_a_general_word(status: int, kind: str, neutral: int, error: Any) -> None:
    failure = decode_error(status, json.dumps({"error": {"message": "x", **error}}).encode())
    assert (failure.kind, failure.status) == (kind, neutral)
    page = decode_error(status, b"<html>x</html>")
    assert (page.kind, page.status) == (kind, neutral)


@pytest.mark.parametrize(
    ("status", "word", "kind"),
    [
        (500, "overloaded_error", "overloaded"),
        (403, "billing_error", "billing"),
        (200, "invalid_request_error", "invalid_request"),
        (0, "authentication_error", "authentication"),
        (400, "not_found_error", "not_found"),
    ],
)
def test_words_that_count(status: int, word: str, kind: str) -> None:
    assert failure_of({"type": word, "message": "x"}, status).kind == kind
