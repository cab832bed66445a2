"""Tools that a conversation gains or loses on its way (beta ``mid-conversation-tool-changes-2026-07-01``).

Blocks of system messages say so. The vendor gets them back as they came; for others, which know one list of
tools for the whole conversation, they become that list (types: anthropic 2.11.0, 2026-11-21).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from proxy_core.dialects.anthropic_messages.check import Fields, refuse
from proxy_core.dialects.anthropic_messages.tools_decode import decode_tool
from proxy_core.dialects.anthropic_messages.words import NAME
from proxy_core.ir.message import Opaque
from proxy_core.ir.request import ToolChange

ADDITION, REMOVAL = "tool_addition", "tool_removal"


def tool_changes(entries: Sequence[Fields]) -> tuple[ToolChange, ...]:
    """Return what system messages change about the tools, in order. Raises DecodeError."""
    return tuple(
        change for block in _blocks(entries) if is_change(block) and (change := _change(block)) is not None
    )


def is_change(block: Fields) -> bool:
    """Whether a block of a system message adds or removes a tool."""
    return block.value.get("type") in (ADDITION, REMOVAL)


def kept_change(block: Fields) -> Opaque:
    """Return the block as it goes back to the vendor."""
    return Opaque(NAME, block.value, told=_change(block) is not None)


def _blocks(entries: Sequence[Fields]) -> Iterator[Fields]:
    for entry in entries:
        if entry.value.get("role") == "system" and isinstance(entry.value.get("content"), list):
            yield from entry.objects("content")


def _change(block: Fields) -> ToolChange | None:
    """Return the change, None where it is about tools of an MCP server that the vendor calls by itself."""
    tool = Fields.of(block.value.get("tool"), block.at("tool"))
    is_offered = block.value.get("type") == ADDITION
    match tool.text("type"):
        case "tool_reference":
            return ToolChange(tool.text("name"), is_offered)
        case "tool_definition" if is_offered:
            definition = Fields.of(tool.value.get("definition"), tool.at("definition"))
            found = decode_tool(definition)
            return ToolChange(found.name, True, found) if found.name else None
        case "mcp_tool_reference" | "mcp_toolset_reference":
            return None
        case word:
            return refuse(tool.at("type"), f"{word!r} is not possible here.")
