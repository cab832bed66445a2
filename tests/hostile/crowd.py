"""Crowds of slow peers, and what an ordinary client notices of them; and how much a stalled stream holds."""

import asyncio
import json
import socket
import statistics
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

from tests.end_to_end.client import body, path
from tests.hostile.shots import Aim, Shot
from tests.hostile.storm import fire
from tests.hostile.vendors import Asked

MODEL = "model-of-openai_chat"


def raise_limit(wanted: int) -> int:
    """Allow this process so many descriptors, as far as it may; return how many."""
    try:
        import resource
    except ImportError:
        return wanted
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return max(soft, wanted)


def small(aim: Aim, model: str = MODEL) -> Shot:
    """Return a small good request of an ordinary client."""
    data = json.dumps(body("openai_chat", model)).encode()
    return Shot("small", (aim.post(path("openai_chat", model), data),))


@dataclass
class Crowd:
    """Slow connections, a third of each kind."""

    writers: list[asyncio.StreamWriter]

    async def dribble(self) -> None:
        """Send one byte on each, over and over, until cancelled; the silent ones stay silent."""
        while True:
            for number, writer in enumerate(self.writers):
                if number % 3 and not writer.is_closing():
                    writer.write(b"x")
            await asyncio.sleep(1)


def _openings(aim: Aim) -> Iterator[bytes]:
    silent = b""
    header = f"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:{aim.port}\r\nX-Slow: ".encode()
    upload = aim.head("POST", "/v1/chat/completions", "Content-Length: 1000000") + b'{"model":"'
    return cycle((silent, header, upload))


@asynccontextmanager
async def crowd(aim: Aim, count: int) -> AsyncIterator[Crowd]:
    """Connect so many slow clients: silent ones, and ones that dribble their headers or their body."""
    writers = []
    openings = _openings(aim)
    for _ in range(count):
        _, writer = await asyncio.open_connection("127.0.0.1", aim.port)
        writer.write(next(openings))
        writers.append(writer)
    found = Crowd(writers)
    task = asyncio.get_running_loop().create_task(found.dribble())
    try:
        yield found
    finally:
        task.cancel()
        for writer in writers:
            writer.transport.abort()
        await asyncio.gather(task, return_exceptions=True)


async def latencies(aim: Aim, count: int) -> list[float]:
    """Return the seconds that an ordinary client waited, request after request."""
    found = []
    for _ in range(count):
        began = time.perf_counter()
        data = await fire(aim, small(aim))
        found.append(time.perf_counter() - began)
        assert data.startswith(b"HTTP/1.1 200"), data[:200]
    return found


@dataclass(frozen=True, slots=True)
class Felt:
    """Median and 95th percentile, in seconds, without and with the crowd."""

    usual: tuple[float, float]
    crowded: tuple[float, float]

    @property
    def ratio(self) -> float:
        """How much longer the median is."""
        return self.crowded[0] / self.usual[0]


def _levels(seconds: list[float]) -> tuple[float, float]:
    return statistics.median(seconds), statistics.quantiles(seconds, n=20)[-1]


async def felt(aim: Aim, count: int, requests: int) -> Felt:
    """Measure an ordinary client alone and beside so many slow ones."""
    await latencies(aim, requests // 4)
    usual = _levels(await latencies(aim, requests))
    async with crowd(aim, count):
        await latencies(aim, requests // 4)
        crowded = _levels(await latencies(aim, requests))
    return Felt(usual, crowded)


class Flood:
    """A script that streams without end and remembers how much the line has taken."""

    def __init__(self, event: bytes, opening: bytes = b"") -> None:
        self.event = event
        self.opening = opening
        self.taken: dict[int, int] = {}

    async def __call__(self, asked: Asked) -> None:
        mark = id(asked)
        self.taken[mark] = 0
        plug: socket.socket = asked.writer.get_extra_info("socket")
        plug.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 16)
        asked.writer.transport.set_write_buffer_limits(1 << 16)
        await asked.begin()
        await asked.send(self.opening)
        while True:
            await asked.send(self.event)
            self.taken[mark] += len(self.event)


async def standstill(flood: Flood, streams: int, patience_s: float) -> int:
    """Wait until no stream takes any more; return the bytes that the line took. Raises TimeoutError."""
    async with asyncio.timeout(patience_s):
        while True:
            before = sum(flood.taken.values())
            await asyncio.sleep(1.0)
            if len(flood.taken) >= streams and sum(flood.taken.values()) == before:
                return before


def rss_kb(pid: int) -> int:
    """Return the resident memory of a process."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 0


def descriptors(pid: int) -> int:
    """Return how many descriptors a process has open."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


@asynccontextmanager
async def deaf(aim: Aim, model: str, client: str, count: int) -> AsyncIterator[None]:
    """Ask for so many streams and read nothing of them."""
    data = json.dumps(body(client, model, True)).encode()
    plugs = []
    loop = asyncio.get_running_loop()
    try:
        for _ in range(count):
            plug = socket.socket()
            plug.setblocking(False)
            plug.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
            plugs.append(plug)
            await loop.sock_connect(plug, ("127.0.0.1", aim.port))
            await loop.sock_sendall(plug, aim.post(path(client, model, True), data))
        yield
    finally:
        for plug in plugs:
            plug.close()
