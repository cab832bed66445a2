import json
from typing import Any, get_args

import pytest

from proxy_core.dialects.openai_chat.errors import (
    ReportedError,
    decode_error,
    encode_error,
    encode_fault,
    reported,
)
from proxy_core.errors import Failure, FailureKind
from tests.samples import load

STATUS = {
    "invalid_request": 400, "unsupported": 400, "context_length": 400, "authentication": 401, "billing": 429,
    "permission": 403, "not_found": 404, "method_not_allowed": 405, "too_large": 413, "rate_limit": 429,
    "overloaded": 503, "timeout": 504, "server": 500, "cancelled": 499,
}  # fmt: skip


@pytest.mark.parametrize("kind", get_args(FailureKind))
def test_every_kind_has_its_status_and_shape(kind: FailureKind) -> None:
    reply = encode_error(Failure(kind, STATUS[kind], "why", param="messages"))
    error = json.loads(reply.body)["error"]
    assert reply.status == STATUS[kind]
    assert error["message"] == "why"
    assert error["param"] == "messages"
    assert error.keys() == {"message", "type", "param", "code"}


def test_a_wait_is_rounded_up() -> None:
    reply = encode_error(Failure("rate_limit", 429, "slow", code="RESOURCE_EXHAUSTED", retry_after_s=1.2))
    assert reply.headers["retry-after"] == "2"
    assert json.loads(reply.body)["error"]["code"] == "rate_limit_exceeded"


def test_an_empty_purse_is_not_worth_a_retry() -> None:
    assert encode_error(Failure("billing", 402, "pay")).headers["x-should-retry"] == "false"


def test_a_fault_is_one_event_and_no_end() -> None:
    data = encode_fault(Failure("overloaded", 503, "busy"))
    assert data.startswith(b'data: {"error":')
    assert data.endswith(b"}\n\n")
    assert b"DONE" not in data


def test_samples_are_read() -> None:
    errors = [sample for sample in load.samples("openai_chat") if sample.is_error]
    for sample in errors:
        failure = decode_error(sample.status, sample.response)
        expected = sample.expect["error"]
        assert (failure.kind, failure.message) == (expected["kind"], expected["message"])
        assert failure.retry_after_s == expected["retry_after"]


@pytest.mark.parametrize(
    ("status", "error", "kind", "scope"),
    [
        (400, {"message": "x", "code": "context_length_exceeded"}, "context_length", "request"),
        (400, {"message": "This model's maximum context length is 8192 tokens"}, "context_length", "request"),
        (429, {"message": "x", "type": "insufficient_quota"}, "billing", "account"),
        (402, {"message": "x"}, "billing", "account"),
        (401, {"message": "x"}, "authentication", "account"),
        (403, {"message": "x"}, "permission", "account"),
        (404, {"message": "x", "code": "model_not_found"}, "not_found", "request"),
        (413, {"message": "x"}, "too_large", "request"),
        (422, {"message": "x"}, "invalid_request", "request"),
        (429, {"message": "x", "code": 1302}, "rate_limit", "model"),
        (503, {"message": "x", "type": "server_error"}, "overloaded", "model"),
        (529, {"message": "x"}, "overloaded", "model"),
        (504, {"message": "x"}, "timeout", "request"),
        (500, {"message": "x", "type": "invalid_request_error"}, "server", "request"),
        (502, {"message": "x"}, "server", "request"),
    ],
)
def test_kinds_are_found(status: int, error: Any, kind: str, scope: str) -> None:
    failure = decode_error(status, json.dumps({"error": error}).encode())
    assert (failure.kind, failure.scope) == (kind, scope)


@pytest.mark.parametrize(
    "body",
    [
        {"detail": "no"}, {"message": "no"}, {"error": "no"}, [{"error": {"message": "no"}}],
        {"object": "error", "message": "no"}, {"detail": [{"msg": "no", "loc": ["body"]}]},
    ],
)  # fmt: skip
def test_other_shapes_are_read_too(body: Any) -> None:
    assert decode_error(400, json.dumps(body).encode()).message == "no"


@pytest.mark.parametrize(
    "body", [b"", b"<html>secret page</html>", b"\xff\xfe", b"[]", b"3", b'{"error":{}}']
)
def test_what_is_no_error_is_not_echoed(body: bytes) -> None:
    failure = decode_error(503, body)
    assert failure.kind == "overloaded"
    assert "secret" not in failure.message


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("Please try again in 20s.", 20.0), ("try again in 350ms", 0.35), ("try again in 1m30.5s", 90.5),
        ("retry after 2h", 7200.0), ("retry in 6 seconds", 6.0), ("no hint", None),
        ("try again in a while", None),
    ],
)  # fmt: skip
def test_waits_are_found_in_the_text(text: str, seconds: float | None) -> None:
    body = json.dumps({"error": {"message": text}}).encode()
    assert decode_error(429, body).retry_after_s == seconds


def test_identities_are_taken_out_and_long_texts_cut() -> None:
    text = "Limit in organization org-abcDEF123, key sk-proj-12345678. " + "x" * 9000
    message = decode_error(400, json.dumps({"error": {"message": text}}).encode()).message
    assert "org-abc" not in message
    assert "12345678" not in message
    assert len(message) == 2000


def test_an_error_in_a_reply_is_seen() -> None:
    failure = reported({"error": {"message": "late", "code": 429}})
    assert failure is not None
    assert failure.kind == "rate_limit"
    assert ReportedError(failure).failure() is failure
    assert reported({"choices": [], "error": None}) is None


@pytest.mark.parametrize(
    ("status", "kind", "neutral"),
    [
        (401, "authentication", 401), (402, "billing", 429), (403, "permission", 403),
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
        {"code": "invalid_request_error"},
        {"type": "server_error"},
        {"type": "not_found_error"},
        {"type": "authentication_error", "code": "permission_error"},
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
        (403, {"type": "rate_limit_error", "code": "invalid_request_error"}, "rate_limit"),
        (500, {"code": "overloaded_error"}, "overloaded"),
        (500, {"code": "context_length_exceeded"}, "context_length"),
        (400, {"type": "authentication_error"}, "authentication"),
    ],
)
def test_a_special_word_says_more_than_the_status(status: int, error: Any, kind: str) -> None:
    assert decode_error(status, json.dumps({"error": {"message": "x", **error}}).encode()).kind == kind


def test_words_count_where_no_status_came() -> None:
    for word, kind in (("invalid_request_error", "invalid_request"), ("what", "server")):
        failure = reported({"error": {"message": "x", "type": word}})
        assert failure is not None
        assert failure.kind == kind


def test_only_a_model_that_is_not_found_is_called_so() -> None:
    plain = encode_error(Failure("not_found", 404, "No such path."))
    assert json.loads(plain.body)["error"]["code"] is None
    model = encode_error(Failure("not_found", 404, "No such model.", "model_not_found"))
    assert json.loads(model.body)["error"]["code"] == "model_not_found"
