from __future__ import annotations

import json

import pytest

from proxy_core.dialect import Dialect, ModelCard
from proxy_core.errors import Failure, UpstreamProtocolError
from proxy_core.ir.message import Text
from proxy_core.ir.stream import Begin, Fault
from proxy_core.profile import ModelProfile
from tests.proxy_core.dialects.gemini_generate.support import DIALECT, NAME, client, foreign, sent
from tests.samples import load


def test_it_is_a_dialect() -> None:
    dialect: Dialect = DIALECT
    assert dialect.name == NAME
    assert {endpoint.operation for endpoint in dialect.endpoints} == {
        "chat",
        "count_tokens",
        "list_models",
        "get_model",
    }


@pytest.mark.parametrize(
    ("path", "headers", "expected"),
    [
        ("/v1beta/models/x:generateContent", (), 9),
        ("/v1/models/x:streamGenerateContent", (), 9),
        ("/models/a/b:countTokens/", (), 9),
        ("/v1/models", ("x-goog-api-key",), 7),
        ("/v1/models", ("x-goog-api-client",), 7),
        ("/v1beta/models", (), 7),
        ("/v1beta", (), 7),
        ("/v1/models", ("authorization",), 0),
        ("/v1/chat/completions", (), 0),
    ],
)
def test_affinity(path: str, headers: tuple[str, ...], expected: int) -> None:
    assert DIALECT.affinity(dict.fromkeys(headers, "x"), path) == expected


def test_only_its_own_bodies_are_claimed() -> None:
    assert DIALECT.claims(frozenset({"contents", "model"}))
    assert not DIALECT.claims(frozenset({"contents", "messages"}))
    assert not DIALECT.claims(frozenset({"messages"}))


def test_keep_alives_are_blank() -> None:
    assert DIALECT.keep_alive("stream").strip() == b""
    assert DIALECT.keep_alive("array").strip() == b""
    assert DIALECT.keep_alive("whole") == b""


def test_an_in_band_error_ends_a_stream_that_is_not_ours() -> None:
    failure = Failure("server", 502, "Broken.")
    assert (
        json.loads(b'[{"a":1}' + DIALECT.encode_fault(failure, "array"))[1]["error"]["message"] == "Broken."
    )
    assert DIALECT.encode_fault(failure, "stream").startswith(b'data: {"error":')
    assert DIALECT.encode_fault(failure, "whole") == b""


def test_counts() -> None:
    sample = load.sample(NAME, "25-count-tokens")
    assert DIALECT.decode_count(sample.response) == sample.expect["count"]
    found = client(DIALECT.encode_count(61), kind="application/json").models.count_tokens(
        model="m", contents="x"
    )
    assert found.total_tokens == 61


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"totalTokens":true}', b'{"totalTokens":-1}', b"<html>"]
)
def test_a_missing_count_is_the_providers_fault(body: bytes) -> None:
    with pytest.raises(UpstreamProtocolError):
        DIALECT.decode_count(body)


def test_one_model() -> None:
    card = ModelCard("x", "X", "v", 0, ModelProfile("x", context_tokens=9))
    found = client(DIALECT.encode_model(card), kind="application/json").models.get(model="x")
    assert (found.name, found.input_token_limit) == ("models/x", 9)


def test_a_whole_reply_that_failed_says_so_instead_of_a_body() -> None:
    encoder = DIALECT.reply_encoder("whole", foreign(system=(Text("x"),)), 0)
    encoder.encode(Begin("r1", "m"))
    encoder.encode(Fault(Failure("overloaded", 503, "Busy.")))
    assert encoder.close() == b""
    assert getattr(encoder, "failure").kind == "overloaded"  # noqa: B009 - not part of the protocol


def test_an_array_without_chunks_is_an_array_with_an_error() -> None:
    assert "error" in json.loads(sent("array", []))[0]
