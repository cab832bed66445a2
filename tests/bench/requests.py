"""The requests that are measured, in every dialect, as complete HTTP bytes but for host and key.

A model is called ``<upstream dialect>-<shape>``; the fake upstream answers by the shape.
"""

import json
from typing import Any, Literal

Dialect = Literal["openai_chat", "openai_responses", "anthropic_messages", "gemini_generate"]
Shape = Literal["small", "long", "paced", "held"]
Size = Literal["small", "agent", "image"]

DIALECTS: tuple[Dialect, ...] = (
    "openai_chat",
    "openai_responses",
    "anthropic_messages",
    "gemini_generate",
)
SHAPES: tuple[Shape, ...] = ("small", "long", "paced", "held")
SHORT = {
    "openai_chat": "chat",
    "openai_responses": "responses",
    "anthropic_messages": "anthropic",
    "gemini_generate": "gemini",
}

_TOOLS = 40
_TURNS = 60
_TURN_BYTES = 3300
_IMAGE_BYTES = 4_000_000
_SYSTEM = "You are a careful agent that works in a repository. " * 40


def model(upstream: Dialect, shape: Shape) -> str:
    """Return the model's name: whose upstream it is at, and how that answers."""
    return f"{SHORT[upstream]}-{shape}"


def body(client: Dialect, size: Size, name: str, stream: bool) -> bytes:
    """Return a request body; where the body names the model, it comes first, as in the SDKs."""
    build = {
        "openai_chat": _chat,
        "anthropic_messages": _messages,
        "openai_responses": _responses,
        "gemini_generate": _gemini,
    }[client]
    made = build(size)
    if client != "gemini_generate":
        made = {"model": name, **made, **({"stream": True} if stream else {})}
    return json.dumps(made, separators=(",", ":")).encode()


def path(client: Dialect, name: str, stream: bool) -> str:
    """Return the path that a client of the dialect asks."""
    verb = "streamGenerateContent?alt=sse" if stream else "generateContent"
    return {
        "openai_chat": "/v1/chat/completions",
        "anthropic_messages": "/v1/messages",
        "openai_responses": "/v1/responses",
        "gemini_generate": f"/v1beta/models/{name}:{verb}",
    }[client]


def http(client: Dialect, name: str, stream: bool, content: bytes, port: int, key: str) -> bytes:
    """Return the request with the headers that an SDK sends."""
    carrier = {"anthropic_messages": "x-api-key: ", "gemini_generate": "x-goog-api-key: "}
    lines = [
        f"POST {path(client, name, stream)} HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        "Accept: application/json",
        "Accept-Encoding: identity",
        "Content-Type: application/json",
        "User-Agent: bench/1.0",
        "X-Stainless-Lang: python",
        "X-Stainless-Retry-Count: 0",
        carrier.get(client, "Authorization: Bearer ") + key,
        f"Content-Length: {len(content)}",
    ]
    if client == "anthropic_messages":
        lines.append("anthropic-version: 2023-06-01")
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + content


def _filler(seed: int, length: int) -> str:
    line = f'{seed}: def step_{seed}(state):\n    return "{{}} \\u00e9 é" % state  # line\n'
    return (line * (length // len(line) + 1))[:length]


def _schema(number: int) -> dict[str, Any]:
    text = {"type": "string", "description": f"What argument {number} means, said in one sentence. " * 4}
    return {
        "type": "object",
        "properties": {f"argument_{place}": text for place in range(4)},
        "required": ["argument_0"],
    }


def _tools() -> list[tuple[str, str, dict[str, Any]]]:
    what = "Reads, writes or runs something in the repository and says how that went. " * 4
    return [(f"tool_{number}", what, _schema(number)) for number in range(_TOOLS)]


def _chat(size: Size) -> dict[str, Any]:
    if size == "image":
        return {"messages": [{"role": "user", "content": [*_asking_chat()]}], "max_tokens": 1000}
    if size == "small":
        return {"messages": _small("system"), "max_tokens": 1000}
    turns: list[dict[str, Any]] = [{"role": "system", "content": _SYSTEM}]
    for number in range(_TURNS):
        call = {"name": f"tool_{number % _TOOLS}", "arguments": json.dumps({"argument_0": f"file {number}"})}
        calls = [{"id": f"call_{number}", "type": "function", "function": call}]
        turns += [
            {"role": "user", "content": f"Go on with step {number}."},
            {"role": "assistant", "content": f"Step {number}.", "tool_calls": calls},
            {"role": "tool", "tool_call_id": f"call_{number}", "content": _filler(number, _TURN_BYTES)},
        ]
    tools = [
        {"type": "function", "function": {"name": name, "description": what, "parameters": schema}}
        for name, what, schema in _tools()
    ]
    return {"messages": [*turns, {"role": "user", "content": "Go on."}], "tools": tools, "max_tokens": 1000}


def _messages(size: Size) -> dict[str, Any]:
    if size == "image":
        image = {"type": "base64", "media_type": "image/png", "data": _image()}
        content = [{"type": "image", "source": image}, {"type": "text", "text": "What is this?"}]
        return {"max_tokens": 1000, "messages": [{"role": "user", "content": content}]}
    if size == "small":
        return {"max_tokens": 1000, "system": "Be brief.", "messages": _small("")}
    turns: list[dict[str, Any]] = [{"role": "user", "content": "Begin."}]
    for number in range(_TURNS):
        use = {
            "type": "tool_use",
            "id": f"toolu_{number}",
            "name": f"tool_{number % _TOOLS}",
            "input": {"argument_0": f"file {number}"},
        }
        result = {
            "type": "tool_result",
            "tool_use_id": f"toolu_{number}",
            "content": _filler(number, _TURN_BYTES),
        }
        turns += [
            {"role": "assistant", "content": [{"type": "text", "text": f"Step {number}."}, use]},
            {"role": "user", "content": [result, {"type": "text", "text": "Go on."}]},
        ]
    tools = [{"name": name, "description": what, "input_schema": schema} for name, what, schema in _tools()]
    return {"max_tokens": 1000, "system": _SYSTEM, "messages": turns, "tools": tools}


def _responses(size: Size) -> dict[str, Any]:
    if size == "image":
        image = {"type": "input_image", "image_url": "data:image/png;base64," + _image()}
        return {
            "input": [{"role": "user", "content": [image, {"type": "input_text", "text": "What is this?"}]}]
        }
    if size == "small":
        return {"instructions": "Be brief.", "input": "Say a few words.", "store": False}
    items: list[dict[str, Any]] = [{"role": "user", "content": "Begin."}]
    for number in range(_TURNS):
        call = {"type": "function_call", "call_id": f"call_{number}", "name": f"tool_{number % _TOOLS}"}
        output = {"type": "function_call_output", "call_id": f"call_{number}"}
        items += [
            {**call, "arguments": json.dumps({"argument_0": f"file {number}"})},
            {**output, "output": _filler(number, _TURN_BYTES)},
            {"role": "user", "content": f"Go on with step {number}."},
        ]
    tools = [
        {"type": "function", "name": name, "description": what, "parameters": schema}
        for name, what, schema in _tools()
    ]
    return {"instructions": _SYSTEM, "input": items, "tools": tools, "store": False}


def _gemini(size: Size) -> dict[str, Any]:
    if size == "image":
        parts: list[dict[str, Any]] = [{"inlineData": {"mimeType": "image/png", "data": _image()}}]
        return {"contents": [{"role": "user", "parts": [*parts, {"text": "What is this?"}]}]}
    if size == "small":
        return {"contents": [{"role": "user", "parts": [{"text": "Say a few words."}]}]}
    turns: list[dict[str, Any]] = [{"role": "user", "parts": [{"text": "Begin."}]}]
    for number in range(_TURNS):
        name = f"tool_{number % _TOOLS}"
        call = {"name": name, "args": {"argument_0": f"file {number}"}}
        result = {"name": name, "response": {"output": _filler(number, _TURN_BYTES)}}
        turns += [
            {"role": "model", "parts": [{"text": f"Step {number}."}, {"functionCall": call}]},
            {"role": "user", "parts": [{"functionResponse": result}]},
        ]
    declared = [{"name": name, "description": what, "parameters": schema} for name, what, schema in _tools()]
    return {
        "systemInstruction": {"parts": [{"text": _SYSTEM}]},
        "contents": turns,
        "tools": [{"functionDeclarations": declared}],
    }


def _small(system: str) -> list[dict[str, Any]]:
    lead = [{"role": system, "content": "Be brief."}] if system else []
    return [*lead, {"role": "user", "content": "Say a few words."}]


def _asking_chat() -> list[dict[str, Any]]:
    url = {"url": "data:image/png;base64," + _image()}
    return [{"type": "image_url", "image_url": url}, {"type": "text", "text": "What is this?"}]


def _image() -> str:
    # a real picture's bytes do not matter to anybody on the way; its length does
    return ("iVBORw0KGgoAAAANSUhEUgAA" + "QmVuY2gh" * (_IMAGE_BYTES // 8))[: _IMAGE_BYTES // 4 * 4]
