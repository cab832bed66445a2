from typing import Any

import pytest

from proxy_core.dialects.anthropic_messages.tools_encode import encode_choice, encode_tools, is_forcing
from proxy_core.errors import UnsupportedError
from proxy_core.ir.message import Message, ToolCall
from proxy_core.ir.request import Freeform, Function, Hosted, Loss, Sampling, ToolChoice
from tests.proxy_core.dialects.anthropic_messages.support import decoded, encoded, foreign

F = Function("f", "d", {"type": "object", "properties": {"x": {"type": "string"}}})
G = Function("g")


def _choice(choice: ToolChoice | None, parallel: bool | None = None) -> Any:
    request = foreign(tools=(F, G), tool_choice=choice, sampling=Sampling(parallel_tool_calls=parallel))
    return encode_choice(request, encode_tools(request, []))


def test_functions() -> None:
    assert encode_tools(foreign(tools=(F, G)), []) == [
        {"name": "f", "description": "d", "input_schema": F.schema},
        {"name": "g", "input_schema": {"type": "object", "properties": {}}},
    ]


def test_a_strict_function_gets_a_closed_schema() -> None:
    strict = Function("f", schema={"type": "object", "properties": {"n": {"maximum": 3}}}, strict=True)
    (tool,) = encode_tools(foreign(tools=(strict,)), [])
    assert tool["strict"] is True
    assert tool["input_schema"]["additionalProperties"] is False
    assert "maximum" not in tool["input_schema"]["properties"]["n"]
    (loose,) = encode_tools(foreign(tools=(Function("f", strict=False),)), [])
    assert "strict" not in loose


def test_own_declarations_come_back_as_they_were() -> None:
    tools = [
        {"type": "bash_20250124", "name": "bash"},
        {"type": "web_search_20250305", "name": "web_search", "max_uses": 3},
        {
            "name": "f",
            "input_schema": {"type": "object", "properties": {}, "required": []},
            "defer_loading": True,
            "input_examples": [{}],
        },
    ]
    assert encoded(decoded(tools=tools))["tools"] == tools


def test_members_of_another_dialect_are_not_written() -> None:
    tool = Function("f", extensions={"defer_loading": True})
    losses: list[Loss] = []
    search = Hosted("web_search", "elsewhere", {"search_context_size": "high", "filters": None})
    assert "defer_loading" not in encode_tools(foreign(tools=(tool, search)), losses)[0]
    assert [loss.path for loss in losses] == ["tools[0].defer_loading", "tools[1].search_context_size"]


def test_web_search_of_another_vendor() -> None:
    place = {"type": "approximate", "approximate": {"city": "Oslo", "country": "NO", "x": 1}}
    raw = {"user_location": place, "filters": {"allowed_domains": ["a.example"]}}
    assert encode_tools(foreign(tools=(Hosted("web_search", "elsewhere", raw),)), []) == [
        {
            "type": "web_search_20250305",
            "name": "web_search",
            "allowed_domains": ["a.example"],
            "user_location": {"type": "approximate", "city": "Oslo", "country": "NO"},
        }
    ]
    assert encode_tools(foreign(tools=(Hosted("code_execution", "elsewhere", {}),)), [])[0]["name"]


@pytest.mark.parametrize(
    "tools",
    [
        (Hosted("image_generation", "elsewhere", {}),),
        (Freeform("patch"),),
        (Function("web_search"), Hosted("web_search", "elsewhere", {})),
    ],
)
def test_what_the_vendor_does_not_have_is_refused(tools: Any) -> None:
    with pytest.raises(UnsupportedError) as caught:
        encode_tools(foreign(tools=tools), [])
    assert caught.value.param == "tools"


@pytest.mark.parametrize(
    ("choice", "parallel", "wire"),
    [
        (None, None, None),
        (None, True, None),
        (None, False, {"type": "auto", "disable_parallel_tool_use": True}),
        (ToolChoice("none"), False, {"type": "none"}),
        (ToolChoice("required"), None, {"type": "any"}),
        (
            ToolChoice("required", ("g",)),
            False,
            {"type": "tool", "name": "g", "disable_parallel_tool_use": True},
        ),
        (ToolChoice("required", hosted="web_search"), None, {"type": "any"}),
    ],
)
def test_choices(choice: ToolChoice | None, parallel: bool | None, wire: Any) -> None:
    assert _choice(choice, parallel) == wire
    assert is_forcing(wire) == (wire is not None and wire["type"] in ("any", "tool"))


def test_a_hosted_tool_is_forced_by_its_name() -> None:
    tools = (F, Hosted("web_search", "elsewhere", {}))
    request = foreign(tools=tools, tool_choice=ToolChoice("required", hosted="web_search"))
    assert encode_choice(request, encode_tools(request, [])) == {"type": "tool", "name": "web_search"}


def test_no_choice_without_tools_and_no_unknown_name() -> None:
    assert encode_choice(foreign(tool_choice=ToolChoice("required")), []) is None
    with pytest.raises(UnsupportedError, match="nope"):
        _choice(ToolChoice("required", ("nope",)))


def test_an_allowed_list_filters_unless_the_history_used_the_others() -> None:
    choice = ToolChoice("auto", ("g",))
    losses: list[Loss] = []
    request = foreign(tools=(F, G), tool_choice=choice)
    assert [tool["name"] for tool in encode_tools(request, losses)] == ["g"]
    assert losses == []
    used = foreign(Message("model", (ToolCall("1", "f", "{}"),)), tools=(F, G), tool_choice=choice)
    with pytest.raises(UnsupportedError, match="allow them too"):
        encode_tools(used, losses)
