import asyncio
import time
from dataclasses import replace

import pytest

from proxy_core.stores.sqlite import SqliteUsage
from tests.app.commands.running import Shell
from tests.contract.rows import ROW


@pytest.fixture
def used(shell: Shell) -> Shell:
    async def fill() -> None:
        ledger = SqliteUsage(shell.home / "usage.sqlite3")
        now = time.time()
        await ledger.add(replace(ROW, id="1", started_at=now - 10))
        await ledger.add(replace(ROW, id="2", started_at=now - 20, status=500, cost_micro=None, model="free"))
        await ledger.add(replace(ROW, id="3", started_at=now - 40 * 86400, model="old"))
        await ledger.close()

    asyncio.run(fill())
    return shell


def test_sums_as_json(used: Shell) -> None:
    totals = {one["group"]: one for one in used.json("usage")}
    assert set(totals) == {"model-1", "free"}
    assert (totals["model-1"]["requests"], totals["model-1"]["cost_micro"]) == (1, 1000)
    assert (totals["free"]["failures"], totals["free"]["cost_micro"]) == (1, None)
    assert len(used.json("usage", "--days", "60")) == 3


@pytest.mark.parametrize(
    ("group", "expected"),
    [("provider", "vendor"), ("account", "work"), ("client_key", "tool"), ("client_dialect", "wire")],
)
def test_groups(used: Shell, group: str, expected: str) -> None:
    (total,) = used.json("usage", "--by", group)
    assert (total["group"], total["requests"]) == (expected, 2)


def test_a_cost_that_is_not_known_is_none_and_not_zero(used: Shell) -> None:
    lines = used("usage").stdout.splitlines()
    assert lines[0].startswith("MODEL")
    assert next(line for line in lines if line.startswith("free")).endswith("none")
    assert next(line for line in lines if line.startswith("model-1")).endswith("$0.0010")


def test_estimates_are_marked(shell: Shell) -> None:
    async def fill() -> None:
        ledger = SqliteUsage(shell.home / "usage.sqlite3")
        now = time.time()
        await ledger.add(replace(ROW, id="1", started_at=now - 10, input_tokens=111))
        await ledger.add(replace(ROW, id="2", started_at=now - 20, input_tokens=222, usage_estimated=True))
        await ledger.close()

    asyncio.run(fill())
    (total,) = shell.json("usage")
    assert (total["requests"], total["usage_estimated"]) == (2, 1)
    assert "ESTIMATED" in shell("usage").stdout
    told, guessed = shell("usage", "--requests", "5").stdout.splitlines()[1:3]
    assert " 111 " in told
    assert " ~222 " in guessed


def test_the_newest_requests(used: Shell) -> None:
    assert [row["id"] for row in used.json("usage", "--requests", "2")] == ["1", "2"]
    assert len(used("usage", "--requests", "9").stdout.splitlines()) == 4


def test_an_empty_ledger(shell: Shell) -> None:
    assert shell.json("usage") == []
    assert shell("usage").exit_code == 0


def test_a_newer_ledger_is_exit_code_4(used: Shell) -> None:
    async def age() -> None:
        ledger = SqliteUsage(used.home / "usage.sqlite3")
        await ledger._run(lambda connection: connection.execute("pragma user_version = 9").fetchone())
        await ledger.close()

    asyncio.run(age())
    result = used("usage")
    assert result.exit_code == 4
    assert "Update Trunkline" in result.stderr


@pytest.mark.parametrize("arguments", [["--by", "mood"], ["--days", "-1"], ["--requests", "0"]])
def test_bad_usage(shell: Shell, arguments: list[str]) -> None:
    assert shell("usage", *arguments).exit_code == 2
