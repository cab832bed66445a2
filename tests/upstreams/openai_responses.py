"""OpenAI responses: `POST /v1/responses`, `/v1/responses/input_tokens`; the WebSocket upgrade gets 426."""

import json
from collections.abc import Iterator
from typing import Any, Literal

from tests.samples import load
from tests.upstreams import openai_responses_rules
from tests.upstreams.openai_words import OpenAI, embeddings
from tests.upstreams.steps import responses_annotation, responses_steps
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

_OUTPUTS = ("function_call_output", "custom_tool_call_output")
_HOSTED = {
    "web_search": "web_search",
    "web_search_preview": "web_search",
    "code_interpreter": "code_execution",
}
_STAGES = {
    "web_search_call": ("in_progress", "searching", "completed"),
    "code_interpreter_call": ("in_progress", "interpreting", "completed"),
}


class OpenAIResponses(OpenAI):
    """The responses dialect."""

    dialect = "openai_responses"

    def route(self, method: str, path: str) -> Route | None:
        """Paths under the version prefix."""
        if path == "/responses":
            return {"POST": Route("generate"), "GET": Route("upgrade")}.get(method)
        if method == "POST" and path == "/responses/input_tokens":
            return Route("count")
        return self.shared_route(method, path)

    def check(self, exchange: Exchange) -> None:
        """See `openai_responses_rules`. An embeddings request is answered by its check's success."""
        if exchange.route.kind == "embeddings":
            raise Refusal(embeddings(exchange.body))
        openai_responses_rules.check(exchange)

    def ask(self, exchange: Exchange) -> Ask:
        """User texts and tool outputs in order, those of the previous response included."""
        body = exchange.body
        history: list[tuple[Literal["text", "result"], str]] = []
        for item in _items(exchange):
            if item.get("type", "message") == "message" and item["role"] == "user":
                history.append(("text", text_of(item["content"])))
            elif item.get("type") in _OUTPUTS:
                history.append(("result", text_of(item["output"])))
        return Ask(
            model=body["model"],
            stream=bool(body.get("stream")),
            history=tuple(history),
            tools=tuple(
                Offered(
                    tool["name"],
                    "freeform" if tool["type"] == "custom" else "json",
                    tool.get("parameters") or {},
                )
                for tool in openai_responses_rules.declared(body)
                if tool["type"] in ("function", "custom")
            ),
            think=not body["model"].startswith("gpt-4"),
            hosted=frozenset(
                _HOSTED[tool["type"]] for tool in body.get("tools") or () if tool["type"] in _HOSTED
            ),
        )

    def write(self, exchange: Exchange, reply: Reply) -> Answer:
        """A response object or its events."""
        response = _response(exchange, reply)
        if exchange.body.get("store") is not False:
            exchange.memory.stored[response["id"]] = [*_items(exchange), *response["output"]]
        if not exchange.body.get("stream"):
            return whole(response)
        frames = []
        for number, event in enumerate(_events(response)):
            data = compact({**event, "sequence_number": number})
            frames.append(f"event: {event['type']}\ndata: {data}\n\n".encode())
        return event_stream(frames)

    def replay(self, exchange: Exchange, sample: load.Sample) -> Answer:
        """The stored answer."""
        return replayed(sample, bool(exchange.body.get("stream")))

    def count(self, tokens: int) -> Answer:
        """`{"object": "response.input_tokens", "input_tokens": n}`."""
        return whole({"object": "response.input_tokens", "input_tokens": tokens})

    def in_band_error(self, message: str) -> bytes:
        """The flat `error` event. Its number is only right as the first event after two others."""
        event = {"type": "error", "code": "server_error", "message": message, "param": None}
        return f"event: error\ndata: {compact({**event, 'sequence_number': 2})}\n\n".encode()


def _items(exchange: Exchange) -> list[Any]:
    given = exchange.body.get("input", [])
    if isinstance(given, str):
        given = [{"type": "message", "role": "user", "content": given}]
    return [*exchange.memory.stored.get(exchange.body.get("previous_response_id") or "", []), *given]


def _response(exchange: Exchange, reply: Reply) -> dict[str, Any]:
    body, memory = exchange.body, exchange.memory
    output = _output(exchange, reply)
    given, made = plausible_count(_items(exchange)), plausible_count(reply.text)
    thought = plausible_count(reply.thinking) if reply.thinking else 0
    return {
        "id": memory.next_id("resp_"),
        "object": "response",
        "created_at": 1794000000,
        "status": "completed",
        "background": False,
        "error": None,
        "incomplete_details": None,
        "instructions": body.get("instructions"),
        "max_output_tokens": body.get("max_output_tokens"),
        "model": body["model"],
        "output": output,
        "parallel_tool_calls": body.get("parallel_tool_calls", True),
        "previous_response_id": body.get("previous_response_id"),
        "reasoning": body.get("reasoning") or {"effort": None, "summary": None},
        "store": body.get("store", True),
        "temperature": body.get("temperature", 1.0),
        "text": {"format": {"type": "text"}, **body.get("text", {})},
        "tool_choice": body.get("tool_choice", "auto"),
        "tools": body.get("tools", []),
        "top_p": body.get("top_p", 1.0),
        "truncation": "disabled",
        "usage": {
            "input_tokens": given,
            "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
            "output_tokens": made + thought,
            "output_tokens_details": {"reasoning_tokens": thought},
            "total_tokens": given + made + thought,
        },
        "metadata": body.get("metadata") or {},
        "completed_at": 1794000002,
    }


def _output(exchange: Exchange, reply: Reply) -> list[dict[str, Any]]:
    body, memory = exchange.body, exchange.memory
    calls = [_call(exchange, call) for call in reply.calls]
    output: list[dict[str, Any]] = []
    if reply.thinking:
        shown = (body.get("reasoning") or {}).get("summary") is not None
        summary = [{"type": "summary_text", "text": reply.thinking}] if shown else []
        item: dict[str, Any] = {"id": memory.next_id("rs_"), "type": "reasoning", "summary": summary}
        if "reasoning.encrypted_content" in (body.get("include") or ()):
            item["encrypted_content"] = memory.issue(b"\x80\x00\x00\x00")
            for call in calls:
                memory.keep(item["encrypted_content"], call["call_id"])
                memory.made[call["call_id"]] = openai_responses_rules.said_to_tool(call)
        output.append(item)
    output += responses_steps(exchange, reply.steps)
    if reply.text:
        marks = [responses_annotation(cite) for cite in reply.cites]
        part = {"type": "output_text", "text": reply.text, "annotations": marks, "logprobs": []}
        message = {"id": memory.next_id("msg_"), "type": "message", "role": "assistant"}
        output.append({**message, "status": "completed", "content": [part]})
    return output + calls


def _call(exchange: Exchange, call: Call) -> dict[str, Any]:
    memory = exchange.memory
    call_id = memory.next_id("call_")
    head = {"call_id": call_id, "name": call.name, "status": "completed"}
    if space := openai_responses_rules.namespace_of(exchange.body, call.name):
        head["namespace"] = space
    if call.form == "freeform":
        return {"id": memory.next_id("ctc_"), "type": "custom_tool_call", **head, "input": call.text}
    arguments = json.dumps(call.arguments)
    return {"id": memory.next_id("fc_"), "type": "function_call", **head, "arguments": arguments}


def _events(response: dict[str, Any]) -> Iterator[dict[str, Any]]:
    begun = {**response, "status": "in_progress", "output": [], "usage": None}
    del begun["completed_at"]
    yield {"type": "response.created", "response": begun}
    yield {"type": "response.in_progress", "response": begun}
    for index, item in enumerate(response["output"]):
        yield {"type": "response.output_item.added", "output_index": index, "item": _started(item)}
        where = {"item_id": item["id"], "output_index": index}
        for event in _inside(item):
            yield {**event, **where}
        yield {"type": "response.output_item.done", "output_index": index, "item": item}
    yield {"type": "response.completed", "response": response}


def _started(item: dict[str, Any]) -> dict[str, Any]:
    empty: dict[str, Any] = {"summary": [], "content": [], "arguments": "", "input": ""}
    started = {key: empty.get(key, value) for key, value in item.items()}
    if "status" in item:
        started["status"] = "in_progress"
    # The seal that counts comes with output_item.done only; this one is a decoy.
    if "encrypted_content" in item:
        started["encrypted_content"] = item["encrypted_content"][:24]
    return started


def _inside(item: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if item["type"] == "reasoning":
        yield from _summary(item["summary"])
    elif item["type"] == "message":
        yield from _message(item["content"])
    elif item["type"] in _STAGES:
        for stage in _STAGES[item["type"]]:
            yield {"type": f"response.{item['type']}.{stage}"}
    else:
        custom = item["type"] == "custom_tool_call"
        name, key = (
            ("custom_tool_call_input", "input") if custom else ("function_call_arguments", "arguments")
        )
        for piece in pieces(item[key]):
            yield {"type": f"response.{name}.delta", "delta": piece}
        yield {"type": f"response.{name}.done", key: item[key]}


def _summary(parts: list[Any]) -> Iterator[dict[str, Any]]:
    for index, part in enumerate(parts):
        at = {"summary_index": index}
        yield {"type": "response.reasoning_summary_part.added", "part": {**part, "text": ""}, **at}
        for piece in pieces(part["text"]):
            yield {"type": "response.reasoning_summary_text.delta", "delta": piece, **at}
        yield {"type": "response.reasoning_summary_text.done", "text": part["text"], **at}
        yield {"type": "response.reasoning_summary_part.done", "part": part, **at}


def _message(parts: list[Any]) -> Iterator[dict[str, Any]]:
    for index, part in enumerate(parts):
        at = {"content_index": index}
        yield {"type": "response.content_part.added", "part": {**part, "text": "", "annotations": []}, **at}
        for piece in pieces(part["text"]):
            yield {"type": "response.output_text.delta", "delta": piece, "logprobs": [], **at}
        for number, mark in enumerate(part["annotations"]):
            note = {"annotation_index": number, "annotation": mark}
            yield {"type": "response.output_text.annotation.added", **note, **at}
        yield {"type": "response.output_text.done", "text": part["text"], "logprobs": [], **at}
        yield {"type": "response.content_part.done", "part": part, **at}
