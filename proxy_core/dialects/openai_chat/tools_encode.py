"""Tools, tool choice and hosted search for an upstream."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from proxy_core.dialects.openai_chat.wire import NAME
from proxy_core.errors import UnsupportedError
from proxy_core.ir.message import Json, Message, ToolCall
from proxy_core.ir.request import Freeform, Function, Hosted, Loss, Request, Tool, ToolChoice
from proxy_core.ir.schema import complete
from proxy_core.ir.tools import NOT_STRICT, asks_strict

_SEARCH = "web_search"
_PLACE = ("city", "country", "region", "timezone")
_SIZES = frozenset({"low", "medium", "high"})
_SEARCH_MAPPED = frozenset({"type", "name", "search_context_size", "user_location"})


def split_hosted(request: Request, losses: list[Loss]) -> tuple[Request, dict[str, Json] | None]:
    """Return the request without hosted tools, and ``web_search_options`` if search is among them.

    Another dialect's offer to search is dropped beside function tools: here search is no tool that the
    model may call but a setting of the whole request, which most models refuse.
    Raises UnsupportedError for every other hosted tool.
    """
    is_forced = request.tool_choice is not None and request.tool_choice.hosted == _SEARCH
    has_functions = any(not isinstance(tool, Hosted) for tool in request.tools)
    search: dict[str, Json] | None = None
    kept: list[Tool] = []
    for index, tool in enumerate(request.tools):
        if not isinstance(tool, Hosted):
            kept.append(tool)
        elif tool.kind == _SEARCH and tool.dialect != NAME and has_functions and not is_forced:
            losses.append(Loss(f"tools[{index}]", "Search cannot be offered beside functions here."))
        elif tool.kind == _SEARCH:
            search = dict(tool.raw) if tool.dialect == NAME else _search_options(tool, losses)
        else:
            raise UnsupportedError(
                f"The chosen model's API has no hosted tool {tool.kind!r}: remove it or take another model.",
                param=f"tools[{index}]",
            )
    choice = request.tool_choice
    if choice is not None and choice.hosted is not None:
        if search is None:
            raise UnsupportedError(
                f"The chosen model's API cannot be made to use the hosted tool {choice.hosted!r}.",
                param="tool_choice",
            )
        losses.append(Loss("tool_choice", "A web search cannot be forced here, only offered."))
        choice = None
    return replace(request, tools=tuple(kept), tool_choice=choice), search


def encode_tools(tools: Iterable[Tool], losses: list[Loss], *, own: bool = False) -> list[dict[str, Json]]:
    """Return the declarations. ``own``: they came in this dialect, so ``strict`` stays as it was."""
    wire: list[dict[str, Json]] = []
    for tool in tools:
        if isinstance(tool, Function):
            if tool.strict and not own and not asks_strict(tool):
                losses.append(Loss("tools[].strict", NOT_STRICT))
                tool = replace(tool, strict=None)
            wire.append(_function(tool))
            losses.extend(_lost_members(tool))
        elif isinstance(tool, Freeform):
            wire.append(_custom(tool))
    return wire


def narrow(request: Request) -> Request:
    """Return the request with a list of allowed tools said by leaving out the others.

    That is for targets that are not strict. Raises UnsupportedError where the history uses one of those, as
    it must stay declared.
    """
    choice = request.tool_choice
    if choice is None or len(choice.only) < (2 if choice.mode == "required" else 1):
        return request
    used = {part.name for message in request.messages for part in _calls(message)}
    gone = {tool.name for tool in request.tools if not isinstance(tool, Hosted)} - set(choice.only)
    if gone & used:
        raise UnsupportedError(
            "Tools that the conversation has used cannot be held back on this model: allow them too.",
            param="tool_choice",
        )
    kept = tuple(tool for tool in request.tools if tool.name not in gone)
    return replace(request, tools=kept, tool_choice=ToolChoice(choice.mode))


def encode_tool_choice(choice: ToolChoice, tools: Iterable[Tool]) -> Json:
    """Return ``tool_choice``: a word, one tool, or a list of allowed tools."""
    if not choice.only or choice.mode == "none":
        return choice.mode
    freeform = {tool.name for tool in tools if isinstance(tool, Freeform)}
    named = [_named(name, name in freeform) for name in choice.only]
    if choice.mode == "required" and len(named) == 1:
        return named[0]
    return {"type": "allowed_tools", "allowed_tools": {"mode": choice.mode, "tools": named}}


def _named(name: str, is_freeform: bool) -> dict[str, Json]:
    kind = "custom" if is_freeform else "function"
    return {"type": kind, kind: {"name": name}}


def _calls(message: Message) -> list[ToolCall]:
    return [part for part in message.parts if isinstance(part, ToolCall)]


def _function(tool: Function) -> dict[str, Json]:
    function: dict[str, Json] = {"name": tool.name}
    if tool.description is not None:
        function["description"] = tool.description
    if tool.schema is not None:
        function["parameters"] = complete(tool.schema)
    if tool.strict is not None:
        function["strict"] = tool.strict
    return {"type": "function", "function": function}


def _custom(tool: Freeform) -> dict[str, Json]:
    custom: dict[str, Json] = {"name": tool.name}
    if tool.description is not None:
        custom["description"] = tool.description
    if tool.grammar is not None:
        grammar = {"definition": tool.grammar, "syntax": tool.syntax or "lark"}
        custom["format"] = {"type": "grammar", "grammar": grammar}
    return {"type": "custom", "custom": custom}


def _lost_members(tool: Function) -> list[Loss]:
    lost = [*tool.extensions, *(["cache_control"] if tool.cache is not None else [])]
    return [Loss(f"tools[].{name}", "The chosen model's API has no such member.") for name in lost]


def _search_options(tool: Hosted, losses: list[Loss]) -> dict[str, Json]:
    options: dict[str, Json] = {}
    size, place = tool.raw.get("search_context_size"), tool.raw.get("user_location")
    if isinstance(size, str) and size in _SIZES:
        options["search_context_size"] = size
    if isinstance(place, dict):
        near = {name: place[name] for name in _PLACE if isinstance(place.get(name), str)}
        options["user_location"] = {"type": "approximate", "approximate": near}
    said = {name for name, value in tool.raw.items() if value not in (None, {}, [])}
    lost = sorted(said - _SEARCH_MAPPED)
    losses.extend(Loss(f"tools[].{name}", "Hosted search takes no such setting here.") for name in lost)
    return options
