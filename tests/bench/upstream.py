"""The fake upstream, a process of its own: ``python -m tests.bench.upstream``; prints its port.

Canned bytes, one HTTP chunk per event as vendors send them, and as little work as can be: it shall not be
what is measured. How it answers stands behind the last dash of the model's name: *small* is short, *long*
comes as fast as it is read, *paced* in even steps, *held* stops after its first words.
"""

import argparse
import asyncio
import re
import sys
from dataclasses import dataclass
from typing import cast

from tests.bench.loops import run
from tests.bench.replies import Canned, canned
from tests.bench.requests import DIALECTS, Dialect, Shape

_MODEL = re.compile(rb'"model"\s*:\s*"[a-z]+-([a-z]+)"')
_STREAM = re.compile(rb'"stream"\s*:\s*true')
_IN_PATH = re.compile(rb"/models/[a-z]+-([a-z]+):(stream)?")
_LENGTH = re.compile(rb"\r\ncontent-length:\s*(\d+)", re.IGNORECASE)
_PATHS = (
    (b"/chat/completions", DIALECTS[0]),
    (b"/responses", DIALECTS[1]),
    (b"/messages", DIALECTS[2]),
    (b":", DIALECTS[3]),
)
_SMALL = 10
_OPEN = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
_END = b"0\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything that can be said, ready to be written."""

    whole: bytes
    frames: tuple[bytes, ...]


class Upstream(asyncio.Protocol):
    """One connection."""

    def __init__(self, stages: dict[tuple[Dialect, Shape], Stage], step_s: float) -> None:
        self._stages = stages
        self._step_s = step_s
        self._buffer = bytearray()
        self._needed = 0
        self._transport: asyncio.Transport | None = None
        self._playing: asyncio.Task[None] | None = None
        self._may_write = asyncio.Event()
        self._may_write.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are of no class that asyncio knows
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if self._playing is not None:
            self._playing.cancel()

    def pause_writing(self) -> None:
        self._may_write.clear()

    def resume_writing(self) -> None:
        self._may_write.set()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if len(self._buffer) < self._needed:
            return
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        length = _LENGTH.search(self._buffer, 0, end)
        self._needed = end + 4 + (int(length[1]) if length else 0)
        if len(self._buffer) >= self._needed:
            head, body = bytes(self._buffer[:end]), bytes(self._buffer[end + 4 :])
            self._buffer.clear()
            self._needed = 0
            self._answer(head, body)

    def _answer(self, head: bytes, body: bytes) -> None:
        assert self._transport is not None
        path = head.split(b" ", 2)[1]
        if head.startswith(b"GET"):
            empty = b'{"object":"list","data":[]}'
            lead = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
            self._transport.write(lead % len(empty) + empty)
            return
        dialect = next(dialect for part, dialect in _PATHS if part in path)
        named = _IN_PATH.search(path)
        shape: Shape = (named or _MODEL.search(body) or (b"", b"small"))[1].decode()  # type: ignore[assignment]
        streams = bool(named[2]) if named else _STREAM.search(body) is not None
        stage = self._stages[dialect, shape]
        if not streams:
            self._transport.write(stage.whole)
            return
        step = self._step_s if shape == "paced" else 0.0
        self._playing = asyncio.get_running_loop().create_task(self._play(stage, shape, step))

    async def _play(self, stage: Stage, shape: Shape, step_s: float) -> None:
        transport = self._transport
        assert transport is not None
        transport.write(_OPEN)
        loop = asyncio.get_running_loop()
        began = loop.time()
        for number, frame in enumerate(stage.frames):
            if shape == "held" and number == 6:
                await asyncio.Event().wait()
            await self._may_write.wait()
            transport.write(frame)
            await asyncio.sleep(max(0.0, began + (number + 1) * step_s - loop.time()) if step_s else 0)
        transport.write(_END)


def _stage(reply: Canned) -> Stage:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    frames = tuple(b"%x\r\n%s\r\n" % (len(frame), frame) for frame in reply.frames)
    return Stage(head % len(reply.whole) + reply.whole, frames)


def stages(long: int, paced: int) -> dict[tuple[Dialect, Shape], Stage]:
    """Return every reply of every dialect."""
    deltas: dict[Shape, int] = {"small": _SMALL, "long": long, "paced": paced, "held": _SMALL}
    return {
        (dialect, shape): _stage(canned(dialect, count))
        for dialect in DIALECTS
        for shape, count in deltas.items()
    }


async def serve(long: int, paced: int, step_s: float) -> None:
    """Serve until cancelled."""
    ready = stages(long, paced)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Upstream(ready, step_s), "127.0.0.1", 0, backlog=2048)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--long", type=int, default=1000)
    parser.add_argument("--paced", type=int, default=100)
    parser.add_argument("--step-ms", type=float, default=40.0)
    options = parser.parse_args()
    run(serve(options.long, options.paced, options.step_ms / 1000))
