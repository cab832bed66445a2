import json
from collections.abc import Mapping
from dataclasses import replace

import pytest

from proxy_core.errors import (
    CredentialError,
    Failure,
    FailureKind,
    SettingsError,
    UnsupportedError,
    UpstreamProtocolError,
)
from proxy_core.profile import ModelProfile
from proxy_core.provider import Provider, Speech, UpstreamCall
from proxy_core.provider_key import ErrorRule, KeyProvider, retry_after, seconds_until, window_reset

PROVIDER = KeyProvider(
    name="some",
    title="Some",
    base_url="https://some.example",
    speaks=(
        Speech(
            "one",
            {"chat": "/v1/one", "stream": "/v1/one:stream", "array": "/v1/one:array", "embeddings": "/v1/e"},
        ),
        Speech(
            "two",
            {"chat": "/v1/two"},
            "https://two.example",
            {"x-dialect": "two"},
            ("x-api-key", "authorization"),
        ),
    ),
    headers={"X-Version": "1", "User-Agent": "vendor-default"},
    models=(ModelProfile("big", "Big", context_tokens=1000, known=True),),
    guess=lambda name: ModelProfile(name, known=True) if name.startswith("fam-") else None,
)
CALL = UpstreamCall("chat", "one", "m", False, b"{}", "k-1")
NOW = "Fri, 20 Nov 2026 12:00:00 GMT"


def test_it_is_a_provider() -> None:
    provider: Provider = PROVIDER
    assert provider.speech("two") is PROVIDER.speaks[1]
    assert provider.speech("three") is None


@pytest.mark.parametrize(
    ("call", "url", "accept"),
    [
        (CALL, "https://some.example/v1/one", "application/json"),
        (replace(CALL, stream=True), "https://some.example/v1/one:stream", "text/event-stream"),
        (
            replace(CALL, stream=True, operation="array"),
            "https://some.example/v1/one:array",
            "application/json",
        ),
        (replace(CALL, operation="embeddings"), "https://some.example/v1/e", "application/json"),
        (replace(CALL, dialect="two", stream=True), "https://two.example/v1/two", "text/event-stream"),
        (replace(CALL, dialect="two", base_url="http://own/v1"), "http://own/v1/two", "application/json"),
    ],
)
def test_address_and_accept(call: UpstreamCall, url: str, accept: str) -> None:
    request = PROVIDER.prepare(call)
    assert (request.method, request.url, request.headers["accept"]) == ("POST", url, accept)
    assert (request.body, request.stream) == (b"{}", call.stream)
    assert request.headers["content-type"] == "application/json"


def test_later_headers_win_and_the_key_is_ours() -> None:
    sent = {
        "X-Version": "2",
        "user-agent": "client/1",
        "Authorization": "Bearer stolen",
        "x-api-key": "stolen",
        "x-goog-api-key": "stolen",
        "Cookie": "stolen",
        "Host": "elsewhere",
        "Content-Length": "5",
    }
    headers = PROVIDER.prepare(replace(CALL, dialect="two", headers=sent)).headers
    assert headers == {
        "accept": "application/json",
        "content-type": "application/json",
        "x-version": "2",
        "x-dialect": "two",
        "user-agent": "client/1",
        "x-api-key": "k-1",
        "authorization": "Bearer k-1",
    }


def test_without_anything_else_the_program_names_itself() -> None:
    plain = replace(PROVIDER, headers={})
    assert plain.prepare(CALL).headers["user-agent"].startswith("trunkline/")


@pytest.mark.parametrize("key", [None, "", "  "])
def test_a_key_may_be_missing_only_where_it_may(key: str | None) -> None:
    with pytest.raises(CredentialError):
        PROVIDER.prepare(replace(CALL, key=key))
    for use in ("optional", "none"):
        free = replace(PROVIDER, key_use=use)
        assert "authorization" not in free.prepare(replace(CALL, key=key)).headers


def test_a_keyless_vendor_is_sent_no_key() -> None:
    assert "authorization" not in replace(PROVIDER, key_use="none").prepare(CALL).headers


@pytest.mark.parametrize("key", ["k\r\nx-evil: 1", "schlüssel", "a\x00b"])
def test_a_key_cannot_smuggle_headers(key: str) -> None:
    with pytest.raises(CredentialError) as caught:
        PROVIDER.prepare(replace(CALL, key=key))
    assert key not in str(caught.value)


def test_blanks_around_a_pasted_key_do_not_matter() -> None:
    assert PROVIDER.prepare(replace(CALL, key=" k-1\n")).headers["authorization"] == "Bearer k-1"


def test_what_it_cannot_do_is_said() -> None:
    with pytest.raises(UnsupportedError):
        PROVIDER.prepare(replace(CALL, operation="count_tokens"))
    with pytest.raises(UnsupportedError):
        PROVIDER.prepare(replace(CALL, dialect="three"))
    with pytest.raises(SettingsError):
        replace(PROVIDER, base_url=None).prepare(CALL)
    with pytest.raises(SettingsError):
        replace(PROVIDER, base_url=None).list_request("k", None, None)


def test_profiles_come_from_data_then_family_then_nothing() -> None:
    assert PROVIDER.profile("big").title == "Big"
    assert PROVIDER.profile("fam-9").known
    assert PROVIDER.profile("other") == ModelProfile("other")


# --- failures


def failed(kind: FailureKind, status: int, message: str = "no", code: str | None = None) -> Failure:
    return Failure(kind, status, message, code)


@pytest.mark.parametrize(
    ("status", "failure", "kind", "scope"),
    [
        (400, failed("invalid_request", 400), "invalid_request", "request"),
        (413, failed("too_large", 413), "too_large", "request"),
        (401, failed("authentication", 401), "authentication", "account"),
        (403, failed("permission", 403), "permission", "account"),
        (403, failed("permission", 403, "You lack access to model x"), "permission", "model"),
        (404, failed("not_found", 404), "not_found", "model"),
        (429, failed("rate_limit", 429), "rate_limit", "model"),
        (429, failed("rate_limit", 429, code="insufficient_quota"), "billing", "account"),
        (402, failed("billing", 402, "Insufficient Balance"), "billing", "account"),
        (400, failed("invalid_request", 400, code="invalid_api_key"), "authentication", "account"),
        (400, failed("invalid_request", 400, "Unsupported model"), "not_found", "model"),
        (500, failed("server", 500), "server", "model"),
        (529, failed("server", 500), "overloaded", "model"),
        (504, failed("timeout", 504), "timeout", "model"),
        (400, failed("invalid_request", 400, code="context_length_exceeded"), "context_length", "request"),
    ],
)
def test_failures_are_refined(status: int, failure: Failure, kind: str, scope: str) -> None:
    found = PROVIDER.classify(status, {}, failure)
    assert (found.kind, found.scope, found.message) == (kind, scope, failure.message)


def test_a_vendor_s_rules_come_first_and_set_the_status() -> None:
    rule = ErrorRule("overloaded", "account", frozenset({"odd"}), statuses=frozenset({429}))
    own = replace(PROVIDER, rules=(rule,))
    found = own.classify(429, {"retry-after": "3"}, failed("rate_limit", 429, code="ODD"))
    assert (found.kind, found.status, found.scope, found.retry_after_s) == ("overloaded", 503, "account", 3.0)
    assert own.classify(400, {}, failed("invalid_request", 400, code="odd")).kind == "invalid_request"


@pytest.mark.parametrize(
    ("headers", "said", "wait"),
    [
        ({"retry-after-ms": "1500", "retry-after": "9"}, 7.0, 1.5),
        ({"retry-after": "9"}, 7.0, 9.0),
        ({"retry-after": "Fri, 20 Nov 2026 12:00:30 GMT", "date": NOW}, None, 30.0),
        ({"retry-after": "Fri, 20 Nov 2026 12:00:30 GMT"}, None, None),
        ({"retry-after": "soon"}, 7.0, 7.0),
        ({}, 7.0, 7.0),
        ({"x-ratelimit-reset-requests": "6m0s"}, None, 360.0),
        ({"x-ratelimit-reset-requests": "6m0s"}, 7.0, 7.0),
        ({}, None, None),
    ],
)
def test_when_to_try_again(headers: Mapping[str, str], said: float | None, wait: float | None) -> None:
    failure = failed("rate_limit", 429).with_retry_after(said)
    assert PROVIDER.classify(429, headers, failure).retry_after_s == wait


def test_a_request_that_is_wrong_is_not_worth_waiting_for() -> None:
    assert PROVIDER.classify(400, {"retry-after": "9"}, failed("invalid_request", 400)).retry_after_s is None


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("20", 20.0),
        ("0.5", 0.5),
        ("-3", 0.0),
        ("1s", 1.0),
        ("20ms", 0.02),
        ("6m0s", 360.0),
        ("2m59.56s", 179.56),
        ("1h2m3s", 3723.0),
        ("1d", 86400.0),
        ("1795176030", 30.0),
        ("1795176030000", 30.0),
        ("2026-11-20T12:00:30Z", 30.0),
        ("2026-11-20T11:59:00Z", 0.0),
        ("nan", None),
        ("inf", None),
        ("", None),
        ("later", None),
    ],
)
def test_seconds_until(text: str, seconds: float | None) -> None:
    found = seconds_until(text, {"date": NOW})
    assert found == (None if seconds is None else pytest.approx(seconds))


def test_without_the_vendor_s_clock_a_moment_says_nothing() -> None:
    assert seconds_until("2026-11-20T12:00:30Z", {}) is None
    assert retry_after({}) is None


def test_the_used_up_window_counts() -> None:
    pairs = (("left-a", "reset-a"), ("left-b", "reset-b"))
    headers = {"left-a": "7", "reset-a": "100", "left-b": "0", "reset-b": "5"}
    assert window_reset(headers, pairs) == 5.0
    assert window_reset({**headers, "left-b": "1"}, pairs) == 100.0
    assert window_reset({}, pairs) is None


# --- model lists


def test_the_list_is_asked_for_with_the_key_of_the_first_dialect() -> None:
    request = PROVIDER.list_request("k-1", None, "direct")
    assert request is not None
    assert (request.method, request.url, request.proxy) == ("GET", "https://some.example/v1/models", "direct")
    assert request.headers["authorization"] == "Bearer k-1"
    assert replace(PROVIDER, list_path=None).list_request("k-1", None, None) is None


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            {"object": "list", "data": [{"id": "new", "object": "model", "created": 5, "owned_by": "me"}]},
            ModelProfile("new", None, "me", created=5),
        ),
        (
            {
                "data": [
                    {
                        "type": "model",
                        "id": "new",
                        "display_name": "New",
                        "max_input_tokens": 9,
                        "max_tokens": 3,
                    }
                ]
            },
            ModelProfile("new", "New", None, 9, 3),
        ),
        (
            {
                "models": [
                    {
                        "name": "models/new",
                        "displayName": "New",
                        "inputTokenLimit": 9,
                        "outputTokenLimit": 3,
                        "supportedGenerationMethods": ["generateContent"],
                    }
                ]
            },
            ModelProfile("new", "New", None, 9, 3),
        ),
        (
            {"models": [{"name": "models/new", "supportedGenerationMethods": ["embedContent"]}]},
            ModelProfile("new", hidden=True),
        ),
        (
            [{"id": "new", "type": "embedding", "context_length": 9}],
            ModelProfile("new", context_tokens=9, hidden=True),
        ),
        (
            {"data": [{"id": "new", "context_length": "9"}, {"id": "new", "created": True}, {}, 5]},
            ModelProfile("new"),
        ),
    ],
)
def test_lists_of_every_shape_are_read(body: object, expected: ModelProfile) -> None:
    assert PROVIDER.read_models(json.dumps(body).encode()) == (expected,)


def test_what_the_list_says_goes_over_what_is_shipped() -> None:
    (found,) = PROVIDER.read_models(b'{"data":[{"id":"big","name":"Other","context_length":2000}]}')
    assert (found.title, found.context_tokens, found.known) == ("Big", 2000, True)


@pytest.mark.parametrize("body", [b'{"object":"list","data":[]}', b'{"object":"list","data":null}', b"[]"])
def test_an_empty_list_is_a_list(body: bytes) -> None:
    assert PROVIDER.read_models(body) == ()


@pytest.mark.parametrize("body", [b"", b"<html>", b"{}", b"5", b'{"data":{}}'])
def test_what_is_no_list_is_refused(body: bytes) -> None:
    with pytest.raises(UpstreamProtocolError):
        PROVIDER.read_models(body)
