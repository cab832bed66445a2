"""Vendors that break: what the client is told, in its own dialect, and never a clean end."""

import asyncio
import json
import socket
from typing import Any

import pytest

from tests.end_to_end.client import DIALECTS, TERMINAL, calling, error, in_band, model, read
from tests.end_to_end.line import account, running
from tests.proxy_core.clocks import FakeClock, HastyClock
from tests.upstreams.behaviours import Fail, Say
from tests.upstreams.delivery import Delivery
from tests.upstreams.server import FakeVendor
from tests.upstreams.vendor import Reply

CHAT, RESPONSES, ANTHROPIC, GEMINI = DIALECTS
PAIRS = [(client, upstream) for client in DIALECTS for upstream in DIALECTS]
# how many events it takes until something was said
BEGUN = {CHAT: 4, RESPONSES: 6, ANTHROPIC: 4, GEMINI: 4}
LONG = Reply("This answer is long enough to be sent in several pieces, one after the other.")


@pytest.mark.parametrize("ending", ["cut", "stop"])
@pytest.mark.parametrize(("client", "upstream"), PAIRS)
async def test_a_stream_that_breaks_ends_with_an_error(client: str, upstream: str, ending: Any) -> None:
    # a pause, or the reset may overtake what was sent before it
    how = Delivery(frames=BEGUN[upstream], ending=ending, gap=0.02)
    async with (
        FakeVendor(upstream, behaviour=Say(LONG, how)) as vendor,
        running([account("one", vendor, "m")]) as line,
        calling(line) as caller,
    ):
        found = await caller.ask(client, "m", stream=True)
        assert found.status == 200
        message = in_band(client, found.body)
        assert message
        assert vendor.key is not None
        assert vendor.key not in message
    (row,) = line.usage.rows
    assert (row.status, row.error, row.attempts) == (502, "server", 1)


@pytest.mark.parametrize("client", DIALECTS)
async def test_a_stream_cut_inside_an_event_still_ends_with_an_error_of_its_own(client: str) -> None:
    begun = BEGUN[client]
    how = Delivery(write=50, frames=begun + 1, ending="stop")

    class Torn(Say):
        def answer(self, vendor: Any, exchange: Any) -> Any:
            given = super().answer(vendor, exchange)
            frames = (*given.frames[:begun], given.frames[begun][:20])
            return type(given)(given.status, frames, given.content_type, given.headers, given.streamed)

    async with (
        FakeVendor(client, behaviour=Torn(LONG, how)) as vendor,
        running([account("one", vendor, "m")]) as line,
        calling(line) as caller,
    ):
        found = await caller.ask(client, "m", stream=True)
        assert "broke off" in in_band(client, found.body)
        assert TERMINAL[client] not in found.body.decode()


@pytest.mark.parametrize("client", DIALECTS)
async def test_a_gemini_array_that_breaks_says_so(client: str) -> None:
    how = Delivery(frames=2, ending="stop", gap=0.02)
    async with (
        FakeVendor(client, behaviour=Say(LONG, how)) as vendor,
        running([account("one", vendor, "m")]) as line,
        calling(line) as caller,
    ):
        value = {"contents": [{"parts": [{"text": "Hello."}]}]}
        found = await caller.post("/v1beta/models/m:streamGenerateContent", value)
        if found.status == 200:
            assert "error" in json.loads(found.body)[-1]
            assert b"finishReason" not in found.body
        else:
            error(GEMINI, found.body)


@pytest.mark.parametrize("ending", ["cut", "stop"])
@pytest.mark.parametrize(("client", "upstream"), PAIRS)
async def test_a_whole_reply_that_breaks_is_a_502(client: str, upstream: str, ending: Any) -> None:
    async with (
        FakeVendor(upstream, behaviour=Say(LONG, Delivery(ending=ending))) as vendor,
        running([account("one", vendor, "m")]) as line,
        calling(line) as caller,
    ):
        found = await caller.ask(client, "m")
        assert found.status in (500, 502)
        assert "127.0.0.1" in error(client, found.body)["message"]
    (row,) = line.usage.rows
    assert (row.error, row.status) == ("server", found.status)


@pytest.mark.parametrize(("client", "upstream"), [pair for pair in PAIRS if pair[0] != pair[1]])
@pytest.mark.parametrize(
    ("kind", "status"), [("rate_limit", 429), ("auth", 401), ("server", 500), ("invalid", 400)]
)
async def test_an_error_is_told_in_the_client_s_dialect(
    client: str, upstream: str, kind: Any, status: int
) -> None:
    async with (
        FakeVendor(upstream, behaviour=Fail(status, kind, "The vendor's words.")) as vendor,
        running([account("one", vendor, "m")]) as line,
        calling(line) as caller,
    ):
        for stream in (False, True):
            line.proxy.reset("one")
            found = await caller.ask(client, "m", stream)
            assert found.status == status or {found.status, status} == {500, 502}
            told = error(client, found.body)["message"]
            if kind != "auth":  # those words are the fake's own
                assert "The vendor's words." in told
            assert vendor.key is not None
            assert vendor.key not in found.body.decode()


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.mark.parametrize("client", DIALECTS)
async def test_a_vendor_that_is_not_there_is_a_502(client: str) -> None:
    vendor = FakeVendor(client, port=closed_port())
    async with running([account("one", vendor, "m")]) as line, calling(line) as caller:
        found = await caller.ask(client, "m")
        assert found.status in (500, 502)
        assert "cannot be reached" in error(client, found.body)["message"]


class Silent(FakeVendor):
    """Has nothing to say, ever."""

    def __init__(self, dialect: str, frames: int | None = None) -> None:
        how = Delivery(before_headers=frames is None, frames=frames, ending="hold")
        super().__init__(dialect, behaviour=Say(LONG, how))


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("client", "upstream"), [(one, one) for one in DIALECTS] + [(CHAT, ANTHROPIC)])
async def test_a_vendor_that_never_begins_is_a_504(client: str, upstream: str, stream: bool) -> None:
    clock = FakeClock()
    network = {"first_byte_timeout_s": 30}
    async with Silent(upstream) as vendor:
        accounts = [account("one", vendor, "m")]
        async with running(accounts, clock=clock, network=network, server={"keep_alive_s": 0}) as line:
            async with calling(line) as caller:
                asking = asyncio.get_running_loop().create_task(caller.ask(client, "m", stream))
                await asyncio.wait_for(vendor.held.wait(), 10)
                await clock.advance(29)
                assert not asking.done()
                await clock.advance(10)
                found = await asyncio.wait_for(asking, 10)
                assert found.status == 504
                assert "30 seconds" in error(client, found.body)["message"]
            await asyncio.wait_for(vendor.cancelled.wait(), 10)
        (row,) = line.usage.rows
        assert (row.status, row.error) == (504, "timeout")


@pytest.mark.parametrize("client", DIALECTS)
async def test_a_vendor_that_never_begins_is_left_for_another(client: str) -> None:
    clock = FakeClock()
    async with Silent(client) as vendor, FakeVendor(client, behaviour=Say(LONG)) as other:
        accounts = [account("one", vendor, "m"), account("two", other, "m")]
        async with (
            running(accounts, clock=clock, network={"first_byte_timeout_s": 30}) as line,
            calling(line) as caller,
        ):
            asking = asyncio.get_running_loop().create_task(caller.ask(client, "m"))
            await asyncio.wait_for(vendor.held.wait(), 10)
            await clock.advance(40)
            assert (await asyncio.wait_for(asking, 10)).status == 200
    assert [(row.attempts, row.account) for row in line.usage.rows] == [(2, "two")]


@pytest.mark.parametrize(("client", "upstream"), PAIRS)
async def test_a_vendor_that_falls_silent_ends_with_an_error(client: str, upstream: str) -> None:
    clock = FakeClock()
    async with Silent(upstream, frames=BEGUN[upstream]) as vendor:
        accounts = [account("one", vendor, model(upstream))]
        async with running(accounts, clock=clock, network={"idle_timeout_s": 20}) as line:
            async with calling(line) as caller, caller.open(client, model(upstream)) as reply:
                got = await asyncio.wait_for(reply.content.readany(), 10)
                await asyncio.wait_for(vendor.held.wait(), 10)
                await clock.advance(40)
                got += (await asyncio.wait_for(read(reply), 10)).body
                assert "20 seconds" in in_band(client, got)
            await asyncio.wait_for(vendor.cancelled.wait(), 10)
    (row,) = line.usage.rows
    assert (row.status, row.error) == (504, "timeout")


@pytest.mark.odd_upstream  # the silent one gives no reason to stop
@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(
    "name",
    [f"demo-{status}" for status in (400, 401, 402, 403, 404, 429, 500, 503, 529)]
    + [f"demo-{way}" for way in ("cut-stream", "silent", "empty", "html", "overloaded-stream")],
)
async def test_the_demo_s_errors_come_in_every_dialect(dialect: str, name: str) -> None:
    for stream in (False, True):
        async with running([], clock=HastyClock()) as line, calling(line) as caller:
            found = await caller.ask(dialect, name, stream)
            if found.status == 200 and stream:
                assert in_band(dialect, found.body)
            elif found.status == 200:
                assert name == "demo-silent"  # a whole reply without a reason to end
            else:
                assert error(dialect, found.body)["message"]
            if name == "demo-429":
                assert (found.status, found.headers["retry-after"]) == (429, "2")
