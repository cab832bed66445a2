import pytest

from proxy_core.dialects.anthropic_messages.client_tools import client_tool
from proxy_core.ir.message import CacheMark


@pytest.mark.parametrize(
    ("kind", "name", "parameter"),
    [
        ("bash_20250124", "bash", "restart"),
        ("text_editor_20250728", "str_replace_based_edit_tool", "old_str"),
        ("memory_20250818", "memory", "new_path"),
    ],
)
def test_tools_that_the_client_runs_have_parameters(kind: str, name: str, parameter: str) -> None:
    raw = {"type": kind, "name": name, "cache_control": {"type": "ephemeral", "ttl": "1h"}}
    tool = client_tool(kind, raw)
    assert tool is not None
    assert tool.schema is not None
    assert (tool.name, tool.cache, tool.extensions) == (name, CacheMark("1h"), {"type": kind})
    assert parameter in tool.schema["properties"]
    assert set(tool.schema["required"]) <= set(tool.schema["properties"])


def test_other_types_are_not_guessed() -> None:
    assert client_tool("computer_20250124", {"name": "computer"}) is None
    assert client_tool("bash_20250124", {"name": 3}) is None
