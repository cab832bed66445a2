from __future__ import annotations

from typing import Any

import pytest

from proxy_core.errors import UnsupportedError
from proxy_core.ir.message import Message, Text, ToolCall, ToolResult
from proxy_core.ir.request import Freeform, Function, Hosted, ToolChoice
from tests.proxy_core.dialects.gemini_generate.support import DIALECT, NAME, encoded, foreign, target

SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}}
F = Function("f", "F.", SCHEMA)


def test_all_functions_stand_in_one_object() -> None:
    body, lost = encoded(foreign(tools=(F, Function("g"), Function("f", "again"))))
    assert body["tools"] == [
        {
            "functionDeclarations": [
                {"name": "f", "description": "F.", "parametersJsonSchema": SCHEMA},
                {"name": "g", "parametersJsonSchema": {"type": "object", "properties": {}}},
            ]
        }
    ]
    assert lost == []


def test_settings_that_only_others_know_are_lost_by_name() -> None:
    tool = Function("f", schema=SCHEMA, strict=True, extensions={"defer_loading": True})
    _, lost = encoded(foreign(tools=(tool,)))
    assert lost == ["tools.strict", "tools.defer_loading"]


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (ToolChoice("auto"), {"mode": "AUTO"}),
        (ToolChoice("none"), {"mode": "NONE"}),
        (ToolChoice("required"), {"mode": "ANY"}),
        (ToolChoice("required", ("f",)), {"mode": "ANY", "allowedFunctionNames": ["f"]}),
        (ToolChoice("auto", ("f",)), {"mode": "VALIDATED", "allowedFunctionNames": ["f"]}),
    ],
)
def test_choices(choice: ToolChoice, expected: Any) -> None:
    body, _ = encoded(foreign(tools=(F, Function("g")), tool_choice=choice))
    assert body["toolConfig"] == {"functionCallingConfig": expected}


def test_without_functions_there_is_no_choice() -> None:
    body, _ = encoded(foreign(tool_choice=ToolChoice("required")))
    assert "toolConfig" not in body
    search = Hosted("web_search", "elsewhere", {})
    body, lost = encoded(foreign(tools=(search,), tool_choice=ToolChoice("required", hosted="web_search")))
    assert "toolConfig" not in body
    assert lost == ["tool_choice"]


def test_names_are_made_fit_everywhere_and_remembered() -> None:
    name = "9 mcp/tool" + "x" * 80
    request = foreign(
        Message("user", (Text("Hi"),)),
        Message("model", (ToolCall("a", name, "{}"),)),
        Message("user", (ToolResult("a", (Text("ok"),), name),)),
        tools=(Function(name, schema=SCHEMA),),
        tool_choice=ToolChoice("required", (name,)),
    )
    done = DIALECT.encode_request(request, target())
    body, _ = encoded(request)
    (sent,) = done.memory.tools
    assert done.memory.tools[sent].name == name
    assert len(sent) <= 64
    assert not sent[0].isdigit()
    assert body["tools"][0]["functionDeclarations"][0]["name"] == sent
    assert body["toolConfig"]["functionCallingConfig"]["allowedFunctionNames"] == [sent]
    assert body["contents"][1]["parts"][0]["functionCall"]["name"] == sent
    assert body["contents"][2]["parts"][0]["functionResponse"]["name"] == sent


def test_a_freeform_tool_becomes_a_function_with_one_string() -> None:
    body, _ = encoded(foreign(tools=(Freeform("patch", "P.", "start: x"),)))
    (wire,) = body["tools"][0]["functionDeclarations"]
    assert wire["parametersJsonSchema"]["properties"]["input"]["type"] == "string"


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("web_search", "googleSearch"), ("code_execution", "codeExecution"), ("web_fetch", "urlContext")],
)
def test_hosted_tools_with_an_equivalent(kind: str, expected: str) -> None:
    tool = Hosted(kind, "elsewhere", {"type": "x", "filters": {"allowed_domains": ["a"]}})
    body, lost = encoded(foreign(tools=(tool,)))
    assert body["tools"] == [{expected: {}}]
    assert lost == ["tools[0].filters"]
    body, lost = encoded(foreign(tools=(tool, F)))
    assert [list(item) for item in body["tools"]] == [["functionDeclarations"]]
    assert lost == ["tools[0]"]


def test_own_hosted_tools_stay_as_they_are_and_others_are_refused() -> None:
    own = Hosted("google_maps", NAME, {"googleMaps": {"a": 1}})
    body, lost = encoded(foreign(tools=(own, F), dialect=NAME))
    assert body["tools"][1] == {"googleMaps": {"a": 1}}
    assert lost == []
    with pytest.raises(UnsupportedError) as caught:
        encoded(foreign(tools=(Hosted("computer_use", "elsewhere", {}),)))
    assert caught.value.param == "tools[0]"


def test_a_tool_that_the_client_runs_itself_is_no_reason_to_refuse() -> None:
    own = Hosted("tool_search", "elsewhere", {"type": "tool_search", "execution": "client"})
    body, lost = encoded(foreign(tools=(own, F)))
    assert [list(item) for item in body["tools"]] == [["functionDeclarations"]]
    assert lost == ["tools[0]"]
