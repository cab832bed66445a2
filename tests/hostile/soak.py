"""An hour's worth of mixed traffic as fast as it goes, and what is left of it in the process that served it.

All pairs of dialects, whole and streamed; vendors that cut, refuse or dribble; clients that leave before, in
and after the answer, or read slowly.
"""

import asyncio
import contextlib
import json
import random
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tests.architecture.tree import ROOT
from tests.end_to_end.client import DIALECTS, body, path
from tests.hostile.shots import Aim
from tests.hostile.vendors import SCRIPTS, Asked, HostileVendor, Script, recorded

WIDTH = 24
SETTLE_S = 3.0


async def _busy(asked: Asked) -> None:
    await asked.answer(b'{"error":{"message":"overloaded"}}', status="503 Busy", kind="application/json")


async def _slow(asked: Asked) -> None:
    await asked.begin()
    sample = recorded(asked.dialect, asked.streams)
    for start in range(0, len(sample), 400):
        await asked.send(sample[start : start + 400])
        await asyncio.sleep(0.002)


TRAFFIC: Mapping[str, Script] = MappingProxyType(
    {"good": SCRIPTS["good"], "cut": SCRIPTS["cut"], "busy": _busy, "slow": _slow}
)


@dataclass
class Soaked:
    """The process and how to ask it."""

    aim: Aim
    process: asyncio.subprocess.Process

    async def held(self) -> dict[str, Any]:
        """Let everything end that is about to, and count."""
        await asyncio.sleep(SETTLE_S)
        assert self.process.stdin is not None
        self.process.stdin.write(b"count\n")
        return await self._line()

    async def end(self) -> dict[str, Any]:
        """Close the proxy and count what is left."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        return await self._line()

    async def _line(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        found: dict[str, Any] = json.loads(await self.process.stdout.readline())
        return found


@asynccontextmanager
async def soaking(folder: Path) -> AsyncIterator[Soaked]:
    """Start vendors here and the line in a process of its own."""
    async with AsyncExitStack() as stack:
        vendors = [await stack.enter_async_context(HostileVendor(one, 1, TRAFFIC)) for one in DIALECTS]
        named = [f"{one.dialect}={one.base_url}" for one in vendors]
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.hostile.soaked", str(folder), *named,
            cwd=ROOT, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=1 << 24,
        )  # fmt: skip
        try:
            assert process.stdout is not None
            line = json.loads(await process.stdout.readline())
            yield Soaked(Aim(line["port"], line["key"], ()), process)
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()


@dataclass
class Traffic:
    """What was asked and how it ended."""

    endings: Counter[str] = field(default_factory=Counter)

    async def run(self, aim: Aim, count: int, seed: int) -> None:
        """Ask so many times, so many at once."""
        rng = random.Random(seed)
        left = iter(range(count))

        async def client() -> None:
            connection: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
            for _ in left:
                connection = await self._one(aim, rng, connection)
            if connection is not None:
                await _closed(connection[1])

        await asyncio.gather(*(client() for _ in range(WIDTH)))

    async def _one(
        self,
        aim: Aim,
        rng: random.Random,
        connection: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None,
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        client, upstream = rng.choice(DIALECTS), rng.choice(DIALECTS)
        behaviour = rng.choices(("good", "cut", "busy", "slow"), (80, 5, 5, 10))[0]
        streams, draw = rng.random() < 0.6, rng.random()
        model = f"{upstream}.{behaviour}"
        data = json.dumps(body(client, model, streams, "hello " * rng.choice((1, 10, 1000)))).encode()
        reader, writer = connection or await asyncio.open_connection("127.0.0.1", aim.port, limit=1 << 22)
        try:
            writer.write(
                aim.head("POST", path(client, model, streams), f"Content-Length: {len(data)}") + data
            )
            if draw < 0.03:
                await self._left(writer, "left at once")
                return None
            head = await reader.readuntil(b"\r\n\r\n")
            if draw < 0.06:
                await self._left(writer, "left in the answer")
                return None
            await _rest(reader, head, 0.01 if draw > 0.97 else 0.0)
        except (ConnectionError, asyncio.IncompleteReadError):
            self.endings["cut"] += 1
            await _closed(writer)
            return None
        self.endings[head.split()[1].decode()] += 1
        if b"\r\nconnection: close" in head.lower():
            await _closed(writer)
            return None
        return reader, writer

    async def _left(self, writer: asyncio.StreamWriter, how: str) -> None:
        writer.transport.abort()
        self.endings[how] += 1
        await _closed(writer)


async def _closed(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()


async def _rest(reader: asyncio.StreamReader, head: bytes, pause_s: float) -> None:
    """Read the body, slowly if asked to."""
    lower = head.lower()
    if b"chunked" in lower:
        while size := int((await reader.readline()).strip() or b"0", 16):
            await reader.readexactly(size + 2)
            await asyncio.sleep(pause_s) if pause_s else None
        await reader.readline()
        return
    at = lower.find(b"content-length:")
    if at < 0:
        await reader.read()
        return
    await reader.readexactly(int(lower[at + 15 :].split(b"\r\n")[0]))


@dataclass
class Levels:
    """What was held after the warm-up, at the end, and after the proxy was closed."""

    warm: dict[str, Any]
    done: dict[str, Any]
    closed: dict[str, Any]
    endings: Counter[str]
    course: list[int]

    @property
    def growth(self) -> float:
        """By which part memory grew after the warm-up."""
        return float(self.done["rss_kb"] / self.warm["rss_kb"] - 1) if self.warm["rss_kb"] else 0.0

    def left_behind(self) -> list[str]:
        """What there was more of at the end than after the warm-up, or at all after closing."""
        found = [
            f"task {name!r}"
            for name in (Counter(self.done["tasks"]) - Counter(self.warm["tasks"])).elements()
        ]
        # the executor's own threads come one by one up to its limit, and stay
        threads = Counter(self.done["threads"]) - Counter(self.warm["threads"])
        found += [f"thread {name!r}" for name in threads.elements() if name != "asyncio"]
        for kind in ("socket", "pipe", "file", "anon_inode"):
            more = self.done["descriptors"].get(kind, 0) - self.warm["descriptors"].get(kind, 0)
            found += [f"{more} descriptors of kind {kind}"] if more > 0 else []
        if self.done["timers"] > self.warm["timers"]:
            found.append(f"{self.done['timers'] - self.warm['timers']} timers")
        found += [f"task {name!r} after closing" for name in self.closed["left"]]
        if self.closed["timers"]:
            found.append(f"{self.closed['timers']} timers after closing")
        return found


async def soak(warm_up: int, count: int, seed: int = 1, steps: int = 10) -> Levels:
    """Warm up, go on, and compare."""
    traffic = Traffic()
    with tempfile.TemporaryDirectory() as folder:
        async with soaking(Path(folder)) as soaked:
            await traffic.run(soaked.aim, warm_up, seed)
            warm = await soaked.held()
            course = [warm["rss_kb"]]
            for step in range(steps):
                await traffic.run(soaked.aim, count // steps, seed + 1 + step)
                done = await soaked.held()
                course.append(done["rss_kb"])
            closed = await soaked.end()
    return Levels(warm, done, closed, traffic.endings, course)
