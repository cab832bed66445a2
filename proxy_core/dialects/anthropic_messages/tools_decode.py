"""Tool declarations and choices of a request (anthropic 2.11.0 types, 2026-11-20)."""

from __future__ import annotations

from collections.abc import Sequence

from proxy_core.dialects.anthropic_messages.check import Fields, refuse
from proxy_core.dialects.anthropic_messages.client_tools import client_tool
from proxy_core.dialects.anthropic_messages.words import HOSTED, NAME, bare_type
from proxy_core.ir.message import CacheMark
from proxy_core.ir.request import Function, Hosted, Tool, ToolChoice

_KNOWN = frozenset(
    {"type", "name", "description", "input_schema", "strict", "cache_control", "defer_loading"}
)


def decode_tools(body: Fields) -> tuple[Tool, ...]:
    """Read ``tools``.

    Typed tools that the client runs become functions with their documented parameters; those that the
    vendor runs, and everything unknown, become hosted tools.
    """
    return tuple(decode_tool(tool) for tool in body.objects("tools"))


def decode_tool(tool: Fields) -> Tool:
    """Read one declaration."""
    kind = tool.maybe_text("type") or "custom"
    if kind != "custom":
        known = client_tool(kind, tool.value)
        if known is not None:
            return known
        bare = bare_type(kind)
        return Hosted(HOSTED.get(bare, bare), NAME, tool.value, tool.maybe_text("name"))
    mark = tool.maybe_object("cache_control")
    schema = tool.maybe_object("input_schema")
    return Function(
        name=tool.text("name"),
        description=tool.maybe_text("description"),
        schema=None if schema is None else schema.value,
        strict=tool.maybe_bool("strict"),
        cache=None if mark is None else CacheMark(mark.maybe_text("ttl")),
        extensions=tool.rest(_KNOWN),
        deferred=tool.maybe_bool("defer_loading"),
    )


def decode_choice(body: Fields, tools: Sequence[Tool]) -> tuple[ToolChoice | None, bool | None]:
    """Return the choice and whether parallel calls are wanted (None: not said)."""
    choice = body.maybe_object("tool_choice")
    if choice is None:
        return None, None
    disabled = choice.maybe_bool("disable_parallel_tool_use")
    parallel = None if disabled is None else not disabled
    match choice.text("type"):
        case "auto":
            return ToolChoice("auto"), parallel
        case "any":
            return ToolChoice("required"), parallel
        case "none":
            return ToolChoice("none"), parallel
        case "tool":
            return _forced(choice, tools), parallel
        case word:
            return refuse(choice.at("type"), f"{word!r} is unknown; use auto, any, tool or none.")


def _forced(choice: Fields, tools: Sequence[Tool]) -> ToolChoice:
    name = choice.text("name")
    for tool in tools:
        if isinstance(tool, Hosted) and tool.name == name:
            return ToolChoice("required", hosted=tool.kind)
    if all(tool.name != name for tool in tools):
        refuse(choice.at("name"), f"{name!r} is not among the tools of this request.")
    return ToolChoice("required", only=(name,))
