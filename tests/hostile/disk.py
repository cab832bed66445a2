"""A disk that is full for a while: the process may not make any file longer than it is."""

import asyncio
import sqlite3
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from tests.hostile.crowd import small
from tests.hostile.house import House
from tests.hostile.storm import fire

_ROWS = "select count(*) from exchange"


def limit_files(pid: int, size: int | None) -> None:
    """Forbid a process to write beyond so many bytes in any file; None allows all again. Linux only."""
    assert sys.platform == "linux"
    import resource

    most = resource.RLIM_INFINITY
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (most if size is None else size, most))


def rows(home: Path) -> int:
    """Count what the ledger has, as another program sees it."""
    with closing(sqlite3.connect(f"file:{home / 'usage.sqlite3'}?mode=ro", uri=True)) as connection:
        return int(connection.execute(_ROWS).fetchone()[0])


@dataclass(frozen=True, slots=True)
class Survived:
    """Answers and ledger rows before, while and after the disk was full; what the log said of it."""

    answers: tuple[int, int, int]
    before: int
    during: int
    after: int
    said: int


async def survive(place: House, requests: int) -> Survived:
    """Serve with space, without, and with space again."""
    pid, home = place.served.process.pid, place.home.folder

    async def ask() -> int:
        found = [await fire(place.aim, small(place.aim)) for _ in range(requests)]
        return sum(one.startswith(b"HTTP/1.1 200") for one in found)

    first = await ask()
    before = await _settled(home, requests)
    limit_files(pid, 1)
    try:
        second = await ask()
        await _told(place)  # rows are written in the background, a moment after their answers
        during = rows(home)
    finally:
        limit_files(pid, None)
    third = await ask()
    after = await _settled(home, 3 * requests)
    return Survived((first, second, third), before, during, after, _said(place))


def _said(place: House) -> int:
    return "".join(place.served.log).count("usage waits to be recorded")


async def _told(place: House) -> None:
    """Wait until the log says that the ledger cannot be written, at most a few seconds."""
    for _ in range(100):
        if _said(place):
            break
        await asyncio.sleep(0.05)


async def _settled(home: Path, wanted: int) -> int:
    """Wait until the ledger has so many rows, at most a few seconds."""
    for _ in range(100):
        if rows(home) >= wanted:
            break
        await asyncio.sleep(0.05)
    return rows(home)
