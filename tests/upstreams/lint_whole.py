"""Rules of whole JSON replies: the members that each vendor always sends. Pure; says what is wrong.

`test_lint_whole.py` holds the lists against the official SDKs' models (openai 3.52.0, anthropic 2.11.0).
"""

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from tests.upstreams.lint_gemini import lint_chunks
from tests.upstreams.sse_lines import is_json, lacks

CHAT = "id object created model choices usage"
CHOICE = "index message finish_reason logprobs"
MESSAGE = "role content refusal"
RESPONSE = (
    "id object created_at model output parallel_tool_calls tool_choice tools status usage error "
    "incomplete_details instructions metadata temperature top_p"
)
ANTHROPIC = "id type role model content stop_reason stop_sequence usage"
COMPLETION = "id object created model choices"


def lint_whole(dialect: str, body: bytes) -> list[str]:
    """The faults of a whole reply in this dialect. Raises KeyError for an unknown dialect."""
    value, faults = _object(body)
    return faults if value is None else _REPLIES[dialect](value)


def lint_error(dialect: str, body: bytes) -> list[str]:
    """The faults of an error body in this dialect. Raises KeyError for an unknown dialect."""
    value, faults = _object(body)
    return faults if value is None else _ERRORS[dialect](value)


def _object(body: bytes) -> tuple[dict[str, Any] | None, list[str]]:
    try:
        value = json.loads(body)
    except ValueError as error:
        return None, [f"not JSON: {error}: {body[:60]!r}"]
    return (value, []) if isinstance(value, dict) else (None, [f"not an object: {body[:60]!r}"])


def _chat(value: dict[str, Any]) -> list[str]:
    faults = lacks(value, CHAT, "completion")
    if value.get("object") != "chat.completion":
        faults.append(f"object {value.get('object')!r}")
    if not value.get("choices"):
        faults.append("no choice at all")
    for choice in value.get("choices") or ():
        where = f"choice {choice.get('index')}"
        faults += lacks(choice, CHOICE, where)
        message = choice.get("message") or {}
        faults += lacks(message, MESSAGE, f"{where}: message")
        calls = message.get("tool_calls") or ()
        reason = choice.get("finish_reason")
        if reason not in ("stop", "length", "tool_calls", "content_filter"):
            faults.append(f"{where}: unknown finish_reason {reason!r}")
        if (reason == "tool_calls") != bool(calls) and reason in ("tool_calls", "stop"):
            faults.append(f"{where}: finish_reason {reason} does not fit the calls")
        faults += [
            f"{where}: arguments are not JSON"
            for call in calls
            if call.get("type") == "function" and not is_json(call["function"]["arguments"])
        ]
    return faults + _sum(value.get("usage"), "prompt_tokens", "completion_tokens")


def _sum(usage: Any, one: str, other: str) -> list[str]:
    faults = lacks(usage, f"{one} {other} total_tokens", "usage")
    if not faults and usage["total_tokens"] != usage[one] + usage[other]:
        faults.append("total_tokens is not the sum")
    return faults


def _response(value: dict[str, Any]) -> list[str]:
    faults = lacks(value, RESPONSE, "response")
    if value.get("object") != "response":
        faults.append(f"object {value.get('object')!r}")
    if "output_text" in value:
        faults.append("output_text is no wire field")
    if value.get("status") not in ("completed", "incomplete", "failed"):
        faults.append(f"unknown status {value.get('status')!r}")
    if value.get("status") == "incomplete":
        faults += lacks(value.get("incomplete_details"), "reason", "incomplete_details")
    for item in value.get("output") or ():
        faults += lacks(item, "type id", "item")
    if value.get("status") == "failed":
        return faults
    usage = value.get("usage")
    faults += _sum(usage, "input_tokens", "output_tokens")
    return faults + lacks(usage, "input_tokens_details output_tokens_details", "usage")


def _anthropic(value: dict[str, Any]) -> list[str]:
    faults = lacks(value, ANTHROPIC, "message")
    faults += lacks(value.get("usage"), "input_tokens output_tokens", "usage")
    blocks = value.get("content") or ()
    faults += ["empty text block" for one in blocks if one.get("type") == "text" and not one.get("text")]
    called = any(one.get("type") == "tool_use" for one in blocks)
    reason = value.get("stop_reason")
    if reason is None or ((reason == "tool_use") != called and reason in ("tool_use", "end_turn")):
        faults.append(f"stop_reason {reason} does not fit the blocks")
    return faults


def _gemini(value: dict[str, Any]) -> list[str]:
    return lint_chunks([value])


def _completion(value: dict[str, Any]) -> list[str]:
    faults = lacks(value, COMPLETION, "completion")
    for choice in value.get("choices") or ():
        faults += lacks(choice, "text index finish_reason logprobs", "choice")
    return faults


def _openai_error(value: dict[str, Any]) -> list[str]:
    return lacks(value.get("error"), "message type param code", "error")


def _anthropic_error(value: dict[str, Any]) -> list[str]:
    return lacks(value, "type", "body") + lacks(value.get("error"), "type message", "error")


def _gemini_error(value: dict[str, Any]) -> list[str]:
    return lacks(value.get("error"), "code message status", "error")


_Rule = Callable[[dict[str, Any]], list[str]]
_REPLIES: Mapping[str, _Rule] = MappingProxyType(
    {
        "openai_chat": _chat,
        "openai_completions": _completion,
        "openai_responses": _response,
        "anthropic_messages": _anthropic,
        "gemini_generate": _gemini,
    }
)
_ERRORS: Mapping[str, _Rule] = MappingProxyType(
    {
        "openai_chat": _openai_error,
        "openai_completions": _openai_error,
        "openai_responses": _openai_error,
        "anthropic_messages": _anthropic_error,
        "gemini_generate": _gemini_error,
    }
)
