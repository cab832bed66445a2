"""The tool task: which tool it picks and how it fills it in, in every dialect and stream form."""

from typing import Any

import pytest

from tests.samples import load
from tests.upstreams.behaviours import NAMED, Say, ToolTask, named, shell_call
from tests.upstreams.lint import lint
from tests.upstreams.sending import send
from tests.upstreams.server import FakeVendor
from tests.upstreams.vendor import Call, Offered, Reply


def offered(name: str, *properties: str, command: str = "string") -> Offered:
    kinds = {"command": {"type": command}}
    schema = {"type": "object", "properties": {key: kinds.get(key, {"type": "string"}) for key in properties}}
    return Offered(name, "json", schema)


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        (offered("run_shell_command", "command"), {"command": "ls"}),
        (offered("exec_command", "cmd", "workdir"), {"cmd": "ls"}),
        (offered("shell", "command", command="array"), {"command": ["bash", "-lc", "ls"]}),
        (offered("shell", "command", command="ARRAY"), {"command": ["bash", "-lc", "ls"]}),
        (offered("mcp__Bash", "command"), {"command": "ls"}),
    ],
)
def test_shells(tool: Offered, arguments: dict[str, Any]) -> None:
    others = (offered("write_stdin", "chars"), offered("read_file", "path"))
    call = shell_call((*others, tool), "ls")
    assert call == Call(tool.name, arguments=arguments)


def test_a_description_is_given_where_there_is_a_place_for_it() -> None:
    call = shell_call((offered("Bash", "command", "description"),), "ls")
    assert call is not None
    assert call.arguments.keys() == {"command", "description"}


@pytest.mark.parametrize("name", ["exec", "functions__exec"])
def test_exec_takes_a_script_freeform_or_as_the_one_field_of_a_function(name: str) -> None:
    script = 'const r = await tools.exec_command({cmd: "echo \\"a\\\\b\\""});\n'
    free = shell_call((Offered(name, "freeform", {}),), 'echo "a\\b"')
    wrapped = shell_call((offered(name, "input"),), 'echo "a\\b"')
    assert free is not None
    assert wrapped is not None
    assert free.text.startswith(script)
    assert (free.form, wrapped.form) == ("freeform", "json")
    assert wrapped.arguments == {"input": free.text}


def test_no_shell_no_call() -> None:
    assert shell_call((offered("read_file", "path"),), "ls") is None


@pytest.mark.parametrize("dialect", load.dialects())
async def test_without_a_command_it_just_talks(dialect: str) -> None:
    sample = load.sample(dialect, "01-plain-text")
    async with FakeVendor(dialect, behaviour=ToolTask()) as vendor:
        got = await send(vendor, dialect, sample.stream_target, sample.stream_request)
    assert b"There is " in got.body
    assert lint(dialect, got.body) == []


@pytest.mark.parametrize("dialect", load.dialects())
async def test_a_long_reply_with_calls_is_well_formed(dialect: str) -> None:
    sample = load.sample(dialect, "08-thinking-signature")
    calls = (Call("f", arguments={"text": "日本語 \u2028 👩‍👧"}), Call("g", arguments={"n": [1, 2]}))
    reply = Reply(text="Grüße 👋 from me to you", calls=calls, thinking="a thought that is long enough")
    async with FakeVendor(dialect, behaviour=Say(reply), compatible=True) as vendor:
        got = await send(vendor, dialect, sample.stream_target, sample.stream_request)
        assert got.status == 200
        assert lint(dialect, got.body) == []
        assert (await send(vendor, dialect, sample.path, sample.request)).status == 200


def test_names() -> None:
    assert {name: named(name) for name in NAMED}.keys() == NAMED.keys()
    assert named("replay:01-plain-text").delivery == named("tool_task").delivery
    with pytest.raises(KeyError):
        named("dance")
