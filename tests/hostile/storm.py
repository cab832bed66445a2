"""Fires shots at a line and judges what comes back: soon, below 500, whole, and without a secret."""

import asyncio
import json
import random
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from tests.hostile.shots import Aim, Shot
from tests.hostile.wild import wild

PATIENCE_S = 20.0
_MOST_KEPT = 1 << 22
_STATUS = re.compile(rb"HTTP/\d\.\d (\d{3}) ")


@dataclass
class Found:
    """What a storm showed. ``wrong`` has one line per finding."""

    statuses: Counter[int] = field(default_factory=Counter)
    dropped: int = 0
    wrong: list[str] = field(default_factory=list)

    @property
    def shots(self) -> int:
        """How many were fired."""
        return self.statuses.total() + self.dropped


async def fire(aim: Aim, shot: Shot) -> bytes:
    """Send one shot on a connection of its own and return everything that came back before the close.

    Raises TimeoutError if neither an answer nor a close came in time.
    """
    async with asyncio.timeout(PATIENCE_S):
        reader, writer = await asyncio.open_connection("127.0.0.1", aim.port)
        sending = asyncio.get_running_loop().create_task(_send(writer, shot))
        try:
            if not shot.reads_meanwhile:
                # as simple clients do: everything is sent before the answer is looked at
                await asyncio.gather(sending, return_exceptions=True)
            return await _received(reader, is_open=not shot.half_close)
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
            writer.transport.abort()


async def _send(writer: asyncio.StreamWriter, shot: Shot) -> None:
    for piece in shot.pieces:
        writer.write(piece)
        await writer.drain()
    if shot.half_close:
        writer.write_eof()


async def _received(reader: asyncio.StreamReader, is_open: bool) -> bytes:
    """Read until the close, or until the last answer is whole if the connection may stay open."""
    data = bytearray()
    try:
        while piece := await reader.read(1 << 16):
            data += piece
            if len(data) > _MOST_KEPT:
                del data[_MOST_KEPT // 2 : -_MOST_KEPT // 4]
            elif is_open and _is_whole(bytes(data)):
                break
    except ConnectionError:
        if not data:
            raise
    return bytes(data)


def _is_whole(data: bytes) -> bool:
    head, blank, body = data.partition(b"\r\n\r\n")
    while blank and head.startswith(b"HTTP/1.1 100"):
        head, blank, body = body.partition(b"\r\n\r\n")
    if not blank:
        return False
    length = re.search(rb"\r\ncontent-length: *(\d+)", head.lower())
    if length is not None:
        is_bodyless = b"\r\nconnection: close" in head.lower()
        return not is_bodyless and len(body) >= int(length[1])
    return b"chunked" in head.lower() and body.endswith(b"0\r\n\r\n")


def judge(shot: Shot, data: bytes, secrets: Sequence[str], found: Found) -> None:
    """Note the status of an answer and everything that is wrong with it."""
    statuses = [int(hit) for hit in _STATUS.findall(data) if hit != b"100"]
    if not statuses:
        found.dropped += 1
        if not shot.may_be_dropped:
            found.wrong.append(f"{shot.name}: closed without an answer")
        return
    status = max(statuses)
    found.statuses[status] += 1
    body = data.partition(b"\r\n\r\n")[2]
    if status >= 500:
        found.wrong.append(f"{shot.name}: {status} {body[:200]!r} to {shot.pieces[0][-400:]!r}")
    if status == 200 and not body and b"HEAD " not in shot.pieces[0]:
        found.wrong.append(f"{shot.name}: an empty 200")
    found.wrong.extend(f"{shot.name}: told a secret" for one in secrets if one.encode() in data)
    if (
        400 <= status < 500
        and len(statuses) == 1
        and body
        and b"chunked" not in data.partition(b"\r\n\r\n")[0]
    ):
        try:
            json.loads(body)
        except ValueError:
            found.wrong.append(f"{shot.name}: an error that is not JSON: {body[:200]!r}")


async def volley(aim: Aim, shots: Iterable[Shot], secrets: Sequence[str], width: int = 16) -> Found:
    """Fire shots, so many at once, and return what was found."""
    found = Found()
    queue = iter(shots)

    async def gunner() -> None:
        for shot in queue:
            try:
                data = await fire(aim, shot)
            except TimeoutError:
                found.dropped += 1
                found.wrong.append(
                    f"{shot.name}: nothing for {PATIENCE_S:g} s after {shot.pieces[0][-400:]!r}"
                )
            except ConnectionError:
                judge(shot, b"", secrets, found)
            else:
                judge(shot, data, secrets, found)

    await asyncio.gather(*(gunner() for _ in range(width)))
    return found


def storm(aim: Aim, count: int, seed: int) -> Iterable[Shot]:
    """Yield shots of all kinds, the same ones for the same seed."""
    rng = random.Random(seed)
    for _ in range(count):
        yield wild(rng, aim)
