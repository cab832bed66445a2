"""Where vendors that imitate OpenAI's chat put their reasoning, and what they want back of it.

`text`: DeepSeek's `reasoning_content`. `details`: OpenRouter's `reasoning_details`, with a signature.
`signature`: the OpenAI-compatible endpoint of Gemini, `extra_content.google.thought_signature` on the first
call of each step (vendors' guides, 2026-11).
"""

import json
from typing import Any

from tests.upstreams.shapes import rule
from tests.upstreams.vendor import Exchange, pieces

SENTINEL = "skip_thought_signature_validator"


def add(exchange: Exchange, message: dict[str, Any], thinking: str) -> None:
    """Put reasoning into an answer."""
    calls, memory = message.get("tool_calls", ()), exchange.memory
    for call in calls:
        memory.made[call["id"]] = _said(call)
    if not thinking:
        return
    match exchange.options.reasoning:
        case "text":
            message["reasoning_content"] = thinking
            for call in calls:
                memory.keep(thinking, call["id"])
        case "details":
            seal = memory.issue(b"\x12\x77\x03")
            memory.thoughts[seal] = thinking
            entry = {"type": "reasoning.text", "text": thinking, "signature": seal}
            message["reasoning_details"] = [{**entry, "format": "anthropic-claude-v1", "index": 0}]
            for call in calls:
                memory.keep(seal, call["id"])
        case _:
            for call in calls[:1]:
                seal = memory.issue(b"\x12\x41\x0a", call["id"])
                call["extra_content"] = {"google": {"thought_signature": seal}}


def deltas(message: dict[str, Any]) -> list[dict[str, Any]]:
    """Structured reasoning as it is streamed: pieces of text, then the signature."""
    found = []
    for entry in message.get("reasoning_details", ()):
        head = {key: entry[key] for key in ("type", "format", "index")}
        found += [{"reasoning_details": [{**head, "text": piece}]} for piece in pieces(entry["text"])]
        found.append({"reasoning_details": [{**head, "signature": entry["signature"]}]})
    return found


def check(exchange: Exchange) -> None:
    """Raise Flaw for reasoning that is altered, another's or missing."""
    messages = exchange.body["messages"]
    for place, message in enumerate(messages):
        _own(exchange, message, place)
        if exchange.options.demands_seals:
            _came_back(exchange, message, place)
    if exchange.options.reasoning == "signature":
        _current_turn_is_signed(messages)


def _signature(call: Any) -> str | None:
    found = call.get("extra_content", {}).get("google", {}).get("thought_signature")
    return found if isinstance(found, str) else None


def _own(exchange: Exchange, message: Any, place: int) -> None:
    for entry in message.get("reasoning_details", ()):
        for name in ("signature", "data"):
            if entry.get(name) and not exchange.memory.knows(entry[name]):
                raise rule(("messages", place), "Invalid `signature` in `thinking` block")
        said = exchange.memory.thoughts.get(entry.get("signature", ""))
        if said is not None and entry.get("text") != said:
            raise rule(("messages", place), "Invalid `signature` in `thinking` block")
    for call in message.get("tool_calls", ()):
        signature = _signature(call)
        if signature not in (None, SENTINEL) and not exchange.memory.knows(signature or ""):
            raise rule(("messages", place), "Corrupted thought signature.")


def _came_back(exchange: Exchange, message: Any, place: int) -> None:
    memory = exchange.memory
    details = {entry.get("signature") for entry in message.get("reasoning_details", ())}
    for call in message.get("tool_calls", ()):
        wanted = memory.wanted(call["id"], _said(call))
        given = {"text": {message.get("reasoning_content")}, "details": details}.get(
            exchange.options.reasoning, {_signature(call)}
        )
        if wanted is not None and wanted not in given:
            sentence = f"Missing `reasoning_content` field in the assistant message at message index {place}"
            raise rule(("messages", place), sentence)
        old = memory.by_call.get(call["id"])
        if exchange.options.reasoning == "signature" and wanted is None and old is not None and old in given:
            raise rule(("messages", place), "Corrupted thought signature.")


def _current_turn_is_signed(messages: list[Any]) -> None:
    start = max((at for at, message in enumerate(messages) if message["role"] == "user"), default=0)
    for message in messages[start:]:
        calls = message.get("tool_calls", ())
        if calls and _signature(calls[0]) is None:
            raise rule((), "Function call is missing a thought_signature in functionCall parts.")


def _said(call: Any) -> Any:
    if call["type"] == "custom":
        return call["custom"]["input"]
    try:
        return json.loads(call["function"]["arguments"] or "{}")
    except ValueError:
        return call["function"]["arguments"]
