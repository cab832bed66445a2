import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy_core.dialects.openai_responses.errors import (
    decode_error,
    encode_error,
    failed_error,
    failure_of,
    in_band_error,
)
from proxy_core.errors import Failure
from tests.samples import load


def body(**error: Any) -> bytes:
    return json.dumps({"error": error}).encode()


def test_the_sample() -> None:
    sample = load.sample("openai_responses", "13-error-rate-limit")
    failure = decode_error(sample.status, sample.response)
    assert (failure.kind, failure.status, failure.message) == (
        "rate_limit",
        429,
        sample.expect["error"]["message"],
    )
    assert failure.retry_after_s == 20
    assert failure.scope == "model"
    assert failure.code == "rate_limit_exceeded"


@pytest.mark.parametrize(
    ("status", "raw", "kind"),
    [
        (400, body(message="m", code="context_length_exceeded"), "context_length"),
        (400, body(message="This model's maximum context length is 5"), "context_length"),
        (400, body(message="m", param="tools"), "invalid_request"),
        (401, body(message="m", code="invalid_api_key"), "authentication"),
        (402, b"{}", "billing"),
        (403, body(message="m"), "permission"),
        (404, body(message="m", code="model_not_found"), "not_found"),
        (413, b"", "too_large"),
        (418, b"", "invalid_request"),
        (422, b'{"detail":[{"loc":["body"]}]}', "invalid_request"),
        (429, body(message="m", code="insufficient_quota"), "billing"),
        (429, b"slow", "rate_limit"),
        (500, body(message="m", code="server_error"), "server"),
        (503, body(message="m", code="server_error"), "overloaded"),
        (504, b"", "timeout"),
        (529, b"", "overloaded"),
        (500, b"[]", "server"),
    ],
)
def test_kinds(status: int, raw: bytes, kind: str) -> None:
    assert decode_error(status, raw).kind == kind


def test_other_shapes_and_pages() -> None:
    assert decode_error(400, b'{"detail":"Bad thing"}').message == "Bad thing"
    assert decode_error(400, b'{"error":"flat"}').message == "flat"
    assert decode_error(400, b'[{"error":{"message":"listed"}}]').message == "listed"
    page = decode_error(502, b"<html>secret-host</html>")
    assert "secret" not in page.message
    assert page.kind == "server"


def test_private_things_and_long_texts_are_cut() -> None:
    text = "Incorrect API key provided: sk-abcd1234, in organization org-AbCdEf123456. " + "x" * 5000
    message = decode_error(401, body(message=text)).message
    assert "abcd1234" not in message
    assert "AbCdEf123456" not in message
    assert len(message) == 2000


@pytest.mark.parametrize(
    ("message", "seconds"),
    [
        ("Please try again in 1.5s.", 1.5),
        ("Please try again in 500ms.", 0.5),
        ("Please try again in 2m30s.", 150),
        ("retry in 20 seconds", 20),
        ("try again in 3 min", 180),
        ("try again later", None),
    ],
)
def test_waits_in_words(message: str, seconds: float | None) -> None:
    assert failure_of({"message": message}).retry_after_s == seconds


def test_wait_of_the_subscription_back_end() -> None:
    failure = failure_of({"message": "m", "type": "usage_limit_reached", "resets_in_seconds": 90}, 429)
    assert (failure.kind, failure.retry_after_s) == ("rate_limit", 90.0)


@given(
    st.integers(100, 599),
    st.binary(max_size=40) | st.recursive(st.none(), st.lists).map(repr).map(str.encode),
)
def test_never_raises(status: int, raw: bytes) -> None:
    assert decode_error(status, raw).message


def test_in_band_forms() -> None:
    flat = {"type": "error", "code": "rate_limit_exceeded", "message": "m"}
    assert failure_of(in_band_error(flat)).kind == "rate_limit"
    assert failure_of(in_band_error({"type": "error", "error": flat})).kind == "rate_limit"
    assert failure_of(in_band_error({"error": "words"})).message == "words"


@pytest.mark.parametrize(
    ("failure", "status", "kind", "code"),
    [
        (Failure("rate_limit", 429, "m", "vendor_word"), 429, "rate_limit_error", "rate_limit_exceeded"),
        (Failure("billing", 402, "m"), 429, "insufficient_quota", "insufficient_quota"),
        (Failure("context_length", 400, "m"), 400, "invalid_request_error", "context_length_exceeded"),
        (Failure("authentication", 401, "m"), 401, "invalid_request_error", "invalid_api_key"),
        (Failure("not_found", 404, "m"), 404, "invalid_request_error", None),
        (Failure("not_found", 404, "m", "unknown_path"), 404, "invalid_request_error", "unknown_path"),
        (Failure("overloaded", 503, "m"), 503, "server_error", None),
        (Failure("invalid_request", 400, "m", param="input[0]"), 400, "invalid_request_error", None),
    ],
)
def test_whole_errors(failure: Failure, status: int, kind: str, code: str | None) -> None:
    written = encode_error(failure)
    assert written.status == status
    assert json.loads(written.body) == {
        "error": {"message": "m", "type": kind, "param": failure.param, "code": code}
    }


def test_hints_for_trying_again() -> None:
    limited = Failure("rate_limit", 429, "m", retry_after_s=2.1)
    assert encode_error(limited).headers["retry-after"] == "3"
    assert "retry-after" not in encode_error(Failure("server", 500, "m")).headers
    assert encode_error(Failure("unsupported", 400, "m")).headers["x-should-retry"] == "false"
    assert failed_error(limited) == {"code": "rate_limit_exceeded", "message": "m Please try again in 3s."}
    told = Failure("rate_limit", 429, "try again in 5s", retry_after_s=5)
    assert failed_error(told)["message"] == "try again in 5s"
    assert failed_error(Failure("timeout", 504, "m"))["code"] == "server_error"


def test_round_trip_keeps_the_kind() -> None:
    for kind, status in (("rate_limit", 429), ("context_length", 400), ("billing", 402), ("overloaded", 503)):
        failure = Failure(kind, status, "m")  # type: ignore[arg-type]
        written = encode_error(failure)
        assert decode_error(written.status, written.body).kind == kind


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
        {"code": "invalid_prompt"},
        {"code": "server_error"},
        {"code": "model_not_found", "type": "invalid_api_key"},
    ],
)
def test_the_status_says_more_than_a_general_word(status: int, kind: str, neutral: int, error: Any) -> None:
    failure = decode_error(status, json.dumps({"error": {"message": "x", **error}}).encode())
    assert (failure.kind, failure.status) == (kind, neutral)
    page = decode_error(status, b"<html>x</html>")
    assert (page.kind, page.status) == (kind, neutral)


@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [
        (429, {"type": "invalid_request_error", "code": "insufficient_quota"}, "billing"),
        (500, {"code": "slow_down"}, "overloaded"),
        (500, {"code": "context_length_exceeded"}, "context_length"),
        (0, {"code": "invalid_prompt"}, "invalid_request"),
        (0, {"type": "invalid_request_error"}, "invalid_request"),
    ],
)
def test_words_that_count(status: int, error: dict[str, str], kind: str) -> None:
    assert failure_of({"message": "x", **error}, status).kind == kind
