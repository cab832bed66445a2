"""Errors, both ways: Google's ``{"error": {code, message, status, details}}``.

Statuses and details follow google.rpc (google-genai 3.4.0 ``errors.py``, 2026-11-20). Gemini CLI waits
for ``RetryInfo`` only and ignores the Retry-After header (0.61.0, measured 2026-11-20): both are sent.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from proxy_core import jsonbytes
from proxy_core.dialect import ErrorReply
from proxy_core.errors import KIND_OF_STATUS, DecodeError, Failure, FailureKind, FailureScope
from proxy_core.ir.message import Json

_OUT: Mapping[FailureKind, tuple[int, str]] = MappingProxyType(
    {
        "invalid_request": (400, "INVALID_ARGUMENT"),
        "unsupported": (400, "INVALID_ARGUMENT"),
        "context_length": (400, "INVALID_ARGUMENT"),
        "authentication": (401, "UNAUTHENTICATED"),
        "billing": (429, "RESOURCE_EXHAUSTED"),
        "permission": (403, "PERMISSION_DENIED"),
        "not_found": (404, "NOT_FOUND"),
        "method_not_allowed": (405, "UNIMPLEMENTED"),
        "too_large": (413, "INVALID_ARGUMENT"),
        "rate_limit": (429, "RESOURCE_EXHAUSTED"),
        "overloaded": (503, "UNAVAILABLE"),
        "timeout": (504, "DEADLINE_EXCEEDED"),
        "server": (500, "INTERNAL"),
        "cancelled": (499, "CANCELLED"),
    }
)

_BY_WORD: Mapping[str, FailureKind] = MappingProxyType(
    {
        "INVALID_ARGUMENT": "invalid_request",
        "FAILED_PRECONDITION": "invalid_request",
        "OUT_OF_RANGE": "invalid_request",
        "UNAUTHENTICATED": "authentication",
        "PERMISSION_DENIED": "permission",
        "NOT_FOUND": "not_found",
        "RESOURCE_EXHAUSTED": "rate_limit",
        "UNAVAILABLE": "overloaded",
        "DEADLINE_EXCEEDED": "timeout",
        "CANCELLED": "cancelled",
        "INTERNAL": "server",
        "UNKNOWN": "server",
    }
)
_SPECIAL = frozenset({"rate_limit", "overloaded"})
"""Kinds that a word may say against the status; the other words are used for much besides."""

_SCOPES: Mapping[FailureKind, FailureScope] = MappingProxyType(
    {
        "authentication": "account",
        "billing": "account",
        "permission": "account",
        "rate_limit": "model",
        "overloaded": "model",
    }
)

_WORDS: tuple[tuple[re.Pattern[str], FailureKind], ...] = (
    (re.compile(r"api[ _]key (not valid|not found|expired)|API_KEY_INVALID", re.I), "authentication"),
    (re.compile(r"token count.*exceeds|exceeds the maximum number of .*tokens", re.I), "context_length"),
    (re.compile(r"location is not supported", re.I), "permission"),
    (re.compile(r"billing (account|to be enabled)|enable billing|credits are depleted", re.I), "billing"),
)
_ANY = range(500)
_UNDER: Mapping[FailureKind, frozenset[int]] = MappingProxyType(
    {
        "authentication": frozenset({0, 200, 400, 401, 403}),
        "context_length": frozenset({0, 200, 400, 413}),
        "permission": frozenset({0, 200, 400, 403}),
    }
)
"""The statuses under which the words may say more than the status does; without an entry below 500."""

_SECONDS = re.compile(r"^\s*(\d+(?:\.\d+)?)s\s*$")
_RETRY_IN = re.compile(r"retry in (\d+(?:\.\d+)?)\s*s", re.I)
_LONGEST = 2000
_TYPE = "type.googleapis.com/google.rpc."


def error_object(failure: Failure) -> dict[str, Json]:
    """Return ``{"error": …}`` as it stands in a body, an SSE chunk or an array."""
    _, word = _OUT[failure.kind]
    error: dict[str, Json] = {"code": error_status(failure), "message": failure.message, "status": word}
    details: list[Json] = []
    if failure.wait_s is not None:
        # Gemini CLI reads the wait here and nowhere else (measured 2026-11-20)
        details.append({"@type": f"{_TYPE}RetryInfo", "retryDelay": f"{failure.wait_s}s"})
    if failure.param is not None:
        violation = {"field": failure.param, "description": failure.message}
        details.append({"@type": f"{_TYPE}BadRequest", "fieldViolations": [violation]})
    if failure.code is not None:
        details.append({"@type": f"{_TYPE}ErrorInfo", "reason": failure.code})
    if details:
        error["details"] = details
    return {"error": error}


def error_status(failure: Failure) -> int:
    """Return the HTTP status; a 5xx of kind *server* (502) and a 4xx without a kind (415, 426) are kept."""
    least = {"server": 500, "invalid_request": 400}.get(failure.kind)
    if least is not None and least <= failure.status < least + 100:
        return failure.status
    return _OUT[failure.kind][0]


def encode_error(failure: Failure) -> ErrorReply:
    """Return the whole error reply."""
    headers = {"content-type": "application/json; charset=utf-8"}
    if failure.wait_s is not None:
        headers["retry-after"] = str(failure.wait_s)
    if failure.is_final:
        headers["x-should-retry"] = "false"
    return ErrorReply(error_status(failure), jsonbytes.encode(error_object(failure)), headers)


def decode_error(status: int, body: bytes) -> Failure:
    """Read a vendor's error body; what is not Google's shape is not echoed. Never raises."""
    try:
        found = jsonbytes.decode(body)
    except DecodeError:
        found = None
    return decode_error_object(found, status)


def decode_error_object(found: Json, status: int) -> Failure:
    """Read a decoded error; an array around it is taken off.

    ``status`` is the reply's; below 400 (in-band: 0) the error's own ``code`` stands for it.
    """
    if isinstance(found, list) and found:
        found = found[0]
    error = found.get("error", found) if isinstance(found, dict) else None
    if isinstance(error, str):
        error = {"message": error}
    if not isinstance(error, dict) or not isinstance(error.get("message"), str):
        return _failure(_kind(status, "", ""), status, _unreadable(status))
    message = error["message"][:_LONGEST]
    if status < 400 and isinstance(error.get("code"), int) and 400 <= error["code"] < 600:
        status = error["code"]
    word = error.get("status") if isinstance(error.get("status"), str) else ""
    details = list(_details(error))
    reason = next((str(item["reason"]) for item in details if isinstance(item.get("reason"), str)), None)
    kind = _kind(status, word or "", f"{message} {reason or ''}")
    return _failure(kind, status, message, reason, _delay(details, message))


def _unreadable(status: int) -> str:
    if status < 400:
        return "The provider reported an error without saying which."
    return f"The provider answered with status {status}."


def _details(error: Mapping[str, Json]) -> Iterator[Mapping[str, Json]]:
    details = error.get("details")
    if isinstance(details, list):
        yield from (item for item in details if isinstance(item, dict))


def _kind(status: int, word: str, message: str) -> FailureKind:
    for pattern, kind in _WORDS:
        if status in _UNDER.get(kind, _ANY) and pattern.search(message):
            return kind
    said = _BY_WORD.get(word)
    if said in _SPECIAL:
        return said
    if status in KIND_OF_STATUS:
        return KIND_OF_STATUS[status]
    if said is not None and status < 500:
        return said
    return "invalid_request" if 400 <= status < 500 else "server"


def _delay(details: list[Mapping[str, Json]], message: str) -> float | None:
    for item in details:
        delay = item.get("retryDelay")
        if isinstance(delay, str) and (match := _SECONDS.match(delay)):
            return float(match[1])
    match = _RETRY_IN.search(message)
    return float(match[1]) if match else None


def _failure(
    kind: FailureKind, status: int, message: str, code: str | None = None, retry_after_s: float | None = None
) -> Failure:
    neutral = _OUT[kind][0]
    if kind == "server":
        neutral = status if 500 <= status < 600 else 502
    return Failure(
        kind, neutral, message, code, retry_after_s=retry_after_s, scope=_SCOPES.get(kind, "request")
    )
