from proxy_core.dialects.anthropic_messages.words import HOSTED, UNSIGNED, bare_type
from proxy_core.ir.seal import unwrap, wrap


def test_a_type_loses_only_its_date() -> None:
    assert bare_type("web_search_20250305") == "web_search"
    assert bare_type("tool_search_tool_bm25") == "tool_search_tool_bm25"
    assert bare_type("mcp_toolset") == "mcp_toolset"
    assert HOSTED[bare_type("code_execution_20250825")] == "code_execution"


def test_the_mark_of_unsigned_thinking_is_known_again() -> None:
    assert unwrap(wrap(UNSIGNED), "native") == UNSIGNED
