"""Usage: always told to clients, always in the ledger, marked where it is an estimate."""

import asyncio
import json
from typing import Any

import pytest

from proxy_core.store import UsageRow
from tests.end_to_end.client import DIALECTS, calling, events
from tests.end_to_end.line import account, running
from tests.proxy_core.clocks import FakeClock
from tests.upstreams.behaviours import Say
from tests.upstreams.delivery import Delivery
from tests.upstreams.server import FakeVendor
from tests.upstreams.vendor import Answer, Exchange, Reply, Vendor, event_stream

CHAT, RESPONSES, ANTHROPIC, GEMINI = DIALECTS
PAIRS = [(client, upstream) for client in DIALECTS for upstream in DIALECTS]
WORDS = "The quick brown fox jumps over the lazy dog, again and again and again. " * 4
# "Hello." and what stands around it; and WORDS, by the tokenizer and by every vendor's own to some percent
INPUT, OUTPUT = range(5, 20), range(50, 90)
BEGUN = {CHAT: 4, RESPONSES: 6, ANTHROPIC: 4, GEMINI: 4}


class Silent(Say):
    """Says nothing of usage."""

    def answer(self, vendor: Vendor, exchange: Exchange) -> Answer:
        given = super().answer(vendor, exchange)
        if not given.streamed:
            body = json.loads(given.frames[0])
            _forget(body)
            return type(given)(given.status, (json.dumps(body).encode(),), given.content_type, given.headers)
        return event_stream([_without(frame) for frame in given.frames if b'"choices":[]' not in frame])


def _without(frame: bytes) -> bytes:
    head, found, data = frame.partition(b"data: ")
    if not found or not data.startswith(b"{"):
        return frame
    value = json.loads(data)
    _forget(value)
    return head + b"data: " + json.dumps(value).encode() + b"\n\n"


def _forget(value: Any) -> None:
    if isinstance(value, dict):
        value.pop("usage", None)
        value.pop("usageMetadata", None)
        for inner in value.values():
            _forget(inner)


async def _row(client: str, upstream: str, behaviour: Say, *, stream: bool) -> tuple[bytes, UsageRow]:
    async with (
        FakeVendor(upstream, behaviour=behaviour) as vendor,
        running([account("one", vendor, "m")]) as line,
        calling(line) as caller,
    ):
        found = await caller.ask(client, "m", stream)
        assert found.status == 200
    (row,) = line.usage.rows
    return found.body, row


@pytest.mark.odd_upstream
@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(("client", "upstream"), PAIRS)
async def test_a_vendor_that_says_nothing_is_estimated(client: str, upstream: str, stream: bool) -> None:
    body, row = await _row(client, upstream, Silent(Reply(WORDS)), stream=stream)
    assert row.usage_estimated
    assert row.input_tokens in INPUT
    assert row.output_tokens in OUTPUT
    if client != upstream:
        assert _told(client, body, stream) == (row.input_tokens, row.output_tokens)


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(("client", "upstream"), PAIRS)
async def test_a_vendor_that_tells_is_believed(client: str, upstream: str, stream: bool) -> None:
    body, row = await _row(client, upstream, Say(Reply(WORDS)), stream=stream)
    assert not row.usage_estimated
    assert _told(client, body, stream) == (row.input_tokens, row.output_tokens)


def _told(client: str, body: bytes, stream: bool) -> tuple[int, int]:
    values = (
        [json.loads(one) for one in events(body) if one.startswith("{")] if stream else [json.loads(body)]
    )
    last: Any = {}
    for value in values:
        inner = value.get("response") if client == RESPONSES and stream else value
        inner = inner if isinstance(inner, dict) else {}
        last |= (
            inner.get("usage") or inner.get("usageMetadata") or inner.get("message", {}).get("usage") or {}
        )
    match client:
        case "openai_chat":
            return last["prompt_tokens"], last["completion_tokens"]
        case "gemini_generate":
            return last["promptTokenCount"], last["candidatesTokenCount"] + last.get("thoughtsTokenCount", 0)
    cached = last.get("cache_read_input_tokens", 0) + last.get("cache_creation_input_tokens", 0)
    return last["input_tokens"] + (cached if client == ANTHROPIC else 0), last["output_tokens"]


@pytest.mark.parametrize(("client", "upstream"), PAIRS)
@pytest.mark.parametrize("way", ["leaves", "cut"])
async def test_a_reply_that_does_not_end_is_counted_as_far_as_it_came(
    client: str, upstream: str, way: str
) -> None:
    how = Delivery(frames=BEGUN[upstream] + 10, ending="hold" if way == "leaves" else "cut", gap=0.01)
    async with (
        FakeVendor(upstream, behaviour=Say(Reply(WORDS), how)) as vendor,
        running([account("one", vendor, "m")], clock=FakeClock()) as line,
        calling(line) as caller,
    ):
        if way == "leaves":
            async with caller.open(client, "m"):
                await asyncio.wait_for(vendor.held.wait(), 10)
            await asyncio.wait_for(vendor.cancelled.wait(), 10)
        else:
            await caller.ask(client, "m", stream=True)
    (row,) = line.usage.rows
    assert row.status in (499, 502)
    assert row.usage_estimated
    assert row.input_tokens is not None
    assert row.input_tokens > 0
    assert row.output_tokens is not None
    assert 15 < row.output_tokens < 50


@pytest.mark.parametrize("upstream", [RESPONSES, GEMINI])
async def test_a_reply_that_we_cut_is_counted_as_far_as_it_came(upstream: str) -> None:
    """Responses knows no stop strings; what it would have told at its end is not waited for."""
    async with (
        FakeVendor(upstream, behaviour=Say(Reply(WORDS), Delivery(gap=0.001))) as vendor,
        running([account("one", vendor, "m")]) as line,
        calling(line) as caller,
    ):
        asked = {"model": "m", "messages": [{"role": "user", "content": "Hello."}], "stream": True}
        asked |= {"stop": ["lazy"], "stream_options": {"include_usage": True}}
        found = await caller.post("/v1/chat/completions", asked)
        assert found.status == 200
    (row,) = line.usage.rows
    if upstream == RESPONSES:
        assert row.usage_estimated
        assert row.output_tokens is not None
        assert 4 < row.output_tokens < 20
        assert _told(CHAT, found.body, True) == (row.input_tokens, row.output_tokens)


@pytest.mark.parametrize("client", DIALECTS)
async def test_what_was_refused_cost_nothing(client: str) -> None:
    async with (
        FakeVendor(client, behaviour=Say(Reply("x"), Delivery(before_headers=True, ending="cut"))) as vendor,
        running([account("one", vendor, "m")]) as line,
        calling(line) as caller,
    ):
        assert (await caller.ask(client, "m", stream=True)).status in (500, 502)
    (row,) = line.usage.rows
    assert (row.input_tokens, row.output_tokens, row.usage_estimated) == (None, None, False)
