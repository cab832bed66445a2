"""A client that leaves ends its upstream call at once, wherever it stands: that is money."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest

from proxy_core.events import ExchangeFinished, ExchangeStarted
from tests.end_to_end.client import DIALECTS, Caller, Raw, bare, body, calling, head, model, path
from tests.end_to_end.line import Line, account, running
from tests.proxy_core.clocks import settle
from tests.upstreams.behaviours import Say
from tests.upstreams.delivery import Delivery
from tests.upstreams.server import FakeVendor
from tests.upstreams.vendor import Reply

PAIRS = [(client, client) for client in DIALECTS]
PAIRS += [(client, DIALECTS[(number + 1) % 4]) for number, client in enumerate(DIALECTS)]
LONG = Reply("This answer is long enough to be sent in several pieces, one after the other.")
SILENT = {
    "before headers": Delivery(before_headers=True, ending="hold"),
    "after headers": Delivery(frames=0, ending="hold"),
    "in the middle": Delivery(frames=5, ending="hold"),
}


@asynccontextmanager
async def leaving(
    client: str, upstream: str, stream: bool, how: Delivery, close: str
) -> AsyncIterator[tuple[FakeVendor, Line]]:
    """Ask, wait until the vendor is silent, leave, and wait until the vendor noticed."""
    name = model(upstream)
    async with (
        FakeVendor(upstream, behaviour=Say(LONG, how)) as vendor,
        running([account("one", vendor, name)]) as line,
        bare(line) as raw,
    ):
        data = json.dumps(body(client, name, stream)).encode()
        raw.writer.write(
            head(line, "POST", path(client, name, stream), f"Content-Length: {len(data)}") + data
        )
        await asyncio.wait_for(vendor.held.wait(), 10)
        _leave(raw, close)
        await asyncio.wait_for(vendor.cancelled.wait(), 10)
        yield vendor, line


def _leave(raw: Raw, close: str) -> None:
    if close == "reset":
        raw.writer.transport.abort()
    else:
        raw.writer.close()


@pytest.mark.parametrize("close", ["close", "reset"])
@pytest.mark.parametrize("phase", SILENT)
@pytest.mark.parametrize(("client", "upstream"), PAIRS)
async def test_a_stream_that_nobody_reads_is_ended(
    client: str, upstream: str, phase: str, close: str
) -> None:
    async with leaving(client, upstream, True, SILENT[phase], close) as (vendor, line):
        pass
    (row,) = line.usage.rows
    assert (row.status, row.error, row.attempts, row.account) == (499, "cancelled", 1, "one")
    assert row.streamed
    assert len(vendor.requests) == 1


@pytest.mark.parametrize("phase", ["before headers", "after headers"])
@pytest.mark.parametrize(("client", "upstream"), PAIRS)
async def test_a_whole_reply_that_nobody_waits_for_is_ended(client: str, upstream: str, phase: str) -> None:
    async with leaving(client, upstream, False, SILENT[phase], "close") as (_, line):
        pass
    (row,) = line.usage.rows
    assert (row.status, row.error, row.streamed, row.first_byte_s) == (499, "cancelled", False, None)


async def test_events_are_paired_also_for_those_who_leave() -> None:
    async with leaving(DIALECTS[0], DIALECTS[0], True, SILENT["in the middle"], "close") as (_, line):
        pass
    started = [event for event in line.events if isinstance(event, ExchangeStarted)]
    finished = [event for event in line.events if isinstance(event, ExchangeFinished)]
    assert [event.id for event in started] == [event.id for event in finished]
    assert [(event.status, event.account) for event in finished] == [(499, "one")]


@pytest.mark.parametrize(("client", "upstream"), PAIRS[:4])
async def test_a_client_that_has_everything_may_close_before_the_vendor_does(
    client: str, upstream: str
) -> None:
    """Codex closes at its terminal event; that is a success, not a client that left."""
    name = model(upstream)
    every = Delivery(frames=10_000, ending="hold")
    async with FakeVendor(upstream, behaviour=Say(LONG, every)) as vendor:
        async with running([account("one", vendor, name)]) as line, calling(line) as caller:
            async with caller.open(client, name) as reply:
                await _until_end(reply, client)
            await asyncio.wait_for(vendor.cancelled.wait(), 10)
            await settle()
        (row,) = line.usage.rows
        assert (row.status, row.error) == (200, None)


async def _until_end(reply: aiohttp.ClientResponse, client: str) -> None:
    ends = {
        "openai_chat": b'"finish_reason":"stop"',
        "openai_responses": b"response.completed",
        "anthropic_messages": b"message_stop",
        "gemini_generate": b'"finishReason"',
    }
    got = b""
    while ends[client] not in got.replace(b": ", b":") or not got.endswith(b"\n"):
        got += await asyncio.wait_for(reply.content.readany(), 10)


async def test_one_who_leaves_does_not_disturb_the_others() -> None:
    async with FakeVendor(DIALECTS[0], behaviour=Say(LONG)) as vendor:
        vendor.by_model["silent"] = Say(LONG, SILENT["in the middle"])
        async with running([account("one", vendor, "m", "silent")]) as line, calling(line) as caller:
            waiting = asyncio.get_running_loop().create_task(_hang(caller))
            await asyncio.wait_for(vendor.held.wait(), 10)
            assert (await caller.ask(DIALECTS[0], "m", stream=True)).status == 200
            waiting.cancel()
            await asyncio.wait_for(vendor.cancelled.wait(), 10)
            assert (await caller.ask(DIALECTS[0], "m", stream=True)).status == 200
            await asyncio.gather(waiting, return_exceptions=True)


async def _hang(caller: Caller) -> None:
    await caller.ask(DIALECTS[0], "silent", stream=True)


async def test_stopping_ends_what_is_under_way_and_records_it() -> None:
    async with FakeVendor(DIALECTS[0], behaviour=Say(LONG, SILENT["before headers"])) as vendor:
        async with running([account("one", vendor, "m")]) as line, calling(line) as caller:
            waiting = asyncio.get_running_loop().create_task(caller.ask(DIALECTS[0], "m"))
            await asyncio.wait_for(vendor.held.wait(), 10)
        with pytest.raises(aiohttp.ClientError):
            await waiting
        await asyncio.wait_for(vendor.cancelled.wait(), 10)
    assert [row.status for row in line.usage.rows] == [499]
