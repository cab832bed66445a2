"""What the real tools make of an answer, as strictly as the strictest of them (measured 2026-11-20).

`heard(capture, answer)` reads an answer to a recorded request as its tool does, and fails where the tool
would fail, retry, or call something that it does not have.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.end_to_end.client import Answer
from tests.samples.recorded import Capture
from tests.upstreams.lint import lint


@dataclass(frozen=True, slots=True)
class Called:
    """A call: `kind` is the item or block type, `given` parsed arguments or freeform text."""

    kind: str
    name: str
    namespace: str | None
    given: Any
    id: str


@dataclass
class Heard:
    """What a tool understood."""

    text: str = ""
    thinking: str = ""
    calls: list[Called] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)
    usage: dict[str, int] = field(default_factory=dict)


def heard(capture: Capture, answer: Answer) -> Heard:
    """Read an answer of status 200."""
    assert answer.status == 200, answer.body[:2000]
    kind = answer.headers["content-type"].partition(";")[0]
    assert kind == ("text/event-stream" if capture.streams else "application/json")
    if capture.streams:
        assert lint(capture.dialect, answer.body) == []
    found = {"claude": _claude, "codex": _codex, "gemini": _gemini}[capture.tool](capture, answer)
    # missing or empty usage: endless loops (opencode), crashes (anthropic-python), wrong context gauges
    assert found.usage["input"] > 0
    assert found.usage["output"] > 0
    offered = offers(capture)
    for call in found.calls:
        assert call.id
        assert (call.kind, call.namespace, call.name) in offered, (call, offered)
    assert len({call.id for call in found.calls}) == len(found.calls)
    return found


def offers(capture: Capture) -> set[tuple[str, str | None, str]]:
    """What the tool can be called by: type of the call, namespace, name."""
    match capture.tool:
        case "claude":
            loaded = {one["tool_name"] for one in _references(capture.body["messages"])}
            return {
                ("tool_use", None, one["name"])
                for one in capture.body["tools"]
                if "input_schema" in one and (not one.get("defer_loading") or one["name"] in loaded)
            }
        case "gemini":
            declared = [one for tool in capture.body["tools"] for one in tool.get("functionDeclarations", ())]
            return {("functionCall", None, one["name"]) for one in declared}
    lists = [capture.body.get("tools", [])]
    lists += [one["tools"] for one in capture.body["input"] if one["type"] == "additional_tools"]
    return {offer for tools in lists for tool in tools for offer in _codex_offers(tool, None)}


def _references(value: Any) -> Iterator[Any]:
    if isinstance(value, list):
        for item in value:
            yield from _references(item)
    elif isinstance(value, dict):
        if value.get("type") == "tool_reference":
            yield value
        yield from _references(value.get("content"))


_CODEX_CALLS = {
    "function": "function_call",
    "custom": "custom_tool_call",
    "local_shell": "local_shell_call",
}


def _codex_offers(tool: Any, namespace: str | None) -> set[tuple[str, str | None, str]]:
    if tool["type"] == "namespace":
        # "functions" is the place of tools without one (Codex code mode, captured)
        space = None if tool["name"] == "functions" else tool["name"]
        return {offer for one in tool["tools"] for offer in _codex_offers(one, space)}
    if tool["type"] == "tool_search":
        return {("tool_search_call", None, "tool_search")}
    kind = _CODEX_CALLS.get(tool["type"])
    return {(kind, namespace, tool.get("name", tool["type"]))} if kind else set()


def _events(data: bytes) -> list[tuple[str, Any]]:
    """Every event with its name, comments left out."""
    found = []
    for block in data.decode().replace("\r\n", "\n").split("\n\n"):
        fields = [line.partition(":") for line in block.split("\n") if line and not line.startswith(":")]
        said = [value.strip() for name, _, value in fields if name == "data"]
        named = [value.strip() for name, _, value in fields if name == "event"]
        if said:
            found.append((named[0] if named else "", json.loads("\n".join(said))))
    return found


def _claude(capture: Capture, answer: Answer) -> Heard:
    events = _events(answer.body)
    assert all(name == event["type"] for name, event in events), "an event without its line is not seen"
    first = next(event for name, event in events if name != "ping")
    assert first["type"] == "message_start"
    message = first["message"]
    assert message["model"] == capture.model
    assert {"input_tokens", "output_tokens"} <= message["usage"].keys()
    last = [event for name, event in events if name == "message_delta"][-1]
    reading = Heard()
    reading.usage = {
        "input": (last["usage"].get("input_tokens") or message["usage"]["input_tokens"])
        + (last["usage"].get("cache_read_input_tokens") or 0),
        "output": last["usage"]["output_tokens"],
    }
    for block in _blocks(events):
        _claude_block(block, reading, capture)
    wanted = "tool_use" if reading.calls else "end_turn"
    assert last["delta"]["stop_reason"] == wanted, last
    assert events[-1][0] == "message_stop"
    return reading


def _blocks(events: list[tuple[str, Any]]) -> list[Any]:
    blocks: list[Any] = []
    for name, event in events:
        if name == "content_block_start":
            blocks.append({**event["content_block"], "json": ""})
        elif name == "content_block_delta":
            delta, block = event["delta"], blocks[event["index"]]
            match delta["type"]:
                case "text_delta":
                    block["text"] += delta["text"]
                case "thinking_delta":
                    block["thinking"] += delta["thinking"]
                case "input_json_delta":
                    block["json"] += delta["partial_json"]
                case "signature_delta":
                    block["signature"] = block.get("signature", "") + delta["signature"]
    return blocks


def _claude_block(block: Any, reading: Heard, capture: Capture) -> None:
    match block["type"]:
        case "text":
            reading.text += block["text"]
        case "thinking":
            assert block["signature"], "thinking without a signature cannot be sent back"
            reading.thinking += block["thinking"]
        case "redacted_thinking":
            assert block["data"]
        case "tool_use":
            given = json.loads(block["json"] or "{}")
            assert isinstance(given, dict)
            reading.calls.append(Called("tool_use", block["name"], None, given, block["id"]))
        case "server_tool_use":
            offered = [one["name"] for one in capture.body["tools"] if "input_schema" not in one]
            assert block["name"] in offered
            reading.steps.append(block["name"])
        case "web_search_tool_result":
            assert reading.steps, "a result without its step"
        case kind:
            raise AssertionError(f"Claude Code gets a block {kind!r}")


def _codex(capture: Capture, answer: Answer) -> Heard:
    events = _events(answer.body)
    kinds = [event["type"] for _, event in events]
    assert kinds[0] == "response.created", "an event of our own before it makes SDKs raise"
    assert kinds[-1] == "response.completed"
    final = events[-1][1]["response"]
    assert final["model"] == capture.model
    assert final["status"] == "completed"
    usage = final["usage"]
    reading = Heard(usage={"input": usage["input_tokens"], "output": usage["output_tokens"]})
    # Codex lives on the finished items, not on the final response
    items = [event["item"] for _, event in events if event["type"] == "response.output_item.done"]
    assert items == final["output"]
    for item in items:
        _codex_item(item, reading)
    return reading


def _codex_item(item: Any, reading: Heard) -> None:
    kind = item["type"]
    match kind:
        case "message":
            assert item["role"] == "assistant"
            reading.text += "".join(part["text"] for part in item["content"])
        case "reasoning":
            reading.thinking += "".join(part["text"] for part in item["summary"])
        case "function_call":
            given = json.loads(item["arguments"])
            assert isinstance(given, dict)
            place = item.get("namespace")
            reading.calls.append(Called(kind, item["name"], place, given, item["call_id"]))
        case "custom_tool_call":
            assert isinstance(item["input"], str)
            place = item.get("namespace")
            reading.calls.append(Called(kind, item["name"], place, item["input"], item["call_id"]))
        case "tool_search_call":
            assert item["execution"] == "client"
            assert isinstance(item["arguments"], dict)
            reading.calls.append(Called(kind, "tool_search", None, item["arguments"], item["call_id"]))
        case "local_shell_call":
            reading.calls.append(Called(kind, "local_shell", None, item["action"], item["call_id"]))
        case "web_search_call":
            assert item["status"] == "completed"
            reading.steps.append("web_search")
        case "compaction":
            assert item["encrypted_content"]
            reading.steps.append("compaction")
        case _:
            raise AssertionError(f"Codex gets an item {kind!r}")


def _gemini(capture: Capture, answer: Answer) -> Heard:
    if capture.streams:
        assert b"\n:" not in answer.body, "a comment breaks the tool"
        assert b"event:" not in answer.body
        chunks = [event for _, event in _events(answer.body)]
    else:
        chunks = [answer.json]
    reading = Heard()
    finishes = []
    for chunk in chunks:
        for candidate in chunk.get("candidates", ()):
            finishes += [candidate["finishReason"]] if candidate.get("finishReason") else []
            for part in candidate.get("content", {}).get("parts", ()):
                _gemini_part(part, reading)
            if candidate.get("groundingMetadata", {}).get("webSearchQueries"):
                reading.steps.append("web_search")
        if "usageMetadata" in chunk:
            told = chunk["usageMetadata"]
            output = told.get("candidatesTokenCount", 0) + told.get("thoughtsTokenCount", 0)
            reading.usage = {"input": told["promptTokenCount"], "output": output}
    assert finishes == ["STOP"], "without a finish reason the tool tries again"
    return reading


def _gemini_part(part: Any, reading: Heard) -> None:
    if "functionCall" in part:
        call = part["functionCall"]
        given = call.get("args", {})
        assert isinstance(given, dict)
        reading.calls.append(Called("functionCall", call["name"], None, given, call["id"]))
    elif part.get("thought"):
        reading.thinking += part["text"]
    else:
        assert part.keys() <= {"text", "thoughtSignature"}, part
        reading.text += part.get("text", "")
