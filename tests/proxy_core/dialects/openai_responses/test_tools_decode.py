from typing import Any

import pytest

from proxy_core.errors import DecodeError, UnsupportedError
from proxy_core.ir.message import Typed
from proxy_core.ir.request import Freeform, Function, Hosted, ToolChoice
from tests.proxy_core.dialects.openai_responses.material import decode_input

NAME = "openai_responses"


def test_kinds_of_tools() -> None:
    function = {"type": "function", "name": "f", "description": "d", "parameters": {"type": "object"}}
    web = {"type": "web_search", "external_web_access": True}
    request = decode_input(
        tools=[
            {**function, "strict": True, "defer_loading": True},
            {"type": "custom", "name": "c", "format": {"type": "text"}},
            web,
            {"type": "code_interpreter", "container": {"type": "auto"}},
            {"type": "mcp", "server_label": "s"},
            {"type": "function", "function": {"name": "nested"}},
        ]
    )
    assert request.tools == (
        Function("f", "d", {"type": "object"}, True, deferred=True),
        Freeform("c"),
        Hosted("web_search", NAME, web),
        Hosted("code_execution", NAME, {"type": "code_interpreter", "container": {"type": "auto"}}),
        Hosted("mcp", NAME, {"type": "mcp", "server_label": "s"}),
        Function("nested"),
    )


def test_calls_from_a_program_are_an_offer_that_may_get_lost() -> None:
    offer = {"type": "programmatic_tool_calling"}
    request = decode_input(tools=[{"type": "function", "name": "f"}, offer])
    assert request.tools == (Function("f"),)
    assert request.extensions == {"openai": {"tools[1]": offer}}


def test_a_search_among_tools_is_the_clients_or_the_vendors() -> None:
    schema = {"type": "object", "properties": {"q": {"type": "string"}}}
    client = {"type": "tool_search", "execution": "client", "parameters": schema, "description": "d"}
    vendor = {"type": "tool_search"}
    request = decode_input(tools=[client], tool_choice={"type": "tool_search"})
    assert request.tools == (Function("tool_search", "d", schema, typed=Typed("tool_search", NAME, client)),)
    assert request.tool_choice == ToolChoice("required", ("tool_search",))
    assert decode_input(tools=[vendor]).tools == (Hosted("tool_search", NAME, vendor),)


@pytest.mark.parametrize(
    ("given", "choice"),
    [
        (None, None),
        ("auto", ToolChoice("auto")),
        ("none", ToolChoice("none")),
        ("required", ToolChoice("required")),
        ({"type": "function", "name": "f"}, ToolChoice("required", ("f",))),
        ({"type": "function", "function": {"name": "f"}}, ToolChoice("required", ("f",))),
        ({"type": "custom", "name": "c"}, ToolChoice("required", ("c",))),
        ({"type": "web_search_preview"}, ToolChoice("required", hosted="web_search")),
        (
            {
                "type": "allowed_tools",
                "mode": "auto",
                "tools": [{"type": "function", "name": "f"}, {"type": "mcp"}],
            },
            ToolChoice("auto", ("f",)),
        ),
        (
            {"type": "allowed_tools", "mode": "required", "tools": [{"type": "image_generation"}]},
            ToolChoice("required", hosted="image_generation"),
        ),
    ],
)
def test_choices(given: Any, choice: ToolChoice | None) -> None:
    tools = [{"type": "function", "name": "f"}, {"type": "custom", "name": "c"}]
    assert decode_input(tool_choice=given, tools=tools).tool_choice == choice


def test_a_choice_may_name_a_tool_of_a_namespace_or_of_an_item_and_any_declared_type() -> None:
    inner = {"type": "namespace", "name": "n", "tools": [{"type": "function", "name": "f"}]}
    item = {"type": "additional_tools", "role": "developer", "tools": [{"type": "function", "name": "f"}]}
    choice = {"type": "function", "name": "f"}
    assert decode_input(tool_choice=choice, tools=[inner]).tool_choice == ToolChoice("required", ("f",))
    assert decode_input(item, tool_choice=choice).tool_choice == ToolChoice("required", ("f",))
    newest = decode_input(tool_choice={"type": "of_tomorrow"}, tools=[{"type": "of_tomorrow"}])
    assert newest.tool_choice == ToolChoice("required", hosted="of_tomorrow")


@pytest.mark.parametrize(
    "given",
    [
        {"type": "programmatic_tool_calling"},
        {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "mcp"}]},
    ],
)
def test_forcing_what_nobody_else_has_is_refused(given: Any) -> None:
    with pytest.raises(UnsupportedError):
        decode_input(tool_choice=given)


@pytest.mark.parametrize(
    ("members", "param"),
    [
        ({"tools": {}}, "tools"),
        ({"tools": [{"name": "f"}]}, "tools[0].type"),
        ({"tools": [{"type": "function"}]}, "tools[0].name"),
        ({"tools": [{"type": "function", "name": "f", "parameters": "x"}]}, "tools[0].parameters"),
        (
            {"tools": [{"type": "namespace", "name": "n", "tools": [{"type": "custom"}]}]},
            "tools[0].tools[0].name",
        ),
        ({"tool_choice": "sometimes"}, "tool_choice"),
        ({"tool_choice": {"type": "function"}}, "tool_choice.name"),
        ({"tool_choice": {"type": "function", "name": "f"}}, "tool_choice.name"),
        (
            {"tools": [{"type": "custom", "name": "g"}], "tool_choice": {"type": "custom", "name": "f"}},
            "tool_choice.name",
        ),
        ({"tool_choice": {"type": "wish"}}, "tool_choice.type"),
        ({"tool_choice": {"type": "allowed_tools", "mode": "x"}}, "tool_choice.mode"),
    ],
)
def test_broken_tools_name_their_place(members: Any, param: str) -> None:
    with pytest.raises(DecodeError) as raised:
        decode_input(**members)
    assert raised.value.param == param
