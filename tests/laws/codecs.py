"""The dialects as plain functions, without sockets: what the laws are stated in."""

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

from proxy_core import registry
from proxy_core.dialect import Call, DecodeSource, Dialect, EncodeTarget, Mode
from proxy_core.errors import ClientError, UnsupportedError
from proxy_core.ir.request import EncodedRequest, Request, Sampling
from proxy_core.ir.stream import StreamEvent
from proxy_core.profile import ModelProfile

NAMES = ("openai_chat", "openai_responses", "anthropic_messages", "gemini_generate")
PAIRS = tuple((one, other) for one in NAMES for other in NAMES if one != other)
ISSUER = "vendor"
CREATED = 1_800_000_000
MODEL = "model-x"
PROFILE = ModelProfile(MODEL, prefill=True)


@cache
def dialects() -> Mapping[str, Dialect]:
    """The shelf."""
    return registry.discover("proxy_core.dialects", "DIALECTS", Dialect)


def call(name: str, stream: bool = False, headers: Mapping[str, str] = MappingProxyType({})) -> Call:
    """What the server would know of a request beside its body."""
    endpoint = next(
        one for one in dialects()[name].endpoints if one.operation == "chat" and one.streams in (None, stream)
    )
    is_gemini = "{model}" in endpoint.path
    return Call(endpoint, MODEL if is_gemini else None, {"alt": "sse"} if stream else {}, headers)


def target(stream: bool = False, issuer: str = ISSUER, **more: Any) -> EncodeTarget:
    """An upstream that takes what its dialect has."""
    return EncodeTarget(MODEL, issuer, more.pop("profile", PROFILE), stream, **more)


def decode(name: str, body: bytes, stream: bool = False) -> Request:
    """D_x of a request. Raises ClientError."""
    return dialects()[name].decode_request(body, call(name, stream))


def encode(name: str, request: Request, **more: Any) -> EncodedRequest:
    """E_x of a request. Raises UnsupportedError."""
    return dialects()[name].encode_request(request, target(request.stream, **more))


def encoded(name: str, request: Request, **more: Any) -> EncodedRequest | None:
    """E_x of a request, None where it is refused with words of ours."""
    try:
        return encode(name, request, **more)
    except (UnsupportedError, ClientError) as error:
        refused = error.failure()
    assert refused.message
    assert 400 <= refused.status < 500
    return None


def source(request: Request, sent: EncodedRequest | None = None, issuer: str = ISSUER) -> DecodeSource:
    """Where a reply comes from."""
    return DecodeSource(issuer, request, sent or EncodedRequest(b""))


def asked(name: str, stream: bool = True, answers: int = 1) -> Request:
    """A small request of a client."""
    sampling = Sampling(candidates=answers) if answers > 1 else Sampling()
    return Request(name, MODEL, (), stream=stream, want_usage=True, sampling=sampling)


def reply_events(name: str, body: bytes, mode: Mode, *cuts: int, answers: int = 1) -> list[StreamEvent]:
    """D_x of a reply, fed in pieces that end at the cuts."""
    decoder = dialects()[name].reply_decoder(mode, source(asked(name, mode != "whole", answers)))
    found: list[StreamEvent] = []
    at = 0
    for cut in (*cuts, len(body)):
        found += decoder.feed(body[at:cut])
        at = cut
    return found + decoder.close()


def reply_bytes(name: str, events: list[StreamEvent], mode: Mode, request: Request | None = None) -> bytes:
    """E_x of a reply."""
    encoder = dialects()[name].reply_encoder(mode, request or asked(name, mode != "whole"), CREATED)
    return b"".join([*map(encoder.encode, events), encoder.close()])


def ends_cleanly(name: str, body: bytes) -> bool:
    """Whether a client would take the stream for a finished answer."""
    match name:
        case "openai_chat":
            return b"data: [DONE]" in body.splitlines()
        case "openai_responses":
            return any(
                one in body for one in (b"event: response.completed\n", b"event: response.incomplete\n")
            )
        case "anthropic_messages":
            return b"event: message_stop\n" in body
    return b'"finishReason":' in body or b'"blockReason":' in body
