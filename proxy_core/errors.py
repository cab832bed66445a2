"""Every error of the core, on one screen.

    ProxyError
    ├─ SettingsError            a setting is wrong; names field and line, suggests the nearest
    ├─ ClientError              the caller's fault
    │  ├─ DecodeError           the body is not valid in its dialect
    │  ├─ RouteError            no target for that model
    │  ├─ AccessError           the local key, Host or Origin is wrong
    │  └─ TooLargeError         the body is over the limit
    ├─ UnsupportedError         the target dialect cannot say this feature
    ├─ CredentialError          missing, refused, expired
    │  ├─ VaultLockedError      the vault is there but locked; never means "no accounts"
    │  └─ VaultUnavailableError no usable vault of the chosen kind
    ├─ StoreError               settings, state or ledger could not be read or written
    └─ UpstreamError            the vendor's fault
       ├─ UpstreamTimeout · UpstreamUnavailable · UpstreamProtocolError · Interrupted
       └─ QuotaExhausted        carries when to try again

An error that reaches a client is first turned into a :class:`Failure`, which the client's dialect
renders. Third-party exceptions are converted once per boundary, by a table beside that boundary.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

FailureKind = Literal[
    "invalid_request",
    "unsupported",
    "context_length",
    "authentication",
    "billing",
    "permission",
    "not_found",
    "method_not_allowed",
    "too_large",
    "rate_limit",
    "overloaded",
    "timeout",
    "server",
    "cancelled",
]

FailureScope = Literal["request", "model", "account"]

KIND_OF_STATUS: Mapping[int, FailureKind] = MappingProxyType(
    {
        401: "authentication",
        402: "billing",
        403: "permission",
        404: "not_found",
        405: "method_not_allowed",
        408: "timeout",
        413: "too_large",
        429: "rate_limit",
        499: "cancelled",
        503: "overloaded",
        504: "timeout",
        524: "timeout",
        529: "overloaded",
    }
)
"""What a vendor's status alone says; 524 is Cloudflare's, 529 Anthropic's."""


LONGEST_WAIT_S = 300
"""Whoever has to wait longer than this should not wait, but be told when."""

_STEP_S = 59
_USUAL_WAIT_S = 5
_WORTH_WAITING = frozenset({"rate_limit", "overloaded", "billing"})
_FINAL = frozenset(
    {
        "invalid_request",
        "unsupported",
        "context_length",
        "authentication",
        "billing",
        "permission",
        "not_found",
        "method_not_allowed",
        "too_large",
        "cancelled",
    }
)


@dataclass(frozen=True, slots=True)
class Failure:
    """One failed exchange as plain facts; the dialect of the client gives it its wire shape.

    ``status`` is the HTTP status of the neutral kind (a dialect may write another, as Anthropic does
    with 529). ``code`` is the vendor's own code if it sent one. ``retry_after_s`` is in seconds.
    ``scope`` says what a cooldown would cover; ``request`` means that no account is to blame.
    """

    kind: FailureKind
    status: int
    message: str
    code: str | None = None
    param: str | None = None
    retry_after_s: float | None = None
    scope: FailureScope = "request"

    @property
    def is_final(self) -> bool:
        """Whether nobody should repeat the same request soon: it would fail again."""
        if self.kind == "rate_limit":
            return self.retry_after_s is not None and self.retry_after_s > LONGEST_WAIT_S
        return self.kind in _FINAL

    @property
    def wait_s(self) -> int | None:
        """Return the whole seconds to say in ``Retry-After``, at least 1; None where none is due."""
        seconds = self.retry_after_s
        if seconds is None:
            return _USUAL_WAIT_S if self.kind in _WORTH_WAITING else None
        return max(1, math.ceil(seconds))

    @property
    def stepped_wait_s(self) -> int | None:
        """Return :attr:`wait_s` for clients that give up when they are told more than a minute.

        Claude Code does so at 61 s (measured 2026-11-20). To ask again costs no vendor's call, so up to five
        minutes are told in steps of a minute. A longer wait is told as it is, and is final.
        """
        whole = self.wait_s
        return _STEP_S if whole is not None and _STEP_S < whole <= LONGEST_WAIT_S else whole

    def with_retry_after(self, seconds: float | None) -> Failure:
        """Return the same failure with another ``retry_after_s``."""
        return replace(self, retry_after_s=seconds)


class ProxyError(Exception):
    """Root of the tree. ``message`` is one sentence that a person can act on."""

    kind: FailureKind = "server"
    status: int = 500
    title: str = "Something went wrong in Trunkline"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.param = param
        self.retry_after_s = retry_after_s

    def failure(self) -> Failure:
        """Return the facts for a client."""
        return Failure(self.kind, self.status, self.message, self.code, self.param, self.retry_after_s)


class SettingsError(ProxyError):
    """A setting is wrong. ``field`` is its dotted path, ``line`` counts from 1; None when unknown."""

    title = "A setting is wrong"

    def __init__(self, message: str, *, field: str | None = None, line: int | None = None) -> None:
        super().__init__(message, param=field)
        self.field = field
        self.line = line


class ClientError(ProxyError):
    """The caller's fault."""

    kind: FailureKind = "invalid_request"
    status = 400
    title = "The request is not right"


class DecodeError(ClientError):
    """The body is not valid in its dialect; ``param`` names the place."""


class RouteError(ClientError):
    """No target for the model that was asked for."""

    kind: FailureKind = "not_found"
    status = 404
    title = "Unknown model"


class AccessError(ClientError):
    """The local key, the Host or the Origin header is wrong."""

    kind: FailureKind = "authentication"
    status = 401
    title = "Not allowed in"

    def __init__(self, message: str, *, forbidden: bool = False) -> None:
        super().__init__(message, code=None if forbidden else "invalid_api_key")
        if forbidden:
            self.kind = "permission"
            self.status = 403


class TooLargeError(ClientError):
    """The request body is over the limit."""

    kind: FailureKind = "too_large"
    status = 413
    title = "The request is too large"


class UnsupportedError(ClientError):
    """The target dialect cannot express a feature; ``param`` names the feature's place."""

    kind: FailureKind = "unsupported"
    status = 400
    title = "The chosen model cannot do this"


class CredentialError(ProxyError):
    """A credential is missing, refused or expired."""

    kind: FailureKind = "authentication"
    status = 401
    title = "A credential does not work"


class VaultLockedError(CredentialError):
    """The vault exists but is locked; nothing was lost."""

    kind: FailureKind = "overloaded"
    status = 503
    title = "The vault is locked"


class VaultUnavailableError(CredentialError):
    """No usable vault of the chosen kind on this machine."""

    kind: FailureKind = "overloaded"
    status = 503
    title = "No usable vault"


class StoreError(ProxyError):
    """Settings, state or ledger could not be read or written."""

    title = "Could not read or write data"


class UpstreamError(ProxyError):
    """The vendor's fault, or the way to it."""

    kind: FailureKind = "server"
    status = 502
    title = "The provider failed"


class UpstreamTimeout(UpstreamError):
    """The vendor did not answer in time."""

    kind: FailureKind = "timeout"
    status = 504


class UpstreamUnavailable(UpstreamError):
    """The vendor could not be reached."""

    status = 502


class UpstreamProtocolError(UpstreamError):
    """The vendor answered something that its dialect does not know, or stopped in the middle."""

    status = 502


class Interrupted(UpstreamError):
    """The proxy stops before the vendor has answered; nobody is to blame."""

    kind: FailureKind = "overloaded"
    status = 503
    title = "Trunkline is stopping"


class QuotaExhausted(UpstreamError):
    """Every account that serves the model is cooling down; ``retry_after_s`` says until when."""

    kind: FailureKind = "rate_limit"
    status = 429
    title = "All accounts are at their limit"
