import re
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy_core import jsonbytes
from proxy_core.ir.message import Message, Text, ToolCall, ToolResult
from proxy_core.ir.request import (
    Freeform,
    Function,
    Hosted,
    Request,
    Sampling,
    Tool,
    ToolChoice,
    ToolIdentity,
)
from proxy_core.ir.tools import ToolLimits, fit_call_ids, fit_tools
from tests.proxy_core.ir.conversations import requests

PLAIN = ToolLimits()
STRICT = ToolLimits(digit_start=False)
RICH = ToolLimits(freeform=True, namespaces=True)
NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


def _request(*tools: Tool, choice: ToolChoice | None = None, messages: tuple[Message, ...] = ()) -> Request:
    return Request("some", "model", messages, tools=tools, tool_choice=choice)


def _names(request: Request) -> list[str]:
    return [tool.name for tool in request.tools if tool.name is not None]


def _identities(request: Request) -> set[tuple[str | None, str]]:
    return {(tool.namespace, tool.name) for tool in request.tools if not isinstance(tool, Hosted)}


@given(requests)
def test_sent_names_are_valid_unique_and_restorable(request: Request) -> None:
    fitted, memory = fit_tools(request, STRICT)
    sent = [tool.name for tool in fitted.tools if isinstance(tool, Function)]
    assert max(Counter(sent).values(), default=1) == 1
    assert all(NAME.fullmatch(name) and (name[0].isalpha() or name[0] == "_") for name in sent)
    restored = [memory.tools.get(name, ToolIdentity(name)) for name in sent]
    assert {(one.namespace, one.name) for one in restored} == _identities(request)


@given(requests)
def test_the_history_uses_the_declared_names(request: Request) -> None:
    fitted, memory = fit_tools(request, PLAIN)
    before = [part for message in request.messages for part in message.parts]
    after = [part for message in fitted.messages for part in message.parts]
    assert len(before) == len(after)
    for old, new in zip(before, after, strict=True):
        if isinstance(old, ToolCall) and isinstance(new, ToolCall):
            known = memory.tools.get(new.name, ToolIdentity(new.name))
            assert (known.namespace, known.name) == (old.namespace, old.name)
            assert (new.form, new.namespace) == ("json", None)
            assert NAME.fullmatch(new.name)
        elif not isinstance(old, ToolResult):
            assert new == old


@given(requests)
def test_what_fits_is_left_alone(request: Request) -> None:
    once, _ = fit_tools(request, PLAIN)
    twice, memory = fit_tools(once, PLAIN)
    assert twice == once
    assert not memory.tools


@given(requests, st.data())
def test_names_do_not_depend_on_the_order_of_declarations(request: Request, data: st.DataObject) -> None:
    request = replace(request, messages=())
    shuffled = replace(request, tools=tuple(data.draw(st.permutations(request.tools))))
    assert fit_tools(shuffled, PLAIN)[1] == fit_tools(request, PLAIN)[1]


@given(requests, st.integers(0, 8), st.sampled_from([PLAIN, STRICT, RICH]))
def test_later_messages_change_nothing_before_them(request: Request, count: int, limits: ToolLimits) -> None:
    begun = replace(request, messages=request.messages[:count])
    assert fit_tools(begun, limits)[0].messages == fit_tools(request, limits)[0].messages[:count]
    assert fit_tools(begun, limits)[0].tools == fit_tools(request, limits)[0].tools


@given(requests)
def test_no_two_tools_are_restored_from_one_name(request: Request) -> None:
    fitted, memory = fit_tools(request, RICH)
    before = [part for message in request.messages for part in message.parts]
    after = [part for message in fitted.messages for part in message.parts]
    for old, new in zip(before, after, strict=True):
        if isinstance(old, ToolCall) and isinstance(new, ToolCall):
            known = memory.tools.get(new.name, ToolIdentity(new.name, new.namespace))
            assert (known.namespace, known.name) == (old.namespace, old.name)


def test_names_are_cleaned_everywhere_alike() -> None:
    call = ToolCall("1", "web.search", "{}")
    result = ToolResult("1", (Text("ok"),), "web.search")
    request = _request(
        Function("web.search"),
        choice=ToolChoice("required", ("web.search",)),
        messages=(Message("model", (call,)), Message("user", (result,))),
    )
    fitted, memory = fit_tools(request, PLAIN)
    assert _names(fitted) == ["web_search"]
    assert fitted.tool_choice == ToolChoice("required", ("web_search",))
    assert fitted.messages[0].parts == (replace(call, name="web_search"),)
    assert fitted.messages[1].parts == (replace(result, name="web_search"),)
    assert memory.tools == {"web_search": ToolIdentity("web.search")}


def test_of_two_equal_spellings_the_plain_one_keeps_its_name() -> None:
    fitted, memory = fit_tools(_request(Function("a.b"), Function("a/b"), Function("a_b")), PLAIN)
    first, second, third = _names(fitted)
    assert third == "a_b"
    assert len({first, second, third}) == 3
    assert {memory.tools[first].name, memory.tools[second].name} == {"a.b", "a/b"}


def test_of_two_changed_names_none_depends_on_who_came_first() -> None:
    one = fit_tools(_request(Function("a.b"), Function("a/b")), PLAIN)[1]
    two = fit_tools(_request(Function("a/b"), Function("a.b")), PLAIN)[1]
    assert one == two
    assert len(one.tools) == 2


def test_a_tool_of_the_history_never_answers_to_a_declared_tool_s_name() -> None:
    messages = (Message("model", (ToolCall("1", "b_", "{}", namespace="x"),)),)
    fitted, memory = fit_tools(_request(Function("b."), messages=messages), RICH)
    call = fitted.messages[0].parts[0]
    assert isinstance(call, ToolCall)
    assert memory.tools["b_"] == ToolIdentity("b.")
    assert memory.tools[call.name] == ToolIdentity("b_", "x")


def test_a_digit_in_front_is_covered_where_it_must_be() -> None:
    assert _names(fit_tools(_request(Function("9lives")), STRICT)[0]) == ["_9lives"]
    assert _names(fit_tools(_request(Function("9lives")), PLAIN)[0]) == ["9lives"]


def test_more_characters_stay_where_they_may() -> None:
    limits = ToolLimits(max_name=128, extra_chars="_-.:")
    fitted, memory = fit_tools(_request(Function("a.b:c" + "d" * 90)), limits)
    assert _names(fitted) == ["a.b:c" + "d" * 90]
    assert not memory.tools


def test_a_long_name_of_a_server_keeps_the_tool_s_own_name() -> None:
    long = "mcp__a-server-with-a-long-name__" + "part__" * 6 + "read_file"
    (name,) = _names(fit_tools(_request(Function(long)), PLAIN)[0])
    assert re.fullmatch(r"mcp__read_file_[0-9a-f]{8}", name)


def test_the_first_declaration_wins() -> None:
    fitted, _ = fit_tools(_request(Function("a", "one"), Function("a", "two"), Function("b")), PLAIN)
    assert fitted.tools == (Function("a", "one"), Function("b"))


@pytest.mark.parametrize("limits", [PLAIN, RICH])
def test_a_function_wins_over_a_freeform_tool_of_its_name(limits: ToolLimits) -> None:
    messages = (Message("model", (ToolCall("1", "patch", "*** Begin", "freeform"),)),)
    fitted, memory = fit_tools(_request(Freeform("patch"), Function("patch"), messages=messages), limits)
    assert fitted.tools == (Function("patch"),)
    assert fitted.messages[0].parts == (ToolCall("1", "patch", '{"input":"*** Begin"}'),)
    assert not memory.tools


def test_namespaces_are_flattened_and_remembered() -> None:
    request = _request(
        Function("spawn", namespace="agents"),
        Function("read", namespace="mcp__files__"),
        choice=ToolChoice("auto", ("spawn", "mcp__files__read")),
        messages=(Message("model", (ToolCall("1", "spawn", "{}", namespace="agents"),)),),
    )
    fitted, memory = fit_tools(request, PLAIN)
    assert _names(fitted) == ["agents__spawn", "mcp__files__read"]
    assert fitted.tool_choice == ToolChoice("auto", ("agents__spawn", "mcp__files__read"))
    assert fitted.messages[0].parts == (ToolCall("1", "agents__spawn", "{}"),)
    assert memory.tools == {
        "agents__spawn": ToolIdentity("spawn", "agents"),
        "mcp__files__read": ToolIdentity("read", "mcp__files__"),
    }


def test_a_direct_tool_keeps_its_name_against_a_flattened_one() -> None:
    fitted, memory = fit_tools(_request(Function("b", namespace="a"), Function("a__b")), PLAIN)
    flattened, direct = _names(fitted)
    assert direct == "a__b"
    assert flattened != direct
    assert memory.tools == {flattened: ToolIdentity("b", "a")}


def test_namespaces_stay_where_the_dialect_has_them() -> None:
    request = _request(Function("b", namespace="a"), Function("b"), Freeform("c", namespace="a"))
    fitted, memory = fit_tools(request, RICH)
    assert fitted == request
    assert not memory.tools


def test_a_freeform_tool_becomes_a_function_with_one_text() -> None:
    tool = Freeform("patch", "Edits files.", "start: begin", "lark")
    messages = (
        Message("model", (ToolCall("1", "patch", "line\n🌍", "freeform"),)),
        Message("user", (ToolResult("1", (Text("done"),), form="freeform"),)),
    )
    fitted, memory = fit_tools(_request(tool, messages=messages), PLAIN)
    (function,) = fitted.tools
    assert isinstance(function, Function)
    assert function.description is not None
    assert "Edits files." in function.description
    assert "lark" in function.description
    assert "start: begin" in function.description
    assert function.schema is not None
    assert function.schema["required"] == ["input"]
    call, result = fitted.messages[0].parts[0], fitted.messages[1].parts[0]
    assert isinstance(call, ToolCall)
    assert isinstance(result, ToolResult)
    assert (call.form, result.form) == ("json", "json")
    assert jsonbytes.decode(call.arguments) == {"input": "line\n🌍"}
    assert memory.tools == {"patch": ToolIdentity("patch", form="freeform")}


def test_freeform_tools_stay_where_the_dialect_has_them() -> None:
    messages = (Message("model", (ToolCall("1", "patch", "text", "freeform"),)),)
    request = _request(Freeform("patch"), messages=messages)
    assert fit_tools(request, RICH) == (request, fit_tools(request, RICH)[1])
    assert not fit_tools(request, RICH)[1].tools


def test_a_result_follows_the_latest_call_of_its_id() -> None:
    messages = (
        Message("model", (ToolCall("1", "a.b", "{}"),)),
        Message("user", (ToolResult("1", name="a.b"),)),
        Message("model", (ToolCall("1", "c.d", "{}"),)),
        Message("user", (ToolResult("1", name="whatever"), ToolResult("2", name="e.f"))),
    )
    fitted, _ = fit_tools(_request(Function("a.b"), messages=messages), PLAIN)
    results = [part for message in fitted.messages for part in message.parts if isinstance(part, ToolResult)]
    assert [result.name for result in results] == ["a_b", "c_d", "e_f"]


def test_without_tools_nothing_is_said_of_choosing_them() -> None:
    request = replace(
        _request(choice=ToolChoice("auto")), sampling=Sampling(temperature=1, parallel_tool_calls=False)
    )
    fitted, _ = fit_tools(request, PLAIN)
    assert fitted.tool_choice is None
    assert fitted.sampling == Sampling(temperature=1)


def test_hosted_tools_are_tools_and_come_once() -> None:
    search = Hosted("web_search", "some", {"type": "search"})
    fitted, _ = fit_tools(_request(search, search, choice=ToolChoice("auto")), PLAIN)
    assert fitted.tools == (search,)
    assert fitted.tool_choice == ToolChoice("auto")


def _ids(request: Request) -> list[str]:
    ids = []
    for message in request.messages:
        for part in message.parts:
            if isinstance(part, ToolCall):
                ids.append(part.id)
            elif isinstance(part, ToolResult):
                ids.append(part.call_id)
    return ids


@given(requests, st.sampled_from([9, 40, 64]), st.sampled_from(["_-", "_", ""]))
def test_call_ids_fit_and_stay_apart(request: Request, length: int, extra: str) -> None:
    fitted = fit_call_ids(request, length, extra)
    before, after = _ids(request), _ids(fitted)
    assert all(re.fullmatch(rf"[A-Za-z0-9{extra}]{{1,{length}}}", call_id) for call_id in after)
    assert len(set(zip(before, after, strict=True))) == len(set(before)) == len(set(after))
    assert fit_call_ids(fitted, length, extra) == fitted


@given(st.text(st.characters()))
def test_a_call_id_depends_on_nothing_but_itself(call_id: str) -> None:
    call = Message("model", (ToolCall(call_id, "a", "{}"),))
    result = Message("user", (ToolResult(call_id),))
    together = _ids(fit_call_ids(_request(messages=(call, result)), 64))
    apart = _ids(fit_call_ids(_request(messages=(result,)), 64))
    assert together == [apart[0], apart[0]]


def test_an_id_that_fits_stays() -> None:
    request = _request(messages=(Message("model", (ToolCall("toolu_01-A", "a", "{}"),)),))
    assert fit_call_ids(request, 64) == request
