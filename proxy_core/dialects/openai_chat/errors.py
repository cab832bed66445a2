"""Error bodies, whole and in-band: ``{"error": {message, type, param, code}}``.

Source: openai 3.52.0, 2026-11-20; the variants of compatible vendors as marked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from proxy_core import jsonbytes
from proxy_core.dialect import ErrorReply
from proxy_core.errors import (
    KIND_OF_STATUS,
    DecodeError,
    Failure,
    FailureKind,
    FailureScope,
    UpstreamProtocolError,
)
from proxy_core.ir.message import Json
from proxy_core.sse import comment, data_event

_MAX_MESSAGE = 2000
_BAD_REQUEST = "invalid_request_error"
_SERVER = "server_error"

_SHAPES: Mapping[FailureKind, tuple[int, str, str | None]] = MappingProxyType({
    "invalid_request": (400, _BAD_REQUEST, None),
    "unsupported": (400, _BAD_REQUEST, "unsupported_parameter"),
    "context_length": (400, _BAD_REQUEST, "context_length_exceeded"),
    "authentication": (401, _BAD_REQUEST, "invalid_api_key"),
    "billing": (429, "insufficient_quota", "insufficient_quota"),
    "permission": (403, _BAD_REQUEST, None),
    "not_found": (404, _BAD_REQUEST, None),
    "method_not_allowed": (405, _BAD_REQUEST, "method_not_allowed"),
    "too_large": (413, _BAD_REQUEST, "request_too_large"),
    "rate_limit": (429, "rate_limit_error", "rate_limit_exceeded"),
    "overloaded": (503, _SERVER, "overloaded"),
    "timeout": (504, _SERVER, "timeout"),
    "server": (500, _SERVER, None),
    "cancelled": (499, _BAD_REQUEST, "cancelled"),
})  # fmt: skip
_OWN_CODES: frozenset[FailureKind] = frozenset({"not_found", "permission", "invalid_request", "server"})
_BY_CODE: Mapping[str, FailureKind] = MappingProxyType({
    "context_length_exceeded": "context_length",
    "insufficient_quota": "billing",
    "billing_hard_limit_reached": "billing",
    "invalid_api_key": "authentication",
    "authentication_error": "authentication",
    "permission_error": "permission",
    "model_not_found": "not_found",
    "not_found_error": "not_found",
    "rate_limit_exceeded": "rate_limit",
    "rate_limit_error": "rate_limit",
    "overloaded_error": "overloaded",
    "invalid_request_error": "invalid_request",
    "server_error": "server",
})  # fmt: skip
_GENERIC: frozenset[FailureKind] = frozenset(
    {"invalid_request", "authentication", "permission", "not_found", "server"}
)
"""What vendors also say about refusals of another kind: the status knows better."""
_STATUS: Mapping[FailureKind, int] = MappingProxyType({kind: shape[0] for kind, shape in _SHAPES.items()})
_ACCOUNT: frozenset[FailureKind] = frozenset({"authentication", "billing", "permission"})
_MODEL: frozenset[FailureKind] = frozenset({"rate_limit", "overloaded"})
_TOO_LONG = re.compile(
    r"maximum context length|context window|context length|prompt is too long", re.IGNORECASE
)
_WAIT = re.compile(
    r"(?:try again|retry(?:ing)?)\s+(?:in|after)\s+(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)\s*(ms|s))?",
    re.IGNORECASE,
)
_SECRET = re.compile(r"\b(org|sk|proj|user)-[A-Za-z0-9*_-]{4,}")


class ReportedError(UpstreamProtocolError):
    """The vendor reported an error where a reply was due; ``failure`` is what it reported."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message, code=failure.code, param=failure.param)
        self._failure = failure

    def failure(self) -> Failure:
        """Return the vendor's error as it was read."""
        return self._failure


def encode_error(failure: Failure) -> ErrorReply:
    """Return an error reply; ``retry-after`` is in whole seconds, rounded up."""
    status = _SHAPES[failure.kind][0]
    if failure.kind in ("server", "permission") and failure.status >= 400:
        status = failure.status
    headers = {"content-type": "application/json"}
    if failure.wait_s is not None:
        headers["retry-after"] = str(failure.wait_s)
    if failure.is_final:
        headers["x-should-retry"] = "false"  # the SDKs would repeat what no waiting cures
    return ErrorReply(status, jsonbytes.encode(_body(failure)), headers)


def encode_fault(failure: Failure) -> bytes:
    """Return the in-band error of a stream; nothing may follow it, ``[DONE]`` least of all."""
    return data_event(jsonbytes.encode(_body(failure)))


def parting(failure: Failure) -> bytes | None:
    """Return the last words before an abort; None where the error object is the better end.

    Qwen Code takes every error object for final, and no client takes an aborted connection for an end
    (measured 2026-11-20). What a repetition cannot heal is said in an object, so that nobody repeats it.
    """
    return None if failure.is_final else comment(f"error: {failure.message}")


def decode_error(status: int, body: bytes) -> Failure:
    """Read an error body of any vendor; one that is no JSON is not echoed. Never raises."""
    try:
        value = jsonbytes.decode(body)
    except DecodeError:
        value = None
    error = _find(value)
    if error is None:
        return _failure(status, f"The provider answered with status {status} and no readable error.", {})
    return _failure(status, _message(error), error)


def reported(value: Json) -> Failure | None:
    """Return the failure in a reply or chunk that is an error in truth, None for every other object."""
    if not isinstance(value, dict):
        return None
    is_error = bool(value.get("error")) or value.get("object") == "error"
    if not is_error and not ("detail" in value and "choices" not in value):
        return None
    error = _find(value) or {}
    status = error.get("status_code") or error.get("code")
    if not isinstance(status, int) or not 400 <= status < 600:
        status = 0
    return _failure(status, _message(error), error)


def _body(failure: Failure) -> dict[str, Json]:
    _, kind, code = _SHAPES[failure.kind]
    if failure.code is not None and (code is None or failure.kind in _OWN_CODES):
        code = failure.code
    return {"error": {"message": failure.message, "type": kind, "param": failure.param, "code": code}}


def _find(value: Json) -> dict[str, Json] | None:
    # Google's compatible endpoint puts the object into a list; Codex's backend says only "detail".
    if isinstance(value, list) and value:
        value = value[0]
    if not isinstance(value, dict):
        return None
    error = value.get("error")
    if isinstance(error, dict):
        return error
    if isinstance(error, str) and error:
        return {**value, "message": error}
    if "message" in value or "detail" in value:
        return value
    return None


def _message(error: Mapping[str, Json]) -> str:
    text = error.get("message") or error.get("detail")
    if isinstance(text, list) and text and isinstance(text[0], dict):
        text = text[0].get("msg")
    if not isinstance(text, str) or not text:
        return "The provider reported an error without saying which."
    return _SECRET.sub(r"\1-…", text)[:_MAX_MESSAGE]


def _failure(status: int, message: str, error: Mapping[str, Json]) -> Failure:
    words = [error.get(name) for name in ("code", "type")]
    named = [word for word in words if isinstance(word, str) and word]
    kind = _kind(status, message, named)
    scope: FailureScope = "account" if kind in _ACCOUNT else "model" if kind in _MODEL else "request"
    param = error.get("param")
    return Failure(
        kind=kind,
        status=status if kind == "server" and 500 <= status < 600 else _STATUS[kind],
        message=message,
        code=named[0] if named else None,
        param=param if isinstance(param, str) else None,
        retry_after_s=_wait(message) if kind in ("rate_limit", "overloaded", "billing") else None,
        scope=scope,
    )


def _kind(status: int, message: str, words: list[str]) -> FailureKind:
    kinds = [_BY_CODE[word] for word in words if word in _BY_CODE]
    special = next((kind for kind in kinds if kind not in _GENERIC), None)
    if special == "context_length" or (status in (0, 400, 413, 422) and _TOO_LONG.search(message)):
        return "context_length"
    if special is not None:
        return special
    if status in KIND_OF_STATUS:
        return KIND_OF_STATUS[status]
    if kinds and status < 500:
        return kinds[0]
    return "invalid_request" if 300 <= status < 500 else "server"


def _wait(message: str) -> float | None:
    found = _WAIT.search(message)
    if found is None or not any(found.groups()):
        return None
    hours, minutes, amount, unit = found.groups()
    seconds = float(amount or 0) / (1000 if (unit or "").lower() == "ms" else 1)
    return int(hours or 0) * 3600 + int(minutes or 0) * 60 + seconds
