"""Short ways to decode, encode and check what the codec writes."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

from proxy_core.dialect import Call, DecodeSource, EncodeTarget
from proxy_core.dialects.openai_responses import DIALECTS
from proxy_core.ir.fold import unfold
from proxy_core.ir.message import Part
from proxy_core.ir.request import EncodedRequest, Request
from proxy_core.ir.stream import Candidate, Finish, FinishReason, Reply, ReplyDecoder, StreamEvent, Usage
from proxy_core.profile import ModelProfile, Thinking

DIALECT = DIALECTS[0]
CHAT = Call(DIALECT.endpoints[0])
COUNT = Call(DIALECT.endpoints[1])
THINKER = ModelProfile("up-model", thinking=Thinking(levels=("low", "medium", "high")), known=True)
PLAIN = ModelProfile("up-model", thinking=None, known=True)
UNKNOWN = ModelProfile("up-model")
_EVENT: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)
_TERMINAL = ("response.completed", "response.incomplete", "response.failed")


def target(
    profile: ModelProfile = UNKNOWN, issuer: str = "acme", stream: bool = False, strict: bool = True
) -> EncodeTarget:
    return EncodeTarget("up-model", issuer, profile, stream, strict)


def decode(body: dict[str, Any]) -> Request:
    return DIALECT.decode_request(json.dumps(body).encode(), CHAT)


def decode_input(*items: Any, **members: Any) -> Request:
    return decode({"model": "m", "input": list(items), **members})


def encode(request: Request, to: EncodeTarget | None = None) -> Any:
    return json.loads(DIALECT.encode_request(request, to or target()).body)


def paths(request: Request, to: EncodeTarget | None = None) -> list[str]:
    return [loss.path for loss in DIALECT.encode_request(request, to or target()).losses]


def neutral(*messages: Any, **members: Any) -> Request:
    """A request of a client in a dialect that nobody knows."""
    return Request("foreign", "m", messages, **members)


def source(request: Request | None = None) -> DecodeSource:
    return DecodeSource("acme", request or neutral(), EncodedRequest(b"{}"))


def run(decoder: ReplyDecoder, data: bytes, step: int = 0) -> list[StreamEvent]:
    """Feed bytes in pieces and close."""
    step = step or len(data) or 1
    events: list[StreamEvent] = []
    for start in range(0, len(data), step):
        events += decoder.feed(data[start : start + step])
    return events + decoder.close()


def frames(*events: dict[str, Any]) -> bytes:
    return b"".join(
        b"event: " + event["type"].encode() + b"\ndata: " + json.dumps(event).encode() + b"\n\n"
        for event in events
    )


def streamed(*events: dict[str, Any], step: int = 0) -> list[StreamEvent]:
    return run(DIALECT.reply_decoder("stream", source()), frames(*events), step)


def reply(*parts: Part, reason: FinishReason = "stop", usage: Usage | None = None) -> Reply:
    return Reply("msg_upstream", "up-model", (Candidate(parts, Finish(reason)),), usage or Usage(5, 3), 7)


def write(events: Iterable[StreamEvent], request: Request | None = None) -> bytes:
    encoder = DIALECT.reply_encoder("stream", request or decode_input(), 42)
    return b"".join(encoder.encode(event) for event in events) + encoder.close()


def write_reply(*parts: Part, **members: Any) -> list[Any]:
    """The linted events of a reply's stream."""
    return lint(write(unfold(reply(*parts, **members))))


def events_in(data: bytes) -> list[Any]:
    return [json.loads(line[6:]) for line in data.split(b"\n") if line.startswith(b"data: ")]


def kinds(events: Sequence[Any]) -> list[str]:
    return [event["type"].removeprefix("response.") for event in events]


def lint(data: bytes) -> list[Any]:
    """Check the order of events and every shape against the SDK's types; return the events."""
    events = events_in(data)
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    assert kinds(events[:2]) == ["created", "in_progress"]
    assert [event["type"] in _TERMINAL for event in events] == [False] * (len(events) - 1) + [True]
    added, done = [], []
    for event in events:
        _EVENT.validate_python(event, strict=True)
        if event["type"] == "response.output_item.added":
            added.append(event["output_index"])
        elif event["type"] == "response.output_item.done":
            done.append(event["item"])
            assert event["output_index"] == len(done) - 1
    assert added == list(range(len(added)))
    final = events[-1]["response"]
    assert final["output"] == done
    assert len({event["response"]["id"] for event in events if "response" in event}) == 1
    Response.model_validate(final)
    return events
