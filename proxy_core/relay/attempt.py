"""One attempt: send to one target, and bring its reply to the client.

An attempt either answers the client, or returns the failure that ended it before the client saw
anything; then another target may be tried. After the first byte a failure goes in-band.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from proxy_core.accounts.account import Account
from proxy_core.dialect import Dialect, EncodeTarget, Mended, Mode, Tap
from proxy_core.errors import Failure, ProxyError
from proxy_core.ir.request import EncodedRequest, ReasoningControl, Request
from proxy_core.provider import Provider, Speech
from proxy_core.relay import headers as header_rules
from proxy_core.relay.exchange import Exchange
from proxy_core.relay.pulse import Pulse
from proxy_core.relay.sink import Sink
from proxy_core.relay.turn_listener import TurnListener
from proxy_core.routing.plan import Plan
from proxy_core.routing.resolve import Target
from proxy_core.transport import UpstreamReply

ERROR_BODY_LIMIT = 1 << 20
REPLY_LIMIT = 1 << 28
"""A whole reply beyond this (256 MiB) is refused: it would have to be held in memory."""

_HIDDEN = "***"
_BOUNDARIES = (b"\n\n", b"\r\n\r\n", b"\r\r")


@dataclass(frozen=True, slots=True)
class Attempt:
    """Everything one attempt knows.

    ``request`` and ``encoded`` are None on passthrough. ``tap`` sees a passed reply, ``listener`` hears a
    translated one. ``mended`` is a passed body that had to be put right.
    ``is_unsealed``: the vendor refused the conversation's reasoning, so it goes without.
    """

    exchange: Exchange
    sink: Sink
    pulse: Pulse
    target: Target
    account: Account
    plan: Plan
    mode: Mode
    upstream: Dialect
    created: int
    request: Request | None = None
    encoded: EncodedRequest | None = None
    tap: Tap | None = None
    listener: TurnListener | None = None
    mended: Mended | None = None
    is_unsealed: bool = False

    @property
    def provider(self) -> Provider:
        """Whose account it is."""
        return self.account.provider

    def classified(self, failure: Failure, headers: Mapping[str, str]) -> Failure:
        """Return a failure of the vendor's, read from a reply, with the scope that the provider gives it."""
        return self.provider.classify(failure.status, headers, failure)

    @property
    def speech(self) -> Speech:
        """How the provider is spoken to."""
        return self.plan.speech


class RefusedReply(Exception):
    """The vendor answered with an error; its own body is kept for a client of the same dialect."""

    def __init__(self, failure: Failure, status: int, headers: Mapping[str, str], body: bytes) -> None:
        super().__init__(failure.message)
        self.failure = failure
        self.status = status
        self.headers = headers
        self.body = body


def without_secret(refused: RefusedReply, secret: str | None) -> RefusedReply:
    """Return the refusal with the account's own secret hidden: some vendors repeat it in their errors."""
    if not secret or (secret not in refused.failure.message and secret.encode() not in refused.body):
        return refused
    failure = replace(refused.failure, message=refused.failure.message.replace(secret, _HIDDEN))
    body = refused.body.replace(secret.encode(), _HIDDEN.encode())
    return RefusedReply(failure, refused.status, refused.headers, body)


def encode_target(attempt: Attempt, stream: bool) -> EncodeTarget:
    """Return whom to encode for."""
    return EncodeTarget(
        model=attempt.target.model,
        issuer=attempt.account.issuer,
        profile=attempt.target.profile,
        stream=stream,
        strict=attempt.provider.strict,
        lean=attempt.provider.lean,
        without_reasoning=attempt.is_unsealed,
    )


def overridden(request: Request, reasoning: ReasoningControl | None) -> ReasoningControl:
    """Return the request's thinking, replaced by what the model's name asked for."""
    if reasoning is None:
        return request.reasoning
    show = request.reasoning.show
    return ReasoningControl(reasoning.mode, reasoning.level, reasoning.budget, show, request.reasoning.detail)


async def refuse_errors(attempt: Attempt, reply: UpstreamReply) -> None:
    """Raise RefusedReply if the vendor answered with an error status."""
    if 200 <= reply.status < 300:
        return
    try:
        body = await reply.read(ERROR_BODY_LIMIT)
    except ProxyError:
        body = b""
    failure = attempt.upstream.decode_error(reply.status, body)
    failure = attempt.provider.classify(reply.status, reply.headers, failure)
    raise RefusedReply(failure, reply.status, reply.headers, body)


async def start(attempt: Attempt, upstream_headers: Mapping[str, str]) -> None:
    """Commit to a streamed reply unless a keep-alive already did."""
    if attempt.sink.is_committed:
        return
    await attempt.sink.start(200, stream_headers(attempt, upstream_headers))


def stream_headers(attempt: Attempt, upstream_headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers of a streamed reply."""
    found = reply_headers(attempt, upstream_headers)
    found["content-type"] = header_rules.content_type(attempt.mode)
    found.update(header_rules.STREAM_HEADERS)
    return found


def reply_headers(attempt: Attempt, upstream_headers: Mapping[str, str]) -> dict[str, str]:
    """Return ours and, on passthrough, those of the vendor that the dialect lets through."""
    found = {}
    if attempt.plan.is_passthrough:
        found = header_rules.passed(upstream_headers, attempt.exchange.dialect.reply_headers)
    return {**found, **header_rules.ours(attempt.exchange)}


def at_boundary(last: bytes) -> bool:
    """Whether a keep-alive may follow these bytes without falling into an event."""
    return not last or last.endswith(_BOUNDARIES)
