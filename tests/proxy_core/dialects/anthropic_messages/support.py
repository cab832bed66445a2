"""What several tests of this dialect need: targets, calls, and the fake vendor's judgement of a body."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from proxy_core.dialect import Call, DecodeSource, EncodeTarget
from proxy_core.dialects.anthropic_messages.dialect import AnthropicMessages
from proxy_core.ir.message import Message, Text
from proxy_core.ir.request import EncodedRequest, Request
from proxy_core.ir.stream import StreamEvent
from proxy_core.profile import ModelProfile, Thinking
from tests.upstreams import anthropic_rules
from tests.upstreams.vendor import Exchange, Memory, Options, Route

DIALECT = AnthropicMessages()
CHAT = Call(DIALECT.endpoints[0])
COUNT = Call(DIALECT.endpoints[1])
NAME = "anthropic_messages"
ISSUER = "vendor-a"
UNKNOWN = ModelProfile("claude-sonnet-5-5")
ADAPTIVE = ModelProfile(
    "claude-sonnet-5-5",
    known=True,
    max_output_tokens=64_000,
    thinking=Thinking(levels=("low", "medium", "high", "max")),
)
BUDGET = ModelProfile(
    "claude-sonnet-4-5",
    known=True,
    max_output_tokens=64_000,
    thinking=Thinking(budget=(1024, 63_999), dynamic=False),
    prefill=True,
)


def target(profile: ModelProfile = UNKNOWN, *, stream: bool = False, issuer: str = ISSUER) -> EncodeTarget:
    return EncodeTarget(profile.id, issuer, profile, stream)


def decoded(**members: Any) -> Request:
    body = {"model": "m", "max_tokens": 100, "messages": [{"role": "user", "content": "hi"}], **members}
    return DIALECT.decode_request(json.dumps(body).encode(), CHAT)


def foreign(*messages: Message, **members: Any) -> Request:
    said = messages or (Message("user", (Text("hi"),)),)
    return Request(dialect="elsewhere", model="m", messages=said, **members)


def encoded(request: Request, profile: ModelProfile = UNKNOWN, **options: Any) -> Any:
    return json.loads(DIALECT.encode_request(request, target(profile, **options)).body)


def lost(request: Request, profile: ModelProfile = UNKNOWN) -> dict[str, str]:
    return {loss.path: loss.why for loss in DIALECT.encode_request(request, target(profile)).losses}


def accept(
    body: Mapping[str, Any], kind: Literal["generate", "count"] = "generate", seals: Iterable[str] = ()
) -> None:
    """Raise what the fake vendor would refuse."""
    memory = Memory(NAME, seals=set(seals))
    headers = {"anthropic-version": "2023-06-01", "anthropic-beta": "context-management-2025-06-27"}
    anthropic_rules.check(Exchange(Route(kind), {}, headers, body, Options(), memory))


def source(issuer: str = ISSUER) -> DecodeSource:
    return DecodeSource(issuer, foreign(), EncodedRequest(b""))


def events_of(
    data: bytes, mode: Literal["stream", "whole"] = "stream", cut: int | None = None
) -> list[StreamEvent]:
    """Decode a reply that comes in pieces of ``cut`` bytes."""
    decoder = DIALECT.reply_decoder(mode, source())
    step = cut or max(1, len(data))
    events: list[StreamEvent] = []
    for start in range(0, len(data), step):
        events += decoder.feed(data[start : start + step])
    return events + decoder.close()


def frames(*events: Mapping[str, Any]) -> bytes:
    return b"".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode() for event in events)


def stream_of(*blocks: Iterable[Mapping[str, Any]], reason: str = "end_turn") -> bytes:
    """A whole stream around the given events."""
    start = {"type": "message_start", "message": {"id": "msg_1", "model": "m", "usage": {"input_tokens": 3}}}
    change = {"type": "message_delta", "delta": {"stop_reason": reason}, "usage": {"output_tokens": 5}}
    inner = [event for block in blocks for event in block]
    return frames(start, *inner, change, {"type": "message_stop"})


def block(index: int, start: Mapping[str, Any], *deltas: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [
        {"type": "content_block_start", "index": index, "content_block": start},
        *({"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas),
        {"type": "content_block_stop", "index": index},
    ]


def parsed(data: bytes) -> list[Any]:
    """The events of an encoded stream; every one must have an event line that fits."""
    events = []
    for frame in data.decode().split("\n\n")[:-1]:
        name, _, text = frame.partition("\n")
        event = json.loads(text.removeprefix("data: "))
        assert name == f"event: {event['type']}"
        events.append(event)
    return events


def written(events: Iterable[StreamEvent], model: str = "asked") -> bytes:
    encoder = DIALECT.reply_encoder("stream", foreign(), 0)
    return b"".join(encoder.encode(event) for event in events) + encoder.close()
