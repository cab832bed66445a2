"""What the tests of this dialect share: calls, targets, and the official client on our bytes."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import httpx2
from google import genai
from google.genai import types

from proxy_core.dialect import Call, DecodeSource, EncodeTarget, Mode
from proxy_core.dialects.gemini_generate import DIALECTS
from proxy_core.ir.message import Message, Part, Text
from proxy_core.ir.request import EncodedRequest, Request
from proxy_core.ir.stream import StreamEvent
from proxy_core.profile import ModelProfile

DIALECT = DIALECTS[0]
NAME = "gemini_generate"
MODEL = "gemini-3.8-flash"
_WHOLE, _STREAM, _COUNT, *_ = DIALECT.endpoints


def call(kind: str = "whole", **query: str) -> Call:
    """A call to generate (``whole``, ``stream``) or to ``count``."""
    endpoint = {"whole": _WHOLE, "stream": _STREAM, "count": _COUNT}[kind]
    return Call(endpoint, path_model=MODEL, query=query)


def target(profile: ModelProfile | None = None, issuer: str = "vendor") -> EncodeTarget:
    return EncodeTarget(MODEL, issuer, profile or ModelProfile(MODEL), stream=False)


def decoded(body: Any, kind: str = "whole") -> Request:
    return DIALECT.decode_request(json.dumps(body).encode(), call(kind))


def foreign(*messages: Message, **changes: Any) -> Request:
    """A request of a caller with another dialect."""
    request = Request("elsewhere", "m", messages or (Message("user", (Text("Hi"),)),))
    return replace(request, **changes)


def encoded(request: Request, profile: ModelProfile | None = None) -> tuple[Any, list[str]]:
    """The upstream body and the paths that were lost."""
    done = DIALECT.encode_request(request, target(profile))
    return json.loads(done.body), [loss.path for loss in done.losses]


def source(request: Request | None = None) -> DecodeSource:
    return DecodeSource("vendor", request or foreign(), EncodedRequest(b"{}"))


def events(mode: Mode, body: bytes, size: int | None = None) -> list[StreamEvent]:
    """Decode an upstream's reply, fed in pieces of ``size`` bytes."""
    decoder = DIALECT.reply_decoder(mode, source())
    size = size or max(1, len(body))
    found: list[StreamEvent] = []
    for start in range(0, len(body), size):
        found += decoder.feed(body[start : start + size])
    return [*found, *decoder.close()]


def sent(mode: Mode, stream: Iterable[StreamEvent], request: Request | None = None) -> bytes:
    """Encode events for a client."""
    encoder = DIALECT.reply_encoder(mode, request or foreign(), 0)
    return b"".join([encoder.encode(event) for event in stream]) + encoder.close()


def chunks(body: bytes) -> list[Any]:
    """The JSON objects of an event stream; nothing but data lines and blank ones may be there."""
    lines = [line for line in body.decode().split("\n") if line]
    assert all(line.startswith("data: {") for line in lines)
    return [json.loads(line[6:]) for line in lines]


def sse(*objects: Any) -> bytes:
    """An upstream's stream of these chunks."""
    return b"".join(b"data: " + json.dumps(item).encode() + b"\r\n\r\n" for item in objects)


def candidate(*parts: Any, **members: Any) -> Any:
    """A chunk with one candidate."""
    content = {"role": "model", "parts": list(parts)}
    return {"candidates": [{"content": content, "index": 0, **members}], "responseId": "r1"}


def client(body: bytes, status: int = 200, kind: str = "text/event-stream") -> genai.Client:
    """The official client in front of a server that answers everything with ``body``."""

    def answer(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(status, content=body, headers={"content-type": kind})

    http = httpx2.Client(transport=httpx2.MockTransport(answer))
    return genai.Client(
        api_key="k", http_options=types.HttpOptions(base_url="http://test", httpx_client=http)
    )


def part_texts(parts: Iterable[Part]) -> list[str]:
    return [part.text for part in parts if isinstance(part, Text)]
