import asyncio
import threading
from functools import partial

import pytest

from proxy_core.stores.worker import Worker


async def test_calls_keep_their_order_in_one_thread_beside_the_loop() -> None:
    worker = Worker("probe")
    order: list[int] = []
    threads: set[str] = set()

    def note(number: int) -> int:
        threads.add(threading.current_thread().name)
        order.append(number)
        return number

    assert await asyncio.gather(*(worker.run(partial(note, n)) for n in range(20))) == list(range(20))
    assert order == list(range(20))
    assert threads == {"probe"}
    await worker.close()


async def test_exceptions_are_raised_at_the_caller_and_the_thread_goes_on() -> None:
    worker = Worker("probe")

    def fail() -> None:
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        await worker.run(fail)
    assert await worker.run(lambda: 1) == 1
    await worker.close()


async def test_a_cancelled_caller_does_not_stop_what_was_begun() -> None:
    worker = Worker("probe")
    begun, go, done = threading.Event(), threading.Event(), threading.Event()

    def job() -> None:
        begun.set()
        go.wait(10)
        done.set()

    task = asyncio.ensure_future(worker.run(job))  # noqa: TID251 - a bare task, to be cancelled
    assert await asyncio.to_thread(begun.wait, 10)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    go.set()
    assert await worker.run(done.is_set)
    await worker.close()


def test_it_outlives_a_loop_that_closed_while_it_worked() -> None:
    worker = Worker("probe")
    begun, go = threading.Event(), threading.Event()

    def job() -> None:
        begun.set()
        go.wait(10)

    async def leave() -> None:
        asyncio.ensure_future(worker.run(job))  # noqa: TID251, RUF006 - left behind on purpose
        await asyncio.to_thread(begun.wait, 10)

    asyncio.run(leave())
    go.set()
    assert asyncio.run(worker.run(lambda: 2)) == 2
    asyncio.run(worker.close())


async def test_close_finishes_what_is_queued_and_it_can_be_used_again() -> None:
    worker = Worker("probe")
    assert not worker.is_used
    await worker.close()
    assert await worker.run(lambda: 3) == 3
    assert worker.is_used
    await worker.close()
    assert not worker.is_used
    assert await worker.run(lambda: 4) == 4
    await worker.close()


async def test_close_gives_up_on_a_call_that_never_ends() -> None:
    worker = Worker("probe")
    begun, go = threading.Event(), threading.Event()

    def job() -> None:
        begun.set()
        go.wait(10)

    task = asyncio.ensure_future(worker.run(job))  # noqa: TID251 - ended below
    await asyncio.to_thread(begun.wait, 10)
    await worker.close(timeout_s=0.01)
    assert not task.done()
    go.set()
    await task
