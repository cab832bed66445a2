from typing import Any

import pytest

from proxy_core.dialects.anthropic_messages.check import Fields
from proxy_core.dialects.anthropic_messages.tools_decode import decode_choice, decode_tools
from proxy_core.errors import DecodeError
from proxy_core.ir.message import CacheMark
from proxy_core.ir.request import Function, Hosted, Tool, ToolChoice

SEARCH = {"type": "web_search_20250305", "name": "web_search", "max_uses": 8}


def _tools(*tools: dict[str, Any]) -> tuple[Tool, ...]:
    return decode_tools(Fields({"tools": list(tools)}))


def test_a_function_with_everything() -> None:
    schema = {"type": "object"}
    (tool,) = _tools(
        {
            "name": "f",
            "type": "custom",
            "description": "d",
            "input_schema": schema,
            "strict": True,
            "cache_control": {"type": "ephemeral", "ttl": "1h"},
            "defer_loading": True,
        }
    )
    assert tool == Function("f", "d", schema, True, cache=CacheMark("1h"), deferred=True)


def test_typed_tools() -> None:
    search, bash, computer = _tools(
        SEARCH,
        {"type": "bash_20250124", "name": "bash"},
        {"type": "computer_20250124", "name": "computer", "display_width_px": 100},
    )
    assert search == Hosted("web_search", "anthropic_messages", SEARCH, "web_search")
    assert isinstance(bash, Function)
    assert isinstance(computer, Hosted)
    assert (computer.kind, computer.name) == ("computer", "computer")


@pytest.mark.parametrize(
    ("choice", "expected", "parallel"),
    [
        (None, None, None),
        ({"type": "auto", "disable_parallel_tool_use": True}, ToolChoice("auto"), False),
        ({"type": "any", "disable_parallel_tool_use": False}, ToolChoice("required"), True),
        ({"type": "none"}, ToolChoice("none"), None),
        ({"type": "tool", "name": "f"}, ToolChoice("required", ("f",)), None),
        ({"type": "tool", "name": "web_search"}, ToolChoice("required", hosted="web_search"), None),
    ],
)
def test_choices(choice: Any, expected: ToolChoice | None, parallel: bool | None) -> None:
    tools = _tools({"name": "f", "input_schema": {}}, SEARCH)
    assert decode_choice(Fields({"tool_choice": choice}), tools) == (expected, parallel)


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"tools": [{"input_schema": {}}]}, "tools[0].name"),
        ({"tools": ["f"]}, "tools[0]"),
        ({"tools": [{"name": "f", "input_schema": []}]}, "tools[0].input_schema"),
        ({"tool_choice": {"type": "maybe"}}, "tool_choice.type"),
        ({"tool_choice": {"type": "tool"}}, "tool_choice.name"),
        ({"tool_choice": {"type": "tool", "name": "f"}}, "tool_choice.name"),
        ({"tools": [{"name": "g"}], "tool_choice": {"type": "tool", "name": "f"}}, "tool_choice.name"),
    ],
)
def test_what_is_wrong_is_named(body: dict[str, Any], path: str) -> None:
    with pytest.raises(DecodeError) as caught:
        decode_choice(Fields(body), decode_tools(Fields(body)))
    assert caught.value.param == path
