import json
from collections.abc import Iterable
from typing import Any

import anthropic
import httpx2
import pytest

from proxy_core.dialect import Dialect, Edits
from proxy_core.errors import DecodeError, Failure, UpstreamProtocolError
from proxy_core.ir.fold import WholeEncoder, unfold
from proxy_core.ir.message import Reasoning, Text, ToolCall
from proxy_core.ir.request import ReasoningControl
from proxy_core.ir.stream import Candidate, Finish, Reply, Usage
from tests.proxy_core.dialects.anthropic_messages.support import (
    CHAT,
    COUNT,
    DIALECT,
    NAME,
    UNKNOWN,
    events_of,
    foreign,
    target,
    written,
)
from tests.samples import load

ASK: Any = {"model": "asked", "max_tokens": 99, "messages": [{"role": "user", "content": "hi"}]}
SAMPLES = [sample for sample in load.samples(NAME) if sample.stream is not None]
REPLY = Reply(
    "chatcmpl-1",
    "theirs",
    (Candidate((Reasoning(("hm",)), Text("a"), ToolCall("c1", "f", '{"a": [1]}')), Finish("tool")),),
    Usage(10, 5, cached_tokens=4, reasoning_tokens=2),
)


def _client(status: int, body: bytes, kind: str = "application/json", **headers: str) -> anthropic.Anthropic:
    def answer(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(status, content=body, headers={"content-type": kind, **headers})

    client = httpx2.Client(transport=httpx2.MockTransport(answer))
    return anthropic.Anthropic(api_key="k", base_url="http://localhost", http_client=client, max_retries=0)


def _streamed(body: bytes) -> anthropic.types.Message:
    with _client(200, body, "text/event-stream").messages.stream(**ASK) as stream:
        return stream.get_final_message()


def _content(message: anthropic.types.Message) -> list[Any]:
    return [block.model_dump(exclude_none=True) for block in message.content]


def test_it_is_a_dialect() -> None:
    dialect: Dialect = DIALECT
    assert dialect.name == NAME
    assert {endpoint.path for endpoint in dialect.endpoints} >= {"/v1/messages", "/v1/messages/count_tokens"}


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_the_sdk_reads_our_streams_like_the_vendors(sample: load.Sample) -> None:
    assert sample.stream is not None
    ours, theirs = _streamed(written(events_of(sample.stream))), _streamed(sample.stream)
    assert _content(ours) == _content(theirs)
    assert ours.usage == theirs.usage
    assert ours.stop_reason == theirs.stop_reason


def test_the_sdk_reads_a_translated_reply_both_ways() -> None:
    encoder = DIALECT.reply_encoder("whole", foreign(), 0)
    assert isinstance(encoder, WholeEncoder)
    for event in unfold(REPLY):
        encoder.encode(event)
    whole = _client(200, encoder.close()).messages.create(**ASK)
    streamed = _streamed(written(unfold(REPLY)))
    assert _content(whole) == _content(streamed)
    assert (whole.stop_reason, streamed.stop_reason) == ("tool_use", "tool_use")
    assert (streamed.usage.input_tokens, streamed.usage.cache_read_input_tokens) == (6, 4)
    assert [block.type for block in whole.content] == ["thinking", "text", "tool_use"]


@pytest.mark.parametrize(
    ("failure", "error"),
    [
        (Failure("rate_limit", 429, "slow down", retry_after_s=20), anthropic.RateLimitError),
        (Failure("not_found", 404, "no model"), anthropic.NotFoundError),
        (Failure("authentication", 401, "bad key"), anthropic.AuthenticationError),
        (Failure("overloaded", 503, "busy"), anthropic.APIStatusError),
    ],
)
def test_the_sdk_raises_what_an_error_means(failure: Failure, error: type[Exception]) -> None:
    reply = DIALECT.encode_error(failure)
    with pytest.raises(error, match=failure.message):
        _client(reply.status, reply.body).messages.create(**ASK)


def test_the_sdk_raises_on_an_error_in_the_stream() -> None:
    begun = written(unfold(REPLY))
    cut = begun[: begun.index(b"event: message_delta")]
    fault = DIALECT.encode_fault(Failure("server", 502, "gone"), "stream")
    with pytest.raises(anthropic.APIStatusError, match="gone"):
        _streamed(cut + fault)
    assert DIALECT.encode_fault(Failure("server", 502, "gone"), "whole") == b""


def test_the_sdk_survives_keep_alives_anywhere() -> None:
    beat = DIALECT.keep_alive("stream")
    body = written(unfold(REPLY))
    assert _content(_streamed(beat + body.replace(b"\n\n", b"\n\n" + beat))) == _content(_streamed(body))
    assert DIALECT.keep_alive("whole") == b""


def test_counts() -> None:
    client = _client(200, DIALECT.encode_count(61))
    assert client.messages.count_tokens(model="m", messages=ASK["messages"]).input_tokens == 61
    assert DIALECT.decode_count(b'{"input_tokens":61}') == 61
    for body in (b"", b"[]", b"{}", b'{"input_tokens":"61"}', b'{"input_tokens":true}'):
        with pytest.raises(UpstreamProtocolError):
            DIALECT.decode_count(body)
    request = DIALECT.decode_request(json.dumps(ASK).encode(), COUNT)
    encoded = DIALECT.encode_count_request(request, target())
    assert encoded is not None
    assert set(json.loads(encoded.body)) == {"model", "messages"}


def test_peek() -> None:
    streaming = json.dumps({**ASK, "stream": True}).encode()
    assert DIALECT.peek(streaming, CHAT).mode == "stream"
    assert DIALECT.peek(streaming, COUNT).mode == "whole"
    assert DIALECT.peek(json.dumps(ASK).encode(), CHAT).model == "asked"
    with pytest.raises(DecodeError):
        DIALECT.peek(b"{}", CHAT)


@pytest.mark.parametrize(
    ("headers", "path", "affinity"),
    [
        ({}, "/v1/messages", 9),
        ({}, "/v1/v1/messages/count_tokens", 9),
        ({"anthropic-version": "2023-06-01"}, "/v1/models", 8),
        ({"anthropic-beta": "x"}, "/v1/models", 6),
        ({}, "/v1/models", 0),
    ],
)
def test_affinity(headers: dict[str, str], path: str, affinity: int) -> None:
    assert DIALECT.affinity(headers, path) == affinity


@pytest.mark.parametrize(
    ("members", "claimed"),
    [
        (("model", "messages", "max_tokens", "system"), True),
        (("model", "messages", "stop_sequences"), True),
        (("model", "messages", "max_tokens", "tools"), False),
        (("contents", "system"), False),
    ],
)
def test_claims(members: Iterable[str], claimed: bool) -> None:
    assert DIALECT.claims(frozenset(members)) is claimed


def test_headers_never_carry_credentials() -> None:
    secret = {"authorization", "x-api-key", "cookie", "set-cookie", "anthropic-organization-id"}
    assert not secret & (DIALECT.request_headers | DIALECT.reply_headers)
    assert {"anthropic-version", "anthropic-beta"} <= DIALECT.request_headers


def test_what_is_handed_over() -> None:
    body = json.dumps(ASK).encode()
    assert DIALECT.edit_request(body, CHAT, Edits(), UNKNOWN) is body
    assert b'"stream":true' in DIALECT.edit_request(body, CHAT, Edits(stream=True), UNKNOWN)
    assert DIALECT.edit_request(body, COUNT, Edits(stream=True), UNKNOWN) is body
    assert DIALECT.decode_error(529, b"").kind == "overloaded"
    assert json.loads(DIALECT.encode_models([]))["data"] == []
    for mode, data in (("stream", written(unfold(REPLY))), ("whole", b'{"stop_reason":"end_turn"}')):
        tap = DIALECT.tap("stream" if mode == "stream" else "whole")
        tap.feed(data)
        tap.close()
        assert tap.is_complete


def test_what_an_edit_leaves_unsaid_is_told() -> None:
    edits = Edits(reasoning=ReasoningControl("budget", budget=8192))
    assert [loss.path for loss in DIALECT.edit_losses(b'{"max_tokens":50}', CHAT, edits, UNKNOWN)] == [
        "reasoning"
    ]
    assert DIALECT.edit_losses(b'{"max_tokens":9000}', CHAT, edits, UNKNOWN) == ()
