# ruff: noqa: ASYNC240 - tests look at small files directly
import asyncio
import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import pytest

from proxy_core.errors import StoreError
from proxy_core.store import UsageGroup, UsageTotal
from proxy_core.stores.sqlite import SqliteUsage
from tests.architecture.tree import ROOT
from tests.contract.rows import DAY_S, NOON, ROW


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "usage.sqlite3"


@pytest.fixture
async def ledger(path: Path) -> AsyncIterator[SqliteUsage]:
    made = SqliteUsage(path)
    yield made
    await made.close()


def day_of(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).date().isoformat()


async def test_totals_of_every_group(ledger: SqliteUsage) -> None:
    await ledger.add(ROW)
    await ledger.add(replace(ROW, id="2", status=500, cost_micro=None, cached_tokens=None))
    await ledger.add(replace(ROW, id="3", model="model-2", provider=None, account=None, client_key=None))
    seen = {group: await ledger.totals(group, NOON, NOON + 1) for group in get_args(UsageGroup)}
    assert seen["model"] == [
        UsageTotal("model-1", 2, 1, 200, 10, 10, 40, 14, 1000),
        UsageTotal("model-2", 1, 0, 100, 10, 5, 20, 7, 1000),
    ]
    groups = {group: [one.group for one in totals] for group, totals in seen.items()}
    assert groups == {
        "model": ["model-1", "model-2"],
        "provider": ["vendor", ""],
        "account": ["work", ""],
        "client_key": ["tool", ""],
        "day": [day_of(NOON)],
        "client_dialect": ["wire"],
    }


async def test_a_span_begins_with_its_first_moment_and_ends_before_its_last(ledger: SqliteUsage) -> None:
    for number in range(3):
        await ledger.add(replace(ROW, id=str(number), started_at=NOON + number))
    (total,) = await ledger.totals("model", NOON, NOON + 2)
    assert total.requests == 2


@pytest.mark.parametrize("group", get_args(UsageGroup))
async def test_pruning_changes_no_sum(ledger: SqliteUsage, group: UsageGroup) -> None:
    start = NOON - DAY_S / 2
    for number in range(12):
        await ledger.add(
            replace(
                ROW,
                id=str(number),
                started_at=start + number * DAY_S / 3,
                model=f"model-{number % 2}",
                status=429 if number % 5 == 0 else 200,
                cost_micro=None if number % 2 else number,
            )
        )
    before = await ledger.totals(group, start, start + 4 * DAY_S)
    assert await ledger.prune(start + DAY_S * 1.9) == 3  # whole days only
    assert await ledger.totals(group, start, start + 4 * DAY_S) == before
    assert await ledger.prune(start + DAY_S * 3) == 6
    assert await ledger.totals(group, start, start + 4 * DAY_S) == before
    assert sum(total.requests for total in before) == 12


async def test_an_unknown_cost_stays_unknown_when_it_is_pruned(ledger: SqliteUsage) -> None:
    start = NOON - DAY_S / 2
    for number in range(2):
        await ledger.add(replace(ROW, id=str(number), started_at=start, cost_micro=None))
        await ledger.prune(start + DAY_S)
    (total,) = await ledger.totals("model", start, start + DAY_S)
    assert (total.requests, total.cost_micro) == (2, None)


async def test_late_rows_of_a_pruned_day_are_added_to_its_sums(ledger: SqliteUsage) -> None:
    start = NOON - DAY_S / 2
    for number in range(3):
        await ledger.add(replace(ROW, id=str(number), started_at=start))
        assert await ledger.prune(start + DAY_S) == 1
    (total,) = await ledger.totals("model", start, start + DAY_S)
    assert total == UsageTotal("model-1", 3, 0, 300, 30, 15, 60, 21, 3000)


async def test_a_pruned_day_counts_only_where_all_of_it_lies_in_the_span(ledger: SqliteUsage) -> None:
    start = NOON - DAY_S / 2
    await ledger.add(ROW)
    await ledger.prune(start + DAY_S)
    assert len(await ledger.totals("model", start, start + DAY_S)) == 1
    assert len(await ledger.totals("model", start + 1, start + DAY_S)) == 0
    assert len(await ledger.totals("model", start, start + DAY_S - 1)) == 0


async def test_an_acknowledged_row_is_on_the_disk(ledger: SqliteUsage, path: Path) -> None:
    await ledger.add(ROW)
    other = sqlite3.connect(path)
    try:
        assert other.execute("select count(*) from exchange").fetchone() == (1,)
        assert other.execute("pragma journal_mode").fetchone() == ("wal",)
    finally:
        other.close()


async def test_the_connection_syncs_every_commit(ledger: SqliteUsage) -> None:
    level = await ledger._run(lambda connection: connection.execute("pragma synchronous").fetchone()[0])
    assert level == 2  # FULL: also a power cut takes nothing that was acknowledged


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
async def test_only_its_owner_can_read_it(ledger: SqliteUsage, path: Path) -> None:
    await ledger.add(ROW)
    assert {stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()} == {0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


async def test_a_newer_version_is_refused_untouched(path: Path) -> None:
    path.parent.mkdir()
    other = sqlite3.connect(path)
    other.execute("create table future (x)")
    other.execute("pragma user_version = 2")
    other.commit()
    other.close()
    before = path.read_bytes()
    ledger = SqliteUsage(path)
    for call in (ledger.add(ROW), ledger.recent(1), ledger.prune(NOON)):
        with pytest.raises(StoreError, match="version 2; this Trunkline knows 1"):
            await call
    await ledger.close()
    assert path.read_bytes() == before


@pytest.mark.allow_logs
@pytest.mark.parametrize("damage", [b"this is no database" * 100, b"SQLite format 3\x00" + b"\xff" * 5000])
async def test_a_damaged_file_is_set_aside_with_its_log(
    path: Path, damage: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    path.parent.mkdir()
    path.write_bytes(damage)
    path.with_name(path.name + "-wal").write_bytes(b"old log")
    ledger = SqliteUsage(path)
    await ledger.add(ROW)
    assert list(await ledger.recent(5)) == [ROW]
    await ledger.close()
    aside = path.with_name(path.name + ".damaged-1")
    assert aside.read_bytes() == damage
    assert path.exists()
    assert "damaged" in caplog.text


@pytest.mark.allow_logs
async def test_damage_that_shows_later_is_set_aside_too(path: Path) -> None:
    ledger = SqliteUsage(path)
    for number in range(300):
        await ledger.add(replace(ROW, id=f"{number:04}", dropped="x" * 100))
    await ledger.close()
    data = bytearray(path.read_bytes())
    data[4096:] = os.urandom(len(data) - 4096)
    path.write_bytes(data)
    ledger = SqliteUsage(path)
    await ledger.add(ROW)
    assert list(await ledger.recent(5)) == [ROW]
    await ledger.close()
    assert path.with_name(path.name + ".damaged-1").read_bytes()[:4096] == data[:4096]


async def test_a_full_disk_is_an_error_of_the_store_and_no_damage(ledger: SqliteUsage, path: Path) -> None:
    await ledger.add(ROW)
    await ledger._run(lambda connection: connection.execute("pragma max_page_count = 10").fetchone())
    with pytest.raises(StoreError, match="full"):
        await ledger.add(replace(ROW, id="2", dropped="x" * 1_000_000))
    assert list(await ledger.recent(5)) == [ROW]
    await ledger.add(replace(ROW, id="3", started_at=NOON + 1))
    assert len(await ledger.recent(5)) == 2
    assert not list(path.parent.glob("*damaged*"))


async def test_a_folder_that_cannot_be_made_is_an_error_of_the_store(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    ledger = SqliteUsage(tmp_path / "file" / "usage.sqlite3")
    with pytest.raises(StoreError, match="usage"):
        await ledger.add(ROW)
    await ledger.close()


async def test_closing_finishes_what_is_queued(path: Path) -> None:
    ledger = SqliteUsage(path)
    rows = [
        asyncio.ensure_future(ledger.add(replace(ROW, id=str(number))))  # noqa: TID251 - gathered below
        for number in range(20)
    ]
    await asyncio.sleep(0)
    await ledger.close()
    await asyncio.gather(*rows)
    assert not path.with_name(path.name + "-wal").exists(), "the connection was left open"
    other = sqlite3.connect(path)
    assert other.execute("select count(*) from exchange").fetchone() == (20,)
    other.close()


WRITE = """
import asyncio, sys
from dataclasses import replace
from pathlib import Path
from proxy_core.stores.sqlite import SqliteUsage
from tests.contract.rows import ROW

async def main():
    ledger = SqliteUsage(Path(sys.argv[1]))
    for number in range(25):
        await ledger.add(replace(ROW, id=f"{sys.argv[2]}-{number}"))
    await ledger.close()

asyncio.run(main())
"""


def test_processes_that_begin_at_once_share_it(path: Path) -> None:
    command = [sys.executable, "-c", WRITE, str(path)]
    writers = [subprocess.Popen([*command, str(number)], cwd=ROOT) for number in range(3)]
    assert [writer.wait(50) for writer in writers] == [0, 0, 0]
    other = sqlite3.connect(path)
    assert other.execute("select count(*) from exchange").fetchone() == (75,)
    assert other.execute("pragma integrity_check").fetchone() == ("ok",)
    other.close()


async def test_a_second_store_of_this_process_leaves_the_log_to_the_first(path: Path) -> None:
    # POSIX: closing any descriptor of the file would drop the first one's locks, and the next process to
    # close the database would remove the log under it
    first, second = SqliteUsage(path), SqliteUsage(path)
    await first.add(ROW)
    await second.recent(1)
    look = "c.execute('select * from exchange').fetchall()"
    other = f"import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); {look}; c.close()"
    await asyncio.to_thread(subprocess.run, [sys.executable, "-c", other, str(path)], check=True)
    assert path.with_name(path.name + "-wal").exists()
    await first.add(replace(ROW, id="2"))
    third = SqliteUsage(path)
    assert len(await third.recent(5)) == 2
    for one in (first, second, third):
        await one.close()


async def test_rows_that_come_together_share_a_transaction(ledger: SqliteUsage, path: Path) -> None:
    await ledger.add(ROW)
    watcher = sqlite3.connect(path)
    before = watcher.execute("pragma data_version").fetchone()
    rows = [asyncio.create_task(ledger.add(replace(ROW, id=f"many-{number}"))) for number in range(50)]  # noqa: TID251
    await asyncio.wait(rows, return_when=asyncio.FIRST_COMPLETED)
    after = watcher.execute("pragma data_version").fetchone()
    assert (await asyncio.gather(*rows), before != after) == ([None] * 50, True)
    assert watcher.execute("select count(*) from exchange").fetchone() == (51,)
    # one more change would have given one more version
    assert watcher.execute("pragma data_version").fetchone() == after
    watcher.close()


async def test_a_row_that_cannot_be_written_is_told_to_its_caller(ledger: SqliteUsage) -> None:
    with pytest.raises(OverflowError):
        await ledger.add(replace(ROW, id="large", input_tokens=1 << 70))
    await ledger.add(ROW)
    assert [row.id for row in await ledger.recent(5)] == [ROW.id]
