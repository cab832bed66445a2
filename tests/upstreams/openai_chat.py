"""OpenAI chat completions: `POST /v1/chat/completions` and what stands beside it."""

import json
from typing import Any, Literal

from tests.samples import load
from tests.upstreams import openai_chat_reasoning, openai_chat_rules
from tests.upstreams.openai_words import OpenAI, embeddings
from tests.upstreams.steps import chat_annotation
from tests.upstreams.vendor import (
    Answer,
    Ask,
    Call,
    Exchange,
    Offered,
    Refusal,
    Reply,
    Route,
    compact,
    event_stream,
    pieces,
    plausible_count,
    replayed,
    text_of,
    whole,
)


class OpenAIChat(OpenAI):
    """The chat completions dialect; with `compatible` any vendor that imitates it."""

    dialect = "openai_chat"

    def route(self, method: str, path: str) -> Route | None:
        """Paths under the version prefix."""
        if method == "POST" and path == "/chat/completions":
            return Route("generate")
        return self.shared_route(method, path)

    def check(self, exchange: Exchange) -> None:
        """See `openai_chat_rules`. An embeddings request is answered by its check's success."""
        if exchange.route.kind == "embeddings":
            raise Refusal(embeddings(exchange.body))
        openai_chat_rules.check(exchange)

    def ask(self, exchange: Exchange) -> Ask:
        """User texts and tool results in order; reasoning is only asked of compatible vendors."""
        body = exchange.body
        history: list[tuple[Literal["text", "result"], str]] = []
        for message in body["messages"]:
            if message["role"] == "user":
                history.append(("text", text_of(message["content"])))
            elif message["role"] == "tool":
                history.append(("result", text_of(message["content"])))
        return Ask(
            model=body["model"],
            stream=bool(body.get("stream")),
            history=tuple(history),
            tools=tuple(_offered(tool) for tool in body.get("tools", ())),
            think=exchange.options.compatible,
            hosted=frozenset({"web_search"} if "web_search_options" in body else ()),
        )

    def write(self, exchange: Exchange, reply: Reply) -> Answer:
        """A completion or its chunks."""
        body = exchange.body
        message: dict[str, Any] = {"role": "assistant", "content": reply.text or None, "refusal": None}
        calls = [_call(exchange, call) for call in reply.calls]
        if reply.cites:
            message["annotations"] = [chat_annotation(cite) for cite in reply.cites]
        if calls:
            message["tool_calls"] = calls
        openai_chat_reasoning.add(exchange, message, reply.thinking)
        completion = {
            "id": exchange.memory.next_id("chatcmpl-"),
            "object": "chat.completion",
            "created": 1794000000,
            "model": body["model"],
            "choices": [
                {
                    "index": 0,
                    "message": message,
                    "logprobs": None,
                    "finish_reason": "tool_calls" if calls else "stop",
                }
            ],
            "usage": _usage(body, reply),
            "service_tier": "default",
            "system_fingerprint": None,
        }
        return _chunked(exchange, completion) if body.get("stream") else whole(completion)

    def replay(self, exchange: Exchange, sample: load.Sample) -> Answer:
        """The stored answer; without `include_usage` the usage chunk is left out, as the real one does."""
        streamed = bool(exchange.body.get("stream"))
        answer = replayed(sample, streamed)
        if not answer.streamed or _wants_usage(exchange.body):
            return answer
        frames = [_without_usage(frame) for frame in answer.frames]
        return event_stream([frame for frame in frames if frame])

    def count(self, tokens: int) -> Answer:
        """There is no such endpoint."""
        return self.trouble("not_found", "Invalid URL", 404)


def _wants_usage(body: Any) -> bool:
    return bool((body.get("stream_options") or {}).get("include_usage"))


def _without_usage(frame: bytes) -> bytes:
    if b"[DONE]" in frame:
        return frame
    chunk = json.loads(frame.removeprefix(b"data: "))
    chunk.pop("usage", None)
    return f"data: {compact(chunk)}\n\n".encode() if chunk.get("choices") != [] else b""


def _offered(tool: Any) -> Offered:
    if tool["type"] == "custom":
        return Offered(tool["custom"]["name"], "freeform", {})
    return Offered(tool["function"]["name"], "json", tool["function"].get("parameters") or {})


def _call(exchange: Exchange, call: Call) -> dict[str, Any]:
    call_id = exchange.memory.next_id("call_")
    if call.form == "freeform":
        return {"id": call_id, "type": "custom", "custom": {"name": call.name, "input": call.text}}
    function = {"name": call.name, "arguments": json.dumps(call.arguments)}
    return {"id": call_id, "type": "function", "function": function}


def _usage(body: Any, reply: Reply) -> dict[str, Any]:
    given, made = plausible_count(body["messages"]), plausible_count(reply.text)
    thought = plausible_count(reply.thinking) if reply.thinking else 0
    return {
        "prompt_tokens": given,
        "completion_tokens": made + thought,
        "total_tokens": given + made + thought,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": thought, "audio_tokens": 0},
    }


def _chunked(exchange: Exchange, completion: dict[str, Any]) -> Answer:
    choice = completion["choices"][0]
    message = choice["message"]
    wants_usage = _wants_usage(exchange.body)
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": "", "refusal": None}]
    deltas += [{"reasoning_content": piece} for piece in pieces(message.get("reasoning_content", ""))]
    deltas += openai_chat_reasoning.deltas(message)
    deltas += [{"content": piece} for piece in pieces(message["content"] or "")]
    if "annotations" in message:
        deltas.append({"annotations": message["annotations"]})
    for index, call in enumerate(message.get("tool_calls", ())):
        deltas += _call_deltas(index, call)
    head = {key: completion[key] for key in ("id", "created", "model")}
    tail = {"usage": None} if wants_usage else {}

    def chunk(choices: list[Any], more: dict[str, Any]) -> bytes:
        value = {**head, "object": "chat.completion.chunk", "choices": choices, **more}
        return f"data: {compact(value)}\n\n".encode()

    frames = [
        chunk([{"index": 0, "delta": delta, "logprobs": None, "finish_reason": None}], tail)
        for delta in deltas
    ]
    last = {"index": 0, "delta": {}, "logprobs": None, "finish_reason": choice["finish_reason"]}
    frames.append(chunk([last], tail))
    if wants_usage:
        frames.append(chunk([], {"usage": completion["usage"]}))
    return event_stream([*frames, b"data: [DONE]\n\n"])


def _call_deltas(index: int, call: Any) -> list[dict[str, Any]]:
    kind = call["type"]
    content = "input" if kind == "custom" else "arguments"
    first = {"index": index, "id": call["id"], "type": kind, kind: {"name": call[kind]["name"], content: ""}}
    first |= {key: call[key] for key in ("extra_content",) if key in call}
    rest = [{"index": index, kind: {content: piece}} for piece in pieces(call[kind][content])]
    return [{"tool_calls": [part]} for part in (first, *rest)]
