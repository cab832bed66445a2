import asyncio
from collections.abc import AsyncIterator

import pytest

from proxy_core.errors import Interrupted, UpstreamTimeout
from proxy_core.relay.pulse import Pulse
from tests.proxy_core.clocks import FakeClock, settle


class Source:
    """Chunks that a test hands out."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.is_closed = False

    async def chunks(self) -> AsyncIterator[bytes]:
        try:
            while (chunk := await self.queue.get()) is not None:
                yield chunk
        finally:
            self.is_closed = True


class Listener:
    """Collects what comes, and when a beat came."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock, self.start = clock, clock.monotonic()
        self.beats: list[float] = []
        self.got: list[bytes] = []

    async def beat(self) -> None:
        self.beats.append(self.clock.monotonic() - self.start)

    async def run(self, source: Source, beat_s: float = 10, limit_s: float = 100) -> None:
        async with Pulse(self.clock, beat_s, self.beat, limit_s) as pulse:
            async for chunk in pulse.watched(source.chunks()):
                self.got.append(chunk)
                pulse.wrote()


def started(listener: Listener, source: Source, **limits: float) -> asyncio.Task[None]:
    return asyncio.get_running_loop().create_task(listener.run(source, **limits))


async def test_beats_come_in_silence_only() -> None:
    clock, source = FakeClock(), Source()
    listener = Listener(clock)
    task = started(listener, source)
    await clock.advance(9)
    source.queue.put_nowait(b"a")
    await clock.advance(9)
    assert listener.beats == []
    await clock.advance(17)
    source.queue.put_nowait(None)
    await task
    assert listener.got == [b"a"]
    assert len(listener.beats) == 2
    assert listener.beats[0] == pytest.approx(20, abs=5)
    assert clock.sleepers == 0


async def test_chunks_that_give_the_client_nothing_do_not_hold_beats_back() -> None:
    clock, source = FakeClock(), Source()
    beats: list[float] = []

    async def beat() -> None:
        beats.append(clock.monotonic())

    async def read() -> None:
        async with Pulse(clock, 10, beat, 100) as pulse:
            async for _ in pulse.watched(source.chunks()):
                pass

    task = asyncio.get_running_loop().create_task(read())
    for _ in range(6):
        source.queue.put_nowait(b": comment")
        await clock.advance(5)
    source.queue.put_nowait(None)
    await task
    assert [at - beats[0] for at in beats] == [0, 10, 20]


async def test_too_long_a_silence_is_a_timeout_and_closes_the_source() -> None:
    clock, source = FakeClock(), Source()
    task = started(Listener(clock), source, limit_s=20)
    await clock.advance(18)
    source.queue.put_nowait(b"a")
    await clock.advance(18)
    assert not task.done()
    await clock.advance(10)
    with pytest.raises(UpstreamTimeout, match="20 seconds"):
        await task
    assert source.is_closed
    assert not task.cancelled()


async def test_waiting_for_the_first_answer_counts_and_the_limit_may_change() -> None:
    clock = FakeClock()

    async def ask() -> str:
        async with Pulse(clock, 0, None, 20) as pulse:
            await pulse.waited(clock.sleep(15))
            pulse.limit(5)
            await pulse.waited(asyncio.Event().wait())
        return "never"

    task = asyncio.get_running_loop().create_task(ask())
    await clock.advance(19)
    assert not task.done()
    await clock.advance(8)
    with pytest.raises(UpstreamTimeout, match="5 seconds"):
        await task


async def test_time_outside_of_waiting_does_not_count() -> None:
    clock = FakeClock()

    async def work() -> str:
        async with Pulse(clock, 0, None, 5) as pulse:
            await clock.sleep(100)
            return await pulse.waited(_answer())

    async def _answer() -> str:
        return "done"

    task = asyncio.get_running_loop().create_task(work())
    await clock.advance(101)
    assert await task == "done"


async def test_a_client_that_leaves_is_no_timeout() -> None:
    clock, source = FakeClock(), Source()
    task = started(Listener(clock), source)
    await settle()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (source.is_closed, clock.sleepers) == (True, 0)


async def test_a_client_that_leaves_as_the_time_is_up_is_no_timeout_either() -> None:
    clock, source = FakeClock(), Source()
    listener = Listener(clock)

    async def both() -> None:
        await clock.sleep(20)
        task.cancel()

    task = started(listener, source, limit_s=20)
    other = asyncio.get_running_loop().create_task(both())
    await clock.advance(40)
    with pytest.raises((asyncio.CancelledError, UpstreamTimeout)):
        await task
    await other


async def test_a_beat_to_a_client_that_is_gone_ends_the_beating() -> None:
    clock, source = FakeClock(), Source()
    beats: list[int] = []

    async def beat() -> None:
        beats.append(1)
        raise ConnectionResetError

    async def read() -> None:
        async with Pulse(clock, 1, beat, 100) as pulse:
            async for _ in pulse.watched(source.chunks()):
                pass

    task = asyncio.get_running_loop().create_task(read())
    await clock.advance(10)
    source.queue.put_nowait(None)
    await task
    assert beats == [1]


async def test_silence_may_count_from_another_time() -> None:
    clock, source = FakeClock(), Source()
    beats: list[float] = []
    start = clock.monotonic()

    async def beat() -> None:
        beats.append(clock.monotonic() - start)

    async def read() -> None:
        async with Pulse(clock, 10, beat, 100, start + 30) as pulse:
            async for _ in pulse.watched(source.chunks()):
                pass

    task = asyncio.get_running_loop().create_task(read())
    await clock.advance(56)
    source.queue.put_nowait(None)
    await task
    assert beats == [40, 50]


async def test_an_interruption_is_raised_where_it_is_waited() -> None:
    clock, source = FakeClock(), Source()
    pulse = Pulse(clock, 0, None, 100)
    found: list[str] = []

    async def read() -> None:
        async with pulse:
            try:
                async for _ in pulse.watched(source.chunks()):
                    pass
            except Interrupted as error:
                found.append(error.message)
            # and whoever goes on waiting does not get far
            with pytest.raises(Interrupted):
                await pulse.waited(clock.sleep(5))

    task = asyncio.get_running_loop().create_task(read())
    await settle()
    pulse.interrupt(Interrupted("Stop."))
    pulse.interrupt(Interrupted("Again."))
    await task
    assert found == ["Stop."]
    assert (source.is_closed, task.cancelling(), clock.sleepers) == (True, 0, 0)


async def test_a_shorter_limit_counts_at_once() -> None:
    clock, source = FakeClock(), Source()

    async def read() -> None:
        async with Pulse(clock, 0, None, 1000) as pulse:
            async for _ in pulse.watched(source.chunks()):
                pulse.limit(1)

    task = asyncio.get_running_loop().create_task(read())
    source.queue.put_nowait(b"a")
    await clock.advance(1.5)
    with pytest.raises(UpstreamTimeout, match="1 seconds"):
        await task
