"""Anthropic messages: `POST /v1/messages`, `/v1/messages/count_tokens`, the model list."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from tests.samples import load
from tests.upstreams import anthropic_rules
from tests.upstreams.shapes import Flaw
from tests.upstreams.steps import anthropic_citations, anthropic_steps
from tests.upstreams.vendor import (
    Answer,
    Ask,
    Call,
    Exchange,
    Offered,
    Reply,
    Route,
    Trouble,
    Vendor,
    bearer,
    compact,
    event_stream,
    pieces,
    plausible_count,
    replayed,
    text_of,
    whole,
)

_TYPES = {
    "invalid": "invalid_request_error",
    "auth": "authentication_error",
    "billing": "billing_error",
    "permission": "permission_error",
    "not_found": "not_found_error",
    "too_large": "request_too_large",
    "rate_limit": "rate_limit_error",
    "overloaded": "overloaded_error",
    "server": "api_error",
}


_HOSTED = ("web_search", "web_fetch", "code_execution")


class AnthropicMessages(Vendor):
    """The messages dialect."""

    dialect = "anthropic_messages"
    credential_headers = frozenset({"authorization", "x-api-key"})

    def route(self, method: str, path: str) -> Route | None:
        """Paths under the version prefix."""
        posts = {"/messages": Route("generate"), "/messages/count_tokens": Route("count")}
        if method == "POST":
            return posts.get(path)
        if method == "GET" and path == "/models":
            return Route("models")
        if method == "GET" and path.startswith("/models/"):
            return Route("model", path.removeprefix("/models/"))
        return None

    def key(self, headers: Mapping[str, str], query: Mapping[str, str]) -> str | None:
        """`x-api-key` or a bearer token."""
        return headers.get("x-api-key") or bearer(headers)

    def trouble(self, kind: Trouble, message: str, status: int, retry_after: int | None = None) -> Answer:
        """`{"type": "error", "error": {type, message}, "request_id"}`."""
        headers = {"request-id": "req_fake"}
        if retry_after is not None:
            headers["retry-after"] = str(retry_after)
        error = {"type": _TYPES[kind], "message": message}
        return whole({"type": "error", "error": error, "request_id": "req_fake"}, status, headers)

    def wrong_key(self, given: str | None) -> Answer:
        """401 `authentication_error`."""
        return self.trouble("auth", "invalid x-api-key" if given else "x-api-key header is required", 401)

    def worded(self, flaw: Flaw) -> Answer:
        """400 with the dotted path in front."""
        words = {
            "unknown": "Extra inputs are not permitted",
            "missing": "Field required",
            "type": f"Input should be {flaw.detail}",
            "value": f"Input should be {flaw.detail}",
            "rule": flaw.detail,
        }
        where = ".".join(str(step) for step in flaw.at)
        text = words[flaw.kind]
        return self.trouble("invalid", f"{where}: {text}" if where else text, 400)

    def check(self, exchange: Exchange) -> None:
        """See `anthropic_rules`."""
        anthropic_rules.check(exchange)

    def ask(self, exchange: Exchange) -> Ask:
        """User texts and tool results in order."""
        body = exchange.body
        history: list[tuple[Literal["text", "result"], str]] = []
        for role, blocks in anthropic_rules.merged(body["messages"]):
            for block in blocks if role == "user" else ():
                if block["type"] == "text":
                    history.append(("text", block["text"]))
                elif block["type"] == "tool_result":
                    history.append(("result", text_of(block.get("content", ""))))
        return Ask(
            model=body["model"],
            stream=bool(body.get("stream")),
            history=tuple(history),
            tools=tuple(
                Offered(tool["name"], "json", tool["input_schema"])
                for tool in body.get("tools", ())
                if "input_schema" in tool and not tool.get("defer_loading")
            ),
            think=body.get("thinking", {}).get("type") in ("enabled", "adaptive"),
            hosted=frozenset(
                kind
                for tool in body.get("tools", ())
                for kind in _HOSTED
                if tool.get("type", "").startswith(kind)
            ),
        )

    def write(self, exchange: Exchange, reply: Reply) -> Answer:
        """A message or its events."""
        body, memory = exchange.body, exchange.memory
        calls = [_use(exchange, call) for call in reply.calls]
        blocks: list[dict[str, Any]] = []
        if reply.thinking:
            signature = memory.issue(b"\x12\xaa\x01")
            memory.thoughts[signature] = reply.thinking
            for call in calls:
                memory.keep(signature, call["id"])
                memory.made[call["id"]] = call["input"]
            hidden = body.get("thinking", {}).get("display") == "omitted"
            thinking = "" if hidden else reply.thinking
            blocks.append({"type": "thinking", "thinking": thinking, "signature": signature})
        blocks += anthropic_steps(exchange, reply.steps)
        if reply.text:
            cited = {"citations": anthropic_citations(exchange, reply)} if reply.cites else {}
            blocks.append({"type": "text", "text": reply.text, **cited})
        message = {
            "id": memory.next_id("msg_"),
            "type": "message",
            "role": "assistant",
            "model": body["model"],
            "content": [*blocks, *calls],
            "stop_reason": "tool_use" if calls else "end_turn",
            "stop_sequence": None,
            "usage": {
                "input_tokens": plausible_count(body["messages"]),
                "cache_creation_input_tokens": 0,
                "cache_read_input_tokens": 0,
                "output_tokens": plausible_count([*blocks, *calls]),
            },
        }
        if not body.get("stream"):
            return whole(message, headers={"request-id": "req_fake"})
        return event_stream([_frame(event) for event in _events(message)])

    def replay(self, exchange: Exchange, sample: load.Sample) -> Answer:
        """The stored answer."""
        return replayed(sample, bool(exchange.body.get("stream")))

    def count(self, tokens: int) -> Answer:
        """`{"input_tokens": n}`."""
        return whole({"input_tokens": tokens})

    def models(self, names: tuple[str, ...]) -> Answer:
        """`{"data": […], has_more, first_id, last_id}`."""
        ends = {"first_id": names[0] if names else None, "last_id": names[-1] if names else None}
        return whole({"data": [_entry(name) for name in names], "has_more": False, **ends})

    def model(self, name: str) -> Answer:
        """One model object."""
        return whole(_entry(name))

    def in_band_error(self, message: str) -> bytes:
        """`event: error`."""
        return _frame({"type": "error", "error": {"type": "overloaded_error", "message": message}})

    def noise(self) -> tuple[bytes, ...]:
        """Pings and comments."""
        return (_frame({"type": "ping"}), b": keep-alive\n\n")


def _frame(event: Mapping[str, Any]) -> bytes:
    return f"event: {event['type']}\ndata: {compact(event)}\n\n".encode()


def _entry(name: str) -> dict[str, Any]:
    return {"type": "model", "id": name, "display_name": name, "created_at": "2026-11-20T00:00:00Z"}


def _use(exchange: Exchange, call: Call) -> dict[str, Any]:
    name = exchange.memory.next_id("toolu_")
    return {"type": "tool_use", "id": name, "name": call.name, "input": dict(call.arguments)}


def _events(message: dict[str, Any]) -> Iterator[dict[str, Any]]:
    begun = {**message, "content": [], "stop_reason": None, "usage": {**message["usage"], "output_tokens": 1}}
    yield {"type": "message_start", "message": begun}
    for index, block in enumerate(message["content"]):
        empty: dict[str, Any] = {"thinking": "", "signature": "", "text": "", "input": {}, "citations": []}
        start = {key: value if key == "type" else empty.get(key, value) for key, value in block.items()}
        yield {"type": "content_block_start", "index": index, "content_block": start}
        if index == 0:
            yield {"type": "ping"}
        for delta in _deltas(block):
            yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
    ending = {"stop_reason": message["stop_reason"], "stop_sequence": None}
    yield {"type": "message_delta", "delta": ending, "usage": message["usage"]}
    yield {"type": "message_stop"}


def _deltas(block: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if block["type"] == "thinking":
        for piece in pieces(block["thinking"]):
            yield {"type": "thinking_delta", "thinking": piece}
        yield {"type": "signature_delta", "signature": block["signature"]}
    elif block["type"] == "text":
        for piece in pieces(block["text"]):
            yield {"type": "text_delta", "text": piece}
        for citation in block.get("citations", ()):
            yield {"type": "citations_delta", "citation": citation}
    elif "input" in block:
        yield {"type": "input_json_delta", "partial_json": ""}
        for piece in pieces(json.dumps(block["input"])):
            yield {"type": "input_json_delta", "partial_json": piece}
