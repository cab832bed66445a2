import asyncio
import logging

import pytest

from proxy_core.tasks import TaskGroup


async def test_tasks_have_names_and_results() -> None:
    async def answer() -> int:
        return 42

    task = TaskGroup().spawn(answer(), "answer")
    assert task.get_name() == "answer"
    assert await task == 42


@pytest.mark.allow_logs
async def test_a_failure_is_logged_with_the_task_s_name(caplog: pytest.LogCaptureFixture) -> None:
    async def fail() -> None:
        raise ValueError("broken")

    task = TaskGroup().spawn(fail(), "probe")
    with pytest.raises(ValueError, match="broken"):
        await task
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert "probe" in record.getMessage()


async def test_closing_cancels_and_waits() -> None:
    cleaned: list[str] = []
    started = asyncio.Event()

    async def work() -> None:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            cleaned.append("work")

    group = TaskGroup()
    task = group.spawn(work(), "work")
    await started.wait()
    await group.close()
    assert cleaned == ["work"]
    assert task.cancelled()


@pytest.mark.allow_logs
async def test_closing_survives_a_task_that_fails_on_the_way_out() -> None:
    started = asyncio.Event()

    async def work() -> None:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            raise ValueError("broken")

    group = TaskGroup()
    task = group.spawn(work(), "work")
    await started.wait()
    await group.close()
    assert isinstance(task.exception(), ValueError)


async def test_a_task_that_closes_its_own_group_lives_on() -> None:
    group = TaskGroup()
    ended: list[str] = []

    async def stop() -> None:
        await group.close()
        ended.append("stop")

    other = group.spawn(asyncio.Event().wait(), "other")
    await group.spawn(stop(), "stop")
    assert ended == ["stop"]
    assert other.cancelled()


async def test_closing_twice_or_with_nothing_is_fine() -> None:
    group = TaskGroup()
    await group.close()
    await group.close()


async def test_draining_waits_for_all_also_for_those_that_come_meanwhile() -> None:
    group = TaskGroup()
    done: list[str] = []

    async def first() -> None:
        await asyncio.sleep(0)
        group.spawn(second(), "second")
        done.append("first")

    async def second() -> None:
        await asyncio.sleep(0)
        done.append("second")

    group.spawn(first(), "first")
    await group.drain()
    assert done == ["first", "second"]
    await group.drain()
