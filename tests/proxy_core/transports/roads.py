"""Real proxy servers, as small as they can be, and a vendor to reach through them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Road:
    """A proxy: where it listens and what went through it (address, then credentials if there were any)."""

    port: int = 0
    seen: list[str] = field(default_factory=list)


@asynccontextmanager
async def _listening(serve: Serve) -> AsyncIterator[int]:
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def _tunnel(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str, port: int, first: bytes = b""
) -> None:
    there_reader, there = await asyncio.open_connection(host, port)
    there.write(first)

    async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        try:
            while data := await source.read(65536):
                sink.write(data)
                await sink.drain()
        except ConnectionError:
            pass
        finally:
            sink.close()

    await asyncio.gather(pump(reader, there), pump(there_reader, writer))


@asynccontextmanager
async def http_proxy(refuse: bool = False) -> AsyncIterator[Road]:
    """A proxy for plain http: it gets whole addresses."""
    road = Road()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        method, url, _ = first.split()
        road.seen.append(url)
        road.seen += [line.partition(": ")[2] for line in lines if line.lower().startswith("proxy-auth")]
        if refuse:
            writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            writer.close()
            return
        if method == "CONNECT":
            host, _, port = url.rpartition(":")
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
            await _tunnel(reader, writer, host, int(port))
            return
        place = url.removeprefix("http://")
        host, _, port = place.partition("/")[0].partition(":")
        path = "/" + place.partition("/")[2]
        kept = [line for line in lines if not line.lower().startswith("proxy-")]
        await _tunnel(
            reader, writer, "127.0.0.1", int(port), "\r\n".join([f"{method} {path} HTTP/1.1", *kept]).encode()
        )

    async with _listening(serve) as road.port:
        yield road


@asynccontextmanager
async def socks_proxy(user: str = "") -> AsyncIterator[Road]:
    """A SOCKS5 proxy (RFC 1928); with a user it wants a password (RFC 1929)."""
    road = Road()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        greeting = await reader.read(2)
        if not greeting:
            return  # tried and given up
        count = greeting[1]
        await reader.readexactly(count)
        writer.write(b"\x05\x02" if user else b"\x05\x00")
        if user:
            await reader.readexactly(1)
            name = await reader.readexactly((await reader.readexactly(1))[0])
            password = await reader.readexactly((await reader.readexactly(1))[0])
            road.seen.append(f"{name.decode()}:{password.decode()}")
            writer.write(b"\x01\x00")
        kind = (await reader.readexactly(4))[3]
        if kind == 3:
            host = (await reader.readexactly((await reader.readexactly(1))[0])).decode()
        else:
            host = ".".join(map(str, await reader.readexactly(4)))
        port = int.from_bytes(await reader.readexactly(2), "big")
        road.seen.append(f"{host}:{port}")
        writer.write(b"\x05\x00\x00\x01" + bytes(6))
        await _tunnel(reader, writer, "127.0.0.1", port)

    async with _listening(serve) as road.port:
        yield road


@asynccontextmanager
async def vendor(handle: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]) -> AsyncIterator[int]:
    """A web server; gives its port."""
    runner = web.ServerRunner(web.Server(handle), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


@asynccontextmanager
async def speaking(*answer: bytes) -> AsyncIterator[int]:
    """Reads a head and writes exactly these bytes, then closes; gives its port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        for data in answer:
            writer.write(data)
            await writer.drain()
        writer.close()

    async with _listening(serve) as port:
        yield port
