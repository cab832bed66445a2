import json
from typing import Any

import pytest

from proxy_core.dialects.openai_responses.fields import Fields
from proxy_core.dialects.openai_responses.local_tools import (
    KINDS,
    call_arguments,
    call_item,
    call_kind,
    local_tool,
)
from proxy_core.ir.message import Typed


@pytest.mark.parametrize("kind", list(KINDS))
def test_a_declaration_is_a_function_with_the_schema_of_its_action(kind: str) -> None:
    raw = {"type": kind, "execution": "client"}
    tool = local_tool(Fields(raw))
    assert tool is not None
    assert (tool.name, tool.typed) == (kind, Typed(kind, "openai_responses", raw))
    assert tool.schema is not None
    assert set(tool.schema["required"]) <= set(tool.schema["properties"])


@pytest.mark.parametrize(
    "raw",
    [
        {"type": "tool_search"},
        {"type": "tool_search", "execution": "server"},
        {"type": "shell", "environment": {"type": "container_auto"}},
        {"type": "web_search"},
    ],
)
def test_what_the_vendor_runs_is_no_local_tool(raw: Any) -> None:
    assert local_tool(Fields(raw)) is None


def test_a_client_may_describe_its_search() -> None:
    schema = {"type": "object", "properties": {"q": {"type": "string"}}}
    raw = {"type": "tool_search", "execution": "client", "description": "d", "parameters": schema}
    tool = local_tool(Fields(raw))
    assert tool is not None
    assert (tool.description, tool.schema) == ("d", schema)


@pytest.mark.parametrize(
    ("item", "kind"),
    [
        ({"type": "local_shell_call", "call_id": "c"}, "local_shell"),
        ({"type": "shell_call", "call_id": "c", "environment": {"type": "local"}}, "shell"),
        ({"type": "shell_call", "call_id": "c", "environment": {"type": "container_reference"}}, None),
        ({"type": "tool_search_call", "call_id": "c", "execution": "server"}, None),
        ({"type": "tool_search_call"}, None),
        ({"type": "web_search_call", "call_id": "c"}, None),
    ],
)
def test_items_of_calls(item: Any, kind: str | None) -> None:
    assert call_kind(Fields(item)) == kind


@pytest.mark.parametrize(
    ("kind", "member", "given", "arguments"),
    [
        (
            "local_shell",
            "action",
            {"type": "exec", "command": ["ls"], "env": {}, "user": None},
            {"command": ["ls"]},
        ),
        (
            "apply_patch",
            "operation",
            {"type": "delete_file", "path": "a"},
            {"type": "delete_file", "path": "a"},
        ),
        ("tool_search", "arguments", '{"query": "q"}', {"query": "q"}),
        ("tool_search", "arguments", "", {}),
        ("shell", "action", None, {}),
    ],
)
def test_arguments_of_an_item(kind: str, member: str, given: Any, arguments: Any) -> None:
    assert json.loads(call_arguments(kind, Fields({member: given}))) == arguments


@pytest.mark.parametrize(
    ("kind", "arguments", "members"),
    [
        (
            "local_shell",
            {"command": "ls -l", "timeout_ms": 5, "user": 7},
            {"action": {"type": "exec", "command": ["bash", "-lc", "ls -l"], "env": {}, "timeout_ms": 5}},
        ),
        ("shell", {"commands": "ls"}, {"action": {"commands": ["ls"]}}),
        ("shell", {"command": ["ls"]}, {"action": {"commands": ["ls"]}}),
        (
            "apply_patch",
            {"type": "delete_file", "path": "a", "diff": ""},
            {"operation": {"type": "delete_file", "path": "a"}},
        ),
        ("tool_search", {}, {"arguments": {}, "execution": "client"}),
    ],
)
def test_a_call_becomes_an_item_however_a_model_spells_it(kind: str, arguments: Any, members: Any) -> None:
    assert call_item(kind, json.dumps(arguments)) == {"type": f"{kind}_call", **members}


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        ("local_shell", "{}"),
        ("local_shell", '{"command":[]}'),
        ("local_shell", '{"command":[1]}'),
        ("shell", '{"commands":" "}'),
        ("apply_patch", '{"type":"update_file","path":"a"}'),
        ("apply_patch", '{"type":"move","path":"a","diff":""}'),
        ("apply_patch", '{"type":"delete_file"}'),
        ("tool_search", "[]"),
        ("tool_search", "{"),
    ],
)
def test_what_makes_no_item(kind: str, arguments: str) -> None:
    assert call_item(kind, arguments) is None
