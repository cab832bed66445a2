from typing import Any

from proxy_core.dialects.anthropic_messages.block_build import BlockBuilder
from proxy_core.ir.message import HostedStep, Reasoning, Seal, Text, ToolCall
from tests.proxy_core.dialects.anthropic_messages.support import ISSUER


def _built(start: dict[str, Any], *deltas: dict[str, Any]) -> BlockBuilder:
    builder = BlockBuilder(start, ISSUER)
    for delta in deltas:
        builder.add(delta)
    return builder


def test_text_with_citations() -> None:
    first, second = {"type": "char_location"}, {"type": "page_location"}
    builder = _built(
        {"type": "text", "text": "a", "citations": [first]},
        {"type": "text_delta", "text": "b"},
        {"type": "citations_delta", "citation": second},
        {"type": "brand_new", "x": 1},
    )
    assert builder.skeleton() == Text("")
    assert builder.take() == "ab"
    assert builder.take() == ""
    part = builder.part()
    assert isinstance(part, Text)
    assert part.text == "ab"
    assert [citation.native for citation in part.citations] == [first, second]


def test_a_second_signature_replaces_the_first() -> None:
    builder = _built(
        {"type": "thinking", "thinking": "", "signature": ""},
        {"type": "thinking_delta", "thinking": "hm"},
        {"type": "signature_delta", "signature": "one"},
        {"type": "signature_delta", "signature": "two"},
    )
    assert builder.part() == Reasoning(("hm",), Seal(ISSUER, "anthropic.signature", "two"))
    assert builder.skeleton() == Reasoning()


def test_arguments() -> None:
    start = {"type": "tool_use", "id": "1", "name": "f", "input": {}}
    assert _built(start).part() == ToolCall("1", "f", "{}")
    pieces = ({"partial_json": ""}, {"partial_json": '{"a":'}, {"partial_json": "1.50}"})
    builder = _built(start, *pieces)
    assert builder.skeleton() == ToolCall("1", "f", "")
    assert builder.take() == '{"a":1.50}'
    assert builder.part() == ToolCall("1", "f", '{"a":1.50}')


def test_arguments_that_the_start_brought() -> None:
    builder = _built({"type": "tool_use", "id": "1", "name": "f", "input": {"a": 1}})
    assert (builder.take(), builder.release()) == ("", '{"a":1}')
    assert builder.part() == ToolCall("1", "f", '{"a":1}')


def test_steps_of_the_vendor_come_whole() -> None:
    start = {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}}
    builder = _built(start, {"partial_json": '{"query":'}, {"partial_json": '"q"}'})
    assert (builder.take(), builder.release()) == ("", "")
    part = builder.part()
    assert isinstance(part, HostedStep)
    assert part.raw["input"] == {"query": "q"}
    broken = _built(start, {"partial_json": "{"}).part()
    assert isinstance(broken, HostedStep)
    assert broken.raw["input"] == {}


def test_halves_of_a_character_wait_for_each_other() -> None:
    builder = _built({"type": "text", "text": ""}, {"text": "a\ud83d"})
    assert builder.take() == "a"
    builder.add({"text": "\ude00b"})
    assert builder.take() == "😀b"
    builder.add({"text": "\ud83d"})
    assert (builder.take(), builder.release()) == ("", "\ud83d")
    part = builder.part()
    assert isinstance(part, Text)
    assert part.text == "a😀b\ud83d"
