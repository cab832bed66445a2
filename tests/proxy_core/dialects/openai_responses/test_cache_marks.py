from proxy_core.dialects.openai_responses.cache_marks import lost_marks
from proxy_core.ir.message import CacheMark, Message, Text, ToolResult
from proxy_core.ir.request import Function, Request

MARK = CacheMark()
MARKED = {"type": "input_text", "text": "x", "prompt_cache_breakpoint": {"mode": "explicit"}}


def _request(
    *parts: Text | ToolResult, system: tuple[Text, ...] = (), tools: tuple[Function, ...] = ()
) -> Request:
    return Request("elsewhere", "m", (Message("user", parts),), system=system, tools=tools)


def test_marks_that_were_written_are_not_lost() -> None:
    request = _request(Text("a", cache=MARK), system=(Text("s", cache=MARK),))
    written = [{"role": "developer", "content": [MARKED]}, {"role": "user", "content": [MARKED]}]
    assert lost_marks(request, {"input": written}) == []
    assert lost_marks(_request(Text("a")), {"input": "a"}) == []


def test_a_mark_without_a_place_is_told_once() -> None:
    plain = {"input": [{"role": "user", "content": "a"}]}
    results = _request(ToolResult("c", (Text("a", cache=MARK),), cache=MARK))
    tools = _request(Text("a"), tools=(Function("f", cache=MARK),))
    for request in (_request(Text("a", cache=MARK)), results, tools):
        assert [loss.path for loss in lost_marks(request, plain)] == ["cache_control"]


def test_a_mark_inside_a_result_that_was_written_is_not_lost() -> None:
    request = _request(ToolResult("c", (Text("a", cache=MARK),)))
    assert lost_marks(request, {"input": [{"type": "function_call_output", "output": [MARKED]}]}) == []
