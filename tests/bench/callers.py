"""The load: connections that ask and count, with as little work per answer as can be."""

import asyncio
import time
from dataclasses import dataclass, field
from typing import cast

_STREAMED = b"transfer-encoding: chunked"
_LENGTH = b"content-length:"
_LAST = b"0\r\n\r\n"
_PATIENCE_S = 300.0


class BadAnswer(Exception):
    """Something else than a good answer came."""


@dataclass
class Volley:
    """What came of one burst: seconds to the first byte of the body and to the last, per answer."""

    seconds: float = 0.0
    firsts: list[float] = field(default_factory=list)
    lasts: list[float] = field(default_factory=list)

    @property
    def count(self) -> int:
        """How many answers came."""
        return len(self.lasts)


class Caller(asyncio.Protocol):
    """One kept connection, one question at a time."""

    def __init__(self, keeps: bool = False) -> None:
        self._keeps = keeps
        self.body = bytearray()
        self.is_closed = False
        self._transport: asyncio.Transport | None = None
        self._done: asyncio.Future[None] | None = None
        self._begun: asyncio.Future[None] | None = None
        self._head = bytearray()
        self._left: int | None = None
        self._tail = b""
        self.first = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are of no class that asyncio knows
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_closed = True
        if self._done is not None and not self._done.done():
            self._done.set_exception(BadAnswer(f"the connection was closed: {exc}"))

    async def ask(self, request: bytes) -> None:
        """Ask and wait for the end of the answer. Raises BadAnswer."""
        await self._send(request)

    async def begin(self, request: bytes) -> None:
        """Ask and wait for the first byte of the answer's body only."""
        self._begun = asyncio.get_running_loop().create_future()
        asked = asyncio.get_running_loop().create_task(self._send(request))
        await asyncio.wait((asked, self._begun), return_when=asyncio.FIRST_COMPLETED)
        if asked.done():
            asked.result()
        asked.cancel()

    async def _send(self, request: bytes) -> None:
        assert self._transport is not None
        self._head.clear()
        self.body.clear()
        self._left, self._tail, self.first = None, b"", 0.0
        self._done = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        await self._done

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        if self._done is None or self._done.done():
            return
        if not self.first:
            self._head += data
            end = self._head.find(b"\r\n\r\n")
            if end < 0 or len(self._head) == end + 4:
                return
            data = bytes(self._head[end + 4 :])
            self._begin(bytes(self._head[:end]).lower())
        if self._keeps:
            self.body += data
        if self._left is not None:
            self._left -= len(data)
            is_over = self._left <= 0
        else:
            self._tail = (self._tail + data[-5:])[-5:]
            is_over = self._tail == _LAST
        if is_over and not self._done.done():
            self._done.set_result(None)

    def _begin(self, head: bytes) -> None:
        assert self._done is not None
        self.first = time.perf_counter()
        if b" 200 " not in head.partition(b"\r\n")[0]:
            self._done.set_exception(BadAnswer(bytes(self._head[:2000]).decode("utf-8", "replace")))
        elif _STREAMED not in head:
            self._left = int(head.partition(_LENGTH)[2].partition(b"\r\n")[0])
        if self._begun is not None and not self._begun.done():
            self._begun.set_result(None)


async def connect(port: int, *, keeps: bool = False) -> Caller:
    """Open a connection; ``keeps`` the bodies of answers."""
    loop = asyncio.get_running_loop()
    _, caller = await loop.create_connection(lambda: Caller(keeps), "127.0.0.1", port)
    return caller


async def answered(port: int, request: bytes) -> bytes:
    """Return the body of one answer, with its framing."""
    caller = await connect(port, keeps=True)
    try:
        await asyncio.wait_for(caller.ask(request), _PATIENCE_S)
    finally:
        caller.close()
    return bytes(caller.body)


async def volley(port: int, request: bytes, at_once: int, seconds: float) -> Volley:
    """Ask over ``at_once`` connections until the time is over, at least once each."""
    found = Volley()
    callers = [await connect(port) for _ in range(at_once)]
    began = time.perf_counter()
    until = began + seconds

    async def go_on(caller: Caller) -> None:
        while True:
            asked = time.perf_counter()
            await caller.ask(request)
            found.firsts.append(caller.first - asked)
            found.lasts.append(time.perf_counter() - asked)
            if time.perf_counter() >= until:
                return

    try:
        async with asyncio.timeout(_PATIENCE_S):
            await asyncio.gather(*(go_on(caller) for caller in callers))
    finally:
        found.seconds = time.perf_counter() - began
        for caller in callers:
            caller.close()
    return found
