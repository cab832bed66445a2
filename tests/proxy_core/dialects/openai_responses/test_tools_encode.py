import pytest

from proxy_core.dialects.openai_responses.tools_encode import encode_choice, encode_tools
from proxy_core.errors import UnsupportedError
from proxy_core.ir.request import Freeform, Function, Hosted, ToolChoice


def test_functions_always_have_parameters_and_strict() -> None:
    tools, losses = encode_tools((Function("f"), Function("g", "d", {"type": "object"}, False)), own=False)
    assert tools == [
        {"type": "function", "name": "f", "parameters": None, "strict": False},
        {
            "type": "function",
            "name": "g",
            "description": "d",
            "parameters": {"type": "object", "properties": {}},
            "strict": False,
        },
    ]
    assert losses == []


def test_own_members_go_back_and_foreign_ones_are_losses() -> None:
    tool = Function("f", extensions={"defer_loading": True})
    own, _ = encode_tools((tool,), own=True)
    assert own[0]["defer_loading"] is True
    assert own[0]["strict"] is None
    foreign, losses = encode_tools((tool,), own=False)
    assert "defer_loading" not in foreign[0]
    assert [loss.path for loss in losses] == ["tools[0].defer_loading"]


def test_namespaces_and_grammars() -> None:
    tools, _ = encode_tools(
        (
            Function("a", namespace="n"),
            Freeform("c", "d", "start: x", "lark"),
            Freeform("b", namespace="n"),
        ),
        own=True,
    )
    assert [tool["name"] for tool in tools] == ["n", "c"]
    assert [tool["name"] for tool in tools[0]["tools"]] == ["a", "b"]
    assert tools[0]["description"]
    assert tools[1]["format"] == {"type": "grammar", "syntax": "lark", "definition": "start: x"}


def test_hosted_tools() -> None:
    raw = {"type": "web_search_20250305", "max_uses": 1}
    tools, losses = encode_tools((Hosted("web_search", "other", raw),), own=False)
    assert tools == [{"type": "web_search"}]
    assert [loss.path for loss in losses] == ["tools[0].max_uses"]
    with pytest.raises(UnsupportedError) as raised:
        encode_tools((Function("f"), Hosted("computer", "other", {})), own=False)
    assert raised.value.param == "tools[1]"


def test_schemas_are_objects() -> None:
    whole = {"type": "object", "properties": {"type": {"type": "string"}}}
    for schema, sent in (({}, {"type": "object", "properties": {}}), (whole, whole)):
        (tool,), losses = encode_tools((Function("f", schema=schema),), own=False)
        assert tool["parameters"] == sent
        assert losses == []


@pytest.mark.parametrize("own", [False, True])
def test_strict_goes_with_a_schema_that_is_strict(own: bool) -> None:
    closed = {"type": "object", "properties": {}, "additionalProperties": False}
    tools = (Function("f", schema=closed, strict=True), Function("g", schema={"type": "object"}, strict=True))
    written, losses = encode_tools(tools, own=own)
    assert [tool["strict"] for tool in written] == [True, own]
    assert [loss.path for loss in losses] == ([] if own else ["tools[1].strict"])


def test_choices() -> None:
    tools = (Function("f"), Freeform("c"))
    assert encode_choice(ToolChoice("none", ("f",)), tools) == "none"
    assert encode_choice(ToolChoice("required"), tools) == "required"
    assert encode_choice(ToolChoice("required", ("f",)), tools) == {"type": "function", "name": "f"}
    assert encode_choice(ToolChoice("required", ("c",)), tools) == {"type": "custom", "name": "c"}
    assert encode_choice(ToolChoice("auto", ("f", "c")), tools) == {
        "type": "allowed_tools",
        "mode": "auto",
        "tools": [{"type": "function", "name": "f"}, {"type": "custom", "name": "c"}],
    }
    assert encode_choice(ToolChoice("required", hosted="web_search"), ()) == {"type": "web_search"}
    with pytest.raises(UnsupportedError):
        encode_choice(ToolChoice("required", hosted="bash"), ())
