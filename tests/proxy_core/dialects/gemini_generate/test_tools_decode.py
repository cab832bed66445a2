from __future__ import annotations

from typing import Any

import pytest

from proxy_core.errors import DecodeError
from proxy_core.ir.request import Function, Hosted, ToolChoice
from tests.proxy_core.dialects.gemini_generate.support import NAME, decoded

ASK = {"contents": [{"parts": [{"text": "Hi"}]}]}


def test_functions_in_every_spelling_and_hosted_tools() -> None:
    schema = {"type": "object", "properties": {"a_b": {"type": "string"}}}
    request = decoded(
        {
            **ASK,
            "tools": [
                {
                    "function_declarations": [
                        {"name": "a", "description": "A.", "parametersJsonSchema": schema},
                        {"name": "b", "parameters_json_schema": schema, "behavior": "BLOCKING"},
                        {"name": "c", "parameters": {"type": "OBJECT", "nullable": False}},
                        {"name": "d"},
                    ]
                },
                {"google_search": {"x": 1}, "codeExecution": {}},
                {"brandNew": {}},
            ],
        }
    )
    assert request.tools == (
        Function("a", "A.", schema),
        Function("b", None, schema, extensions={"behavior": "BLOCKING"}),
        Function("c", None, {"type": "object"}),
        Function("d"),
        Hosted("web_search", NAME, {"googleSearch": {"x": 1}}),
        Hosted("code_execution", NAME, {"codeExecution": {}}),
        Hosted("brandNew", NAME, {"brandNew": {}}),
    )


@pytest.mark.parametrize(
    ("config", "expected", "rest"),
    [
        ({"mode": "AUTO"}, ToolChoice("auto"), {}),
        ({"mode": "none"}, ToolChoice("none"), {}),
        ({"mode": "ANY"}, ToolChoice("required"), {}),
        ({"mode": "ANY", "allowed_function_names": ["f"]}, ToolChoice("required", ("f",)), {}),
        ({"mode": "VALIDATED", "allowedFunctionNames": ["f"]}, ToolChoice("auto", ("f",)), {}),
        ({"mode": "VALIDATED"}, ToolChoice("auto"), {"toolConfig.functionCallingConfig.mode": "VALIDATED"}),
        ({"mode": "MODE_UNSPECIFIED"}, None, {}),
        ({}, None, {}),
        (
            {"streamFunctionCallArguments": True},
            None,
            {"toolConfig.functionCallingConfig.streamFunctionCallArguments": True},
        ),
    ],
)
def test_choices(config: Any, expected: ToolChoice | None, rest: Any) -> None:
    request = decoded({**ASK, "toolConfig": {"functionCallingConfig": config}})
    assert request.tool_choice == expected
    assert request.extensions.get("google", {}) == rest


def test_other_tool_settings_are_kept() -> None:
    request = decoded({**ASK, "tool_config": {"retrievalConfig": {"languageCode": "de"}}})
    assert request.extensions["google"] == {"toolConfig.retrievalConfig": {"languageCode": "de"}}


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"tools": [{"functionDeclarations": [{}]}]}, "tools[0].functionDeclarations[0].name"),
        (
            {"tools": [{"functionDeclarations": [{"name": "f", "parameters": []}]}]},
            "tools[0].functionDeclarations[0].parameters",
        ),
        ({"tools": ["x"]}, "tools[0]"),
        (
            {"toolConfig": {"functionCallingConfig": {"mode": "SOME"}}},
            "toolConfig.functionCallingConfig.mode",
        ),
    ],
)
def test_what_is_wrong_is_named(body: Any, param: str) -> None:
    with pytest.raises(DecodeError) as caught:
        decoded({**ASK, **body})
    assert caught.value.param == param
