from typing import Any

import pytest

from proxy_core.errors import UnsupportedError
from proxy_core.ir.message import CacheMark, Message, Text, ToolCall, ToolResult
from proxy_core.ir.request import Freeform, Function, Hosted, Sampling, ToolChoice
from tests.proxy_core.dialects.openai_chat.exchange import encode, losses, request

F, G = Function("f"), Function("g")


def test_functions_and_freeform_tools() -> None:
    tools = (Function("f", "d", {"type": "object"}, False), Freeform("p", "patch", "start: x", "lark"))
    assert encode(request(tools=tools))["tools"] == [
        {
            "type": "function",
            "function": {
                "name": "f",
                "description": "d",
                "parameters": {"type": "object", "properties": {}},
                "strict": False,
            },
        },
        {
            "type": "custom",
            "custom": {
                "name": "p",
                "description": "patch",
                "format": {"type": "grammar", "grammar": {"definition": "start: x", "syntax": "lark"}},
            },
        },
    ]


def test_a_lenient_target_gets_functions_only() -> None:
    assert encode(request(tools=(Freeform("p"),)), strict=False)["tools"][0]["type"] == "function"


@pytest.mark.parametrize(
    ("choice", "wire"),
    [
        (ToolChoice("none"), "none"),
        (ToolChoice("required"), "required"),
        (ToolChoice("required", ("f",)), {"type": "function", "function": {"name": "f"}}),
        (ToolChoice("required", ("p",)), {"type": "custom", "custom": {"name": "p"}}),
        (
            ToolChoice("auto", ("f",)),
            {
                "type": "allowed_tools",
                "allowed_tools": {"mode": "auto", "tools": [{"type": "function", "function": {"name": "f"}}]},
            },
        ),
    ],
)
def test_choices(choice: ToolChoice, wire: Any) -> None:
    assert encode(request(tools=(F, G, Freeform("p")), tool_choice=choice))["tool_choice"] == wire


def test_a_lenient_target_is_shown_only_the_allowed_tools() -> None:
    body = encode(request(tools=(F, G), tool_choice=ToolChoice("auto", ("g",))), strict=False)
    assert [tool["function"]["name"] for tool in body["tools"]] == ["g"]
    assert body["tool_choice"] == "auto"


def test_tools_of_the_history_stay_declared() -> None:
    turns = (
        Message("user", (Text("Hi"),)),
        Message("model", (ToolCall("c", "f", "{}"),)),
        Message("user", (ToolResult("c"),)),
    )
    asked = request(*turns, tools=(F, G), tool_choice=ToolChoice("auto", ("g",)))
    with pytest.raises(UnsupportedError, match="allow them too"):
        encode(asked, strict=False)


def test_strict_goes_with_a_schema_that_is_strict() -> None:
    closed = {"type": "object", "properties": {}, "additionalProperties": False}
    tools = (Function("f", schema=closed, strict=True), Function("g", schema={"type": "object"}, strict=True))
    asked = request(tools=tools)
    assert [tool["function"].get("strict") for tool in encode(asked)["tools"]] == [True, None]
    assert "tools[].strict" in losses(asked)
    own = request(tools=tools, dialect="openai_chat")
    assert [tool["function"]["strict"] for tool in encode(own)["tools"]] == [True, True]


def test_no_tools_no_choice() -> None:
    body = encode(request(tool_choice=ToolChoice("required"), sampling=Sampling(parallel_tool_calls=False)))
    assert not body.keys() & {"tools", "tool_choice", "parallel_tool_calls"}


def test_foreign_search_is_mapped() -> None:
    raw = {
        "type": "web_search",
        "search_context_size": "low",
        "user_location": {"city": "Oslo"},
        "filters": {"a": 1},
    }
    asked = request(
        tools=(Hosted("web_search", "another", raw),), tool_choice=ToolChoice("auto", hosted="web_search")
    )
    assert encode(asked)["web_search_options"] == {
        "search_context_size": "low",
        "user_location": {"type": "approximate", "approximate": {"city": "Oslo"}},
    }
    assert set(losses(asked)) == {"tools[].filters", "tool_choice"}


def test_an_offer_to_search_gives_way_to_functions_unless_it_is_forced_or_native() -> None:
    offered = request(tools=(F, Hosted("web_search", "another", {})))
    assert "web_search_options" not in encode(offered)
    assert losses(offered) == ["tools[1]"]
    forced = request(tools=offered.tools, tool_choice=ToolChoice("required", hosted="web_search"))
    assert encode(forced)["web_search_options"] == {}
    native = request(tools=(F, Hosted("web_search", "openai_chat", {"search_context_size": "low"})))
    assert encode(native)["web_search_options"] == {"search_context_size": "low"}


def test_other_hosted_tools_are_refused_unless_dispensable() -> None:
    with pytest.raises(UnsupportedError) as caught:
        encode(request(tools=(F, Hosted("code_execution", "another", {}))))
    assert caught.value.param == "tools[1]"
    with pytest.raises(UnsupportedError):
        encode(request(tools=(F,), tool_choice=ToolChoice("required", hosted="code_execution")))
    assert losses(request(tools=(F, Hosted("tool_search", "another", {})))) == ["tools[1]"]


def test_tool_members_of_others_are_a_loss() -> None:
    tool = Function("f", cache=CacheMark(), extensions={"input_examples": []})
    assert losses(request(tools=(tool,))) == ["tools[].input_examples", "tools[].cache_control"]
