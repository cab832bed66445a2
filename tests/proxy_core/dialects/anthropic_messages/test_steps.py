from typing import Any

import pytest

from proxy_core.dialects.anthropic_messages.steps import (
    StepWriter,
    decode_call,
    decode_result,
    is_result,
    step_blocks,
)
from proxy_core.ir.message import Citation, HostedStep, Source, Text, Work

NAME = "anthropic_messages"


def test_types_of_results() -> None:
    assert is_result("web_search_tool_result")
    assert not is_result("tool_result")
    assert not is_result("text")


@pytest.mark.parametrize(
    ("name", "given", "kind", "work"),
    [
        ("web_search", {"query": "q"}, "web_search", Work(("q",))),
        ("web_search", '{"query": "q"}', "web_search", Work(("q",))),
        ("web_search", "{", "web_search", Work()),
        ("web_fetch", {"url": "u"}, "web_fetch", Work(("u",))),
        ("code_execution", {"code": "1"}, "code_execution", Work(code="1")),
        ("bash_code_execution", {"command": "ls"}, "code_execution", Work(code="ls")),
        ("new_thing", None, "new_thing", Work()),
    ],
)
def test_calls(name: str, given: Any, kind: str, work: Work) -> None:
    block = {"type": "server_tool_use", "id": "s1", "name": name, "input": given}
    assert decode_call(block) == HostedStep(kind, NAME, block, "s1", "call", work)


@pytest.mark.parametrize(
    ("kind", "content", "work"),
    [
        ("web_search", [{"url": "u", "title": "t"}, {"title": "none"}, 5], Work(sources=(Source("u", "t"),))),
        ("web_search", {"type": "web_search_tool_result_error"}, Work(failed=True)),
        ("web_search", None, Work()),
        ("web_fetch", {"type": "web_fetch_result", "url": "u"}, Work(("u",))),
        ("code_execution", {"stdout": "1", "stderr": "2"}, Work(output="12")),
        ("code_execution", {"encrypted_stdout": "x"}, Work()),
    ],
)
def test_results(kind: str, content: Any, work: Work) -> None:
    block = {"type": f"{kind}_tool_result", "tool_use_id": "s1", "content": content}
    assert decode_result(block) == HostedStep(kind, NAME, block, "s1", "result", work)


@pytest.mark.parametrize(
    "work",
    [
        Work(("q",), (Source("u", "t"),)),
        Work(("q",), failed=True),
        Work(code="1", output="2"),
    ],
)
def test_what_we_write_is_read_again_and_known_as_ours(work: Work) -> None:
    kind = "code_execution" if work.code else "web_search"
    call, result = step_blocks(HostedStep(kind, "other", {}, work=work), "r", 1)
    first, second = decode_call(call), decode_result(result)
    assert {first.dialect, second.dialect} == {"local"}
    assert first.id == second.id
    assert (first.work.queries, first.work.code) == (work.queries, work.code)
    assert (second.work.sources, second.work.output, second.work.failed) == (
        work.sources,
        work.output,
        work.failed,
    )


def test_kinds_that_cannot_be_shown() -> None:
    assert step_blocks(HostedStep("web_fetch", "other", {}, work=Work(("u",)))) == []


def test_own_steps_stay_and_a_search_without_pages_waits_for_what_is_cited() -> None:
    writer = StepWriter()
    assert writer.take(HostedStep("web_search", NAME, {"type": "server_tool_use"}), "r") == [
        {"type": "server_tool_use"}
    ]
    assert writer.take(HostedStep("web_search", "other", {}, work=Work(("q",))), "r") == []
    assert writer.take(HostedStep("code_execution", "other", {}, "c", "call", Work(code="1")), "r") == []
    text = Text("x", (Citation("https://a.test", "A"), Citation("https://a.test", "A")))
    search, found, code, output = writer.close((text,), "r")
    assert search["input"] == {"query": "q"}
    assert [(page["url"], page["title"]) for page in found["content"]] == [("https://a.test", "A")]
    assert code["input"] == {"code": "1"}
    assert output["content"]["return_code"] == 1
    assert writer.close((text,), "r") == []
