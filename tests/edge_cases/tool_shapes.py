"""Tools, calls and results of a body in any dialect, in one shape; and small answers that call tools."""

import json
from dataclasses import dataclass
from typing import Any

from tests.edge_cases.through import ANTHROPIC, CHAT, GEMINI, RESPONSES


@dataclass(frozen=True, slots=True)
class Declared:
    """A function as the upstream sees it."""

    name: str
    description: str
    schema: Any


@dataclass(frozen=True, slots=True)
class Made:
    """A call in a history; arguments as JSON text."""

    id: str
    name: str
    arguments: str


def responses(*history: Any, **more: Any) -> dict[str, Any]:
    """A Responses request: a question, then these items."""
    return {"input": [{"role": "user", "content": "Go."}, *history], **more}


def functions(target: str, body: Any) -> list[Declared]:
    """The functions that a body declares."""
    match target:
        case "openai_chat":
            found = [tool["function"] for tool in body.get("tools", ()) if tool["type"] == "function"]
            key = "parameters"
        case "openai_responses":
            found = [tool for tool in body.get("tools", ()) if tool["type"] == "function"]
            key = "parameters"
        case "anthropic_messages":
            found, key = [tool for tool in body.get("tools", ()) if "input_schema" in tool], "input_schema"
        case _:
            found = [one for tool in body.get("tools", ()) for one in tool.get("functionDeclarations", ())]
            key = "parametersJsonSchema"
    return [Declared(one["name"], one.get("description", ""), one.get(key)) for one in found]


Found = tuple[list[Made], list[tuple[str, Any]]]


def seen(target: str, body: Any) -> Found:
    """Calls and results of a body's history, each result as (call id, what it says)."""
    readers = {CHAT: _chat, RESPONSES: _responses, ANTHROPIC: _anthropic, GEMINI: _gemini}
    return readers[target](body)


def _responses(body: Any) -> Found:
    items = [item for item in body["input"] if item.get("type", "").startswith("function_call")]
    calls = [Made(one["call_id"], one["name"], one["arguments"]) for one in items if "arguments" in one]
    return calls, [(one["call_id"], one["output"]) for one in items if "output" in one]


def _chat(body: Any) -> Found:
    wires = [call for message in body["messages"] for call in message.get("tool_calls", ())]
    calls = [Made(one["id"], one["function"]["name"], one["function"]["arguments"]) for one in wires]
    tools = [message for message in body["messages"] if message["role"] == "tool"]
    return calls, [(one["tool_call_id"], one["content"]) for one in tools]


def _anthropic(body: Any) -> Found:
    lists = [item["content"] for item in body["messages"] if isinstance(item["content"], list)]
    blocks = [block for content in lists for block in content]
    uses = [block for block in blocks if block["type"] == "tool_use"]
    calls = [Made(one["id"], one["name"], json.dumps(one["input"])) for one in uses]
    results = [block for block in blocks if block["type"] == "tool_result"]
    return calls, [(one["tool_use_id"], one["content"]) for one in results]


def _gemini(body: Any) -> Found:
    parts = [part for turn in body["contents"] for part in turn["parts"]]
    wires = [part["functionCall"] for part in parts if "functionCall" in part]
    calls = [Made(one["id"], one["name"], json.dumps(one["args"])) for one in wires]
    answered = [part["functionResponse"] for part in parts if "functionResponse" in part]
    return calls, [(one["id"], _said(one["response"])) for one in answered]


def _said(response: Any) -> Any:
    return response["output"] if response.keys() == {"output"} else response


def answer(vendor: str, *calls: tuple[str, Any], finish: str | None = None, text: str = "") -> dict[str, Any]:
    """A vendor's whole reply that makes these calls; a string as arguments stands as it is where it can."""
    if vendor == CHAT:
        wires = [
            {"id": f"call_{n}", "type": "function", "function": {"name": name, "arguments": _text(given)}}
            for n, (name, given) in enumerate(calls)
        ]
        message = {"role": "assistant", "content": text or None, "tool_calls": wires}
        choice = {"index": 0, "message": message, "finish_reason": finish or "tool_calls"}
        return {"id": "c1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}
    if vendor == ANTHROPIC:
        blocks: list[Any] = [{"type": "text", "text": text}] if text else []
        for n, (name, given) in enumerate(calls):
            blocks.append({"type": "tool_use", "id": f"toolu_{n}", "name": name, "input": given})
        usage = {"input_tokens": 1, "output_tokens": 1}
        head = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "stop_sequence": None}
        return {**head, "content": blocks, "stop_reason": finish or "tool_use", "usage": usage}
    if vendor == GEMINI:
        parts: list[Any] = [{"text": text}] if text else []
        for name, given in calls:
            parts.append({"functionCall": {"name": name, "args": given}})
        candidate = {
            "index": 0,
            "content": {"role": "model", "parts": parts},
            "finishReason": finish or "STOP",
        }
        return {"candidates": [candidate], "responseId": "r1", "usageMetadata": {"promptTokenCount": 1}}
    output: list[Any] = []
    for n, (name, given) in enumerate(calls):
        head = {"type": "function_call", "id": f"fc_{n}", "call_id": f"call_{n}", "name": name}
        status = "incomplete" if finish and n == len(calls) - 1 else "completed"
        output.append({**head, "arguments": _text(given), "status": status})
    made: dict[str, Any] = {"id": "resp_1", "object": "response", "created_at": 1, "model": "m"}
    if finish:
        return {**made, "status": "incomplete", "incomplete_details": {"reason": finish}, "output": output}
    return {**made, "status": "completed", "output": output}


def _text(given: Any) -> str:
    return given if isinstance(given, str) else json.dumps(given)
