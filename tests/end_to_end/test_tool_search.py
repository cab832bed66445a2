"""Searching among deferred tools, as Claude Code and Codex do it, against vendors that load none later."""

import json
from dataclasses import dataclass
from typing import Any

import pytest

from tests.end_to_end.client import DIALECTS, Caller, calling
from tests.end_to_end.line import account, running
from tests.samples import load
from tests.samples.recorded import capture
from tests.upstreams.delivery import PLAIN, Delivery
from tests.upstreams.lint import lint
from tests.upstreams.server import FakeVendor
from tests.upstreams.vendor import Answer, Call, Exchange, Reply, Vendor


@dataclass
class CallByName:
    """Calls the first of these tools that is offered; `offered` are the names of the last request."""

    calls: tuple[Call, ...]
    delivery: Delivery = PLAIN
    offered: tuple[str, ...] = ()
    heard: tuple[str, ...] = ()

    def answer(self, vendor: Vendor, exchange: Exchange) -> Answer:
        """The call, or a text that says that there is none."""
        ask = vendor.ask(exchange)
        self.offered = tuple(tool.name for tool in ask.tools)
        self.heard = tuple(text for kind, text in ask.history if kind == "result")
        for call in self.calls:
            if call.name in self.offered:
                return vendor.write(exchange, Reply(calls=(call,)))
        return vendor.write(exchange, Reply(text="There is no such tool."))


FOREIGN = [name for name in DIALECTS if name != "anthropic_messages"]


@pytest.mark.parametrize("upstream", FOREIGN)
async def test_claude_code_loads_tools_on_the_way(upstream: str) -> None:
    name, act = load.model(upstream), CallByName((Call("WebSearch", arguments={"query": "q"}),))
    async with (
        FakeVendor(upstream, behaviour=act) as vendor,
        running([account("one", vendor, f"{name}=claude-sonnet-4-5")]) as line,
        calling(line) as caller,
    ):
        seen = []
        for number in (1, 2, 3):
            asked = capture(f"claude-toolsearch/{number:02}")
            got = await caller.send("POST", asked.target, asked.data, asked.sent_with(line.key))
            assert got.status == 200, got.body
            assert lint("anthropic_messages", got.body) == []
            assert (b'"name":"WebSearch"' in got.body) == (number > 1)
            seen.append((set(act.offered), act.heard))
        assert vendor.refusals == []
    first, second, third = (names for names, _ in seen)
    assert "ToolSearch" in first
    assert not {"DeferredToolPlaceholder", "WebSearch", "WebFetch"} & (first | {""})
    assert second == third == first | {"WebSearch", "WebFetch"}
    assert "WebFetch" in seen[1][1][0]
    assert "WebSearch" in seen[1][1][0]


async def test_their_own_vendor_still_loads_them_itself() -> None:
    """A body that is translated although both sides speak this dialect keeps every mark."""
    name, act = load.model("anthropic_messages"), CallByName(())
    asked = capture("claude-toolsearch/02")
    async with (
        FakeVendor("anthropic_messages", behaviour=act) as vendor,
        running([account("one", vendor, f"{name}=claude-sonnet-4-5")]) as line,
        calling(line) as caller,
    ):
        body = {**asked.body, "metadata": {"user_id": "trunkline.1:x:y:"}}  # looks like an envelope
        turns = [turn for turn in body["messages"] if "thinking" not in str(turn["content"])]
        call = {"type": "tool_use", "id": "toolu_e73a282c8e4f4e4996ca", "name": "ToolSearch", "input": {}}
        body["messages"] = [turns[0], {"role": "assistant", "content": [call]}, turns[-1]]
        headers = asked.sent_with(line.key)
        got = await caller.send("POST", asked.target, json.dumps(body).encode(), headers)
        assert got.status == 200, got.body
        sent = vendor.requests[-1].body
    deferred = {tool["name"] for tool in sent["tools"] if tool.get("defer_loading")}
    assert deferred == {"DeferredToolPlaceholder", "WebSearch", "WebFetch"}
    assert sent["messages"][2]["content"][0]["content"][0] == {
        "type": "tool_reference",
        "tool_name": "WebFetch",
    }


SPACE = {
    "type": "namespace",
    "name": "multi_agent_v1",
    "description": "Sub-agents.",
    "tools": [
        {
            "type": "function",
            "name": "spawn_agent",
            "description": "Spawns.",
            "strict": False,
            "defer_loading": True,
            "parameters": {"type": "object", "properties": {"task": {"type": "string"}}},
        }
    ],
}


async def _codex(caller: Caller, body: Any, stream: bool) -> list[Any]:
    got = await caller.post("/v1/responses", {**body, "stream": stream})
    assert got.status == 200, got.body
    if not stream:
        found: list[Any] = got.json["output"]
        return found
    assert lint("openai_responses", got.body) == []
    lines = [line for line in got.body.decode().split("\n") if line.startswith("data:")]
    return list(json.loads(lines[-1][5:])["response"]["output"])


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("upstream", ["openai_chat", "anthropic_messages", "gemini_generate"])
async def test_codex_loads_a_namespace_on_the_way(upstream: str, stream: bool) -> None:
    found = Call("multi_agent_v1__spawn_agent", arguments={"task": "t"})
    search = Call("tool_search", arguments={"query": "agents", "limit": 3})
    name, act = load.model(upstream), CallByName((found, search))
    asked = capture("codex/01").body
    async with (
        FakeVendor(upstream, behaviour=act) as vendor,
        running([account("one", vendor, f"{name}=gpt-5.5")]) as line,
        calling(line) as caller,
    ):
        output = await _codex(caller, asked, stream)
        (call,) = [item for item in output if item["type"] == "tool_search_call"]
        assert (call["arguments"], call["execution"]) == ({"query": "agents", "limit": 3}, "client")
        assert "multi_agent_v1__spawn_agent" not in act.offered
        result = {
            "type": "tool_search_output",
            "call_id": call["call_id"],
            "execution": "client",
            "status": "completed",
            "tools": [SPACE],
        }
        history = [*asked["input"], *output, result]
        output = await _codex(caller, {**asked, "input": history}, stream)
        assert act.heard[0] == "These tools can be called now: multi_agent_v1__spawn_agent."
        (call,) = [item for item in output if item["type"] == "function_call"]
        assert (call["namespace"], call["name"]) == ("multi_agent_v1", "spawn_agent")
        done = {"type": "function_call_output", "call_id": call["call_id"], "output": "spawned"}
        await _codex(caller, {**asked, "input": [*history, *output, done]}, stream)
        assert act.heard[1:] == ("spawned",)
        assert vendor.refusals == []


@pytest.mark.parametrize("upstream", DIALECTS)
async def test_where_the_vendor_would_search_all_tools_are_offered(upstream: str) -> None:
    name, act = load.model(upstream), CallByName((Call("spawn_agent"), Call("multi_agent_v1__spawn_agent")))
    tools = [{"type": "tool_search"}, SPACE]
    async with (
        FakeVendor(upstream, behaviour=act) as vendor,
        running([account("one", vendor, name)]) as line,
        calling(line) as caller,
    ):
        body = {"model": name, "input": "Go.", "tools": tools}
        (call,) = [one for one in await _codex(caller, body, False) if one["type"] == "function_call"]
        assert call["name"] == "spawn_agent"
        assert call["namespace"] == "multi_agent_v1"
        search = {"type": "tool_search_tool_regex_20251119", "name": "tool_search_tool_regex"}
        later = {"name": "spawn_agent", "input_schema": {"type": "object"}, "defer_loading": True}
        asked = {
            "model": name,
            "max_tokens": 100,
            "tools": [search, later],
            "messages": [{"role": "user", "content": "Go."}],
        }
        await caller.post("/v1/messages", asked, anthropic_version="2023-06-01")
        expected = () if upstream == "anthropic_messages" else ("spawn_agent",)
        assert act.offered == expected
        assert vendor.refusals == []


def _change(kind: str, name: str) -> dict[str, Any]:
    return {"type": kind, "tool": {"type": "tool_reference", "name": name}}


def _changing(model: str) -> dict[str, Any]:
    """A conversation whose tools change on the way, as Claude Code may write it for an unknown model."""
    schema = {"type": "object", "properties": {"task": {"type": "string"}}}
    inline = {"type": "tool_definition", "definition": {"name": "Inline", "input_schema": schema}}
    call = {"type": "tool_use", "id": "toolu_1", "name": "Old", "input": {}}
    note = {"type": "text", "text": "The tools have changed."}
    return {
        "model": model,
        "max_tokens": 100,
        "tools": [
            {"name": "Old", "input_schema": schema},
            {"name": "Late", "input_schema": schema, "defer_loading": True},
            {"name": "Never", "input_schema": schema, "defer_loading": True},
        ],
        "messages": [
            {"role": "user", "content": "Go."},
            {"role": "assistant", "content": [call]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "content": "ok"}]},
            {
                "role": "system",
                "content": [note, _change("tool_addition", "Late"), _change("tool_removal", "Old")],
            },
            {"role": "system", "content": [{"type": "tool_addition", "tool": inline}]},
            {"role": "user", "content": "Go on."},
        ],
    }


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("upstream", DIALECTS)
async def test_tools_change_inside_the_conversation(upstream: str, stream: bool) -> None:
    """Their own vendor gets the changes as they came; the others get the tools that there are by then."""
    name = "claude-opus-5" if upstream == "anthropic_messages" else load.model(upstream)
    act = CallByName((Call("Old"), Call("Inline", arguments={"task": "t"})))
    betas = "mid-conversation-tool-changes-2026-07-01,inline-tools-2026-09-15"
    async with (
        FakeVendor(upstream, behaviour=act) as vendor,
        running([account("one", vendor, f"{name}=my-own-model")]) as line,
        calling(line) as caller,
    ):
        body = {**_changing("my-own-model"), "stream": stream}
        got = await caller.post("/v1/messages?beta=true", body, anthropic_beta=betas)
        assert got.status == 200, got.body
        assert vendor.refusals == []
        sent = vendor.requests[-1].body
    if upstream == "anthropic_messages":
        assert (sent["messages"], sent["tools"]) == (body["messages"], body["tools"])
        return
    assert act.offered == ("Late", "Inline")
    assert '"name":"Inline"' in got.body.decode().replace(": ", ":")
    assert "The tools have changed." in json.dumps(sent)
    assert "tool_addition" not in json.dumps(sent)
    assert not stream or lint("anthropic_messages", got.body) == []
