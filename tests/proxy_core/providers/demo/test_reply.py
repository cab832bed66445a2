import json
from typing import Any

import pytest

from proxy_core.providers.demo.question import read
from proxy_core.providers.demo.reply import Reply, compose
from proxy_core.providers.demo.words import count

CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
COMMAND = {"type": "object", "properties": {"command": {"type": "string"}}, "required": ["command"]}


def tool(name: str, schema: Any = CITY) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, "parameters": schema}}


def replied(said: str = "Good morning", model: str = "demo-echo", **fields: Any) -> Reply:
    messages = fields.pop("messages", [{"role": "user", "content": said}])
    return compose(read(json.dumps({"model": model, "messages": messages, **fields}).encode()))


def called(**fields: Any) -> list[tuple[str, Any]]:
    reply = replied(**fields)
    assert (reply.text, reply.finish) == ("", "tool_calls")
    return [(call.name, json.loads(call.arguments)) for call in reply.calls]


def test_it_repeats_what_was_said_and_counts_honestly() -> None:
    reply = replied()
    assert "Good morning" in reply.text
    assert (reply.finish, reply.calls) == ("stop", ())
    assert reply.reasoning_tokens == count(reply.reasoning) > 0
    assert reply.output_tokens == count(reply.reasoning) + count(reply.text)


def test_it_has_something_to_say_to_silence() -> None:
    assert replied(said="").text


def test_one_model_thinks_longer() -> None:
    assert replied(model="demo-think").reasoning_tokens > 2 * replied().reasoning_tokens
    assert replied(model="demo-think", reasoning_effort="none").reasoning == ""


def test_a_huge_text_is_not_repeated_whole() -> None:
    assert len(replied(said="word " * 10_000).text) < 5000


@pytest.mark.parametrize(("limit", "reasons"), [(3, False), (63, False), (64, True)])
def test_the_limit_holds_and_a_small_one_goes_to_the_answer(limit: int, reasons: bool) -> None:
    reply = replied(said="word " * 100, max_completion_tokens=limit)
    assert (reply.finish, reply.output_tokens, bool(reply.reasoning)) == ("length", limit, reasons)
    assert reply.text


def test_a_limit_that_is_not_reached_changes_nothing() -> None:
    assert replied(max_tokens=4000) == replied()


@pytest.mark.parametrize("stop", ["morning", ["never", "morning", "this"]])
def test_it_stops_before_a_stop_word(stop: Any) -> None:
    reply = replied(stop=stop)
    assert (reply.text, reply.finish) == ("You said: Good ", "stop")


def test_it_calls_the_first_function() -> None:
    assert called(tools=[tool("weather"), tool("time")]) == [("weather", {"city": "demo"})]


@pytest.mark.parametrize("shell", [tool("Bash", COMMAND), tool("do_it", COMMAND)])
def test_it_prefers_a_shell_and_runs_what_the_user_named(shell: dict[str, Any]) -> None:
    name = shell["function"]["name"]
    assert called(said="<run>ls -l</run>", tools=[tool("weather"), shell]) == [(name, {"command": "ls -l"})]
    ((_, arguments),) = called(tools=[shell])
    assert arguments["command"].startswith("echo ")


def test_a_known_shell_comes_before_what_only_takes_a_command() -> None:
    assert called(tools=[tool("do_it", COMMAND), tool("shell", COMMAND)])[0][0] == "shell"


def test_a_freeform_tool_gets_plain_text() -> None:
    reply = replied(said="<run>ls</run>", tools=[{"type": "custom", "custom": {"name": "exec"}}])
    assert [(call.name, call.arguments, call.freeform) for call in reply.calls] == [("exec", "ls", True)]


def test_the_choice_is_obeyed() -> None:
    tools = [tool("weather"), tool("time")]
    assert replied(tools=tools, tool_choice="none").finish == "stop"
    forced = {"type": "function", "function": {"name": "time"}}
    assert called(tools=tools, tool_choice=forced) == [("time", {"city": "demo"})]


def test_one_model_calls_two_at_once_unless_that_is_not_wanted() -> None:
    tools = [tool("weather"), tool("time"), tool("news")]
    assert [name for name, _ in called(model="demo-tools", tools=tools)] == ["weather", "time"]
    assert len(called(model="demo-tools", tools=tools, parallel_tool_calls=False)) == 1
    ids = [call.id for call in replied(model="demo-tools", tools=tools).calls]
    assert len(set(ids)) == 2
    assert "No tool" in replied(model="demo-tools").text


def test_after_a_result_it_quotes_it() -> None:
    messages = [
        {"role": "user", "content": "<run>cat x</run>"},
        {"role": "assistant", "tool_calls": [{"id": "c", "type": "function"}]},
        {"role": "tool", "tool_call_id": "c", "content": "secret-1\n"},
    ]
    reply = replied(messages=messages, tools=[tool("shell", COMMAND)])
    assert (reply.text, reply.finish) == ("FINAL: secret-1", "stop")


def test_ids_differ_from_turn_to_turn() -> None:
    tools = [tool("weather")]
    first = replied(tools=tools).calls[0].id
    messages = [
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": "b"},
        {"role": "user", "content": "c"},
    ]
    assert replied(messages=messages, tools=tools).calls[0].id != first


def test_json_answers_fit_the_schema() -> None:
    wanted = {"type": "json_schema", "json_schema": {"name": "n", "schema": CITY}}
    assert json.loads(replied(response_format=wanted).text) == {"city": "Good morning"}
    assert json.loads(replied(response_format={"type": "json_object"}).text) == {"answer": "Good morning"}
