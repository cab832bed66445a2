from __future__ import annotations

import json
from typing import Any

import pytest
from google.genai import errors as sdk
from hypothesis import given
from hypothesis import strategies as st

from proxy_core.dialects.gemini_generate.errors import decode_error, encode_error, error_object
from proxy_core.errors import Failure, FailureKind
from tests.proxy_core.dialects.gemini_generate.support import client, sse


def body(code: int, status: str, message: str = "No.", *details: Any) -> bytes:
    return json.dumps(
        {"error": {"code": code, "message": message, "status": status, "details": list(details)}}
    ).encode()


RETRY = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "1.5s"}
BAD_KEY = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}


@pytest.mark.parametrize(
    ("status", "wire", "kind"),
    [
        (400, body(400, "INVALID_ARGUMENT"), "invalid_request"),
        (400, body(400, "INVALID_ARGUMENT", "API key not valid. Please pass one."), "authentication"),
        (400, body(400, "INVALID_ARGUMENT", "Bad.", BAD_KEY), "authentication"),
        (
            400,
            body(400, "INVALID_ARGUMENT", "The input token count (9) exceeds the maximum"),
            "context_length",
        ),
        (400, body(400, "FAILED_PRECONDITION", "User location is not supported."), "permission"),
        (401, body(401, "UNAUTHENTICATED"), "authentication"),
        (403, body(403, "PERMISSION_DENIED"), "permission"),
        (404, body(404, "NOT_FOUND"), "not_found"),
        (429, body(429, "RESOURCE_EXHAUSTED"), "rate_limit"),
        (429, body(429, "RESOURCE_EXHAUSTED", "Your prepayment credits are depleted."), "billing"),
        (499, body(499, "CANCELLED"), "cancelled"),
        (500, body(500, "INTERNAL"), "server"),
        (503, body(503, "UNAVAILABLE"), "overloaded"),
        (504, body(504, "DEADLINE_EXCEEDED"), "timeout"),
        (413, b"<html>too large</html>", "too_large"),
        (502, b"<html>bad gateway</html>", "server"),
        (418, b"", "invalid_request"),
        (403, b'[{"error":{"code":403,"message":"x","status":"PERMISSION_DENIED"}}]', "permission"),
        (400, b'{"error":"plain words"}', "invalid_request"),
    ],
)
def test_kinds(status: int, wire: bytes, kind: FailureKind) -> None:
    assert decode_error(status, wire).kind == kind


def test_the_retry_hint_is_in_the_details_or_in_the_words() -> None:
    assert decode_error(429, body(429, "RESOURCE_EXHAUSTED", "Slow.", RETRY)).retry_after_s == 1.5
    words = body(429, "RESOURCE_EXHAUSTED", "Quota. Please retry in 34.07s.")
    assert decode_error(429, words).retry_after_s == 34.07


def test_a_page_of_html_is_not_echoed() -> None:
    failure = decode_error(502, b"<html>secret host name</html>")
    assert "secret" not in failure.message
    assert failure.status == 502


@given(
    st.binary(max_size=60)
    | st.recursive(
        st.none() | st.text(),
        lambda x: (
            st.lists(x)
            | st.dictionaries(st.sampled_from(["error", "code", "message", "details", "status"]), x)
        ),
    ).map(lambda x: json.dumps(x).encode())
)
def test_never_raises(wire: bytes) -> None:
    assert decode_error(500, wire).status >= 400


@pytest.mark.parametrize(
    ("kind", "status", "word"),
    [
        ("invalid_request", 400, "INVALID_ARGUMENT"),
        ("authentication", 401, "UNAUTHENTICATED"),
        ("billing", 429, "RESOURCE_EXHAUSTED"),
        ("permission", 403, "PERMISSION_DENIED"),
        ("not_found", 404, "NOT_FOUND"),
        ("method_not_allowed", 405, "UNIMPLEMENTED"),
        ("too_large", 413, "INVALID_ARGUMENT"),
        ("rate_limit", 429, "RESOURCE_EXHAUSTED"),
        ("overloaded", 503, "UNAVAILABLE"),
        ("timeout", 504, "DEADLINE_EXCEEDED"),
        ("server", 502, "INTERNAL"),
        ("cancelled", 499, "CANCELLED"),
    ],
)
def test_the_official_client_raises_each(kind: FailureKind, status: int, word: str) -> None:
    reply = encode_error(Failure(kind, 502, "Sorry.", "why", "contents[0]", 2.2))
    assert reply.status == status
    assert reply.headers["retry-after"] == "3"
    with pytest.raises(sdk.APIError) as caught:
        client(reply.body, reply.status, "application/json").models.generate_content(model="m", contents="x")
    assert (caught.value.code, caught.value.status, caught.value.message) == (status, word, "Sorry.")
    details = caught.value.details["error"]["details"]
    assert details[0]["retryDelay"] == "3s"
    assert details[1]["fieldViolations"][0]["field"] == "contents[0]"
    assert details[2]["reason"] == "why"


def test_the_official_client_raises_an_error_in_a_stream() -> None:
    wire = sse(error_object(Failure("overloaded", 503, "Busy.")))
    with pytest.raises(sdk.ServerError) as caught:
        list(client(wire).models.generate_content_stream(model="m", contents="x"))
    assert caught.value.code == 503


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
        {"status": "INVALID_ARGUMENT"},
        {"status": "FAILED_PRECONDITION", "code": 400},
        {"status": "INTERNAL", "code": 500},
        {"status": "NOT_FOUND"},
    ],
)
def test_the_status_says_more_than_a_general_word(status: int, kind: str, neutral: int, error: Any) -> None:
    failure = decode_error(status, json.dumps({"error": {"message": "x", **error}}).encode())
    assert (failure.kind, failure.status) == (kind, neutral)
    page = decode_error(status, b"<html>x</html>")
    assert (page.kind, page.status) == (kind, neutral)


@pytest.mark.parametrize(
    ("status", "wire", "kind"),
    [
        (500, body(500, "UNAVAILABLE"), "overloaded"),
        (403, body(403, "RESOURCE_EXHAUSTED"), "rate_limit"),
        (429, body(429, "RESOURCE_EXHAUSTED", "API key not valid."), "rate_limit"),
        (0, body(0, "INVALID_ARGUMENT"), "invalid_request"),
        (0, body(404, "INVALID_ARGUMENT"), "not_found"),
    ],
)
def test_words_that_count(status: int, wire: bytes, kind: FailureKind) -> None:
    assert decode_error(status, wire).kind == kind


@pytest.mark.parametrize(
    ("kind", "status"), [("invalid_request", 415), ("invalid_request", 426), ("method_not_allowed", 405)]
)
def test_the_body_names_the_status_of_the_reply(kind: FailureKind, status: int) -> None:
    reply = encode_error(Failure(kind, status, "No."))
    assert (reply.status, json.loads(reply.body)["error"]["code"]) == (status, status)
