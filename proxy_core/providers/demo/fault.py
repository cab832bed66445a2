"""The demo's models that fail: each fails in one way, always the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from proxy_core import jsonbytes
from proxy_core.provider import LocalAnswer, Step
from proxy_core.providers.demo import wire
from proxy_core.providers.demo.question import Question
from proxy_core.providers.demo.reply import Reply

JSON: Mapping[str, str] = MappingProxyType({"content-type": "application/json"})
EVENTS: Mapping[str, str] = MappingProxyType({"content-type": "text/event-stream; charset=utf-8"})

_RETRY_AFTER_S = 2
_STALL_S = 600.0
_PAGE = b"<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body>Bad gateway</body></html>"

# model: status, type, code, message
_REFUSALS: Mapping[str, tuple[int, str, str | None, str]] = MappingProxyType(
    {
        "demo-400": (400, "invalid_request_error", "invalid_value", "The demo refuses this request."),
        "demo-401": (401, "invalid_request_error", "invalid_api_key", "The demo says that the key is wrong."),
        "demo-402": (
            402,
            "billing_error",
            "insufficient_quota",
            "The demo says that nothing is left to spend.",
        ),
        "demo-403": (403, "permission_error", None, "The demo says that this is not allowed."),
        "demo-404": (
            404,
            "invalid_request_error",
            "model_not_found",
            "The demo says that there is no such model.",
        ),
        "demo-429": (429, "requests", "rate_limit_exceeded", "The demo says: too many requests."),
        "demo-500": (500, "server_error", None, "The demo pretends to have broken."),
        "demo-503": (503, "server_error", None, "The demo pretends to be overloaded."),
        "demo-529": (529, "overloaded_error", None, "The demo pretends to be overloaded, as Anthropic does."),
    }
)


def refuse(status: int, kind: str, code: str | None, message: str) -> LocalAnswer:
    """Return an error reply in OpenAI's shape; a 429 comes with ``retry-after``."""
    headers = {**JSON, "retry-after": str(_RETRY_AFTER_S)} if status == 429 else JSON
    body = jsonbytes.encode(_error(kind, code, message))
    return LocalAnswer(status, headers, iter((Step(body),)))


def fail(question: Question, reply: Reply) -> LocalAnswer | None:
    """Return the failing answer of a model that fails; None for every other model."""
    refusal = _REFUSALS.get(question.model)
    if refusal is not None:
        return refuse(*refusal)
    headers = EVENTS if question.stream else JSON
    if question.model == "demo-html":
        return LocalAnswer(502, {"content-type": "text/html"}, iter((Step(_PAGE),)))
    if question.model == "demo-empty":
        return LocalAnswer(200, headers, iter(()))
    steps = _STEPS.get(question.model)
    return LocalAnswer(200, headers, steps(question, reply)) if steps else None


def _cut(question: Question, reply: Reply) -> Iterator[Step]:
    """Send about half of the answer, then break the connection."""
    if question.stream:
        yield from _beginning(question, reply)
    else:
        body = wire.whole(question, reply)
        yield Step(body[: len(body) // 2])
    yield Step(cut=True)


def _silent(question: Question, reply: Reply) -> Iterator[Step]:
    """End cleanly without saying that the answer has ended."""
    if question.stream:
        yield from _beginning(question, reply)
    else:
        body = jsonbytes.decode_object(wire.whole(question, reply))
        body["choices"][0]["finish_reason"] = None
        yield Step(jsonbytes.encode(body))


def _overloaded(question: Question, reply: Reply) -> Iterator[Step]:
    """Say in the middle of a good answer that it will not go on."""
    error = _error("overloaded_error", "overloaded", "The demo is overloaded in the middle of its answer.")
    if question.stream:
        yield from _beginning(question, reply)
        yield Step(wire.event(error))
    else:
        yield Step(jsonbytes.encode(error))


def _stall(question: Question, reply: Reply) -> Iterator[Step]:
    """Say nothing for ten minutes, then answer as if nothing had happened."""
    yield Step(delay_s=_STALL_S)
    if question.stream:
        yield from wire.stream(question, reply)
    else:
        yield Step(wire.whole(question, reply))


def _beginning(question: Question, reply: Reply) -> Iterator[Step]:
    sent = list(wire.chunks(question, reply))
    for chunk in sent[: len(sent) // 2]:
        yield Step(chunk, wire.delay(question))


def _error(kind: str, code: str | None, message: str) -> dict[str, Any]:
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


_STEPS = MappingProxyType(
    {
        "demo-cut-stream": _cut,
        "demo-silent": _silent,
        "demo-overloaded-stream": _overloaded,
        "demo-stall": _stall,
    }
)
