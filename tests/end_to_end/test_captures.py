"""Requests that real tools sent, through every upstream dialect, to answers that their tools accept."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Literal

import pytest

from tests.end_to_end.client import Answer, Caller, calling
from tests.end_to_end.line import account, running
from tests.end_to_end.tool_rules import heard, offers
from tests.samples.recorded import Capture, captures, chats
from tests.upstreams.behaviours import Behaviour
from tests.upstreams.delivery import PLAIN, Delivery
from tests.upstreams.server import FakeVendor
from tests.upstreams.vendor import Answer as Given
from tests.upstreams.vendor import Call, Exchange, Offered, Reply, Step, Vendor, plausible_count

UPSTREAMS = {
    "openai_chat": "gpt-6-astra",
    "openai_responses": "gpt-6-astra",
    "anthropic_messages": "claude-sonnet-5-5",
    "gemini_generate": "gemini-3.8-flash",
}
MODELS = sorted({one.model for one in chats()})
TEXT, THOUGHT, PROGRAM = "Well, here it is: ünïcode ✓.", "Let me see.", 'say "ü✓"\n*** end\n'
SEARCH = Step("web_search", query="loopback proxies", sources=(("https://news.example/1", "News"),))


@dataclass(frozen=True, slots=True)
class Act:
    """Answers with text, a call of the first tool, calls of every tool, or a step that the vendor runs."""

    what: Literal["text", "call", "every", "step"]
    delivery: Delivery = PLAIN

    def answer(self, vendor: Vendor, exchange: Exchange) -> Given:
        """The answer; who offers no tools gets text."""
        if exchange.route.kind == "count":
            return vendor.count(plausible_count(exchange.body))
        ask = vendor.ask(exchange)
        tools = {"call": ask.tools[:1], "every": ask.tools}.get(self.what, ())
        steps = (SEARCH,) if self.what == "step" and "web_search" in ask.hosted else ()
        says = TEXT if not tools or self.what == "call" else ""
        thinking = THOUGHT if ask.think else ""
        return vendor.write(exchange, Reply(says, tuple(map(called, tools)), thinking, steps))


def called(tool: Offered) -> Call:
    """A call with arguments that the tool's schema allows."""
    return Call(tool.name, tool.form, filled(tool.schema), PROGRAM)


def filled(schema: Any) -> dict[str, Any]:
    """The smallest object of a schema, with its required members."""
    known = schema.get("properties") or {}
    return {name: value_of(known.get(name, {})) for name in schema.get("required") or ()}


def value_of(schema: Any) -> Any:
    """The smallest value of a schema."""
    if schema.get("enum"):
        return schema["enum"][0]
    kind = schema.get("type", "string")
    kind = str(kind[0] if isinstance(kind, list) else kind).lower()
    if kind == "object":
        return filled(schema)
    return {"array": [], "integer": 1, "number": 0.5, "boolean": True}.get(kind, PROGRAM)


def sealed(value: Any) -> Iterator[str]:
    """Every opaque value in a recorded history."""
    if isinstance(value, list):
        for item in value:
            yield from sealed(item)
    elif isinstance(value, dict):
        for name, item in value.items():
            if name in ("signature", "encrypted_content", "thoughtSignature") and isinstance(item, str):
                yield item
            else:
                yield from sealed(item)


@dataclass
class Bench:
    """A vendor with the proxy in front of it."""

    vendor: FakeVendor
    caller: Caller

    async def replay(self, capture: Capture, act: Behaviour) -> Answer:
        """Send a recorded request; the vendor answers it as told."""
        self.vendor.behaviour = act
        self.vendor.requests.clear()
        named = capture.sent_with(self.caller.line.key)
        got = await self.caller.send(capture.method, capture.target, capture.data, named)
        assert self.vendor.refusals == [], self.vendor.refusals[-1].frames
        assert self.vendor.leaks == []
        return got


@asynccontextmanager
async def bench(upstream: str, dialect: str) -> AsyncIterator[Bench]:
    """Every recorded model, served by one vendor: under its own name where the dialect stays the same."""
    async with FakeVendor(upstream) as vendor:
        same = upstream == dialect
        served = [name if same else f"{UPSTREAMS[upstream]}={name}" for name in MODELS]
        for one in captures():
            if one.dialect == upstream:
                # the vendor of the recording issued these
                for seal in sealed(one.body):
                    vendor.memories[upstream].keep(seal)
        async with running([account("one", vendor, *served)]) as line, calling(line) as caller:
            vendor.forbidden = (line.key,)
            yield Bench(vendor, caller)


PAIRS = pytest.mark.parametrize("upstream", list(UPSTREAMS))
RUNS = pytest.mark.parametrize("run", sorted({one.name.partition("/")[0] for one in chats()}))


def of(run: str) -> list[Capture]:
    """The chats of one run."""
    return [one for one in chats() if one.name.partition("/")[0] == run]


@PAIRS
@RUNS
async def test_text_and_thinking_reach_the_tool(run: str, upstream: str) -> None:
    chats_of_run = of(run)
    async with bench(upstream, chats_of_run[0].dialect) as line:
        for capture in chats_of_run:
            reading = heard(capture, await line.replay(capture, Act("text")))
            assert reading.text == TEXT, capture.name
            assert reading.calls == []
            assert reading.thinking in ("", THOUGHT)


@PAIRS
@RUNS
async def test_a_call_reaches_the_tool_as_one_of_its_own(run: str, upstream: str) -> None:
    chats_of_run = of(run)
    async with bench(upstream, chats_of_run[0].dialect) as line:
        for capture in chats_of_run:
            reading = heard(capture, await line.replay(capture, Act("call")))
            assert reading.text == TEXT, capture.name
            assert len(reading.calls) == min(1, len(offers(capture))), capture.name


@PAIRS
@RUNS
async def test_parallel_calls_of_every_tool_reach_it(run: str, upstream: str) -> None:
    """Every tool that the vendor was offered is called once: all come back, under different names."""
    chats_of_run = of(run)
    async with bench(upstream, chats_of_run[0].dialect) as line:
        for capture in chats_of_run:
            reading = heard(capture, await line.replay(capture, Act("every")))
            found = {(call.kind, call.namespace, call.name) for call in reading.calls}
            missing = offers(capture) - found
            # within the dialect the fake calls what it reads in `tools`, of the kinds that it knows
            if upstream != capture.dialect:
                assert missing == set(), capture.name
            assert found or not offers(capture)
            assert len(reading.calls) == len(found)
            for call in reading.calls:
                if call.kind == "custom_tool_call":
                    assert call.given == PROGRAM


@PAIRS
async def test_steps_that_the_vendor_runs_reach_the_tool(upstream: str) -> None:
    """Searches of the vendor's own: refused nowhere, and told in the tool's dialect where it has words."""
    for run in ("claude-websearch", "gemini-websearch", "codex"):
        chats_of_run = of(run)
        async with bench(upstream, chats_of_run[0].dialect) as line:
            for capture in chats_of_run:
                reading = heard(capture, await line.replay(capture, Act("step")))
                assert reading.text == TEXT, capture.name


SAME = [one for one in captures() if one.is_chat]


@pytest.mark.parametrize("dialect", sorted({one.dialect for one in SAME}))
async def test_within_a_dialect_the_bytes_of_the_body_arrive(dialect: str) -> None:
    async with bench(dialect, dialect) as line:
        for capture in SAME:
            if capture.dialect != dialect:
                continue
            got = await line.replay(capture, Act("text"))
            (seen,) = line.vendor.requests
            assert seen.raw == capture.data, capture.name
            assert seen.path == capture.target.partition("?")[0]
            assert heard(capture, got).text == TEXT
            told = {name.lower(): value for name, value in capture.headers}
            for name in ("anthropic-beta", "anthropic-version", "openai-beta"):
                assert seen.headers.get(name) == told.get(name), (capture.name, name)


@pytest.mark.parametrize("upstream", list(UPSTREAMS))
async def test_one_byte_at_a_time_makes_no_difference(upstream: str) -> None:
    for name in ("claude/02", "codex-codemode/02", "gemini/02"):
        capture = next(one for one in captures() if one.name == name)
        async with bench(upstream, capture.dialect) as line:
            reading = heard(capture, await line.replay(capture, Act("every", Delivery(write=1))))
            assert reading.calls


def test_the_recordings_hold_no_secrets() -> None:
    text = json.dumps([[one.headers, one.body] for one in captures()])
    for word in ("/root", "/tmp/", "/opt/", "sk-ant", "sk-proj", "AIza", "ya29.", "ghp_", "eyJ"):
        assert word not in text, word
