"""Conversations in the dialects' own words, short enough to read in a test."""

from typing import Any

Body = dict[str, Any]

TOOLS = ("f", "g")


def user(content: Any) -> Body:
    """A user's turn, for every dialect that says ``role`` and ``content``."""
    return {"role": "user", "content": content}


def assistant(content: Any) -> Body:
    """A model's turn without calls, likewise."""
    return {"role": "assistant", "content": content}


def chat(*messages: Body, **more: Any) -> Body:
    """A Chat request with the tools f and g."""
    tools = [{"type": "function", "function": {"name": name}} for name in TOOLS]
    return {"messages": list(messages), "tools": tools, **more}


def chat_calls(*calls: tuple[str, str], content: Any = None) -> Body:
    """A Chat turn with calls, each (id, name)."""
    made = [{"id": i, "type": "function", "function": {"name": n, "arguments": "{}"}} for i, n in calls]
    return {"role": "assistant", "content": content, "tool_calls": made}


def chat_result(call_id: str, content: str = "out") -> Body:
    """A Chat tool message."""
    return {"role": "tool", "tool_call_id": call_id, "content": content}


def anthropic(*messages: Body, **more: Any) -> Body:
    """An Anthropic request with the tools f and g."""
    tools = [{"name": name, "input_schema": {"type": "object"}} for name in TOOLS]
    return {"messages": list(messages), "tools": tools, **more}


def text(value: str, **more: Any) -> Body:
    """A text block or part, as Anthropic and Chat write it."""
    return {"type": "text", "text": value, **more}


def use(call_id: str, name: str = "f") -> Body:
    """An Anthropic call."""
    return {"type": "tool_use", "id": call_id, "name": name, "input": {}}


def result(call_id: str, content: Any = "out") -> Body:
    """An Anthropic result."""
    return {"type": "tool_result", "tool_use_id": call_id, "content": content}


def gemini(*contents: Body, **more: Any) -> Body:
    """A Gemini request with the tools f and g."""
    return {
        "contents": list(contents),
        "tools": [{"functionDeclarations": [{"name": n} for n in TOOLS]}],
        **more,
    }


def content(role: str | None, *parts: Body) -> Body:
    """A Gemini turn."""
    return {**({"role": role} if role else {}), "parts": list(parts)}


def function_call(name: str, **more: Any) -> Body:
    """A Gemini call."""
    return {"functionCall": {"name": name, "args": {}, **more}}


def function_response(name: str, output: str, **more: Any) -> Body:
    """A Gemini result."""
    return {"functionResponse": {"name": name, "response": {"output": output}, **more}}


def shape(upstream: str, body: Any) -> list[str]:
    """The turns of an upstream's body as words: ``user:text`` ``model:call c1`` ``user:result c1=out``."""
    found = []
    match upstream:
        case "openai_chat":
            for message in body["messages"]:
                found += _chat(message)
        case "openai_responses":
            for item in body["input"]:
                found += _item(item)
        case "anthropic_messages":
            for message in body["messages"]:
                found.append(_joined(message["role"], map(_block, _list(message["content"]))))
        case _:
            for turn in body["contents"]:
                found.append(_joined(turn["role"], map(_part, turn["parts"])))
    return [one.replace("assistant:", "model:") for one in found]


def _joined(role: str, parts: Any) -> str:
    return f"{role}:{' + '.join(parts)}"


def _list(value: Any) -> list[Any]:
    return [text(value)] if isinstance(value, str) else value or []


def _chat(message: Body) -> list[str]:
    if message["role"] == "tool":
        return [f"tool:result {message['tool_call_id']}={message['content']}"]
    parts = [part.get("text", part["type"]) for part in _list(message["content"])]
    parts += [f"call {call['id']}" for call in message.get("tool_calls", [])]
    return [_joined(message["role"], parts)]


def _item(item: Body) -> list[str]:
    match item["type"]:
        case "message":
            parts = (part.get("text", part["type"]) for part in _list(item["content"]))
            return [_joined(item["role"], parts)]
        case "function_call":
            return [f"model:call {item['call_id']}"]
        case "function_call_output":
            return [f"tool:result {item['call_id']}={item['output']}"]
    return [str(item["type"])]


def _block(block: Body) -> str:
    match block["type"]:
        case "text":
            return str(block["text"])
        case "tool_use":
            return f"call {block['id']}"
        case "tool_result":
            return f"result {block['tool_use_id']}={block['content']}"
    return str(block["type"])


def _part(part: Body) -> str:
    if "functionCall" in part:
        return f"call {part['functionCall']['id']}"
    if "functionResponse" in part:
        answer = part["functionResponse"]
        response = answer["response"]
        said = response["output"] if "output" in response else "Error: " + response["error"]
        return f"result {answer['id']}={said}"
    return str(part.get("text", next(iter(part), "")))
