"""Error bodies, whole and in-band: ``{"error": {message, type, param, code}}``.

Source: openai 3.52.0, 2026-11-20.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from proxy_core import jsonbytes
from proxy_core.dialect import ErrorReply
from proxy_core.errors import Failure, FailureKind
from proxy_core.ir.message import Json
from proxy_core.sse import comment, data_event

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


def encode_error(failure: Failure) -> ErrorReply:
    """Return an error reply; ``retry-after`` is in whole seconds, rounded up."""
    status = _SHAPES[failure.kind][0]
    if failure.kind == "server" and failure.status >= 500:
        status = failure.status
    headers = {"content-type": "application/json"}
    if failure.wait_s is not None:
        headers["retry-after"] = str(failure.wait_s)
    if failure.is_final:
        headers["x-should-retry"] = "false"  # the SDKs would repeat what no waiting cures
    return ErrorReply(status, jsonbytes.encode(_body(failure)), headers)


def encode_fault(failure: Failure) -> bytes:
    """Return the in-band error of a stream; nothing may follow it."""
    return data_event(jsonbytes.encode(_body(failure)))


def parting(failure: Failure) -> bytes | None:
    """Return the last words before an abort; None where the error object is the better end.

    Qwen Code takes every error object for final, and no client takes an aborted connection for an end
    (measured 2026-11-20). What a repetition cannot heal is said in an object, so that nobody repeats it.
    """
    return None if failure.is_final else comment(f"error: {failure.message}")


def _body(failure: Failure) -> dict[str, Json]:
    _, kind, code = _SHAPES[failure.kind]
    if failure.code is not None and (code is None or failure.kind in _OWN_CODES):
        code = failure.code
    return {"error": {"message": failure.message, "type": kind, "param": failure.param, "code": code}}
