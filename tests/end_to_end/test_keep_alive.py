"""Keep-alives: in the form that each dialect's clients survive, at the right time, at the right place."""

import asyncio
import json

import aiohttp
import pytest

from proxy_core.store import UsageRow
from tests.end_to_end.client import (
    DIALECTS,
    KEEP_ALIVE,
    TERMINAL,
    Caller,
    body,
    calling,
    events,
    in_band,
    path,
    read,
)
from tests.end_to_end.client import Answer as Got
from tests.end_to_end.line import account, running
from tests.proxy_core.clocks import FakeClock
from tests.proxy_core.relay.rig import dialects
from tests.samples import load
from tests.upstreams.behaviours import Replay, Say
from tests.upstreams.delivery import Delivery
from tests.upstreams.server import FakeVendor
from tests.upstreams.vendor import Answer, Exchange, Reply, Vendor

CHAT, RESPONSES, ANTHROPIC, GEMINI = DIALECTS
PAIRS = [(one, one) for one in DIALECTS] + [(one, DIALECTS[(at + 1) % 4]) for at, one in enumerate(DIALECTS)]
# how many events of the fakes it takes until something was said
BEGUN = {CHAT: 4, RESPONSES: 6, ANTHROPIC: 4, GEMINI: 4}
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


def begun(client: str) -> int:
    """How many events of the sample it takes until something was said."""
    sample = load.sample(client, "01-plain-text")
    assert sample.stream is not None
    tap = dialects()[client].tap("stream")
    for count, frame in enumerate(sample.stream.replace(b"\r\n", b"\n").split(b"\n\n"), 1):
        tap.feed(frame + b"\n\n")
        if tap.has_content:
            return count
    raise AssertionError("a sample without a text")


@pytest.mark.parametrize("client", DIALECTS)
async def test_a_silence_inside_a_stream_is_filled_between_events(client: str) -> None:
    clock = FakeClock()
    count = begun(client)
    held = Delivery(frames=count, ending="hold")
    async with (
        FakeVendor(client, behaviour=Replay("01-plain-text", held)) as vendor,
        running([account("one", vendor, "m")], clock=clock, server={"keep_alive_s": 10}) as line,
        calling(line) as caller,
        caller.open(client, "m") as reply,
    ):
        await asyncio.wait_for(vendor.held.wait(), 10)
        got = await asyncio.wait_for(_until(reply, count), 10)
        await clock.advance(11)
        beat = await asyncio.wait_for(reply.content.readany(), 10)
        assert beat == KEEP_ALIVE[client]
        assert len(events(got)) == count


async def _until(reply: object, count: int) -> bytes:
    got = b""
    while len(events(got)) < count or not got.endswith(b"\n"):
        got += await reply.content.readany()  # type: ignore[attr-defined]
    return got


class Torn(Say):
    """Falls silent in the middle of an event, after something was said."""

    def answer(self, vendor: Vendor, exchange: Exchange) -> Answer:
        given = super().answer(vendor, exchange)
        count = BEGUN[vendor.dialect]
        frames = (*given.frames[:count], given.frames[count][:30])
        return type(given)(given.status, frames, given.content_type, given.headers, given.streamed)


@pytest.mark.parametrize("client", DIALECTS)
async def test_a_part_of_an_event_waits_for_its_end_and_keep_alives_do_not(client: str) -> None:
    clock = FakeClock()
    behaviour = Torn(Reply("This text is long enough for several events."), Delivery(ending="hold"))
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
            await clock.advance(50)
            await clock.advance(30)
            found = await asyncio.wait_for(read(reply), 10)
            assert found.body.count(KEEP_ALIVE[client]) >= 3
            assert "60 seconds" in in_band(client, found.body)
            if client != CHAT:
                assert all(json.loads(event) for event in events(found.body))


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


@pytest.mark.parametrize("client", DIALECTS)
async def test_a_whole_reply_that_fails_soon_has_its_status(client: str) -> None:
    found, row = await _whole(client, 40)
    assert (found.status, row.status) == (504, 504)


@pytest.mark.parametrize("client", DIALECTS)
async def test_a_client_that_waits_long_for_a_whole_reply_gets_headers_in_time(client: str) -> None:
    """The most impatient one gives up after a minute without headers, and breaks are better than silence."""
    clock = FakeClock()
    async with FakeVendor(client, behaviour=Say(Reply("x"), LATE)) as vendor:
        limits = {"first_byte_timeout_s": 300}
        async with (
            running([account("one", vendor, "m")], clock=clock, network=limits) as line,
            calling(line) as caller,
        ):
            asking = asyncio.get_running_loop().create_task(_opened(caller, client))
            await asyncio.wait_for(vendor.held.wait(), 10)
            await clock.advance(44)
            assert not asking.done()
            await clock.advance(12)
            reply = await asyncio.wait_for(asking, 10)
            assert (reply.status, reply.content_type) == (200, "application/json")
            await clock.advance(400)
            found = await asyncio.wait_for(read(reply), 10)
            reply.close()
    assert found.body
    assert (found.body.strip(), found.is_broken) == (b"", True)
    (row,) = line.usage.rows
    assert (row.status, row.error) == (504, "timeout")


@pytest.mark.parametrize("client", DIALECTS)
async def test_blanks_before_a_whole_reply_are_still_json(client: str) -> None:
    clock = FakeClock()
    async with (
        FakeVendor(client, behaviour=Say(Reply("x"), LATE)) as vendor,
        FakeVendor(client, behaviour=GOOD) as other,
    ):
        accounts = [account("one", vendor, "m"), account("two", other, "m")]
        limits = {"first_byte_timeout_s": 100}
        async with running(accounts, clock=clock, network=limits) as line, calling(line) as caller:
            asking = asyncio.get_running_loop().create_task(caller.ask(client, "m"))
            await asyncio.wait_for(vendor.held.wait(), 10)
            await clock.advance(110)
            found = await asyncio.wait_for(asking, 10)
    assert (found.status, found.is_broken) == (200, False)
    assert found.body.startswith(b"\n")
    assert "All well." in json.dumps(found.json)
    assert line.usage.rows[0].status == 200


async def _whole(client: str, silent_s: float) -> tuple[Got, UsageRow]:
    clock = FakeClock()
    async with FakeVendor(client, behaviour=Say(Reply("x"), LATE)) as vendor:
        limits = {"first_byte_timeout_s": silent_s - 10}
        async with (
            running([account("one", vendor, "m")], clock=clock, network=limits) as line,
            calling(line) as caller,
        ):
            asking = asyncio.get_running_loop().create_task(caller.ask(client, "m"))
            await asyncio.wait_for(vendor.held.wait(), 10)
            await clock.advance(silent_s)
            found = await asyncio.wait_for(asking, 10)
    return found, line.usage.rows[0]


async def _opened(caller: Caller, client: str) -> aiohttp.ClientResponse:
    data = json.dumps(body(client, "m")).encode()
    return await caller.session.post(caller.line.url + path(client, "m"), data=data, headers=caller.named({}))
