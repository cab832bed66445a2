"""Errors: whole bodies ``{"error": {message, type, param, code}}`` and the codes inside a response.

Codes as the public API and Codex 0.169 know them (2026-11-20).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from types import MappingProxyType

from proxy_core import jsonbytes
from proxy_core.dialect import ErrorReply
from proxy_core.errors import KIND_OF_STATUS, DecodeError, Failure, FailureKind, FailureScope
from proxy_core.ir.message import Json

_KIND_OF_CODE: Mapping[str, FailureKind] = MappingProxyType(
    {
        "context_length_exceeded": "context_length",
        "string_above_max_length": "invalid_request",
        "invalid_prompt": "invalid_request",
        "invalid_encrypted_content": "invalid_request",
        "insufficient_quota": "billing",
        "billing_hard_limit_reached": "billing",
        "invalid_api_key": "authentication",
        "model_not_found": "not_found",
        "rate_limit_exceeded": "rate_limit",
        "usage_limit_reached": "rate_limit",
        "server_is_overloaded": "overloaded",
        "slow_down": "overloaded",
        "server_error": "server",
        "vector_store_timeout": "timeout",
        "bio_policy": "invalid_request",
        "misalignment_policy_violation": "invalid_request",
    }
)
_STATUS: Mapping[FailureKind, int] = MappingProxyType(
    {
        "invalid_request": 400,
        "unsupported": 400,
        "context_length": 400,
        "authentication": 401,
        "billing": 402,
        "permission": 403,
        "not_found": 404,
        "method_not_allowed": 405,
        "too_large": 413,
        "rate_limit": 429,
        "overloaded": 503,
        "timeout": 504,
        "server": 502,
        "cancelled": 499,
    }
)
_SCOPE: Mapping[FailureKind, FailureScope] = MappingProxyType(
    {
        "authentication": "account",
        "billing": "account",
        "permission": "model",
        "rate_limit": "model",
        "overloaded": "model",
    }
)
_TYPE: Mapping[FailureKind, str] = MappingProxyType(
    {
        "billing": "insufficient_quota",
        "rate_limit": "rate_limit_error",
        "overloaded": "server_error",
        "timeout": "server_error",
        "server": "server_error",
    }
)
_CODE: Mapping[FailureKind, str] = MappingProxyType(
    {
        "context_length": "context_length_exceeded",
        "authentication": "invalid_api_key",
        "billing": "insufficient_quota",
        "rate_limit": "rate_limit_exceeded",
    }
)
_FAILED_CODE: Mapping[FailureKind, str] = MappingProxyType(
    {
        "invalid_request": "invalid_prompt",
        "unsupported": "invalid_prompt",
        "context_length": "context_length_exceeded",
        "billing": "insufficient_quota",
        "rate_limit": "rate_limit_exceeded",
    }
)
_GENERIC = frozenset({"invalid_request", "authentication", "not_found", "server"})
"""What vendors also say about refusals of another kind: the status knows better."""
_MAX_MESSAGE = 2000
_CONTEXT = re.compile(r"maximum context length|context window|prompt is too long", re.IGNORECASE)
_WAIT = re.compile(
    r"(?:try again|retry) (?:in|after) (?:(\d+)m(?!s))?\s?(\d+(?:\.\d+)?)?\s?(ms|s\b|sec|min)?", re.I
)
_PRIVATE = re.compile(r"\b(?:org|proj|user)-[A-Za-z0-9]{6,}|\bsk-[A-Za-z0-9_*-]{4,}")


def decode_error(status: int, body: bytes) -> Failure:
    """Read an upstream's error body, whatever it is; never raises. Other bodies are not echoed."""
    found = _find(body)
    if found is None:
        kind = _kind(status, (), "")
        text = f"The provider answered with status {status}."
        return Failure(kind, _neutral(kind, status), text, scope=_SCOPE.get(kind, "request"))
    return failure_of(found, status)


def failure_of(error: Mapping[str, Json], status: int = 0) -> Failure:
    """Read an error object, from a body, a failed response or an in-band event. ``status`` 0: unknown."""
    message = _string(error.get("message")) or "The provider reported an error without words."
    code = _string(error.get("code"))
    kind = _kind(status, (code, _string(error.get("type"))), message)
    return Failure(
        kind=kind,
        status=_neutral(kind, status),
        message=_PRIVATE.sub("[removed]", message)[:_MAX_MESSAGE],
        code=code,
        param=_string(error.get("param")),
        retry_after_s=_wait(error, message),
        scope=_SCOPE.get(kind, "request"),
    )


def in_band_error(event: Mapping[str, Json]) -> Mapping[str, Json]:
    """Return the error of an ``error`` event: flat, or nested under ``error``."""
    nested = event.get("error")
    if isinstance(nested, str):
        return {"message": nested}
    return nested if isinstance(nested, dict) else event


def _find(body: bytes) -> Mapping[str, Json] | None:
    try:
        value = jsonbytes.decode(body)
    except DecodeError:
        return None
    if isinstance(value, list) and value:
        value = value[0]
    if not isinstance(value, dict):
        return None
    error = value.get("error")
    if isinstance(error, dict):
        return error
    for text in (error, value.get("detail"), value.get("message")):
        if isinstance(text, str) and text:
            return {**value, "message": text}
    detail = value.get("detail")
    return {"message": jsonbytes.text(detail)} if isinstance(detail, dict | list) and detail else None


def _neutral(kind: FailureKind, status: int) -> int:
    return status if kind == "server" and 500 <= status < 600 else _STATUS[kind]


def _kind(status: int, words: tuple[str | None, ...], message: str) -> FailureKind:
    kinds = [_KIND_OF_CODE[word] for word in words if word is not None and word in _KIND_OF_CODE]
    special = next((kind for kind in kinds if kind not in _GENERIC), None)
    if special is not None:
        return special
    if status in (0, 400, 413, 422) and _CONTEXT.search(message):
        return "context_length"
    if status in KIND_OF_STATUS:
        return KIND_OF_STATUS[status]
    if kinds and status < 500:
        return kinds[0]
    if 400 <= status < 500 or (status < 400 and "invalid_request_error" in words):
        return "invalid_request"
    return "server"


def _string(value: Json) -> str | None:
    return value if isinstance(value, str) and value else None


def _wait(error: Mapping[str, Json], message: str) -> float | None:
    # ChatGPT's own back end says it as a number of seconds.
    given = error.get("resets_in_seconds")
    if isinstance(given, int | float) and not isinstance(given, bool) and given >= 0:
        return float(given)
    found = _WAIT.search(message)
    if found is None or not (found[1] or found[2]):
        return None
    unit = {"ms": 0.001, "min": 60.0}.get((found[3] or "").lower(), 1.0)
    return int(found[1] or 0) * 60 + float(found[2] or 0) * unit


def encode_error(failure: Failure) -> ErrorReply:
    """Write a whole error reply; Retry-After in whole seconds, rounded up."""
    status = 429 if failure.kind == "billing" else failure.status
    code = _CODE.get(failure.kind) or failure.code
    error = {
        "message": failure.message,
        "type": _TYPE.get(failure.kind, "invalid_request_error"),
        "param": failure.param,
        "code": code,
    }
    headers = {"content-type": "application/json"}
    if failure.wait_s is not None:
        headers["retry-after"] = str(failure.wait_s)
    if failure.is_final:
        # The SDKs would otherwise try again what can never work.
        headers["x-should-retry"] = "false"
    return ErrorReply(status, jsonbytes.encode({"error": error}), headers)


def failed_error(failure: Failure) -> dict[str, Json]:
    """Return the ``error`` of a failed response. Codex reads the wait out of the message."""
    message = failure.message
    if failure.retry_after_s is not None and not _WAIT.search(message):
        message = f"{message} Please try again in {math.ceil(failure.retry_after_s)}s."
    return {"code": _FAILED_CODE.get(failure.kind, "server_error"), "message": message}
