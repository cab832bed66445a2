from typing import Any

import pytest

from proxy_core.dialects.anthropic_messages.check import Fields
from proxy_core.dialects.anthropic_messages.tool_changes import is_change, kept_change, tool_changes
from proxy_core.errors import DecodeError
from proxy_core.ir.request import Function, ToolChange


def _block(kind: str, **tool: Any) -> dict[str, Any]:
    return {"type": kind, "tool": tool}


ADD = _block("tool_addition", type="tool_reference", name="f")
REMOVE = _block("tool_removal", type="tool_reference", name="f")
DEFINE = _block(
    "tool_addition", type="tool_definition", definition={"name": "g", "input_schema": {"type": "object"}}
)
MCP = _block("tool_addition", type="mcp_toolset_reference", server_name="s")


def _entries(*blocks: dict[str, Any], role: str = "system") -> list[Fields]:
    return [Fields({"role": role, "content": list(blocks)})]


def test_changes_come_in_order() -> None:
    text = {"type": "text", "text": "Now."}
    found = tool_changes([*_entries(text, ADD), *_entries(REMOVE, DEFINE), *_entries(MCP)])
    assert found[:2] == (ToolChange("f", True), ToolChange("f", False))
    assert found[2:] == (ToolChange("g", True, Function("g", schema={"type": "object"})),)


def test_only_system_messages_change_tools() -> None:
    assert tool_changes(_entries(ADD, role="user")) == ()
    assert tool_changes([Fields({"role": "system", "content": "tool_addition"})]) == ()


def test_a_block_is_kept_and_says_whether_it_was_understood() -> None:
    assert is_change(Fields(ADD))
    assert not is_change(Fields({"type": "text", "text": "x"}))
    assert (kept_change(Fields(ADD)).raw, kept_change(Fields(ADD)).told) == (ADD, True)
    assert kept_change(Fields(MCP)).told is False


@pytest.mark.parametrize(
    "block",
    [
        {"type": "tool_addition"},
        _block("tool_addition", type="tool_reference"),
        _block("tool_addition", type="other", name="f"),
        _block("tool_removal", type="tool_definition", definition={"name": "g"}),
        _block("tool_addition", type="tool_definition"),
        _block("tool_addition", type="tool_definition", definition={"name": 1}),
    ],
)
def test_what_is_no_change_is_refused(block: dict[str, Any]) -> None:
    with pytest.raises(DecodeError):
        tool_changes(_entries(block))
