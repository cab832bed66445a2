import json
from collections.abc import Iterator
from typing import Any

import httpx2
import openai
import pytest

from proxy_core.dialect import Edits
from proxy_core.errors import DecodeError, Failure, UpstreamProtocolError
from proxy_core.ir.fold import unfold
from proxy_core.ir.message import Citation, Reasoning, Seal, Text, ToolCall
from proxy_core.ir.request import ReasoningControl
from proxy_core.ir.stream import Begin, End, Fault, Finish, PartBegin, PartDelta, Reply, StreamEvent
from tests.proxy_core.dialects.openai_responses.material import (
    CHAT,
    COUNT,
    DIALECT,
    PLAIN,
    decode_input,
    events_in,
    reply,
    run,
    source,
)
from tests.samples import load

RICH = reply(
    Reasoning(("why", "and how"), Seal("acme", "anthropic.signature", "sig")),
    Text("Hi there", (Citation("https://x.test", "X", start=0, end=2),)),
    ToolCall("c1", "f", '{"a": 1}'),
    ToolCall("c2", "g", "1+1", "freeform"),
    reason="tool",
)
SAMPLES = [one for one in load.samples("openai_responses") if one.stream is not None]


def client(content: bytes, kind: str, status: int = 200, headers: Any = None) -> openai.OpenAI:
    def answer(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(status, headers={"content-type": kind, **(headers or {})}, content=content)

    transport = httpx2.Client(transport=httpx2.MockTransport(answer))
    return openai.OpenAI(api_key="k", base_url="http://proxy.test/v1", http_client=transport, max_retries=0)


@pytest.fixture
def sdk() -> Iterator[Any]:
    made: list[openai.OpenAI] = []

    def make(events: list[StreamEvent], mode: Any) -> openai.OpenAI:
        encoder = DIALECT.reply_encoder(mode, decode_input(), 42)
        beat = DIALECT.keep_alive(mode)
        content = beat + beat.join(encoder.encode(event) for event in events) + encoder.close()
        made.append(client(content, "application/json" if mode == "whole" else "text/event-stream"))
        return made[-1]

    yield make
    for one in made:
        one.close()


def check(response: Any) -> None:
    assert response.output_text == "Hi there"
    thought, message, call, custom = response.output
    assert [part.text for part in thought.summary] == ["why", "and how"]
    assert thought.encrypted_content.startswith("trunkline.1:acme:anthropic.signature:")
    assert message.content[0].annotations[0].url == "https://x.test"
    assert (call.call_id, call.name, call.arguments) == ("c1", "f", '{"a": 1}')
    assert (custom.call_id, custom.name, custom.input) == ("c2", "g", "1+1")
    assert response.usage.total_tokens == 8
    assert response.status == "completed"


def test_the_sdk_reads_a_whole_answer(sdk: Any) -> None:
    check(sdk(unfold(RICH), "whole").responses.create(model="m", input="x"))


def test_the_sdk_reads_a_stream_raw(sdk: Any) -> None:
    events = list(sdk(unfold(RICH), "stream").responses.create(model="m", input="x", stream=True))
    check(events[-1].response)
    assert [event.sequence_number for event in events] == list(range(len(events)))


def test_the_sdk_accumulates_a_stream(sdk: Any) -> None:
    with sdk(unfold(RICH), "stream").responses.stream(model="m", input="x") as stream:
        texts = [event.delta for event in stream if event.type == "response.output_text.delta"]
        check(stream.get_final_response())
    assert texts == ["Hi there"]


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda one: one.name)
def test_the_sdk_reads_every_sample_after_a_round_trip(sample: load.Sample, sdk: Any) -> None:
    events = run(DIALECT.reply_decoder("whole", source()), sample.response)
    response = sdk(events, "whole").responses.create(model="m", input="x")
    assert response.output_text == sample.expect["text"]
    for event in sdk(events, "stream").responses.create(model="m", input="x", stream=True):
        last = event
    assert last.response.output_text == sample.expect["text"]
    assert last.response.usage.input_tokens == sample.expect["usage"]["input"]
    theirs = json.loads(sample.response)
    if sample.expect["text"] or sample.expect["calls"]:
        assert [item.type for item in last.response.output] == [item["type"] for item in theirs["output"]]


def test_the_sdk_is_told_of_a_break(sdk: Any) -> None:
    broken = [
        Begin("resp_1", "up"),
        PartBegin(0, Text("")),
        PartDelta(0, "x"),
        Fault(Failure("server", 502, "gone")),
    ]
    events = list(sdk(broken, "stream").responses.create(model="m", input="x", stream=True))
    assert events[-1].response.error.message == "gone"
    with (
        pytest.raises(RuntimeError, match=r"response\.completed"),
        sdk(broken, "stream").responses.stream(model="m", input="x") as stream,
    ):
        stream.get_final_response()


def test_the_sdk_raises_our_errors() -> None:
    written = DIALECT.encode_error(Failure("rate_limit", 429, "slow", retry_after_s=3))
    with (
        client(written.body, "application/json", written.status, written.headers) as sdk,
        pytest.raises(openai.RateLimitError) as raised,
    ):
        sdk.responses.create(model="m", input="x")
    assert raised.value.code == "rate_limit_exceeded"
    assert raised.value.response.headers["retry-after"] == "3"


def test_the_sdk_counts() -> None:
    with client(DIALECT.encode_count(61), "application/json") as sdk:
        assert sdk.responses.input_tokens.count(model="m", input="x").input_tokens == 61
    assert DIALECT.decode_count(DIALECT.encode_count(61)) == 61
    sample = load.sample("openai_responses", "25-count-tokens")
    assert DIALECT.decode_count(sample.response) == sample.expect["count"]
    for body in (b"", b"{}", b'{"input_tokens":"61"}', b'{"input_tokens":true}'):
        with pytest.raises(UpstreamProtocolError):
            DIALECT.decode_count(body)


def test_a_same_dialect_stream_that_broke() -> None:
    (event,) = events_in(DIALECT.encode_fault(Failure("server", 502, "gone"), "stream"))
    assert event["type"] == "response.failed"
    assert event["response"]["error"] == {"code": "server_error", "message": "gone"}
    assert DIALECT.encode_fault(Failure("server", 502, "gone"), "whole") == b""


def test_peek() -> None:
    assert DIALECT.peek(b'{"model":"m","stream":true,"input":[]}', CHAT).mode == "stream"
    assert DIALECT.peek(b'{"model":"m"}', COUNT).mode == "whole"
    assert DIALECT.peek(b'{"model":"m","stream":null}', CHAT).model == "m"
    for body in (b"{}", b'{"model":""}', b'{"model":5}', b'{"model":"m","stream":1}', b"x"):
        with pytest.raises(DecodeError):
            DIALECT.peek(body, CHAT)


def test_who_speaks_it() -> None:
    assert DIALECT.affinity({}, "/v1/responses/input_tokens") > 5
    assert DIALECT.affinity({"openai-beta": "responses_websockets=2026-02-06"}, "/v1/models") == 5
    assert DIALECT.affinity({"user-agent": "curl"}, "/v1/models") == 0
    assert DIALECT.claims(frozenset({"model", "input"}))
    assert not DIALECT.claims(frozenset({"model", "messages"}))
    assert not DIALECT.claims(frozenset({"model", "input", "encoding_format"}))
    assert [endpoint.operation for endpoint in DIALECT.endpoints] == ["chat", "count_tokens"]


def test_no_credentials_among_the_headers() -> None:
    secret = {"authorization", "cookie", "set-cookie", "x-api-key", "openai-organization", "openai-project"}
    assert not secret & (DIALECT.request_headers | DIALECT.reply_headers)
    assert all(name == name.lower() for name in DIALECT.request_headers | DIALECT.reply_headers)


def test_keep_alives_are_comments() -> None:
    assert DIALECT.keep_alive("stream").startswith(b":")
    assert DIALECT.keep_alive("whole") == b""


def test_edits_and_models_are_wired() -> None:
    body = DIALECT.edit_request(b'{"model":"a"}', CHAT, Edits(model="b"), PLAIN)
    assert json.loads(body) == {"model": "b"}
    assert json.loads(DIALECT.encode_models([]))["object"] == "list"
    assert DIALECT.decode_error(429, b"").kind == "rate_limit"


def test_a_whole_reply_is_a_fold_of_its_stream() -> None:
    empty = Reply("r", "m", RICH.candidates[:1], None, None)
    encoder = DIALECT.reply_encoder("whole", decode_input(), 42)
    for event in [*unfold(empty)[:-1], End(Finish("tool"))]:
        encoder.encode(event)
    body = json.loads(encoder.close())
    assert body["created_at"] == 42
    assert body["usage"]["total_tokens"] == 0


def test_what_an_edit_leaves_unsaid_is_told() -> None:
    high = Edits(reasoning=ReasoningControl("level", "high"))
    assert [loss.path for loss in DIALECT.edit_losses(b"{}", CHAT, high, PLAIN)] == ["reasoning"]
