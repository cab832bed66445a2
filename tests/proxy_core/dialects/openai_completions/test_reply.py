import json
from typing import Any

import httpx2
import openai
import pytest

from proxy_core.dialects.openai_completions.reply import StreamEncoder, encode_reply
from proxy_core.errors import Failure, UpstreamProtocolError
from proxy_core.ir.fold import unfold
from proxy_core.ir.message import Part, Reasoning, Refusal, Text, ToolCall
from proxy_core.ir.request import Request
from proxy_core.ir.stream import (
    Beat,
    Begin,
    Candidate,
    End,
    Fault,
    Finish,
    FinishReason,
    PartEnd,
    Reply,
    Usage,
)

ASKED = Request("openai_completions", "m", (), want_usage=True)
USAGE = Usage(3, 4, cached_tokens=1, reasoning_tokens=0)


def reply(*parts: Part, reason: FinishReason = "stop") -> Reply:
    return Reply("r1", "up", (Candidate(parts, Finish(reason)),), USAGE)


def written(events: Any, asked: Request = ASKED) -> bytes:
    encoder = StreamEncoder(asked, 7)
    return b"".join(encoder.encode(event) for event in events) + encoder.close()


def sdk(body: bytes, kind: str) -> openai.OpenAI:
    def answer(_: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, headers={"content-type": kind}, content=body)

    http = httpx2.Client(transport=httpx2.MockTransport(answer))
    return openai.OpenAI(api_key="k", base_url="http://local/v1", http_client=http)


PARTS = (Reasoning(("hm",)), Text("a"), Refusal("b"), Text("c"))


def test_the_sdk_reads_a_whole_reply() -> None:
    with sdk(encode_reply(reply(*PARTS), ASKED, 7), "application/json") as client:
        found = client.completions.create(model="m", prompt="Hi")
    assert (found.object, found.model, found.created) == ("text_completion", "m", 7)
    assert (found.choices[0].text, found.choices[0].finish_reason) == ("abc", "stop")
    assert found.usage is not None
    assert found.usage.total_tokens == 7
    assert found.usage.prompt_tokens_details is not None
    assert found.usage.prompt_tokens_details.cached_tokens == 1


def test_the_sdk_reads_a_stream() -> None:
    with sdk(written(unfold(reply(*PARTS))), "text/event-stream") as client:
        chunks = list(client.completions.create(model="m", prompt="Hi", stream=True))
    assert "".join(chunk.choices[0].text for chunk in chunks if chunk.choices) == "abc"
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "stop"
    assert chunks[-1].choices == []
    assert chunks[-1].usage is not None
    assert {(chunk.id, chunk.model, chunk.created) for chunk in chunks} == {("r1", "m", 7)}


def test_usage_is_told_only_when_asked_for() -> None:
    data = written(unfold(reply(Text("a"))), Request("openai_completions", "m", ()))
    assert b"usage" not in data
    assert data.endswith(b"data: [DONE]\n\n")


@pytest.mark.parametrize(
    ("reason", "word"),
    [
        ("length", "length"),
        ("context_full", "length"),
        ("filter", "content_filter"),
        ("refusal", "stop"),
        ("tool", "stop"),
    ],
)
def test_finish_words(reason: FinishReason, word: str) -> None:
    found = json.loads(encode_reply(reply(Text("a"), reason=reason), ASKED, 7))
    assert found["choices"][0]["finish_reason"] == word
    assert f'"finish_reason":"{word}"'.encode() in written(unfold(reply(Text("a"), reason=reason)))


def test_text_may_come_without_deltas_and_calls_are_left_out() -> None:
    data = written(
        [
            Begin("r", "up", 5),
            PartEnd(0, Text("abc")),
            PartEnd(1, ToolCall("c", "f", "{}")),
            End(Finish("stop")),
        ]
    )
    assert b'"text":"abc"' in data
    assert b"{}" not in data


def test_a_fault_raises_and_nothing_follows() -> None:
    data = written([Begin("r", "up"), Fault(Failure("server", 502, "broke")), End(Finish("stop"))])
    assert b"[DONE]" not in data
    with sdk(data, "text/event-stream") as client, pytest.raises(openai.APIError, match="broke"):
        list(client.completions.create(model="m", prompt="Hi", stream=True))


def test_no_end_and_malformed_calls_are_errors() -> None:
    assert b'"error"' in written([Begin("r", "up")])
    assert b'"error"' in written([Begin("r", "up"), End(Finish("malformed_call"))])
    with pytest.raises(UpstreamProtocolError):
        encode_reply(reply(reason="malformed_call"), ASKED, 7)


def test_a_beat_is_a_comment() -> None:
    assert StreamEncoder(ASKED, 7).encode(Beat()).startswith(b":")
