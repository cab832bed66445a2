"""Cases 55 to 58 and 67 to 74: schemas of tools as clients and their MCP servers write them."""

import json
from typing import Any

import pytest

from tests.edge_cases.through import ANTHROPIC, CHAT, EVERY, GEMINI, RESPONSES, encoded, hello
from tests.edge_cases.tool_shapes import functions
from tests.upstreams.gemini_schema import json_door

CLIENTS = (CHAT, ANTHROPIC)


def _tool(client: str, schema: Any, description: str | None = None) -> dict[str, Any]:
    said = {} if description is None else {"description": description}
    if client == ANTHROPIC:
        return hello(client, tools=[{"name": "f", **said, "input_schema": schema}])
    parameters = {} if schema is None else {"parameters": schema}
    return hello(client, tools=[{"type": "function", "function": {"name": "f", **said, **parameters}}])


def _sent(client: str, schema: Any, target: str) -> Any:
    (tool,) = functions(target, encoded(client, _tool(client, schema), target).body)
    if target == GEMINI and tool.schema is not None:
        json_door(tool.schema, ())
    return tool.schema


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


def test_case_055_a_tool_without_parameters() -> None:
    assert _sent(CHAT, None, ANTHROPIC) == {"type": "object", "properties": {}}
    assert _sent(CHAT, None, GEMINI) == {"type": "object", "properties": {}}
    assert _sent(CHAT, None, RESPONSES) is None
    assert "parameters" not in encoded(CHAT, _tool(CHAT, None), CHAT).body["tools"][0]["function"]


@pytest.mark.parametrize("target", [CHAT, RESPONSES])
def test_case_056_objects_get_properties_also_inside(target: str) -> None:
    bare = {"type": "object"}
    schema = _object(inner=bare, many={"type": "array", "items": bare}, either={"anyOf": [bare]})
    full = {"type": "object", "properties": {}}
    assert _sent(ANTHROPIC, bare, target) == full
    assert _sent(ANTHROPIC, schema, target)["properties"] == {
        "inner": full,
        "many": {"type": "array", "items": full},
        "either": {"anyOf": [full]},
    }


@pytest.mark.parametrize("target", [CHAT, RESPONSES])
def test_case_056_arrays_get_items_and_an_empty_schema_becomes_an_object(target: str) -> None:
    assert _sent(ANTHROPIC, _object(many={"type": "array"}), target)["properties"]["many"]["items"] == {}
    assert _sent(ANTHROPIC, {}, target) == {"type": "object", "properties": {}}


@pytest.mark.parametrize("target", [ANTHROPIC, CHAT, RESPONSES])
@pytest.mark.parametrize("word", ["anyOf", "oneOf"])
def test_case_057_a_union_at_the_root_becomes_one_object(word: str, target: str) -> None:
    """Anthropic refuses it, and so does OpenAI."""
    one, two = _object(a={"type": "string"}), {**_object(b={"type": "number"}), "required": ["b"]}
    schema = _sent(CHAT, {word: [one, two]}, target)
    assert schema["type"] == "object"
    assert not {"anyOf", "oneOf", "allOf"} & schema.keys()
    assert schema["properties"].keys() == {"a", "b"}
    assert not schema.get("required")


@pytest.mark.parametrize("target", [CHAT, RESPONSES, GEMINI])
def test_case_058_members_that_only_anthropic_has_stay_behind(target: str) -> None:
    own = {
        "cache_control": {"type": "ephemeral"},
        "defer_loading": False,
        "eager_input_streaming": True,
        "input_examples": [{"q": "x"}],
        "type": "custom",
    }
    tool = {"name": "f", "input_schema": _object(q={"type": "string"}), **own}
    sent = encoded(ANTHROPIC, hello(ANTHROPIC, tools=[tool]), target)
    assert not any(f'"{key}"' in json.dumps(sent.body["tools"]) for key in own.keys() - {"type"})
    lost = " ".join(sent.lost)
    assert "eager_input_streaming" in lost
    assert "input_examples" in lost
    (kept,) = encoded(ANTHROPIC, hello(ANTHROPIC, tools=[tool]), ANTHROPIC).body["tools"]
    assert {key: kept[key] for key in own.keys() - {"type"}} == {
        key: value for key, value in own.items() if key != "type"
    }


@pytest.mark.parametrize("target", [CHAT, RESPONSES, GEMINI])
def test_case_058_strict_stays_behind_where_the_schema_is_not_strict_enough(target: str) -> None:
    """OpenAI wants every object closed and every property required; Anthropic's strict tools need neither."""
    loose = {"name": "f", "input_schema": _object(q={"type": "string"}), "strict": True}
    sent = encoded(ANTHROPIC, hello(ANTHROPIC, tools=[loose]), target)
    assert '"strict": true' not in json.dumps(sent.body)
    assert any("strict" in path for path in sent.lost)
    closed = {**_object(q={"type": "string"}), "required": ["q"], "additionalProperties": False}
    sent = encoded(ANTHROPIC, hello(ANTHROPIC, tools=[{**loose, "input_schema": closed}]), target)
    assert ('"strict": true' in json.dumps(sent.body)) == (target != GEMINI)


@pytest.mark.parametrize("target", [RESPONSES, ANTHROPIC, GEMINI])
def test_case_067_required_as_a_flag_and_bare_properties_are_repaired(target: str) -> None:
    properties = {"path": {"type": "string", "required": True}, "mode": {"type": "string"}}
    for given in (properties, _object(**properties)):
        schema = _sent(CHAT, given, target)
        assert schema["type"] == "object"
        assert schema["properties"] == {"path": {"type": "string"}, "mode": {"type": "string"}}
        assert schema["required"] == ["path"]


@pytest.mark.parametrize("target", EVERY)
def test_case_068_properties_may_be_named_like_keywords(target: str) -> None:
    names = ("properties", "title", "format", "$ref", "type", "default", "items", "required", "pattern")
    schema = {**_object(**{name: {"type": "string"} for name in names}), "required": list(names)}
    sent = _sent(CHAT, schema, target)
    assert sent["properties"] == {name: {"type": "string"} for name in names}
    assert sorted(sent["required"]) == sorted(names)


def test_case_069_more_than_zero_is_at_least_one() -> None:
    schema = _object(
        count={"type": "integer", "exclusiveMinimum": 0}, share={"type": "number", "exclusiveMinimum": 0}
    )
    sent = _sent(ANTHROPIC, schema, GEMINI)["properties"]
    assert sent["count"] == {"type": "integer", "minimum": 1}
    assert sent["share"]["minimum"] == 0
    assert "0" in sent["share"]["description"]


def test_case_070_no_stray_keyword_reaches_gemini() -> None:
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "patternProperties": {"^x": {"type": "string"}},
        "propertyNames": {"pattern": "^x"},
        "properties": {
            "tags": {"type": "array", "uniqueItems": True, "items": {"type": "string"}},
            "step": {"type": "number", "multipleOf": 5, "default": 5},
            "kind": {"const": "fixed"},
        },
    }
    sent = _sent(CHAT, schema, GEMINI)  # the vendor's own check of this door ran on it
    strays = (
        "uniqueItems",
        "propertyNames",
        "patternProperties",
        "multipleOf",
        "const",
        "default",
        "$schema",
    )
    assert not any(f'"{word}":' in json.dumps(sent) for word in strays)
    assert sent["properties"]["kind"]["enum"] == ["fixed"]
    assert "5" in sent["properties"]["step"]["description"]


def test_case_071_a_recursive_reference_ends() -> None:
    node = _object(value={"type": "string"}, next={"$ref": "#/$defs/Node"})
    sent = _sent(CHAT, {**_object(root={"$ref": "#/$defs/Node"}), "$defs": {"Node": node}}, GEMINI)
    text = json.dumps(sent)
    assert "$ref" not in text
    assert len(text) < 2000
    assert sent["properties"]["root"]["properties"]["value"] == {"type": "string"}
    assert "Node" in text


def test_case_072_an_enum_of_numbers_keeps_its_type() -> None:
    """Antigravity itself is no vendor of ours; the documented door of Gemini takes numbers in an enum."""
    sent = _sent(CHAT, _object(level={"type": "integer", "enum": [1, 2, 3]}), GEMINI)["properties"]["level"]
    assert (sent["type"], sent["enum"]) == ("integer", [1, 2, 3])
    mixed = _sent(CHAT, _object(level={"enum": [1, True, "x"]}), GEMINI)["properties"]["level"]
    assert "enum" not in mixed
    assert "allowed: 1, true, x" in mixed["description"]


@pytest.mark.parametrize("target", EVERY)
def test_case_073_large_numbers_keep_every_digit(target: str) -> None:
    huge = "18446744073709551617"
    schema = f'{{"type":"object","properties":{{"n":{{"type":"integer","maximum":{huge}}}}}}}'
    body = json.dumps(_tool(CHAT, {"MARK": 1})).replace('{"MARK": 1}', schema)
    body = body.replace("{", '{"model":"m",', 1)
    sent = encoded(CHAT, body.encode(), target)
    assert huge.encode() in sent.encoded.body


@pytest.mark.parametrize("target", EVERY)
def test_case_074_descriptions_are_not_escaped_for_html(target: str) -> None:
    words = "a < b && c > d \u2028 é"
    sent = encoded(CHAT, _tool(CHAT, _object(q={"type": "string", "description": words}), words), target)
    assert b"a < b && c > d" in sent.encoded.body
    (tool,) = functions(target, sent.body)
    assert tool.description == words
    assert tool.schema["properties"]["q"]["description"] == words
