from typing import Any

from proxy_core.dialects.anthropic_messages.cache_marks import fit_marks

SHORT = {"type": "ephemeral"}
LONG = {"type": "ephemeral", "ttl": "1h"}


def _block(name: str, mark: Any = SHORT) -> dict[str, Any]:
    return {"type": "text", "text": name, "cache_control": mark}


def test_four_may_stay() -> None:
    body = {
        "tools": [_block("t")],
        "system": [_block("s")],
        "messages": [{"role": "user", "content": [_block("a"), _block("b")]}],
    }
    assert fit_marks(body) == []
    assert body["messages"][0]["content"][0]["cache_control"] == SHORT


def test_the_first_marks_of_messages_go_first() -> None:
    result = {"type": "tool_result", "content": [_block("inner")], "cache_control": SHORT}
    body: dict[str, Any] = {
        "tools": [_block("t")],
        "system": [_block("s1"), _block("s2")],
        "messages": [
            {"role": "user", "content": "plain"},
            {"role": "user", "content": [_block("a"), result, _block("b")]},
        ],
    }
    assert [loss.path for loss in fit_marks(body)] == ["cache_control"]
    first, second, third = body["messages"][1]["content"]
    assert "cache_control" not in first
    assert "cache_control" not in second
    assert "cache_control" not in second["content"][0]
    assert third["cache_control"] == SHORT
    assert all("cache_control" in block for block in (*body["tools"], *body["system"]))


def test_the_mark_of_the_body_counts_and_instructions_give_way_before_tools() -> None:
    body: dict[str, Any] = {
        "tools": [_block("t1"), _block("t2")],
        "system": [_block("s1"), _block("s2")],
        "messages": [],
        "cache_control": SHORT,
    }
    fit_marks(body)
    assert ["cache_control" in block for block in body["system"]] == [False, True]
    assert all("cache_control" in block for block in body["tools"])
    assert "cache_control" in body


def test_lifetimes_never_grow() -> None:
    body: dict[str, Any] = {
        "tools": [_block("t", LONG)],
        "system": [_block("s", SHORT)],
        "messages": [{"role": "user", "content": [_block("a", LONG)]}],
        "cache_control": LONG,
    }
    assert [loss.path for loss in fit_marks(body)] == ["cache_control.ttl", "cache_control.ttl"]
    assert body["tools"][0]["cache_control"] == LONG
    assert body["messages"][0]["content"][0]["cache_control"]["ttl"] == "5m"
    assert body["cache_control"]["ttl"] == "5m"
    assert LONG["ttl"] == "1h"
