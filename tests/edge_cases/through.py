"""Requests and replies from one dialect into another, without a socket: what the edge cases look at.

    sent = encoded("openai_chat", {"messages": [...]}, "gemini_generate")
    sent.body            the upstream's body, parsed
    sent.lost            the paths of what was dropped
    refused(...)         the UnsupportedError or DecodeError that comes instead

    got = reply("gemini_generate", answer, "openai_chat", request)     one whole body, parsed
    got = streamed("gemini_generate", frames, "openai_chat", request)  the client's bytes, parsed into events

A request without a model is for "m"; keywords beyond those that are named are facts of the model's profile.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest

from proxy_core import registry
from proxy_core.dialect import Call, DecodeSource, Dialect, EncodeTarget, Mode
from proxy_core.errors import DecodeError, ProxyError, UnsupportedError
from proxy_core.ir.message import ToolCall
from proxy_core.ir.request import EncodedRequest, Request
from proxy_core.ir.restore import Restorer
from proxy_core.ir.stream import StreamEvent
from proxy_core.profile import ModelProfile

CHAT, RESPONSES, ANTHROPIC, GEMINI = (
    "openai_chat",
    "openai_responses",
    "anthropic_messages",
    "gemini_generate",
)
EVERY = (CHAT, RESPONSES, ANTHROPIC, GEMINI)
MODEL = "m"
ISSUER = "vendor"

Body = Mapping[str, Any]
Bytes = bytes | Body | list[Any]


@dataclass(frozen=True, slots=True)
class Sent:
    """A request as the upstream gets it."""

    body: Any
    encoded: EncodedRequest
    request: Request

    @property
    def lost(self) -> list[str]:
        """The paths of what could not be said."""
        return [loss.path for loss in self.encoded.losses]


def dialect(name: str) -> Dialect:
    """A dialect of the shelf."""
    found: Dialect = registry.discover("proxy_core.dialects", "DIALECTS", Dialect)[name]
    return found


def decoded(source: str, body: Bytes, *, stream: bool = False, headers: Mapping[str, str] = {}) -> Request:
    """A client's request in neutral words. Raises DecodeError."""
    found = dialect(source)
    endpoint = next(
        one for one in found.endpoints if one.operation == "chat" and one.streams in (None, stream)
    )
    named = "{model}" in endpoint.path
    if isinstance(body, dict):
        body = body if named else {"model": MODEL, **body}
        if "max_tokens" in _required(source):
            body = {"max_tokens": 100, **body}
    call = Call(endpoint, MODEL if named else None, {"alt": "sse"} if stream else {}, headers)
    return found.decode_request(_bytes(body), call)


def encoded(
    source: str,
    body: Bytes | Request,
    target: str,
    *,
    stream: bool = False,
    strict: bool = True,
    lean: bool = False,
    issuer: str = ISSUER,
    model: str = MODEL,
    **profile: Any,
) -> Sent:
    """A client's request, encoded for an upstream. Raises DecodeError, UnsupportedError."""
    request = body if isinstance(body, Request) else decoded(source, body, stream=stream)
    facts = ModelProfile(model, **profile)
    made = dialect(target).encode_request(
        request, EncodeTarget(model, issuer, facts, stream, strict=strict, lean=lean)
    )
    return Sent(json.loads(made.body), made, request)


def refused(source: str, body: Bytes, target: str, **more: Any) -> ProxyError:
    """The clear refusal that a request gets; one that is taken fails the test."""
    with pytest.raises((UnsupportedError, DecodeError)) as caught:
        encoded(source, body, target, **more)
    failure = caught.value.failure()
    assert failure.status == 400
    assert failure.message
    return caught.value


def events(
    upstream: str, data: Bytes, request: Request, sent: EncodedRequest, mode: Mode
) -> list[StreamEvent]:
    """A vendor's reply as events, with the client's own tool names."""
    decoder = dialect(upstream).reply_decoder(mode, DecodeSource(ISSUER, request, sent))
    restorer = Restorer(sent.memory)
    raw = frames(upstream, data) if mode == "stream" else _bytes(data)
    found = [*decoder.feed(raw), *decoder.close()]
    restored = [one for event in found for one in restorer.feed(event)]
    return [*restored, *restorer.close()]


def reply(upstream: str, data: Bytes, client: str, body: Bytes | None = None, *, stream: bool = False) -> Any:
    """A vendor's reply as one whole body for the client. ``stream``: the vendor's comes as a stream."""
    mode: Mode = "stream" if stream else "whole"
    return json.loads(_translated(upstream, data, client, body, mode, "whole"))


def streamed(
    upstream: str, data: Bytes, client: str, body: Bytes | None = None, *, stream: bool = True
) -> list[Any]:
    """A vendor's reply as the client's stream: the data of each event, parsed; a word like [DONE] as it is.

    ``stream`` False: the vendor's comes whole.
    """
    return parsed(streamed_bytes(upstream, data, client, body, stream=stream))


def streamed_bytes(
    upstream: str, data: Bytes, client: str, body: Bytes | None = None, *, stream: bool = True
) -> bytes:
    """The same as bytes, for a linter or an SDK."""
    return _translated(upstream, data, client, body, "stream" if stream else "whole", "stream")


def parsed(data: bytes) -> list[Any]:
    """The data of every event of an SSE stream, parsed where it is JSON."""
    found = []
    for block in data.replace(b"\r\n", b"\n").decode().split("\n\n"):
        lines = [line[5:].strip() for line in block.split("\n") if line.startswith("data:")]
        if lines:
            text = "\n".join(lines)
            found.append(text if text.startswith("[") else json.loads(text))
    return found


def frames(upstream: str, data: Bytes) -> bytes:
    """A stream of the vendor's; a list of values becomes one event each, with the dialect's terminator."""
    if not isinstance(data, list):
        return _bytes(data)
    made = []
    for value in data:
        kind = value.get("type") if upstream in (RESPONSES, ANTHROPIC) else None
        made.append((f"event: {kind}\n" if kind else "") + f"data: {json.dumps(value)}\n\n")
    return "".join([*made, "data: [DONE]\n\n" if upstream == CHAT else ""]).encode()


def hello(source: str, **more: Any) -> dict[str, Any]:
    """The smallest request of a dialect, with more members."""
    said = [{"role": "user", "content": "Hello."}]
    match source:
        case "openai_responses":
            return {"input": said, **more}
        case "gemini_generate":
            return {"contents": [{"role": "user", "parts": [{"text": "Hello."}]}], **more}
    return {"messages": said, **more}


def calls_of(request: Request) -> list[ToolCall]:
    """All tool calls of a conversation, in order."""
    return [part for message in request.messages for part in message.parts if isinstance(part, ToolCall)]


def _translated(upstream: str, data: Bytes, client: str, body: Bytes | None, came: Mode, goes: Mode) -> bytes:
    asked: Bytes = hello(client) if body is None else body
    request = decoded(client, asked, stream=goes == "stream")
    if goes == "stream":
        request = replace(request, stream=True, want_usage=True)
    sent = encoded(client, request, upstream, stream=came == "stream")
    encoder = dialect(client).reply_encoder(goes, request, 1_800_000_000)
    found = events(upstream, data, request, sent.encoded, came)
    return b"".join([*(encoder.encode(event) for event in found), encoder.close()])


def _required(source: str) -> Iterable[str]:
    return ("max_tokens",) if source == ANTHROPIC else ()


def _bytes(value: Bytes) -> bytes:
    return value if isinstance(value, bytes) else json.dumps(value).encode()
