import logging
from dataclasses import replace

import pytest

from proxy_core.errors import StoreError
from proxy_core.store import UsageRow
from proxy_core.stores.memory import MemoryUsage
from proxy_core.usage import recorder as module
from proxy_core.usage.recorder import Recorder
from tests.contract.rows import ROW


class Full(MemoryUsage):
    """A ledger on a disk that is full while ``is_full``."""

    is_full = False

    async def add(self, row: UsageRow) -> None:
        if self.is_full:
            raise StoreError("The disk is full.")
        await super().add(row)


def rows(*numbers: int) -> list[UsageRow]:
    return [replace(ROW, id=str(number)) for number in numbers]


@pytest.mark.allow_logs
async def test_rows_wait_for_a_full_disk_and_that_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    ledger = Full()
    recorder = Recorder(ledger)
    first, second, third, fourth = rows(1, 2, 3, 4)
    await recorder.add(first)
    ledger.is_full = True
    await recorder.add(second)
    await recorder.add(third)
    assert [row.id for row in ledger.rows] == ["1"]
    ledger.is_full = False
    await recorder.add(fourth)
    assert sorted(row.id for row in ledger.rows) == ["1", "2", "3", "4"]
    said = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert said == ["usage waits to be recorded: The disk is full.", "usage is recorded again"]


@pytest.mark.allow_logs
async def test_what_still_cannot_be_written_goes_on_waiting() -> None:
    ledger = Full()
    recorder = Recorder(ledger)
    ledger.is_full = True
    for row in rows(1, 2):
        await recorder.add(row)
    await recorder.catch_up()
    ledger.is_full = False
    await recorder.catch_up()
    assert [row.id for row in ledger.rows] == ["1", "2"]


@pytest.mark.allow_logs
async def test_only_so_many_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_WAITING", 2)
    ledger = Full()
    recorder = Recorder(ledger)
    ledger.is_full = True
    for row in rows(1, 2, 3):
        await recorder.add(row)
    ledger.is_full = False
    await recorder.catch_up()
    assert [row.id for row in ledger.rows] == ["2", "3"]
