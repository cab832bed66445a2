"""Small builders that the tests of this dialect share."""

import json
from collections.abc import Sequence
from typing import Any

from proxy_core.dialect import Call, DecodeSource, EncodeTarget
from proxy_core.dialects.openai_chat.dialect import ChatDialect
from proxy_core.ir.message import Message, Part, Text
from proxy_core.ir.request import EncodedRequest, Request
from proxy_core.ir.stream import StreamEvent
from proxy_core.profile import ModelProfile

NAME = "openai_chat"
DIALECT = ChatDialect()
CALL = Call(DIALECT.endpoints[0])
HI = (Message("user", (Text("Hi"),)),)


def decode(**members: Any) -> Request:
    """Decode a request body with a model and a greeting unless told otherwise."""
    body = {"model": "m", "messages": [{"role": "user", "content": "Hi"}], **members}
    return DIALECT.decode_request(json.dumps(body).encode(), CALL)


def request(*messages: Message, dialect: str = "another", **members: Any) -> Request:
    """A request as another dialect's decoder would give it."""
    return Request(dialect, "m", messages or HI, **members)


def target(strict: bool = True, stream: bool = False, profile: ModelProfile | None = None) -> EncodeTarget:
    return EncodeTarget("up", "vendor", profile or ModelProfile("up"), stream, strict)


def encode(asked: Request, strict: bool = True, **options: Any) -> Any:
    """The upstream body as values."""
    return json.loads(DIALECT.encode_request(asked, target(strict, **options)).body)


def losses(asked: Request, strict: bool = True) -> list[str]:
    return [loss.path for loss in DIALECT.encode_request(asked, target(strict)).losses]


def source(asked: Request | None = None) -> DecodeSource:
    return DecodeSource("vendor", asked or request(), EncodedRequest(b"{}"))


def sse(*chunks: Any, done: bool = True) -> bytes:
    lines = [b"data: " + json.dumps(chunk).encode() + b"\n\n" for chunk in chunks]
    return b"".join(lines) + (b"data: [DONE]\n\n" if done else b"")


def chunk(delta: Any, finish: str | None = None, **members: Any) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return {"id": "c1", "created": 5, "model": "up", "choices": [choice], **members}


def stream_events(data: bytes, asked: Request | None = None, step: int = 0) -> list[StreamEvent]:
    """Decode a stream, at once or in pieces of ``step`` bytes."""
    decoder = DIALECT.reply_decoder("stream", source(asked))
    step = step or max(1, len(data))
    events = [event for at in range(0, len(data), step) for event in decoder.feed(data[at : at + step])]
    return events + decoder.close()


def written(events: Sequence[StreamEvent], asked: Request | None = None, mode: Any = "stream") -> bytes:
    """Encode events for a client."""
    encoder = DIALECT.reply_encoder(mode, asked or request(), 7)
    return b"".join(encoder.encode(event) for event in events) + encoder.close()


def chunks_of(data: bytes) -> list[Any]:
    """The JSON events of a written stream."""
    lines = [line[6:] for line in data.split(b"\n\n") if line.startswith(b"data: ")]
    return [json.loads(line) for line in lines if line != b"[DONE]"]


def message(*parts: Part, role: Any = "model") -> Message:
    return Message(role, parts)
