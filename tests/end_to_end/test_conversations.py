"""Whole conversations through the line: seals, tool names, ids and kinds come back."""

import json

import pytest

from tests.end_to_end.client import calling
from tests.end_to_end.line import account, running
from tests.end_to_end.meaning import sdk
from tests.end_to_end.turns import (
    SCHEMA,
    CallAll,
    answered,
    asked,
    calls,
    history,
    opening,
    said,
    texts,
)
from tests.samples import load
from tests.upstreams.server import FakeVendor

# google-genai 3.4 subclasses aiohttp's session, which aiohttp dislikes
pytestmark = pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession:DeprecationWarning")

DIALECTS = load.dialects()
PAIRS = [
    pytest.param(client, upstream, id=f"{client}-{upstream}") for client in DIALECTS for upstream in DIALECTS
]
STREAM = pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])


@STREAM
@pytest.mark.parametrize(("client", "upstream"), PAIRS)
async def test_a_tool_task_keeps_its_seals_through_any_client(
    client: str, upstream: str, stream: bool
) -> None:
    model = load.model(upstream)
    async with (
        FakeVendor(upstream, demands_seals=True) as vendor,
        running([account("one", vendor, model)]) as line,
        sdk(client, line.url, line.key) as tool,
    ):
        body = opening(client, "<run>first</run>", [("shell", SCHEMA), ("other", SCHEMA)])
        talk = history(client, body)
        for command in ("first", "second"):
            first = await said(tool, client, model, body, stream)
            (call,) = calls(client, first)
            assert call[1:] == ("shell", {"command": command})
            talk += [*first, *answered(client, [call], f"{command} done")]
            final = await said(tool, client, model, body, stream)
            assert texts(client, final) == f"FINAL: {command} done"
            talk += [*final, asked(client, "<run>second</run>")]
        assert [answer.frames for answer in vendor.refusals] == []


@pytest.mark.parametrize("issuer", DIALECTS)
@pytest.mark.parametrize(("client", "upstream"), PAIRS)
async def test_seals_of_one_vendor_never_reach_another(client: str, upstream: str, issuer: str) -> None:
    """A conversation that was begun elsewhere goes on: the new vendor must not see the old one's seals."""
    if issuer == upstream:
        pytest.skip("one issuer")
    async with (
        FakeVendor(issuer) as old,
        FakeVendor(upstream) as new,
        running(
            [account("one", old, f"{load.model(issuer)}=old"), account("two", new, load.model(upstream))]
        ) as line,
        sdk(client, line.url, line.key) as tool,
    ):
        body = opening(client, "<run>first</run>", [("shell", SCHEMA)])
        first = await said(tool, client, "old", body, stream=False)
        history(client, body).extend([*first, *answered(client, calls(client, first), "done")])
        final = await said(tool, client, load.model(upstream), body, stream=False)
        assert texts(client, final) == "FINAL: done"
        assert [answer.frames for answer in [*old.refusals, *new.refusals]] == []


NAMES = ("mcp.files/read one", "mcp_files_read_one", "x" * 80, "x" * 79 + "y", "1st-tool", "größe")


@STREAM
@pytest.mark.parametrize(("client", "upstream"), PAIRS)
async def test_tool_names_come_back_as_they_were(client: str, upstream: str, stream: bool) -> None:
    if client == upstream:
        pytest.skip("the vendor's own rules hold")
    model = load.model(upstream)
    async with (
        FakeVendor(upstream, behaviour=CallAll({"command": "x"})) as vendor,
        running([account("one", vendor, model)]) as line,
        sdk(client, line.url, line.key) as tool,
    ):
        body = opening(client, "Call all.", [(name, SCHEMA) for name in (*NAMES, NAMES[0])], think=False)
        first = await said(tool, client, model, body, stream)
        found = calls(client, first)
        assert [name for _, name, _ in found] == list(NAMES)
        assert len({name for name, _, _ in found}) == len(NAMES)
        history(client, body).extend([*first, *answered(client, found, "ok")])
        again = await said(tool, client, model, body, stream)
        assert [name for _, name, _ in calls(client, again)] == list(NAMES)
        assert [answer.frames for answer in vendor.refusals] == []


@pytest.mark.parametrize("upstream", DIALECTS)
@pytest.mark.parametrize("client", ["openai_chat", "openai_responses", "anthropic_messages"])
async def test_any_call_id_is_made_fit(client: str, upstream: str) -> None:
    if client == upstream:
        pytest.skip("the vendor's own rules hold")
    ids = ("call:1/ä", "call:1/ö", "y" * 100, "y" * 99 + "z", "functions.shell:0")
    model = load.model(upstream)
    async with (
        FakeVendor(upstream) as vendor,
        running([account("one", vendor, model)]) as line,
        sdk(client, line.url, line.key) as tool,
    ):
        body = opening(client, "<run>first</run>", [("shell", SCHEMA)], think=False)
        talk = history(client, body)
        match client:
            case "openai_chat":
                function = {"name": "shell", "arguments": '{"command":"x"}'}
                made = [{"id": name, "type": "function", "function": function} for name in ids]
                talk.append({"role": "assistant", "content": None, "tool_calls": made})
            case "openai_responses":
                arguments = '{"command":"x"}'
                talk += [
                    {"type": "function_call", "call_id": name, "name": "shell", "arguments": arguments}
                    for name in ids
                ]
            case _:
                use = {"type": "tool_use", "name": "shell", "input": {"command": "x"}}
                talk.append({"role": "assistant", "content": [{**use, "id": name} for name in ids]})
        results = answered(client, [(name, "shell", {}) for name in reversed(ids)], "ok")
        talk += results
        assert texts(client, await said(tool, client, model, body, stream=False)) == "FINAL: ok"
        assert [answer.frames for answer in vendor.refusals] == []


@STREAM
@pytest.mark.parametrize("upstream", DIALECTS)
async def test_namespaces_and_freeform_tools_come_back(upstream: str, stream: bool) -> None:
    model = load.model(upstream)
    inner = {"type": "function", "name": "send", "parameters": SCHEMA, "strict": False}
    tools = [
        {"type": "namespace", "name": "agents", "description": "Agents.", "tools": [inner]},
        {"type": "namespace", "name": "mail", "description": "Mail.", "tools": [inner]},
        {
            "type": "custom",
            "name": "exec",
            "format": {"type": "grammar", "syntax": "lark", "definition": "start: /.+/"},
        },
    ]
    async with (
        FakeVendor(upstream, behaviour=CallAll({"command": "x", "input": "plain input"})) as vendor,
        running([account("one", vendor, model)]) as line,
        sdk("openai_responses", line.url, line.key) as tool,
    ):
        body = {**opening("openai_responses", "Go.", think=False), "tools": tools}
        found = await said(tool, "openai_responses", model, body, stream)
        assert vendor.refusals == []
    if upstream == "openai_responses":
        return  # passed through; this fake names no namespaces
    items = [item for item in found if item["type"].endswith("_call")]
    assert [(item.get("namespace"), item["name"]) for item in items] == [
        ("agents", "send"), ("mail", "send"), (None, "exec"),
    ]  # fmt: skip
    assert items[2]["type"] == "custom_tool_call"
    assert items[2]["input"] == "plain input"


@pytest.mark.parametrize("upstream", ["openai_responses", "anthropic_messages", "gemini_generate"])
async def test_legacy_functions_still_work(upstream: str) -> None:
    model = load.model(upstream)
    body = {
        "model": model,
        "functions": [{"name": "shell", "parameters": SCHEMA}],
        "function_call": "auto",
        "messages": [
            {"role": "user", "content": "<run>first</run>", "name": "ada"},
            {
                "role": "assistant",
                "content": None,
                "function_call": {"name": "shell", "arguments": '{"command":"a"}'},
            },
            {"role": "function", "name": "shell", "content": "legacy done"},
        ],
    }
    async with (
        FakeVendor(upstream) as vendor,
        running([account("one", vendor, model)]) as line,
        calling(line) as caller,
    ):
        got = await caller.post("/v1/chat/completions", body)
        assert vendor.refusals == []
    assert got.status == 200, got.body
    assert json.loads(got.body)["choices"][0]["message"]["content"] == "FINAL: legacy done"
