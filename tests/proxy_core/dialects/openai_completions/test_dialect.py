import json
from collections.abc import Callable
from typing import Any

import pytest

from proxy_core.dialect import Call, DecodeSource, Dialect, Edits, EncodeTarget, ModelCard
from proxy_core.dialects.openai_completions.dialect import CompletionsDialect
from proxy_core.errors import DecodeError, Failure, UnsupportedError
from proxy_core.ir.fold import unfold
from proxy_core.ir.message import Text
from proxy_core.ir.request import EncodedRequest, Request
from proxy_core.ir.stream import Candidate, Finish, Reply
from proxy_core.profile import ModelProfile

DIALECT = CompletionsDialect()
CALL = Call(DIALECT.endpoints[0])
PROFILE = ModelProfile("m")
ASKED = Request("openai_completions", "m", ())
TARGET = EncodeTarget("m", "vendor", PROFILE, False)
SOURCE = DecodeSource("vendor", ASKED, EncodedRequest(b"{}"))


def test_it_is_a_dialect() -> None:
    dialect: Dialect = DIALECT
    assert (dialect.name, dialect.family) == ("openai_completions", "openai")
    assert [endpoint.path for endpoint in dialect.endpoints] == ["/v1/completions"]
    assert not dialect.request_headers | dialect.reply_headers


@pytest.mark.parametrize(
    ("path", "sure"),
    [
        ("/v1/completions", True),
        ("/completions/", True),
        ("/v1/chat/completions", False),
        ("/v1/models", False),
    ],
)
def test_affinity(path: str, sure: bool) -> None:
    assert (DIALECT.affinity({}, path) >= 5) is sure


@pytest.mark.parametrize(
    ("members", "sure"), [({"prompt", "model"}, True), ({"prompt", "input"}, False), ({"messages"}, False)]
)
def test_claims(members: set[str], sure: bool) -> None:
    assert DIALECT.claims(frozenset(members)) is sure


def test_peek() -> None:
    assert DIALECT.peek(b'{"model":"m"}', CALL).mode == "whole"
    assert DIALECT.peek(b'{"model":"m","stream":true}', CALL).mode == "stream"
    for body in (b"{}", b'{"model":""}', b'{"model":"m","stream":"x"}'):
        with pytest.raises(DecodeError):
            DIALECT.peek(body, CALL)


@pytest.mark.parametrize("mode", ["whole", "stream"])
def test_a_reply_goes_out_in_either_mode(mode: Any) -> None:
    request = DIALECT.decode_request(b'{"model":"m","prompt":"Hi"}', CALL)
    encoder = DIALECT.reply_encoder(mode, request, 7)
    events = unfold(Reply("r", "up", (Candidate((Text("abc"),), Finish("stop")),)))
    data = b"".join(encoder.encode(event) for event in events) + encoder.close()
    assert b'"text":"abc"' in data
    assert data.startswith(b"data: ") is (mode == "stream")


def test_errors_and_keep_alives() -> None:
    failure = Failure("server", 502, "broke")
    assert json.loads(DIALECT.encode_error(failure).body)["error"]["message"] == "broke"
    assert b"broke" in DIALECT.encode_fault(failure, "stream")
    assert DIALECT.encode_fault(failure, "whole") == DIALECT.keep_alive("whole") == b""
    assert DIALECT.keep_alive("stream").startswith(b":")
    assert DIALECT.decode_error(500, b"<html>").kind == "server"


@pytest.mark.parametrize(
    "use",
    [
        lambda: DIALECT.encode_request(ASKED, TARGET),
        lambda: DIALECT.reply_decoder("whole", SOURCE),
        lambda: DIALECT.edit_request(b"{}", CALL, Edits(), PROFILE),
        lambda: DIALECT.edit_losses(b"{}", CALL, Edits(), PROFILE),
        lambda: DIALECT.tap("whole"),
        lambda: DIALECT.encode_models([]),
        lambda: DIALECT.encode_model(ModelCard("m", "m", "o", 1, PROFILE)),
        lambda: DIALECT.encode_count(1),
        lambda: DIALECT.decode_count(b"{}"),
    ],
)
def test_there_is_no_upstream_side(use: Callable[[], object]) -> None:
    with pytest.raises(UnsupportedError):
        use()
    assert DIALECT.encode_count_request(ASKED, TARGET) is None
