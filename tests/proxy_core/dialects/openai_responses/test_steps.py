import json
from typing import Any

import pytest

from proxy_core.dialects.openai_responses.item_encode import Frames
from proxy_core.dialects.openai_responses.steps import decode_step, show_step, step_item
from proxy_core.ir.message import HostedStep, Source, Work

NAME = "openai_responses"


@pytest.mark.parametrize(
    ("item", "kind", "work"),
    [
        (
            {
                "type": "web_search_call",
                "status": "completed",
                "action": {
                    "type": "search",
                    "queries": ["a", "b"],
                    "sources": [{"type": "url", "url": "u"}, 1],
                },
            },
            "web_search",
            Work(("a", "b"), (Source("u"),)),
        ),
        ({"type": "web_search_call", "action": {"type": "search", "query": "a"}}, "web_search", Work(("a",))),
        (
            {"type": "web_search_call", "action": {"type": "open_page", "url": "u"}},
            "web_search",
            Work(("u",)),
        ),
        ({"type": "web_search_call", "status": "failed"}, "web_search", Work(failed=True)),
        (
            {"type": "code_interpreter_call", "code": "1", "outputs": [{"type": "logs", "logs": "2"}]},
            "code_execution",
            Work(code="1", output="2"),
        ),
        ({"type": "code_interpreter_call", "code": None, "outputs": None}, "code_execution", Work()),
        ({"type": "shell_call_output"}, "shell", Work()),
    ],
)
def test_items_tell_what_was_done(item: Any, kind: str, work: Work) -> None:
    assert decode_step(item) == HostedStep(kind, NAME, item, None, work=work)


@pytest.mark.parametrize(
    "step",
    [
        HostedStep("web_search", "other", {}, work=Work(("q",), (Source("u", "t"),))),
        HostedStep("web_search", "other", {}, work=Work(failed=True)),
        HostedStep("web_fetch", "other", {}, work=Work(("u",))),
        HostedStep("code_execution", "other", {}, work=Work(code="1", output="2")),
    ],
)
def test_what_we_write_is_read_again_and_known_as_ours(step: HostedStep) -> None:
    item = step_item(step, "r", 0)
    assert item is not None
    back = decode_step(item)
    assert back.dialect == "local"
    assert back.work.queries == step.work.queries
    assert [one.url for one in back.work.sources] == [one.url for one in step.work.sources]
    assert (back.work.code, back.work.output, back.work.failed) == (
        step.work.code,
        step.work.output,
        step.work.failed,
    )


def test_other_kinds_are_not_shown() -> None:
    assert step_item(HostedStep("file_search", "other", {}), "r", 0) is None
    assert step_item(HostedStep("web_fetch", "other", {}), "r", 0) is None


@pytest.mark.parametrize(
    ("work", "kinds"),
    [
        (Work(("q",)), ["added", "in_progress", "searching", "completed", "done"]),
        (Work(code="1"), ["added", "in_progress", "interpreting", "delta", "done", "completed", "done"]),
    ],
)
def test_a_step_has_the_events_of_its_kind(work: Work, kinds: list[str]) -> None:
    kind = "web_search" if work.queries else "code_execution"
    item = step_item(HostedStep(kind, "other", {}, work=work), "r", 0)
    assert item is not None
    frames = Frames()
    assert show_step(frames, 3, item) == item
    lines = [line for line in frames.take().decode().split("\n") if line.startswith("data:")]
    events = [json.loads(line[5:]) for line in lines]
    assert [event["type"].rpartition(".")[2] for event in events] == kinds
    assert {event["output_index"] for event in events} == {3}
