import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import cast

import pytest
from aiohttp import web

from proxy_core.server.connection import Connection
from proxy_core.server.listener import listen
from proxy_core.server.watch import BODY_STEPS, HEAD_STEPS, REPLY_STEPS, STEP_S, WHOLE_BODY_STEPS, _Seen, look
from tests.proxy_core.clocks import FakeClock

HEAD = b"POST / HTTP/1.1\r\nHost: x\r\n"


def explain(status: int, message: str, path: str) -> web.Response:
    return web.Response(status=status, text=message)


async def echo(request: web.BaseRequest) -> web.StreamResponse:
    try:
        return web.Response(text=f"read {len(await request.read())}")
    except TimeoutError:
        return web.Response(status=408, text="stopped")


@asynccontextmanager
async def connected(
    clock: FakeClock,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    listener = await listen(echo, explain, "127.0.0.1", 0, clock)
    reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
    try:
        yield reader, writer
    finally:
        writer.close()
        await listener.close()


async def until_arrived(writer: asyncio.StreamWriter, reader: asyncio.StreamReader, data: bytes) -> None:
    """Send, and let a second connection's answer show that the server has seen it."""
    writer.write(data)
    await writer.drain()
    host, port = writer.get_extra_info("peername")[:2]
    other_reader, other = await asyncio.open_connection(host, port)
    other.write(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    await other_reader.read()
    other.close()


async def test_headers_that_do_not_come_are_told_and_the_connection_closed() -> None:
    clock = FakeClock()
    async with connected(clock) as (reader, writer):
        await until_arrived(writer, reader, HEAD)
        await clock.advance(STEP_S * (HEAD_STEPS + 1))
        found = await reader.read()
        assert found.split()[1] == b"408"
        assert found.endswith(b"within a minute.")


async def test_a_body_that_stops_coming_is_told() -> None:
    clock = FakeClock()
    async with connected(clock) as (reader, writer):
        await until_arrived(writer, reader, HEAD + b"Content-Length: 10\r\n\r\nabc")
        await clock.advance(STEP_S * (BODY_STEPS + 1))
        assert (await reader.read()).endswith(b"stopped")


async def test_a_body_that_comes_slowly_is_waited_for() -> None:
    clock = FakeClock()
    async with connected(clock) as (reader, writer):
        await until_arrived(writer, reader, HEAD + b"Content-Length: 3\r\n\r\n")
        for byte in b"abc":
            await clock.advance(STEP_S * (BODY_STEPS - 1))
            await until_arrived(writer, reader, bytes([byte]))
        assert b"read 3" in await reader.readuntil(b"read 3")


async def test_a_connection_that_waits_for_its_next_request_is_left_alone() -> None:
    clock = FakeClock()
    async with connected(clock) as (reader, writer):
        for _ in range(2):
            writer.write(HEAD + b"Content-Length: 3\r\n\r\nabc")
            await reader.readuntil(b"read 3")
            await clock.advance(3600)


class Still:
    """A connection whose reply waits."""

    def __init__(self) -> None:
        self.head_size, self.is_answering, self.is_broken, self.body = 0, True, False, None
        self.is_held, self.received, self.unsent, self.is_aborted = False, 0, 0, False

    def abort(self) -> None:
        self.is_aborted = True


def looked(still: Still, seen: _Seen, steps: int) -> None:
    for _ in range(steps):
        look(cast(Connection, still), seen)


def test_a_client_that_takes_nothing_is_dropped_in_the_end() -> None:
    still, seen = Still(), _Seen()
    still.unsent = 1000
    looked(still, seen, REPLY_STEPS)
    assert not still.is_aborted
    looked(still, seen, 1)
    assert still.is_aborted


@pytest.mark.parametrize("unsent", [(1000, 999), (0, 0)])
def test_a_client_that_takes_a_little_or_has_all_is_not_dropped(unsent: tuple[int, int]) -> None:
    still, seen = Still(), _Seen()
    for number in range(3 * REPLY_STEPS):
        still.unsent = unsent[number % 2]
        looked(still, seen, 1)
    assert not still.is_aborted


def test_a_body_as_a_whole_has_its_time_and_one_that_we_hold_up_is_not_to_blame() -> None:
    cuts: list[str] = []
    for held in (True, False):
        still, seen = Still(), _Seen()
        coming = SimpleNamespace(is_eof=lambda: False)
        still.body, still.is_held = coming, held  # type: ignore[assignment]
        still.cut_body = lambda held=held: cuts.append(f"held: {held}")  # type: ignore[attr-defined]
        for number in range(WHOLE_BODY_STEPS):
            still.received = number
            looked(still, seen, 1)
    assert cuts == ["held: False"]
