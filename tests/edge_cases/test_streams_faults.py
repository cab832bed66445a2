"""Streams, part 3: how a reply fails, and who leaves (154 to 156, 167 to 170, 179)."""

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest

from tests.end_to_end.client import DIALECTS, TERMINAL, bare, body, calling, error, head, in_band, path
from tests.end_to_end.line import account, running
from tests.samples import load
from tests.upstreams.behaviours import Fail, FailInside, Replay, Say
from tests.upstreams.delivery import Delivery
from tests.upstreams.server import FakeVendor
from tests.upstreams.vendor import Answer, Exchange, Reply, Vendor, event_stream

CHAT, RESPONSES, ANTHROPIC, GEMINI = DIALECTS
LONG = Reply("This answer is long enough to be sent in several pieces, one after the other.")
# how many events it takes until something was said
BEGUN = {CHAT: 4, RESPONSES: 6, ANTHROPIC: 4, GEMINI: 4}


@pytest.mark.parametrize("client", DIALECTS)
async def test_case_154_an_error_of_the_vendor_s_in_mid_stream_is_told_in_the_client_s_words(
    client: str,
) -> None:
    async with (
        FakeVendor(ANTHROPIC, behaviour=Replay("14-overloaded-mid-stream")) as vendor,
        running([account("one", vendor, load.model(ANTHROPIC))]) as line,
        calling(line) as caller,
    ):
        if "14-overloaded-mid-stream" not in load.names(ANTHROPIC):
            vendor.behaviour = FailInside(Say(LONG, Delivery(gap=0.02)), frames=BEGUN[ANTHROPIC])
        found = await caller.ask(client, load.model(ANTHROPIC), stream=True)
        assert "verloaded" in in_band(client, found.body)
        # Chat's clients try again only after a break
        assert found.is_broken is (client == CHAT)
    (row,) = line.usage.rows
    assert (row.status, row.error) == (503, "overloaded")


@pytest.mark.parametrize("ending", ["cut", "stop"])
@pytest.mark.parametrize("upstream", DIALECTS)
@pytest.mark.parametrize("client", DIALECTS)
async def test_case_155_a_stream_without_its_end_never_ends_well(
    client: str, upstream: str, ending: Any
) -> None:
    """For Chat the list of cases has an error object; Qwen Code takes one for final, so it is a break."""
    how = Delivery(frames=BEGUN[upstream], ending=ending, gap=0.02)
    async with (
        FakeVendor(upstream, behaviour=Say(LONG, how)) as vendor,
        running([account("one", vendor, "m")]) as line,
        calling(line) as caller,
    ):
        found = await caller.ask(client, "m", stream=True)
        assert (found.status, found.is_broken) == (200, client == CHAT)
        assert in_band(client, found.body)
        assert TERMINAL[client] not in found.body.decode()
        assert b"This answer" in found.body


async def test_case_155_the_legacy_dialect_breaks_off_as_chat_does() -> None:
    how = Delivery(frames=BEGUN[ANTHROPIC], ending="stop", gap=0.02)
    async with (
        FakeVendor(ANTHROPIC, behaviour=Say(LONG, how)) as vendor,
        running([account("one", vendor, "m")]) as line,
        calling(line) as caller,
    ):
        found = await caller.post("/v1/completions", {"model": "m", "prompt": "Hello.", "stream": True})
        assert found.is_broken
        assert b"This answer" in found.body
        assert b"[DONE]" not in found.body


class Unterminated(Say):
    """Leaves out what Chat says behind its finish reason."""

    def answer(self, vendor: Vendor, exchange: Exchange) -> Answer:
        given = super().answer(vendor, exchange)
        return event_stream([frame for frame in given.frames if b"[DONE]" not in frame])


@pytest.mark.odd_upstream
@pytest.mark.parametrize("client", DIALECTS)
async def test_case_156_a_reason_to_stop_is_an_end_even_without_done(client: str) -> None:
    async with (
        FakeVendor(CHAT, behaviour=Unterminated(LONG)) as vendor,
        running([account("one", vendor, "m")]) as line,
        calling(line) as caller,
    ):
        found = await caller.ask(client, "m", stream=True)
        assert (found.status, found.is_broken) == (200, False)
        assert b'"error":{' not in found.body
        if client != CHAT:
            assert TERMINAL[client].encode() in found.body
        else:
            assert b'"finish_reason":"stop"' in found.body  # the vendor's own bytes, and no more
    (row,) = line.usage.rows
    assert (row.status, row.error) == (200, None)


@pytest.mark.parametrize("upstream", DIALECTS)
@pytest.mark.parametrize("client", DIALECTS)
async def test_case_167_a_failure_before_anything_was_said_has_its_status(client: str, upstream: str) -> None:
    async with (
        FakeVendor(upstream, behaviour=FailInside(Say(LONG), frames=0)) as vendor,
        running([account("one", vendor, "m")]) as line,
        calling(line) as caller,
    ):
        for behaviour in (FailInside(Say(LONG), frames=0), Fail(503, "overloaded", "Overloaded")):
            vendor.behaviour = behaviour
            line.proxy.reset("one")
            found = await caller.ask(client, "m", stream=True, x_other=type(behaviour).__name__)
            assert found.status in (500, 502, 503, 529)  # some vendors call it a server error
            assert int(found.headers["retry-after"]) >= 1
            assert "verloaded" in error(client, found.body)["message"]


@pytest.mark.parametrize("upstream", DIALECTS)
async def test_case_168_a_client_that_leaves_ends_the_upstream_call_and_blames_nobody(upstream: str) -> None:
    how = Delivery(frames=BEGUN[upstream], ending="hold")
    async with (
        FakeVendor(upstream, behaviour=Say(LONG, how)) as vendor,
        running([account("one", vendor, "m")]) as line,
        bare(line) as raw,
    ):
        data = json.dumps(body(ANTHROPIC, "m", stream=True)).encode()
        where = path(ANTHROPIC, "m", stream=True)
        raw.writer.write(head(line, "POST", where, f"Content-Length: {len(data)}") + data)
        await asyncio.wait_for(vendor.held.wait(), 10)
        raw.writer.close()
        await asyncio.wait_for(vendor.cancelled.wait(), 10)
        vendor.behaviour = Say(Reply("Well."))
        async with calling(line) as caller:
            assert (await caller.ask(ANTHROPIC, "m")).status == 200
    left, _ = sorted(line.usage.rows, key=lambda row: row.started_at)
    assert (left.status, left.error) == (499, "cancelled")


class Flood(Say):
    """Says more than any buffer on the way holds, as fast as it is taken."""

    written = 0

    def answer(self, vendor: Vendor, exchange: Exchange) -> Answer:
        given = super().answer(vendor, exchange)
        return event_stream([*given.frames[:4], *([given.frames[3]] * 400_000)])


@pytest.mark.parametrize(("client", "upstream"), [(CHAT, CHAT), (ANTHROPIC, CHAT)])
async def test_case_169_a_slow_client_slows_its_vendor(client: str, upstream: str) -> None:
    async with (
        FakeVendor(upstream, behaviour=Flood(LONG)) as vendor,
        running([account("one", vendor, "m")]) as line,
        bare(line) as raw,
    ):
        raw.writer.transport.pause_reading()  # type: ignore[attr-defined]
        data = json.dumps(body(client, "m", stream=True)).encode()
        where = path(client, "m", stream=True)
        raw.writer.write(head(line, "POST", where, f"Content-Length: {len(data)}") + data)
        # nobody reads: the vendor comes to a stop long before its 100 MB are out
        stuck = await _until_stuck(line)
        assert 0 < stuck < 20 << 20
    assert len(vendor.requests) == 1


async def _until_stuck(line: Any) -> int:
    """Wait until the proxy takes nothing more from its vendor; return how much it holds for its client."""
    handlers = line.proxy._listener._runner.server.connections
    held, same = -1, 0
    while same < 20:
        await asyncio.sleep(0.01)
        now = max((one.unsent for one in handlers), default=0)
        same = same + 1 if now == held and now > 0 else 0
        held = now
    return held


@pytest.mark.parametrize("client", DIALECTS)
@pytest.mark.parametrize("upstream", DIALECTS)
async def test_case_170_a_vendor_that_knows_one_way_serves_both(client: str, upstream: str) -> None:
    class OneWay(Say):
        is_streamed = True

        def answer(self, vendor: Vendor, exchange: Exchange) -> Answer:
            route = replace(exchange.route, stream=self.is_streamed)
            asked = {**exchange.body, "stream": self.is_streamed} if upstream != GEMINI else exchange.body
            query = {"alt": "sse"} if self.is_streamed else {}
            other = replace(exchange, route=route, query=query, body=asked)
            return super().answer(vendor, other)

    async with (
        FakeVendor(upstream, behaviour=OneWay(LONG)) as vendor,
        running([account("one", vendor, "m")]) as line,
        calling(line) as caller,
    ):
        whole = await caller.ask(client, "m")
        assert (whole.status, "one after the other" in json.dumps(whole.json)) == (200, True)
        OneWay.is_streamed = False
        streamed = await caller.ask(client, "m", stream=True)
        assert (streamed.status, TERMINAL[client] in streamed.body.decode()) == (200, True)
        assert b"one after the other" in streamed.body


class Nothing(Say):
    """Status 200, and no event."""

    def answer(self, vendor: Vendor, exchange: Exchange) -> Answer:
        return event_stream([])


@pytest.mark.parametrize("upstream", DIALECTS)
@pytest.mark.parametrize("client", DIALECTS)
async def test_case_179_a_stream_without_events_is_an_error(client: str, upstream: str) -> None:
    async with (
        FakeVendor(upstream, behaviour=Nothing(LONG)) as vendor,
        running([account("one", vendor, "m")]) as line,
        calling(line) as caller,
    ):
        for stream in (True, False):
            line.proxy.reset("one")
            found = await caller.ask(client, "m", stream, x_other=str(stream))
            assert found.status in (500, 502)
            assert error(client, found.body)["message"]
