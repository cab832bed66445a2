import json
from typing import Any

import httpx2
import openai
import pytest

from proxy_core.dialect import Call, Dialect, Edits, ModelCard
from proxy_core.errors import DecodeError, Failure, UnsupportedError, UpstreamProtocolError
from proxy_core.ir.request import ReasoningControl
from proxy_core.profile import ModelProfile
from tests.proxy_core.dialects.openai_chat.exchange import CALL, DIALECT, NAME, request, source, target
from tests.samples import load


def test_it_is_a_dialect() -> None:
    dialect: Dialect = DIALECT
    assert (dialect.name, dialect.family) == (NAME, "openai")
    assert {endpoint.path for endpoint in dialect.endpoints} == {
        "/v1/chat/completions", "/v1/embeddings", "/v1/models", "/v1/models/{model}",
    }  # fmt: skip


def test_no_key_and_no_cookie_passes_in_either_direction() -> None:
    forbidden = {
        "authorization",
        "api-key",
        "x-api-key",
        "cookie",
        "set-cookie",
        "openai-organization",
        "host",
    }
    assert not forbidden & (DIALECT.request_headers | DIALECT.reply_headers)


@pytest.mark.parametrize(
    ("headers", "path", "least", "most"),
    [
        ({}, "/v1/models", 1, 1),
        ({}, "/nowhere", 1, 1),
        ({}, "/v1/v1/chat/completions", 5, 10),
        ({}, "/embeddings", 5, 10),
        ({"user-agent": "OpenAI/Python 3.52.0"}, "/v1/models", 5, 10),
        ({"openai-organization": "x"}, "/v1/models", 5, 10),
    ],
)
def test_affinity(headers: dict[str, str], path: str, least: int, most: int) -> None:
    assert least <= DIALECT.affinity(headers, path) <= most


@pytest.mark.parametrize(
    ("members", "sure"),
    [
        ({"model", "messages", "response_format"}, True),
        ({"model", "messages", "max_completion_tokens"}, True),
        ({"model", "messages"}, False),
        ({"model", "messages", "max_tokens"}, False),
        ({"model", "messages", "system", "stop"}, False),
        ({"model", "input", "reasoning_effort"}, False),
        ({"contents"}, False),
    ],
)
def test_claims_are_sure(members: set[str], sure: bool) -> None:
    assert DIALECT.claims(frozenset(members)) is sure


@pytest.mark.parametrize(("stream", "mode"), [(None, "whole"), (False, "whole"), (True, "stream")])
def test_peek(stream: bool | None, mode: str) -> None:
    found = DIALECT.peek(json.dumps({"model": "m", "stream": stream}).encode(), CALL)
    assert (found.model, found.mode) == ("m", mode)


@pytest.mark.parametrize("body", [b"{}", b'{"model":3}', b'{"model":"m","stream":1}', b"[]", b"nope"])
def test_peek_refuses_clearly(body: bytes) -> None:
    with pytest.raises(DecodeError):
        DIALECT.peek(body, CALL)


def test_keep_alives_and_faults_are_for_streams() -> None:
    failure = Failure("server", 502, "broke")
    assert DIALECT.keep_alive("stream").startswith(b":")
    assert DIALECT.keep_alive("whole") == DIALECT.encode_fault(failure, "whole") == b""
    assert b"broke" in DIALECT.encode_fault(failure, "stream")


def test_there_is_no_token_counter() -> None:
    assert DIALECT.encode_count_request(request(), target()) is None
    with pytest.raises(UnsupportedError):
        DIALECT.encode_count(3)
    with pytest.raises(UpstreamProtocolError):
        DIALECT.decode_count(b"{}")


def test_an_embedding_is_edited_by_model_only() -> None:
    call = Call(DIALECT.endpoints[1])
    edits = Edits(model="b", want_usage=True, stream=True)
    assert DIALECT.edit_request(b'{"model":"a"}', call, edits, ModelProfile("b")) == b'{"model":"b"}'


def answer_with(status: int, body: bytes, headers: Any = None) -> openai.OpenAI:
    def answer(_: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(status, headers=headers or {"content-type": "application/json"}, content=body)

    transport = httpx2.MockTransport(answer)
    http = httpx2.Client(transport=transport)
    return openai.OpenAI(api_key="k", base_url="http://local/v1", max_retries=0, http_client=http)


def test_the_sdk_lists_models() -> None:
    card = ModelCard("m-1", "M", "acme", 5, ModelProfile("m-1"))
    with answer_with(200, DIALECT.encode_models([card])) as sdk:
        assert [model.id for model in sdk.models.list()] == ["m-1"]
    with answer_with(200, DIALECT.encode_model(card)) as sdk:
        assert sdk.models.retrieve("m-1").created == 5


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (Failure("invalid_request", 400, "x"), openai.BadRequestError),
        (Failure("authentication", 401, "x"), openai.AuthenticationError),
        (Failure("permission", 403, "x"), openai.PermissionDeniedError),
        (Failure("not_found", 404, "x"), openai.NotFoundError),
        (Failure("rate_limit", 429, "x", retry_after_s=3), openai.RateLimitError),
        (Failure("overloaded", 503, "x"), openai.InternalServerError),
        (Failure("too_large", 413, "x"), openai.APIStatusError),
    ],
)
def test_the_sdk_raises_the_right_class(failure: Failure, kind: type[openai.APIStatusError]) -> None:
    reply = DIALECT.encode_error(failure)
    with answer_with(reply.status, reply.body, reply.headers) as sdk, pytest.raises(kind) as caught:
        sdk.chat.completions.create(model="m", messages=[])
    assert caught.value.status_code == reply.status
    assert caught.value.body is not None


def test_the_sdk_reads_a_whole_reply() -> None:
    sample = load.samples(NAME)[0]
    encoder = DIALECT.reply_encoder("whole", DIALECT.decode_request(sample.request_bytes, CALL), 7)
    decoder = DIALECT.reply_decoder("whole", source())
    for event in [*decoder.feed(sample.response), *decoder.close()]:
        encoder.encode(event)
    with answer_with(200, encoder.close()) as sdk:
        found = sdk.chat.completions.create(model="m", messages=[])
    assert found.choices[0].message.content == sample.expect["text"]
    assert found.usage is not None
    assert found.usage.prompt_tokens == sample.expect["usage"]["input"]


def test_what_an_edit_leaves_unsaid_is_told_of_chat_only() -> None:
    chat, other = (
        next(Call(endpoint) for endpoint in DIALECT.endpoints if endpoint.operation == operation)
        for operation in ("chat", "embeddings")
    )
    plain = ModelProfile("b", known=True, thinking=None)
    high = Edits(reasoning=ReasoningControl("level", "high"))
    assert [loss.path for loss in DIALECT.edit_losses(b"{}", chat, high, plain)] == ["reasoning"]
    assert DIALECT.edit_losses(b"{}", other, high, plain) == ()
