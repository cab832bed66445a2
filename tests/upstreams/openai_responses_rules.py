"""What OpenAI's responses endpoint refuses, beyond unknown fields. Texts follow the public API's."""

import json
import re
from typing import Any

from tests.upstreams.openai_responses_fields import CODEX, COUNT_FIELDS, TOP_LEVEL
from tests.upstreams.openai_words import function_schema, json_schema_format
from tests.upstreams.shapes import record, rule
from tests.upstreams.vendor import Exchange

_DOES_NOT_REASON = re.compile(r"gpt-(3|4)")


def check(exchange: Exchange) -> None:
    """Raise Flaw for everything that the endpoint answers with 400."""
    known = COUNT_FIELDS if exchange.route.kind == "count" else TOP_LEVEL | CODEX
    record({"model": known["model"]}, known)(exchange.body, ())
    body = exchange.body
    _settings(body)
    _tools(body)
    items = body["input"] if isinstance(body.get("input"), list) else []
    _ids(items)
    if exchange.route.kind == "generate":
        _calls(items, body, exchange)
        _steps(items, exchange)
        _reasoning(items, body, exchange)


def _settings(body: Any) -> None:
    plain = bool(_DOES_NOT_REASON.match(body["model"]))
    if plain and (body.get("reasoning") or {}).get("effort"):
        sentence = "Unsupported parameter: 'reasoning.effort' is not supported with this model."
        raise rule(("reasoning", "effort"), sentence, "unsupported_parameter")
    if plain and "reasoning.encrypted_content" in (body.get("include") or ()):
        raise rule(("include",), "Encrypted content is not supported with this model.")
    if body.get("stream_options") is not None and not body.get("stream"):
        raise rule(
            ("stream_options",), "The 'stream_options' parameter is only allowed when 'stream' is enabled."
        )
    if body.get("background") and body.get("store") is False:
        raise rule(("background",), "Background responses must be stored.")


def declared(body: Any) -> list[Any]:
    """All tools of a request: top-level, inside `additional_tools` items, and inside namespaces."""
    flat: list[Any] = []
    for tool in _listed(body):
        flat += tool["tools"] if tool["type"] == "namespace" else [tool]
    return flat


def namespace_of(body: Any, name: str) -> str | None:
    """The namespace in which a tool was declared; `functions` is the one of tools without any."""
    for tool in _listed(body):
        if tool["type"] == "namespace" and any(one.get("name") == name for one in tool["tools"]):
            return None if tool["name"] == "functions" else str(tool["name"])
    return None


def _listed(body: Any) -> list[Any]:
    tools = list(body.get("tools") or ())
    if isinstance(body.get("input"), list):
        for item in body["input"]:
            if item.get("type") == "additional_tools":
                tools += item["tools"]
    return tools


def _tools(body: Any) -> None:
    names: set[str] = set()
    for tool in declared(body):
        names.add(tool.get("name", tool["type"]))
        if tool["type"] == "function" and tool["parameters"] is not None:
            function_schema(bool(tool["strict"]), tool["parameters"], ("tools",), tool["name"])
    listed = [tool["name"] for tool in body.get("tools") or () if "name" in tool]
    for name in listed:
        if listed.count(name) > 1:
            raise rule(("tools",), f"Tool names must be unique: '{name}' occurs more than once.")
    choice = body.get("tool_choice")
    if isinstance(choice, dict) and "name" in choice and choice["name"] not in names:
        raise rule(("tool_choice",), f"Tool choice '{choice['name']}' not found in 'tools' parameter.")
    if choice == "required" and not names:
        raise rule(("tool_choice",), "Tool choice 'required' must be specified with 'tools' parameter.")
    reply = (body.get("text") or {}).get("format", {})
    if reply.get("type") == "json_schema":
        json_schema_format(reply, ("text", "format"))


def _ids(items: list[Any]) -> None:
    seen: set[str] = set()
    for item in items:
        name = item.get("id")
        if name is not None and item.get("type") != "item_reference":
            if name in seen:
                sentence = f"Duplicate item found with id {name}. Remove duplicate items from your input"
                raise rule(("input",), sentence + " and try again.")
            seen.add(name)


_LOCAL = {
    "local_shell_call_output": "local_shell_call",
    "shell_call_output": "shell_call",
    "apply_patch_call_output": "apply_patch_call",
    "tool_search_output": "tool_search_call",
}
_STEPS = ("web_search_call", "code_interpreter_call")


def _steps(items: list[Any], exchange: Exchange) -> None:
    """A client's typed tools need call and output alike; steps of hosted tools must be ours."""
    called: dict[str, str] = {}
    for place, item in enumerate(items):
        kind = item.get("type", "message")
        if kind in _STEPS and item.get("id") is not None and not exchange.memory.knows(item["id"]):
            raise rule(("input", place), f"Item with id '{item['id']}' not found.")
        if kind in _LOCAL.values() and item.get("execution") != "server":
            called[item["call_id"]] = kind
        elif kind in _LOCAL and item.get("execution") != "server":
            answered = called.pop(item.get("call_id") or item.get("id") or "", None)
            if answered != _LOCAL[kind]:
                raise rule(("input", place), f"No tool call found for {kind}.")
    for call_id, kind in called.items():
        raise rule(("input",), f"No tool output found for {kind} {call_id}.")


def _calls(items: list[Any], body: Any, exchange: Exchange) -> None:
    """Outputs need their call before them, and calls need an output."""
    kinds = {"function_call": "function", "custom_tool_call": "custom tool"}
    earlier = exchange.memory.stored.get(body.get("previous_response_id") or "", [])
    waiting: dict[str, str] = {}
    known: set[str] = set()
    for place, item in enumerate([*earlier, *items]):
        kind = item.get("type", "message")
        if kind in kinds:
            waiting[item["call_id"]] = kind
            known.add(item["call_id"])
        elif kind in ("function_call_output", "custom_tool_call_output"):
            if item["call_id"] not in known:
                label = kinds[kind.removesuffix("_output")]
                sentence = f"No tool call found for {label} call output with call_id {item['call_id']}."
                raise rule(("input", max(0, place - len(earlier))), sentence)
            waiting.pop(item["call_id"], None)
    for call_id, kind in waiting.items():
        raise rule(("input",), f"No tool output found for {kinds[kind]} call {call_id}.")


def _reasoning(items: list[Any], body: Any, exchange: Exchange) -> None:
    """Reasoning must be ours and complete; a call that names its own item needs its reasoning."""
    present: set[str] = set()
    for place, item in enumerate(items):
        if item.get("type") == "reasoning":
            present.add(_reasoning_item(item, place, body, exchange))
            if place + 1 == len(items):
                _alone(item, "following")
        is_call = item.get("type") in ("function_call", "custom_tool_call")
        wanted = exchange.memory.wanted(item["call_id"], said_to_tool(item)) if is_call else None
        named = item.get("id") is not None or exchange.options.demands_seals
        if is_call and wanted is not None and named and wanted not in present:
            _alone(item, "'reasoning'")


def said_to_tool(call: Any) -> Any:
    """What a call tells its tool: arguments as they mean, freeform input as it stands."""
    if "arguments" not in call:
        return call.get("input")
    try:
        return json.loads(call["arguments"] or "{}")
    except ValueError:
        return call["arguments"]


def _alone(item: Any, lacks: str) -> None:
    what = f"Item '{item.get('id')}' of type '{item['type']}' was provided without its required {lacks} item."
    raise rule(("input",), what)


def _reasoning_item(item: Any, place: int, body: Any, exchange: Exchange) -> str:
    sealed = item.get("encrypted_content")
    if sealed is None:
        if body.get("store") is False:
            sentence = (
                f"Item with id '{item.get('id')}' not found. Items are not persisted when `store` is set to "
                "false. Try again with `store` set to true, or remove this item from your input."
            )
            raise rule(("input",), sentence)
        return ""
    if not exchange.memory.knows(sealed):
        sentence = (
            f"The encrypted content for item {item.get('id')} could not be verified. "
            "Reason: Encrypted content could not be decrypted or parsed."
        )
        raise rule(("input", place), sentence, "invalid_encrypted_content")
    return str(sealed)
