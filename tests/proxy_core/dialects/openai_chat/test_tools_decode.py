from typing import Any

import pytest

from proxy_core.errors import DecodeError
from proxy_core.ir.message import CacheMark
from proxy_core.ir.request import Freeform, Function, Hosted, ToolChoice
from tests.proxy_core.dialects.openai_chat.exchange import decode

SCHEMA = {"type": "object", "properties": {}}


def test_functions_keep_what_they_say() -> None:
    tool = {
        "type": "function",
        "function": {"name": "f", "description": "d", "parameters": SCHEMA, "strict": True, "x": 1},
        "cache_control": {"type": "ephemeral"},
    }
    assert decode(tools=[tool]).tools == (Function("f", "d", SCHEMA, True, None, CacheMark(), {"x": 1}),)


def test_freeform_tools_with_and_without_a_grammar() -> None:
    grammar = {"type": "grammar", "grammar": {"definition": "start: x", "syntax": "lark"}}
    tools = [
        {"type": "custom", "custom": {"name": "a", "format": grammar}},
        {"type": "custom", "custom": {"name": "b", "format": {"type": "text"}}},
    ]
    assert decode(tools=tools).tools == (Freeform("a", None, "start: x", "lark"), Freeform("b"))


OTHER = [{"type": "function", "function": {"name": "other"}}]


def test_search_options_are_a_hosted_tool() -> None:
    tools = decode(web_search_options={"search_context_size": "low"}).tools
    assert tools == (Hosted("web_search", "openai_chat", {"search_context_size": "low"}, "web_search"),)


def test_deprecated_functions_are_tools() -> None:
    request = decode(functions=[{"name": "f", "parameters": SCHEMA}], function_call={"name": "f"})
    assert request.tools == (Function("f", None, SCHEMA),)
    assert request.tool_choice == ToolChoice("required", ("f",))


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (None, None),
        ("auto", ToolChoice("auto")),
        ("none", ToolChoice("none")),
        ("required", ToolChoice("required")),
        ("any", ToolChoice("required")),
        ({"type": "function", "function": {"name": "f"}}, ToolChoice("required", ("f",))),
        ({"type": "custom", "custom": {"name": "f"}}, ToolChoice("required", ("f",))),
        (
            {
                "type": "allowed_tools",
                "allowed_tools": {
                    "mode": "auto",
                    "tools": [
                        {"type": "function", "function": {"name": "f"}},
                        {"type": "custom", "custom": {"name": "g"}},
                    ],
                },
            },
            ToolChoice("auto", ("f", "g")),
        ),
    ],
)
def test_choices(choice: Any, expected: ToolChoice | None) -> None:
    tools = [{"type": "function", "function": {"name": "f"}}, {"type": "custom", "custom": {"name": "g"}}]
    assert decode(tool_choice=choice, tools=tools).tool_choice == expected


@pytest.mark.parametrize(
    ("members", "place"),
    [
        ({"tools": {}}, "tools"),
        ({"tools": [{"type": "function"}]}, "tools[0].function"),
        ({"tools": [{"type": "function", "function": {"name": ""}}]}, "tools[0].function.name"),
        (
            {"tools": [{"type": "function", "function": {"name": "f", "parameters": 1}}]},
            "tools[0].function.parameters",
        ),
        ({"tool_choice": "perhaps"}, "tool_choice"),
        ({"tool_choice": {"type": "wish"}}, "tool_choice.type"),
        ({"tool_choice": {"type": "function"}}, "tool_choice.function"),
        ({"tool_choice": {"type": "function", "function": {"name": "f"}}}, "tool_choice.function.name"),
        (
            {"tools": OTHER, "tool_choice": {"type": "custom", "custom": {"name": "f"}}},
            "tool_choice.custom.name",
        ),
        ({"tools": OTHER, "function_call": {"name": "f"}}, "function_call.name"),
    ],
)
def test_what_is_wrong_is_named(members: Any, place: str) -> None:
    with pytest.raises(DecodeError) as caught:
        decode(**members)
    assert caught.value.param == place
