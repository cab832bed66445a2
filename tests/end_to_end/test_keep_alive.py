"""Keep-alives: in the form that each dialect's clients survive, at the right time, at the right place."""

import asyncio
import json

import pytest

from tests.end_to_end.client import DIALECTS, KEEP_ALIVE, TERMINAL, calling, events, in_band
from tests.end_to_end.line import account, running
from tests.proxy_core.clocks import FakeClock
from tests.samples import load
from tests.upstreams.behaviours import Replay, Say
from tests.upstreams.delivery import Delivery
from tests.upstreams.server import FakeVendor
from tests.upstreams.vendor import Answer, Exchange, Reply, Vendor

CHAT, RESPONSES, ANTHROPIC, GEMINI = DIALECTS
PAIRS = [(one, one) for one in DIALECTS] + [(one, DIALECTS[(at + 1) % 4]) for at, one in enumerate(DIALECTS)]
LATE = Delivery(before_headers=True, ending="hold")
GOOD = Say(Reply("All well."))


@pytest.mark.parametrize(("client", "upstream"), PAIRS)
async def test_a_late_first_byte_is_bridged_and_another_account_may_still_answer(
    client: str, upstream: str
) -> None:
    clock = FakeClock()
    async with (
        FakeVendor(upstream, behaviour=Say(Reply("x"), LATE)) as vendor,
        FakeVendor(upstream, behaviour=GOOD) as other,
    ):
        accounts = [account("one", vendor, "m"), account("two", other, "m")]
        limits = {"first_byte_timeout_s": 60}
        async with (
            running(accounts, clock=clock, server={"keep_alive_s": 10}, network=limits) as line,
            calling(line) as caller,
        ):
            asking = asyncio.get_running_loop().create_task(caller.ask(client, "m", stream=True))
            await asyncio.wait_for(vendor.held.wait(), 10)
            await clock.advance(9)
            assert line.usage.rows == []
            await clock.advance(62)
            found = await asyncio.wait_for(asking, 10)
    assert found.status == 200
    beat = KEEP_ALIVE[client]
    beats = 0
    rest = found.body
    while rest.startswith(beat):
        rest, beats = rest.removeprefix(beat), beats + 1
    assert 3 <= beats <= 6
    assert b"All well." in rest
    assert TERMINAL[client].encode() in rest
    assert [(row.attempts, row.account, row.status) for row in line.usage.rows] == [(2, "two", 200)]


@pytest.mark.parametrize(("client", "upstream"), PAIRS)
async def test_after_a_keep_alive_an_error_comes_in_band(client: str, upstream: str) -> None:
    clock = FakeClock()
    async with FakeVendor(upstream, behaviour=Say(Reply("x"), LATE)) as vendor:
        limits = {"first_byte_timeout_s": 30}
        async with (
            running(
                [account("one", vendor, "m")], clock=clock, server={"keep_alive_s": 10}, network=limits
            ) as line,
            calling(line) as caller,
        ):
            asking = asyncio.get_running_loop().create_task(caller.ask(client, "m", stream=True))
            await asyncio.wait_for(vendor.held.wait(), 10)
            await clock.advance(50)
            found = await asyncio.wait_for(asking, 10)
    assert found.status == 200
    assert found.body.startswith(KEEP_ALIVE[client])
    assert "30 seconds" in in_band(client, found.body)
    assert [(row.status, row.error) for row in line.usage.rows] == [(504, "timeout")]


async def test_an_array_that_fails_after_keep_alives_is_still_json() -> None:
    clock = FakeClock()
    async with FakeVendor(GEMINI, behaviour=Say(Reply("x"), LATE)) as vendor:
        limits = {"first_byte_timeout_s": 30}
        async with (
            running(
                [account("one", vendor, "m")], clock=clock, server={"keep_alive_s": 10}, network=limits
            ) as line,
            calling(line) as caller,
        ):
            value = {"contents": [{"parts": [{"text": "Hello."}]}]}
            where = "/v1beta/models/m:streamGenerateContent"
            asking = asyncio.get_running_loop().create_task(caller.post(where, value))
            await asyncio.wait_for(vendor.held.wait(), 10)
            await clock.advance(50)
            found = await asyncio.wait_for(asking, 10)
    assert found.status == 200
    assert "30 seconds" in json.loads(found.body)[-1]["error"]["message"]


@pytest.mark.parametrize("client", DIALECTS)
async def test_a_whole_reply_gets_no_keep_alive(client: str) -> None:
    clock = FakeClock()
    async with FakeVendor(client, behaviour=Say(Reply("x"), LATE)) as vendor:
        limits = {"first_byte_timeout_s": 30}
        async with (
            running(
                [account("one", vendor, "m")], clock=clock, server={"keep_alive_s": 10}, network=limits
            ) as line,
            calling(line) as caller,
        ):
            asking = asyncio.get_running_loop().create_task(caller.ask(client, "m"))
            await asyncio.wait_for(vendor.held.wait(), 10)
            await clock.advance(50)
            assert (await asyncio.wait_for(asking, 10)).status == 504


@pytest.mark.parametrize("client", DIALECTS)
async def test_a_silence_inside_a_stream_is_filled_between_events(client: str) -> None:
    clock = FakeClock()
    sample = load.sample(client, "01-plain-text")
    assert sample.stream is not None
    held = Delivery(frames=2, ending="hold")
    async with (
        FakeVendor(client, behaviour=Replay("01-plain-text", held)) as vendor,
        running([account("one", vendor, "m")], clock=clock, server={"keep_alive_s": 10}) as line,
        calling(line) as caller,
        caller.open(client, "m") as reply,
    ):
        await asyncio.wait_for(vendor.held.wait(), 10)
        begun = await asyncio.wait_for(_until(reply, 2), 10)
        await clock.advance(11)
        beat = await asyncio.wait_for(reply.content.readany(), 10)
        assert beat == KEEP_ALIVE[client]
        assert len(events(begun)) == 2


async def _until(reply: object, count: int) -> bytes:
    got = b""
    while len(events(got)) < count or not got.endswith(b"\n"):
        got += await reply.content.readany()  # type: ignore[attr-defined]
    return got


class Torn(Say):
    """Falls silent in the middle of its second event."""

    def answer(self, vendor: Vendor, exchange: Exchange) -> Answer:
        given = super().answer(vendor, exchange)
        frames = (given.frames[0], given.frames[1][:30])
        return type(given)(given.status, frames, given.content_type, given.headers, given.streamed)


@pytest.mark.parametrize("client", DIALECTS)
async def test_never_in_the_middle_of_an_event(client: str) -> None:
    clock = FakeClock()
    behaviour = Torn(Reply("This text is long enough for several events."), Delivery(frames=2, ending="hold"))
    async with FakeVendor(client, behaviour=behaviour) as vendor:
        limits = {"idle_timeout_s": 60}
        async with (
            running(
                [account("one", vendor, "m")], clock=clock, server={"keep_alive_s": 10}, network=limits
            ) as line,
            calling(line) as caller,
            caller.open(client, "m") as reply,
        ):
            await asyncio.wait_for(vendor.held.wait(), 10)
            got = b""
            while len(got) < 60 or got.endswith(b"\n"):
                got += await asyncio.wait_for(reply.content.readany(), 10)
            await clock.advance(50)  # five keep-alives would have come
            await clock.advance(30)
            rest = await asyncio.wait_for(reply.content.read(), 10)
            assert rest.startswith(b"\n\n")
            assert KEEP_ALIVE[client] not in rest.removeprefix(b"\n\n") or client == GEMINI
            assert "60 seconds" in rest.decode()


async def test_zero_switches_them_off() -> None:
    clock = FakeClock()
    async with FakeVendor(CHAT, behaviour=Say(Reply("x"), LATE)) as vendor:
        limits = {"first_byte_timeout_s": 100}
        async with (
            running(
                [account("one", vendor, "m")], clock=clock, server={"keep_alive_s": 0}, network=limits
            ) as line,
            calling(line) as caller,
        ):
            asking = asyncio.get_running_loop().create_task(caller.ask(CHAT, "m", stream=True))
            await asyncio.wait_for(vendor.held.wait(), 10)
            await clock.advance(130)
            assert (await asyncio.wait_for(asking, 10)).status == 504
