"""How an answer goes over the wire: in what pieces, how fast, and how it breaks."""

import asyncio
import gzip
import socket
import struct
import sys
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle
from typing import Literal

from aiohttp import web

from tests.upstreams.vendor import Answer

Ending = Literal["end", "cut", "stop", "hold"]


@dataclass(frozen=True, slots=True)
class Delivery:
    """What happens to an answer on its way.

    `write`: bytes per write, None writes frame by frame. `gap`: seconds between writes. `crlf`: CRLF line
    ends. `noise`: meaningless frames before and between the others. `compress`: gzip although nobody asked.
    `ending` says what follows after `frames` frames (None: all of them; of a whole answer half of its bytes):
    end is orderly, cut resets the connection, stop ends the response early but in order, hold is silence
    until the client leaves. `before_headers`: the ending comes before any byte, so `hold` hangs. `delay`:
    seconds before the headers.
    """

    write: int | None = None
    gap: float = 0.0
    crlf: bool = False
    noise: bool = False
    compress: bool = False
    frames: int | None = None
    ending: Ending = "end"
    before_headers: bool = False
    delay: float = 0.0


@dataclass(slots=True)
class Wire:
    """What tests can wait for: `held` is set when silence begins, `cancelled` when a client left early."""

    held: asyncio.Event
    cancelled: asyncio.Event


PLAIN = Delivery()


async def deliver(
    request: web.Request, answer: Answer, how: Delivery, noise: tuple[bytes, ...], wire: Wire
) -> web.StreamResponse:
    """Send an answer. Raises CancelledError when the client leaves; `wire.cancelled` is set then."""
    try:
        return await _deliver(request, answer, how, noise, wire)
    except (asyncio.CancelledError, ConnectionResetError):
        wire.cancelled.set()
        raise


async def _deliver(
    request: web.Request, answer: Answer, how: Delivery, noise: tuple[bytes, ...], wire: Wire
) -> web.StreamResponse:
    response = web.StreamResponse(status=answer.status, headers=dict(answer.headers))
    if how.delay:
        await asyncio.sleep(how.delay)
    if how.before_headers:
        await _finish(request, how.ending, wire)
        return response
    response.content_type = answer.content_type
    if how.compress:
        response.headers["Content-Encoding"] = "gzip"
    frames = _shaped(answer, how, noise)
    complete = how.ending == "end"
    if not answer.streamed:
        response.content_length = sum(map(len, frames))
    await response.prepare(request)
    for frame in frames if complete else _kept(frames, how):
        for piece in _cut(frame, how.write):
            await response.write(piece)
            if how.gap:
                await asyncio.sleep(how.gap)
    await _finish(request, how.ending, wire)
    if not complete and not answer.streamed:
        _close(request)
    elif how.ending != "cut":
        await response.write_eof()
    return response


def _shaped(answer: Answer, how: Delivery, noise: tuple[bytes, ...]) -> list[bytes]:
    frames = list(answer.frames)
    if answer.streamed and how.noise:
        spare = cycle(noise)
        frames = [part for frame in frames for part in (next(spare), frame)]
    if how.crlf:
        frames = [frame.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n") for frame in frames]
    if how.compress:
        frames = list(_zipped(frames)) if answer.streamed else [gzip.compress(b"".join(frames))]
    return frames


def _zipped(frames: list[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(wbits=31)
    for frame in frames:
        yield packer.compress(frame) + packer.flush(zlib.Z_SYNC_FLUSH)
    yield packer.flush()


def _kept(frames: list[bytes], how: Delivery) -> list[bytes]:
    if how.frames is not None:
        return frames[: how.frames]
    return frames if len(frames) > 1 else [frame[: len(frame) // 2] for frame in frames]


def _cut(frame: bytes, size: int | None) -> list[bytes]:
    if size is None:
        return [frame] if frame else []
    return [frame[start : start + size] for start in range(0, len(frame), size)]


async def _finish(request: web.Request, ending: Ending, wire: Wire) -> None:
    if ending == "hold":
        wire.held.set()
        await asyncio.Event().wait()
    elif ending == "cut":
        _reset(request)


def _close(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.close()


def _reset(request: web.Request) -> None:
    """Abort with RST instead of FIN, so that a client cannot mistake it for an end."""
    transport = request.transport
    if transport is None:
        return
    plug = transport.get_extra_info("socket")
    linger = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
    if plug is not None:
        plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    transport.abort()
