"""Conversations of several turns: what each SDK gives back is sent again, as its users do."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.upstreams.delivery import PLAIN, Delivery
from tests.upstreams.vendor import Answer, Call, Exchange, Reply, Vendor, event_stream, whole

SCHEMA = {"type": "object", "properties": {"command": {"type": "string"}}, "required": ["command"]}


@dataclass(frozen=True, slots=True)
class CallAll:
    """Calls every tool that is offered once, in order, with the same arguments."""

    arguments: Mapping[str, Any]
    text: str = "plain input"
    delivery: Delivery = PLAIN

    def answer(self, vendor: Vendor, exchange: Exchange) -> Answer:
        """The calls."""
        calls = tuple(
            Call(tool.name, tool.form, dict(self.arguments), self.text) for tool in vendor.ask(exchange).tools
        )
        return vendor.write(exchange, Reply(calls=calls))


@dataclass(frozen=True, slots=True)
class Given:
    """Answers with a body that the test wrote: an object whole, a list of frames streamed."""

    body: Any
    frames: Sequence[bytes]
    delivery: Delivery = PLAIN

    def answer(self, vendor: Vendor, exchange: Exchange) -> Answer:
        """The body or the frames."""
        streamed = exchange.route.stream or exchange.body.get("stream")
        return event_stream(list(self.frames)) if streamed else whole(self.body)


def opening(dialect: str, text: str, tools: Sequence[Any] = (), *, think: bool = True) -> dict[str, Any]:
    """A first request; tools are (name, schema)."""
    body: dict[str, Any]
    shape: list[dict[str, Any]]
    match dialect:
        case "openai_chat":
            body = {"messages": [{"role": "user", "content": text}]}
            shape = [{"type": "function", "function": {"name": n, "parameters": s}} for n, s in tools]
            more: dict[str, Any] = {"reasoning_effort": "low"}
        case "openai_responses":
            body = {"input": [{"role": "user", "content": text}], "store": False}
            shape = [{"type": "function", "name": n, "parameters": s, "strict": False} for n, s in tools]
            more = {
                "reasoning": {"effort": "low", "summary": "auto"},
                "include": ["reasoning.encrypted_content"],
            }
        case "anthropic_messages":
            body = {"messages": [{"role": "user", "content": text}], "max_tokens": 4096}
            shape = [{"name": n, "input_schema": s} for n, s in tools]
            more = {"thinking": {"type": "adaptive", "display": "summarized"}}
        case _:
            body = {"contents": [{"role": "user", "parts": [{"text": text}]}]}
            shape = [{"functionDeclarations": [{"name": n, "parametersJsonSchema": s} for n, s in tools]}]
            more = {"generationConfig": {"thinkingConfig": {"includeThoughts": True, "thinkingLevel": "LOW"}}}
    if tools:
        body["tools"] = shape
    return {**body, **more} if think else body


async def said(tool: Any, dialect: str, model: str, body: dict[str, Any], stream: bool) -> list[Any]:
    """What the SDK holds of the answer, as it would send it back: messages, items or contents."""
    client, told = tool.sdk, dict(body)
    match dialect:
        case "openai_chat":
            known = {"model": model, "messages": told.pop("messages")}
            if stream:
                async with client.chat.completions.stream(**known, extra_body=told) as events:
                    message = (await events.get_final_completion()).choices[0].message
            else:
                message = (await client.chat.completions.create(**known, extra_body=told)).choices[0].message
            return [_echoed(message)]
        case "openai_responses":
            known = {"model": model, "input": told.pop("input")}
            answer = await client.responses.create(**known, extra_body=told, stream=stream)
            if stream:
                answer = [event async for event in answer][-1].response
            return [_plain(item) for item in answer.output]
        case "anthropic_messages":
            known = {name: told.pop(name) for name in ("messages", "max_tokens")}
            if stream:
                async with client.messages.stream(model=model, **known, extra_body=told) as blocks:
                    found = await blocks.get_final_message()
            else:
                found = await client.messages.create(model=model, **known, extra_body=told)
            return [{"role": "assistant", "content": [_plain(block) for block in found.content]}]
    config: Any = {"http_options": {"extra_body": told}}
    asked = {"model": model, "contents": "replaced", "config": config}
    if stream:
        chunks = [chunk async for chunk in await client.aio.models.generate_content_stream(**asked)]
    else:
        chunks = [await client.aio.models.generate_content(**asked)]
    contents = [chunk.candidates[0].content for chunk in chunks if chunk.candidates]
    parts = [part for content in contents if content for part in content.parts or ()]
    plain = [json.loads(part.model_dump_json(exclude_none=True, by_alias=True)) for part in parts]
    return [{"role": "model", "parts": [part for part in plain if part.get("text") != "" or len(part) > 1]}]


def _plain(value: Any) -> Any:
    return value.model_dump(
        mode="json",
        exclude_unset=True,
        exclude_none=True,
        exclude={"parsed_output", "parsed_arguments", "parsed"},
    )


def _echoed(message: Any) -> Any:
    plain = _plain(message)
    for call in plain.get("tool_calls", ()):
        call.pop("index", None)
        call.get("function", {}).pop("parsed_arguments", None)
    return plain


def history(dialect: str, body: dict[str, Any]) -> list[Any]:
    """The list in the body that holds the conversation."""
    found: list[Any] = body[
        {"openai_responses": "input", "gemini_generate": "contents"}.get(dialect, "messages")
    ]
    return found


def calls(dialect: str, said: Sequence[Any]) -> list[tuple[str, str, Any]]:
    """The calls in an answer as (id, name, arguments); freeform input is the arguments."""
    match dialect:
        case "openai_chat":
            found = []
            for call in said[0].get("tool_calls", ()):
                inner = call[call["type"]]
                arguments = json.loads(inner["arguments"]) if "arguments" in inner else inner["input"]
                found.append((call["id"], inner["name"], arguments))
            return found
        case "openai_responses":
            return [
                (
                    item["call_id"],
                    item["name"],
                    json.loads(item["arguments"]) if "arguments" in item else item["input"],
                )
                for item in said
                if item["type"] in ("function_call", "custom_tool_call")
            ]
        case "anthropic_messages":
            blocks = [block for block in said[0]["content"] if block["type"] == "tool_use"]
            return [(block["id"], block["name"], block["input"]) for block in blocks]
    parts = [part["functionCall"] for part in said[0]["parts"] if "functionCall" in part]
    return [(call.get("id", ""), call["name"], call.get("args") or {}) for call in parts]


def texts(dialect: str, said: Sequence[Any]) -> str:
    """The visible text of an answer."""
    match dialect:
        case "openai_chat":
            return said[0].get("content") or ""
        case "openai_responses":
            contents = [item["content"] for item in said if item["type"] == "message"]
            return "".join(part["text"] for content in contents for part in content)
        case "anthropic_messages":
            return "".join(block["text"] for block in said[0]["content"] if block["type"] == "text")
    return "".join(part.get("text", "") for part in said[0]["parts"] if not part.get("thought"))


def answered(dialect: str, found: Sequence[tuple[str, str, Any]], output: str) -> list[Any]:
    """The results of calls, as the client sends them."""
    match dialect:
        case "openai_chat":
            return [{"role": "tool", "tool_call_id": name, "content": output} for name, _, _ in found]
        case "openai_responses":
            return [
                {"type": "function_call_output", "call_id": name, "output": output} for name, _, _ in found
            ]
        case "anthropic_messages":
            return [
                {
                    "role": "user",
                    "content": [
                        {"type": "tool_result", "tool_use_id": name, "content": output}
                        for name, _, _ in found
                    ],
                }
            ]
    parts = [
        {"functionResponse": {"name": tool, "response": {"output": output}, **({"id": name} if name else {})}}
        for name, tool, _ in found
    ]
    return [{"role": "user", "parts": parts}]


def asked(dialect: str, text: str) -> Any:
    """One more user turn."""
    if dialect == "gemini_generate":
        return {"role": "user", "parts": [{"text": text}]}
    return {"role": "user", "content": text}
