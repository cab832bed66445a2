"""The usage ledger in SQLite: single requests, and daily sums that outlive them.

One thread owns the connection. A row that was acknowledged is on the disk (write-ahead log, full sync);
rows that come in numbers share a transaction, since each one costs more than all that is in it.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import fields
from operator import attrgetter
from pathlib import Path
from typing import Any, TypeVar

from proxy_core.errors import StoreError
from proxy_core.store import UsageGroup, UsageRow, UsageTotal
from proxy_core.stores import atomic
from proxy_core.stores.worker import Worker
from proxy_core.tasks import TaskGroup

log = logging.getLogger(__name__)

T = TypeVar("T")

VERSION = 1

_DAY_S = 86400.0
_BUSY_S = 20.0
_GATHER_S, _GATHER_MOST_S = 0.01, 0.1
"""How long rows are gathered for the next transaction: for each row of the last one, and at most."""

_COLUMNS = tuple(field.name for field in fields(UsageRow))
_values = attrgetter(*_COLUMNS)
_DIMENSIONS = ("model", "provider", "account", "client_key", "client_dialect")
_SUMS = ("input_tokens", "cached_tokens", "cache_write_tokens", "output_tokens", "reasoning_tokens")

_SCHEMA = """
create table exchange (
  id text primary key, started_at real not null, client_key text, client_dialect text not null,
  operation text not null, requested_model text, model text, provider text, account text,
  upstream_dialect text, status integer not null, error text, attempts integer not null,
  duration_s real not null, first_byte_s real, input_tokens integer, cached_tokens integer,
  cache_write_tokens integer, output_tokens integer, reasoning_tokens integer,
  usage_estimated integer not null, cost_micro integer, streamed integer not null, dropped text not null
) without rowid;
create index exchange_started_at on exchange (started_at);
create table daily (
  day text not null, model text not null, provider text not null, account text not null,
  client_key text not null, client_dialect text not null,
  requests integer not null, failures integer not null, input_tokens integer not null,
  cached_tokens integer not null, cache_write_tokens integer not null, output_tokens integer not null,
  reasoning_tokens integer not null, cost_micro integer,
  primary key (day, model, provider, account, client_key, client_dialect)
) without rowid;
"""

_DAY = "date(started_at, 'unixepoch')"
_DAY_START = "cast(strftime('%s', day) as integer)"
_NAMED = ", ".join(f"coalesce({name}, '')" for name in _DIMENSIONS)
_SUMMED = ", ".join(f"sum(coalesce({name}, 0))" for name in _SUMS)
_ADDED = ", ".join(f"{name} = {name} + excluded.{name}" for name in ("requests", "failures", *_SUMS))
# a price that was never known stays unknown, also in the sums
_ADDED_COST = "cost_micro = coalesce(cost_micro + excluded.cost_micro, cost_micro, excluded.cost_micro)"

# every text below is put together from the constant names above; values are always bound
_ROLL_UP = (
    f"insert into daily select {_DAY}, {_NAMED}, count(*), sum(status >= 400), {_SUMMED}, "
    "sum(cost_micro) from exchange where started_at < ? "
    f"group by {_DAY}, {_NAMED} on conflict do update set {_ADDED}, {_ADDED_COST}"
)
_INSERT = f"insert or replace into exchange ({', '.join(_COLUMNS)}) values ({', '.join('?' * len(_COLUMNS))})"


class SqliteUsage:
    """The ledger in the file at ``path``; it is made when it is first used."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._inode = 0
        self._worker = Worker("usage ledger")
        self._tasks = TaskGroup()
        self._rows: deque[tuple[tuple[Any, ...], asyncio.Future[None]]] = deque()
        self._is_due = False  # an insertion is queued that has not looked at the rows yet
        self._next_s = 0.0
        self._is_closing = threading.Event()

    async def add(self, row: UsageRow) -> None:
        """Append a row durably."""
        waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._rows.append((_values(row), waiting))
        if not self._is_due:
            self._is_due = True
            self._tasks.spawn(self._insert(), "usage rows")
        await waiting

    async def _insert(self) -> None:
        taken: list[tuple[tuple[Any, ...], asyncio.Future[None]]] = []

        def insert(connection: sqlite3.Connection) -> None:
            self._is_closing.wait(max(0.0, self._next_s - time.monotonic()))
            self._is_due = False
            while self._rows:
                taken.append(self._rows.popleft())
            with connection:
                connection.executemany(_INSERT, [values for values, _ in taken])
            self._next_s = time.monotonic() + min(_GATHER_MOST_S, len(taken) * _GATHER_S)

        error: BaseException | None = None
        try:
            await self._run(insert)
        except BaseException as failed:  # noqa: BLE001 - carried over to those who wait
            error, self._is_due = failed, False
            if not taken:
                taken.extend(self._rows)
                self._rows.clear()
        for _, waiting in taken:
            if waiting.done():
                continue  # its caller did not wait for it
            if error is None:
                waiting.set_result(None)
            else:
                waiting.set_exception(error)

    async def recent(self, limit: int, before: float | None = None) -> Sequence[UsageRow]:
        """Return the newest rows, newest first."""
        text = f"select {', '.join(_COLUMNS)} from exchange where started_at < ? "
        text += "order by started_at desc limit ?"
        until = float("inf") if before is None else before
        rows = await self._run(lambda connection: connection.execute(text, (until, limit)).fetchall())
        return [_row(values) for values in rows]

    async def totals(self, group: UsageGroup, since: float, until: float) -> Sequence[UsageTotal]:
        """Return sums per group; pruned days count where they lie in the span as a whole."""
        live = _DAY if group == "day" else f"coalesce({group}, '')"
        old = "day" if group == "day" else group
        text = (
            "select name, sum(requests), sum(failures), sum(input_tokens), sum(cached_tokens), "
            "sum(cache_write_tokens), sum(output_tokens), sum(reasoning_tokens), sum(cost_micro), "
            "sum(usage_estimated) from ("
            f"select {live} as name, 1 as requests, status >= 400 as failures, "
            + ", ".join(f"coalesce({name}, 0) as {name}" for name in _SUMS)
            + ", cost_micro, usage_estimated from exchange where started_at >= ? and started_at < ? "
            "union all "
            f"select {old}, requests, failures, {', '.join(_SUMS)}, cost_micro, 0 from daily "
            f"where {_DAY_START} >= ? and {_DAY_START} + {_DAY_S} <= ?"
            ") group by name order by 2 desc, 1"
        )
        span = (since, until, since, until)
        rows = await self._run(lambda connection: connection.execute(text, span).fetchall())
        return [UsageTotal(*values) for values in rows]

    async def prune(self, older_than: float) -> int:
        """Roll whole days up and drop their rows."""
        older_than -= older_than % _DAY_S

        def roll_up(connection: sqlite3.Connection) -> int:
            with connection:
                connection.execute(_ROLL_UP, (older_than,))
                return connection.execute("delete from exchange where started_at < ?", (older_than,)).rowcount

        return await self._run(roll_up)

    async def close(self) -> None:
        """Finish what is queued and close."""

        def close() -> None:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

        self._is_closing.set()
        await self._tasks.drain()
        if self._worker.is_used:
            await self._worker.run(close)
        await self._worker.close()

    async def _run(self, function: Callable[[sqlite3.Connection], T]) -> T:
        def converted() -> T:
            try:
                try:
                    return function(self._open())
                except sqlite3.DatabaseError as error:
                    if not _is_damage(error):
                        raise
                    self._set_aside()
                    return function(self._open())
            except (sqlite3.Error, OSError) as error:
                raise StoreError(f"The usage ledger {self._path} failed: {error}.") from None

        return await self._worker.run(converted)

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            atomic.make_folder(self._path.parent)
            self._make_private()
            self._inode = self._path.stat().st_ino
            self._connection = self._connect()
        return self._connection

    def _make_private(self) -> None:
        """Make a new file that only its owner can read; the library's own files take over the mode.

        A file that is there is never opened here: closing any descriptor of it would drop the locks that
        this process's other connections hold (POSIX), and another process would then remove their log.
        """
        try:
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_EXCL, atomic.PRIVATE))
        except FileExistsError:
            return

    def _set_aside(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if self._path.stat().st_ino != self._inode:
            return  # another process did it already, and the file there now is the new one
        aside = atomic.set_aside(self._path, "damaged")
        # a log of the damaged file would be played into the new one
        for ending in ("-wal", "-shm"):
            left = self._path.with_name(self._path.name + ending)
            if left.exists():
                left.replace(aside.with_name(aside.name + ending))
        log.warning("the usage ledger is damaged; it was kept as %s and a new one begun", aside.name)

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=_BUSY_S, check_same_thread=False)
        try:
            version = connection.execute("pragma user_version").fetchone()[0]
            if version > VERSION:
                raise StoreError(
                    f"The usage ledger {self._path} is of version {version}; this Trunkline knows {VERSION}. "
                    "Update Trunkline."
                )
            connection.execute("pragma journal_mode = wal")
            connection.execute("pragma synchronous = full")
            if version == 0:
                connection.executescript(
                    f"begin immediate;{_create_if_new()}pragma user_version = {VERSION};commit;"
                )
        except BaseException:
            connection.close()
            raise
        return connection


def _is_damage(error: sqlite3.DatabaseError) -> bool:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def _create_if_new() -> str:
    # two processes may start at once: the second finds what the first made
    return _SCHEMA.replace("create table ", "create table if not exists ").replace(
        "create index ", "create index if not exists "
    )


def _row(values: tuple[object, ...]) -> UsageRow:
    named = dict(zip(_COLUMNS, values, strict=True))
    for name in ("usage_estimated", "streamed"):
        named[name] = bool(named[name])
    return UsageRow(**named)  # type: ignore[arg-type]
