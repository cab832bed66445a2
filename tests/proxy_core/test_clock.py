import asyncio
import time

from proxy_core.clock import Clock, SystemClock


async def test_the_system_s_clocks() -> None:
    clock: Clock = SystemClock()
    before = time.time()
    assert before <= clock.now() <= time.time()
    first = clock.monotonic()
    assert first <= clock.monotonic() <= time.monotonic()


async def test_sleeping_waits_as_long_as_asked() -> None:
    clock = SystemClock()
    start = clock.monotonic()
    await clock.sleep(0.01)
    # The loop may wake up one tick of its clock early.
    assert clock.monotonic() - start >= 0.009


async def test_a_negative_sleep_only_gives_way() -> None:
    ran: list[str] = []
    asyncio.get_running_loop().call_soon(ran.append, "other")
    await SystemClock().sleep(-5)
    assert ran == ["other"]
