import pytest

from proxy_core.ir.message import Inline, Media, Message, Part, Reasoning, Refusal, Text, ToolCall, ToolResult
from proxy_core.ir.request import Function, Request, Tool
from proxy_core.usage.estimate import estimate_input


def request(*parts: Part, system: tuple[Part, ...] = (), tools: tuple[Tool, ...] = ()) -> Request:
    messages = (Message("user", parts),) if parts else ()
    return Request("wire", "model", messages, system=system, tools=tools)


@pytest.mark.parametrize(
    ("asked", "tokens"),
    [
        (request(), 1),
        (request(Text("x" * 400)), 104),
        (request(Text("ü" * 400)), 204),
        (request(Refusal("x" * 40), Reasoning(("x" * 40,))), 24),
        (request(ToolCall("id", "name", '{"a": 1}')), 7),
        (request(system=(Text("x" * 40),)), 10),
        (request(Text("\ud800")), 5),
    ],
)
def test_four_bytes_are_about_a_token(asked: Request, tokens: int) -> None:
    assert estimate_input(asked) == tokens


def test_pictures_count_a_fixed_sum_also_inside_tool_results() -> None:
    picture = Media("image", Inline("image/png", "QUJD"))
    assert estimate_input(request(picture)) == 1004
    assert estimate_input(request(ToolResult("id", (picture, picture)))) >= 2004


def test_tools_count() -> None:
    tool = Function("lookup", "Finds things.", {"type": "object", "properties": {"q": {"type": "string"}}})
    assert estimate_input(request(tools=(tool,))) > 15
