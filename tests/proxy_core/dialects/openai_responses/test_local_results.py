from typing import Any

import pytest

from proxy_core.dialects.openai_responses.fields import Fields
from proxy_core.dialects.openai_responses.local_results import decode_result, encode_result, result_kind
from proxy_core.ir.message import Text, ToolResult


@pytest.mark.parametrize(
    ("item", "kind"),
    [
        ({"type": "local_shell_call_output", "id": "x"}, "local_shell"),
        ({"type": "shell_call_output", "call_id": "c"}, "shell"),
        ({"type": "apply_patch_call_output", "id": "x"}, None),
        ({"type": "tool_search_output", "call_id": "c"}, "tool_search"),
        ({"type": "tool_search_output", "call_id": "c", "execution": "server"}, None),
        ({"type": "function_call_output", "call_id": "c"}, None),
    ],
)
def test_items_of_results(item: Any, kind: str | None) -> None:
    assert result_kind(Fields(item)) == kind


def test_what_commands_printed_is_one_text() -> None:
    late = {"stdout": "a\n", "stderr": "", "outcome": {"type": "timeout"}}
    bare = {"stdout": "b", "stderr": "c"}
    item = {"type": "shell_call_output", "call_id": "c", "output": [late, bare]}
    result = decode_result("shell", Fields(item), {})
    assert result.text == "a\n[The command was stopped: it took too long.]\nb\nc"
    assert not result.is_error


def test_a_patch_that_failed_is_an_error() -> None:
    item = {"type": "apply_patch_call_output", "call_id": "c", "status": "failed"}
    result = decode_result("apply_patch", Fields(item), {})
    assert (result.text, result.is_error) == ("failed", True)


def test_found_tools_are_named_as_they_can_be_called() -> None:
    space = {"type": "namespace", "name": "mcp__s__", "tools": [{"type": "function", "name": "g"}]}
    tools = [{"type": "function", "name": "f"}, space, {"type": "web_search"}]
    item = {"type": "tool_search_output", "call_id": "c", "tools": tools}
    result = decode_result("tool_search", Fields(item), {})
    assert result.loads == ("f", "mcp__s__g")
    assert result.text == "These tools can be called now: f, mcp__s__g."
    nothing = decode_result("tool_search", Fields({**item, "tools": []}), {})
    assert (nothing.text, nothing.loads) == ("No tool was found.", ())


def test_the_id_of_an_item_leads_to_its_call() -> None:
    item = {"type": "local_shell_call_output", "id": "lsh_1", "output": "x"}
    assert decode_result("local_shell", Fields(item), {"lsh_1": "c1"}).call_id == "c1"
    assert decode_result("local_shell", Fields(item), {}).call_id == "lsh_1"


def test_results_go_back_as_they_came() -> None:
    item = {"type": "shell_call_output", "call_id": "long", "output": [], "max_output_length": 5}
    result = decode_result("shell", Fields(item), {})
    assert encode_result("shell", result) == item
    local = {"type": "local_shell_call_output", "id": "lsh_1", "output": "x"}
    assert encode_result("local_shell", decode_result("local_shell", Fields(local), {})) == local


@pytest.mark.parametrize(
    ("kind", "item"),
    [
        ("local_shell", {"type": "local_shell_call_output", "id": "c", "output": "no"}),
        (
            "apply_patch",
            {"type": "apply_patch_call_output", "call_id": "c", "status": "failed", "output": "no"},
        ),
        (
            "shell",
            {
                "type": "shell_call_output",
                "call_id": "c",
                "output": [{"stdout": "no", "stderr": "", "outcome": {"type": "exit", "exit_code": 1}}],
            },
        ),
        (
            "tool_search",
            {
                "type": "tool_search_output",
                "call_id": "c",
                "execution": "client",
                "status": "completed",
                "tools": [],
            },
        ),
    ],
)
def test_a_result_that_was_missing_is_made(kind: str, item: Any) -> None:
    assert encode_result(kind, ToolResult("c", (Text("no"),), is_error=True)) == item
