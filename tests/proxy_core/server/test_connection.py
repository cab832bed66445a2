import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import cast

import pytest
from aiohttp import web

from proxy_core.server.connection import Connection, Handle, least_missed
from proxy_core.server.listener import listen


def explain(status: int, message: str, path: str) -> web.Response:
    return web.Response(status=status, text=f"explained: {message} on {path}.")


@asynccontextmanager
async def connected(handle: Handle) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    listener = await listen(handle, explain, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
    try:
        yield reader, writer
    finally:
        writer.close()
        await listener.close()


async def measure(request: web.BaseRequest) -> web.StreamResponse:
    try:
        return web.Response(text=f"read {len(await request.read())}")
    except web.RequestPayloadError as error:
        return web.Response(status=400, text=str(error))


async def test_a_body_that_ends_early_is_answered_and_the_connection_closed() -> None:
    async with connected(measure) as (reader, writer):
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc")
        writer.write_eof()
        found = await reader.read()
        assert found.startswith(b"HTTP/1.1 400")
        assert found.endswith(b"The body broke off before its end.")


async def test_a_whole_request_and_then_the_end_is_a_client_that_left() -> None:
    started, ended = asyncio.Event(), asyncio.Event()

    async def wait(request: web.BaseRequest) -> web.StreamResponse:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return web.Response()

    async with connected(wait) as (_, writer):
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc")
        await asyncio.wait_for(started.wait(), 5)
        assert not ended.is_set()
        writer.close()
        await asyncio.wait_for(ended.wait(), 5)


async def test_the_end_after_an_early_answer_is_no_error() -> None:
    async def refuse(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(status=413, text="no")

    async with connected(refuse) as (reader, writer):
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc")
        assert (await reader.readuntil(b"no")).startswith(b"HTTP/1.1 413")
        writer.write_eof()
        assert await reader.read() == b""


async def test_a_connection_is_used_again_after_an_unread_body() -> None:
    async def early(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(text="early")

    async with connected(early) as (reader, writer):
        for _ in range(2):
            writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc")
            await reader.readuntil(b"early")


@pytest.mark.parametrize("data", [b"\x00\x01\x02\r\n\r\n", b"GET / HTTP/1.1\r\nbad header\r\n\r\n"])
async def test_what_is_not_http_is_explained(data: bytes) -> None:
    async with connected(measure) as (reader, writer):
        writer.write(data)
        found = await reader.read()
        assert found.split()[1] == b"400"
        assert b"explained: This is not HTTP" in found


@pytest.mark.parametrize(
    ("line", "path"),
    [
        ("POST /v1/messages?beta=true HTTP/1.1", "/v1/messages"),
        ("POST http://localhost:1/v1/messages HTTP/1.1", "/v1/messages"),
        ("GET nonsense HTTP/1.1", "/"),
    ],
)
@pytest.mark.parametrize(
    "rest",
    [
        b"Host: x\r\nHost: y\r\n\r\n",
        b"Host: x\r\nContent-Length: -1\r\n\r\n",
        b"Host: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nab\r\n0\r\n\r\n",
        b"Host: x\r\nX-Big: %s\r\n\r\n" % (b"a" * 70_000),
    ],
    ids=["two hosts", "negative length", "bad chunk", "70 kB header"],
)
async def test_a_client_that_ended_its_side_gets_its_400(line: str, path: str, rest: bytes) -> None:
    async with connected(measure) as (reader, writer):
        writer.write(line.encode() + b"\r\n" + rest)
        writer.write_eof()
        found = await reader.read()
        assert found.split()[1] in (b"400", b"431" if b"X-Big" in rest else b"400")
        assert found.endswith(f" on {path}.".encode())


@pytest.mark.parametrize("ends", [False, True])
async def test_a_bad_chunk_in_the_middle_of_a_body_is_told_to_its_reader(ends: bool) -> None:
    started = asyncio.Event()

    async def tell(request: web.BaseRequest) -> web.StreamResponse:
        started.set()
        return await measure(request)

    async with connected(tell) as (reader, writer):
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
        await started.wait()
        writer.write(b"zz\r\nab\r\n0\r\n\r\n")
        if ends:
            writer.write_eof()
        found = await reader.read()
        assert found.startswith(b"HTTP/1.1 400")
        assert found.count(b"HTTP/1.") == 1


@pytest.mark.allow_logs
async def test_a_handler_that_fails_is_explained_without_details() -> None:
    async def fail(request: web.BaseRequest) -> web.StreamResponse:
        raise ValueError("a secret")

    async with connected(fail) as (reader, writer):
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        found = await reader.read()
        assert found.startswith(b"HTTP/1.1 500")
        assert b"secret" not in found


async def test_a_client_that_sends_far_too_long_headers_can_read_why() -> None:
    async with connected(measure) as (reader, writer):
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nX-Big: ")
        for _ in range(100):
            writer.write(b"a" * 7000)
            await writer.drain()
        found = await reader.read()
        assert found.split()[1] == b"431"
        assert b"too long" in found


async def test_headers_that_never_end_are_ended() -> None:
    async with connected(measure) as (reader, writer):
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n")
        for number in range(100):
            writer.write(b"X-%d: %s\r\n" % (number, b"a" * 3000))
            await writer.drain()
        found = await reader.read()
        assert found.split()[1] == b"431"


async def test_answers_that_are_due_come_before_a_refusal() -> None:
    started, go_on = asyncio.Event(), asyncio.Event()

    async def wait(request: web.BaseRequest) -> web.StreamResponse:
        started.set()
        await go_on.wait()
        return web.Response(text="due")

    async with connected(wait) as (reader, writer):
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        await started.wait()
        writer.write(b"\x00\x01 garbage\r\n\r\n")
        go_on.set()
        found = await reader.read()
        assert found.startswith(b"HTTP/1.1 200")
        assert found.count(b"HTTP/1.") == 2


def test_of_too_many_connections_the_oldest_silent_one_goes_first() -> None:
    def one(is_answering: bool) -> Connection:
        return cast(Connection, SimpleNamespace(is_answering=is_answering))

    busy, silent, later = one(True), one(False), one(False)
    assert least_missed([busy, silent, later]) is silent
    assert least_missed([busy, one(True)]) is not busy
