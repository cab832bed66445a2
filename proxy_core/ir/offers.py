"""The tools that may be called now, for a target that loads and withdraws none inside a conversation.

Where the vendor itself would search among deferred tools, a model without that search sees all of them at
once. Where the client has a search tool of its own, only what it has loaded is offered, as at the vendor;
what is still deferred would only cost, and clients keep stand-ins among it that nobody shall call.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from proxy_core.ir.message import Message, Opaque, ToolCall, ToolResult
from proxy_core.ir.request import Freeform, Function, Hosted, Loss, Request, Tool, ToolChange

SEARCH = "tool_search"
"""The neutral kind of a search among tools."""

_ALL = "All tools are offered at once here: a search among them is not needed."
_LATER = "This tool is offered as soon as the client has loaded it."


def offered(request: Request) -> tuple[Request, tuple[Loss, ...]]:
    """Return the request with the tools that the conversation has come to, and what was left out."""
    changes = {change.name: change for change in request.tool_changes}
    added = {name for name, change in changes.items() if change.is_offered}
    if changes:
        request = _changed(request, changes)
    vendor_searches = any(isinstance(tool, Hosted) and tool.kind == SEARCH for tool in request.tools)
    if not vendor_searches and not any(_is_deferred(tool) for tool in request.tools):
        return request, ()
    chosen = request.tool_choice.only if request.tool_choice is not None else ()
    known = {*_loaded(request.messages), *_open_names(request.tools), *chosen, *added}
    kept: list[Tool] = []
    losses: list[Loss] = []
    for place, tool in enumerate(request.tools):
        if isinstance(tool, Hosted):
            if tool.kind == SEARCH:
                losses.append(Loss(f"tools[{place}]", _ALL))
            else:
                kept.append(tool)
        elif not _is_deferred(tool) or vendor_searches or tool.name in known:
            kept.append(replace(tool, deferred=None))
        else:
            losses.append(Loss(f"tools[{place}]", _LATER))
    return replace(request, tools=tuple(kept)), tuple(losses)


def _changed(request: Request, changes: Mapping[str, ToolChange]) -> Request:
    """Return the request with the tools at the end of the conversation instead of those at its start."""
    inside = {change.name: change.tool for change in request.tool_changes if change.tool is not None}
    tools = [tool for tool in request.tools if tool.name not in inside]
    kept = [
        tool
        for tool in (*tools, *inside.values())
        if tool.name is None or tool.name not in changes or changes[tool.name].is_offered
    ]
    messages = []
    for message in request.messages:
        parts = tuple(part for part in message.parts if not (isinstance(part, Opaque) and part.told))
        if len(parts) == len(message.parts):
            messages.append(message)
        elif parts:
            messages.append(replace(message, parts=parts))
    return replace(request, tools=tuple(kept), messages=tuple(messages), tool_changes=())


def _is_deferred(tool: Tool) -> bool:
    return isinstance(tool, Function | Freeform) and bool(tool.deferred)


def _open_names(tools: tuple[Tool, ...]) -> Iterator[str]:
    """Yield deferred tools that are declared a second time, without deferral: these were loaded."""
    deferred = {(tool.namespace, tool.name) for tool in _callable(tools) if tool.deferred}
    for tool in _callable(tools):
        if not tool.deferred and (tool.namespace, tool.name) in deferred:
            yield tool.name


def _callable(tools: tuple[Tool, ...]) -> Iterator[Function | Freeform]:
    return (tool for tool in tools if not isinstance(tool, Hosted))


def _loaded(messages: tuple[Message, ...]) -> Iterator[str]:
    """Yield names that a result has loaded, or that the model has called already."""
    for message in messages:
        for part in message.parts:
            if isinstance(part, ToolResult):
                yield from part.loads
            elif isinstance(part, ToolCall):
                yield part.name
