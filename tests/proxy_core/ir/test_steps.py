from proxy_core.ir.message import Citation, HostedStep, Source, Text, ToolCall, Work
from proxy_core.ir.seal import has_envelope
from proxy_core.ir.steps import StepJoiner, cited, is_made_up, made_up_id

CALL = HostedStep("web_search", "some", {"a": 1}, "s1", "call", Work(("q",)))
FOUND = (Source("https://x.test", "X"),)
RESULT = HostedStep("web_search", "some", {"b": 1}, "s1", "result", Work(sources=FOUND))


def test_ids_depend_on_their_seed_alone_and_tell_that_we_made_them() -> None:
    first = made_up_id("ws_", "reply", 1)
    assert first == made_up_id("ws_", "reply", 1) != made_up_id("ws_", "reply", 2)
    assert first.startswith("ws_")
    assert first.replace("_", "").isalnum()
    assert is_made_up(first)
    assert has_envelope(f'{{"id":"{first}"}}'.encode())
    assert not is_made_up("ws_1")
    assert not is_made_up(None)


def test_a_call_waits_for_its_result() -> None:
    joiner = StepJoiner()
    assert joiner.take(CALL) is None
    whole = joiner.take(RESULT)
    assert whole is not None
    assert (whole.stage, whole.work) == ("both", Work(("q",), FOUND))
    assert joiner.left() == []


def test_results_find_their_own_call() -> None:
    joiner, other = StepJoiner(), HostedStep("web_search", "some", {}, "s2", "call", Work(("other",)))
    assert [joiner.take(CALL), joiner.take(other)] == [None, None]
    whole = joiner.take(RESULT)
    assert whole is not None
    assert whole.work.queries == ("q",)
    (left,) = joiner.left()
    assert (left.id, left.work) == ("s2", Work(("other",), failed=True))
    assert joiner.left() == []


def test_without_ids_the_result_of_a_kind_follows_its_call() -> None:
    joiner = StepJoiner()
    call = HostedStep("code_execution", "some", {}, None, "call", Work(code="1"))
    assert joiner.take(call) is None
    whole = joiner.take(HostedStep("code_execution", "some", {}, None, "result", Work(output="2")))
    assert whole is not None
    assert whole.work == Work(code="1", output="2")


def test_whole_steps_and_lone_results_pass() -> None:
    joiner = StepJoiner()
    step = HostedStep("web_search", "some", {}, work=Work(("q",)))
    assert joiner.take(step) == step
    alone = joiner.take(RESULT)
    assert alone is not None
    assert (alone.stage, alone.work) == ("both", RESULT.work)


def test_pages_that_texts_cite_come_once() -> None:
    one, two = Citation("https://a.test", "A"), Citation("https://b.test")
    parts = (Text("x", (one, two)), ToolCall("1", "f", "{}"), Text("y", (one, Citation(title="no page"))))
    assert cited(parts) == (Source("https://a.test", "A"), Source("https://b.test"))
