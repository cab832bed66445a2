"""Failures to and from the dialect's error object (anthropic 2.11.0, 2026-11-20)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from proxy_core import jsonbytes, sse
from proxy_core.dialect import ErrorReply
from proxy_core.errors import KIND_OF_STATUS, DecodeError, Failure, FailureKind
from proxy_core.ir.message import Json

_LONGEST_MESSAGE = 2000

_TYPES: Mapping[FailureKind, tuple[int, str]] = MappingProxyType(
    {
        "invalid_request": (400, "invalid_request_error"),
        "unsupported": (400, "invalid_request_error"),
        "context_length": (400, "invalid_request_error"),
        "authentication": (401, "authentication_error"),
        "billing": (402, "billing_error"),
        "permission": (403, "permission_error"),
        "not_found": (404, "not_found_error"),
        "method_not_allowed": (405, "invalid_request_error"),
        "too_large": (413, "request_too_large"),
        "rate_limit": (429, "rate_limit_error"),
        "overloaded": (529, "overloaded_error"),
        "timeout": (504, "timeout_error"),
        "server": (500, "api_error"),
        "cancelled": (499, "api_error"),
    }
)
_KINDS: Mapping[str, FailureKind] = MappingProxyType(
    {
        "invalid_request_error": "invalid_request",
        "authentication_error": "authentication",
        "billing_error": "billing",
        "permission_error": "permission",
        "not_found_error": "not_found",
        "request_too_large": "too_large",
        "rate_limit_error": "rate_limit",
        "overloaded_error": "overloaded",
        "timeout_error": "timeout",
        "api_error": "server",
    }
)
_SPECIAL = frozenset({"billing", "rate_limit", "overloaded"})
"""Kinds that a word may say against the status; the other words are used for much besides."""
_NEUTRAL_STATUS: Mapping[FailureKind, int] = MappingProxyType(
    {kind: status for kind, (status, _) in _TYPES.items()} | {"overloaded": 503}
)
_TOO_LONG = ("prompt is too long", "context window", "context limit", "context length")


def error_object(failure: Failure) -> dict[str, Json]:
    """Return ``{"type": "error", "error": {"type", "message"}}``."""
    _, word = _TYPES[failure.kind]
    return {"type": "error", "error": {"type": word, "message": failure.message}}


def encode_error(failure: Failure) -> ErrorReply:
    """Return the whole reply; failures that no retry can mend say so to the vendor's SDKs."""
    status, _ = _TYPES[failure.kind]
    headers = {"content-type": "application/json"}
    if failure.stepped_wait_s is not None:
        headers["retry-after"] = str(failure.stepped_wait_s)
    if failure.is_final:
        headers["x-should-retry"] = "false"
    return ErrorReply(status, jsonbytes.encode(error_object(failure)), headers)


def error_event(failure: Failure) -> bytes:
    """Return the in-band error of a stream; clients ignore it without its event line."""
    return sse.data_event(jsonbytes.encode(error_object(failure)), "error")


def failure_of(error: Json, status: int) -> Failure:
    """Read an error object (or a bare string) that came with ``status``; 0 or 200 for one in a stream."""
    word = error.get("type") if isinstance(error, dict) else None
    said = error.get("message") if isinstance(error, dict) else error
    message = said if isinstance(said, str) and said.strip() else _generic(status)
    kind = _kind(word, status, message)
    keeps_status = kind == "server" and 500 <= status <= 599
    return Failure(
        kind=kind,
        status=status if keeps_status else _NEUTRAL_STATUS[kind],
        message=message[:_LONGEST_MESSAGE],
        code=_code(error) or (word if isinstance(word, str) else None),
    )


def decode_error(status: int, body: bytes) -> Failure:
    """Read an upstream's error body, whatever it is; never raises."""
    try:
        value = jsonbytes.decode(body)
    except DecodeError:
        value = None
    if isinstance(value, dict):
        for key in ("error", "detail", "message"):
            if isinstance(value.get(key), dict | str):
                return failure_of(value[key], status)
    return failure_of(None, status)


def _kind(word: Json, status: int, message: str) -> FailureKind:
    said = _KINDS.get(word) if isinstance(word, str) else None
    if said in _SPECIAL:
        return said
    kind = KIND_OF_STATUS.get(status) or (said if status < 500 else None)
    if kind is None:
        kind = "invalid_request" if 400 <= status < 500 else "server"
    low = message.lower()
    if "credit balance" in low and (kind == "invalid_request" or said == "invalid_request" and status < 500):
        return "billing"
    if kind in ("invalid_request", "too_large") and any(hint in low for hint in _TOO_LONG):
        return "context_length"
    return kind


def _code(error: Json) -> str | None:
    details = error.get("details") if isinstance(error, dict) else None
    code = details.get("error_code") if isinstance(details, dict) else None
    return code if isinstance(code, str) else None


def _generic(status: int) -> str:
    if status < 400:
        return "The provider reported an error without saying which."
    return f"The provider answered with status {status} and no readable explanation."
