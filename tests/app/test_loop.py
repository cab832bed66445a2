import asyncio
import gc
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from PySide6.QtCore import QAbstractEventDispatcher, QEventLoop, QTimer, qWarning
from PySide6.QtWidgets import QApplication

from app.loop import Agenda, DesktopLoop, StopSignals, install_hooks

ROOT = Path(__file__).parents[2]
Run = Callable[[Coroutine[Any, Any, Any]], Any]


@pytest.fixture
def run(qapp: QApplication) -> Run:
    def run(work: Coroutine[Any, Any, Any]) -> Any:
        with asyncio.Runner(loop_factory=lambda: DesktopLoop(qapp)) as runner:
            return runner.run(work)

    return run


def agenda() -> Agenda:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, DesktopLoop)
    return loop.agenda


def live_timers(qapp: QApplication) -> int:
    dispatcher = QAbstractEventDispatcher.instance()
    objects = [agenda(), *agenda().findChildren(QTimer)]
    return sum(len(dispatcher.registeredTimers(one)) for one in objects)


def test_cancelled_callbacks_leave_no_timer(run: Run, qapp: QApplication) -> None:
    async def work() -> None:
        loop = asyncio.get_running_loop()
        for number in range(500):
            loop.call_later(300 + number, print).cancel()
        assert live_timers(qapp) <= 2
        assert agenda().waiting <= 101

    run(work())


def test_client_requests_with_a_total_timeout_leave_no_timer(run: Run, qapp: QApplication) -> None:
    async def answer(_request: web.Request) -> web.Response:
        return web.Response(text="ok")

    async def work() -> None:
        server = web.Application()
        server.router.add_get("/", answer)
        runner = web.AppRunner(server)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        before = agenda().waiting
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=300)) as session:
            for _ in range(500):
                async with session.get(f"http://127.0.0.1:{port}/") as reply:
                    assert await reply.text() == "ok"
            assert agenda().waiting - before <= 110
            assert live_timers(qapp) <= 2
        await runner.cleanup()

    run(work())


def test_nothing_fires_early(run: Run) -> None:
    async def work() -> None:
        loop = asyncio.get_running_loop()
        for delay in (0.0, 0.0004, 0.0009, 0.001, 0.0033, 0.02):
            begun = loop.time()
            await asyncio.sleep(delay)
            assert loop.time() - begun >= delay
        due = loop.time() + 0.01
        fired = loop.create_future()
        handle = loop.call_at(due, lambda: fired.set_result(loop.time()))
        assert handle.when() == due
        assert await fired >= due

    run(work())


def test_order_is_kept(run: Run) -> None:
    async def work() -> None:
        loop = asyncio.get_running_loop()
        seen: list[object] = []
        moment = loop.time() + 0.005
        for number in range(5):
            loop.call_soon(seen.append, number)
            loop.call_at(moment, seen.append, f"later {number}")
        await asyncio.sleep(0)
        assert seen == [0, 1, 2, 3, 4]
        await asyncio.sleep(0.01)
        assert seen[5:] == [f"later {number}" for number in range(5)]

    run(work())


def test_a_cancelled_callback_does_not_run_and_the_next_is_not_late(run: Run) -> None:
    async def work() -> None:
        loop = asyncio.get_running_loop()
        seen: list[str] = []
        handles = [loop.call_later(0.001, seen.append, "never") for _ in range(300)]
        loop.call_later(0.005, seen.append, "due")
        soon = loop.call_soon(seen.append, "never")
        for handle in (*handles, soon):
            handle.cancel()
        await asyncio.sleep(0.05)
        assert seen == ["due"]

    run(work())


def test_a_very_long_wait_fits_a_qt_timer(run: Run) -> None:
    async def work() -> None:
        handle = asyncio.get_running_loop().call_later(10 * 365 * 86400, print)
        await asyncio.sleep(0)
        handle.cancel()

    run(work())


def test_windows_get_their_turn_while_coroutines_never_rest(run: Run) -> None:
    async def work() -> None:
        ticks: list[float] = []
        timer = QTimer()
        timer.setInterval(1)
        timer.timeout.connect(lambda: ticks.append(time.monotonic()))
        timer.start()
        end = time.monotonic() + 0.2
        while time.monotonic() < end:  # noqa: ASYNC110 - to be busy is the point
            await asyncio.sleep(0)
        timer.stop()
        assert len(ticks) > 10

    run(work())


def test_threads_wake_the_loop(run: Run) -> None:
    async def work() -> None:
        loop = asyncio.get_running_loop()
        event = asyncio.Event()
        thread = threading.Thread(target=lambda: loop.call_soon_threadsafe(event.set))
        thread.start()
        await asyncio.wait_for(event.wait(), 5)
        await asyncio.to_thread(thread.join)
        assert await asyncio.to_thread(threading.current_thread) is not threading.current_thread()

    run(work())


def test_a_nested_loop_does_not_lose_other_tasks(run: Run) -> None:
    async def work() -> None:
        ticks = 0

        async def tick() -> None:
            nonlocal ticks
            while True:
                ticks += 1
                await asyncio.sleep(0.001)

        ticking = asyncio.get_running_loop().create_task(tick())
        await asyncio.sleep(0.005)
        nested = QEventLoop()
        QTimer.singleShot(50, nested.quit)
        during = ticks
        nested.exec()
        assert ticks > during + 3
        after = ticks
        await asyncio.sleep(0.05)
        assert ticks > after + 3
        ticking.cancel()

    run(work())


def test_a_closed_loop_says_so(qapp: QApplication) -> None:
    loop = DesktopLoop(qapp)
    loop.close()
    for call in (loop.call_soon, loop.call_soon_threadsafe):
        with pytest.raises(RuntimeError, match="closed"):
            call(print)


def test_system_exit_comes_out(run: Run) -> None:
    async def work() -> None:
        asyncio.get_running_loop().call_soon(sys.exit, 7)
        await asyncio.sleep(5)

    with pytest.raises(SystemExit):
        run(work())


def test_a_forgotten_async_generator_is_closed(run: Run) -> None:
    seen: list[str] = []

    async def numbers() -> AsyncIterator[int]:
        try:
            yield 1
        finally:
            await asyncio.sleep(0)
            seen.append("closed")

    async def work() -> None:
        async for _ in numbers():
            break
        gc.collect()
        await asyncio.sleep(0.01)
        assert seen == ["closed"]

    run(work())


@pytest.mark.allow_logs
def test_a_loop_ended_from_outside_lets_the_work_clean_up(run: Run, qapp: QApplication) -> None:
    seen: list[str] = []

    async def work() -> None:
        asyncio.get_running_loop().call_soon(qapp.exit, 1)
        try:
            await asyncio.sleep(30)
        finally:
            await asyncio.sleep(0.01)
            seen.append("clean")

    with pytest.raises(asyncio.CancelledError):
        run(work())
    assert seen == ["clean"]


@pytest.mark.allow_logs
def test_a_failing_callback_is_logged(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    async def work() -> None:
        asyncio.get_running_loop().call_soon(lambda: 1 / 0)
        await asyncio.sleep(0)

    run(work())
    assert any(record.exc_info and record.exc_info[0] is ZeroDivisionError for record in caplog.records)


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_signals_arrive_without_a_timer(run: Run) -> None:
    before = signal.getsignal(signal.SIGTERM)

    async def work() -> None:
        signals = StopSignals()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            arrived = asyncio.get_running_loop().create_future()
            signals.received.connect(arrived.set_result)
            os.kill(os.getpid(), number)
            assert await asyncio.wait_for(arrived, 5) == number
            signals.received.disconnect(arrived.set_result)
        signals.close()

    run(work())
    assert signal.getsignal(signal.SIGTERM) == before


@pytest.mark.allow_logs
@pytest.mark.no_qt_log
def test_accidents_go_to_the_log(
    qapp: QApplication, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    undo = install_hooks(tmp_path / "logs")
    try:
        qWarning("a word of Qt")
        error = ValueError("nobody wanted it")
        sys.excepthook(ValueError, error, None)
        thread = threading.Thread(target=lambda: 1 / 0)
        thread.start()
        thread.join()
    finally:
        undo()
    told = [(record.name, record.levelno) for record in caplog.records]
    assert ("qt", logging.WARNING) in told
    assert told.count(("app.loop", logging.ERROR)) == 2
    assert (tmp_path / "logs" / "crash.log").exists()


def test_qts_last_words_are_written_before_it_aborts(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from PySide6.QtCore import qFatal\n"
        "from app import logs\n"
        "from app.loop import install_hooks\n"
        "logs.set_up('info', Path(sys.argv[1]) / 'log')\n"
        "undo = install_hooks(None)\n"
        "qFatal('no screen at all')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert "no screen at all" in done.stderr
    assert "no screen at all" in (tmp_path / "log").read_text("utf-8")


@pytest.mark.allow_logs
def test_hooks_without_a_place_for_crashes(qapp: QApplication, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    install_hooks(tmp_path / "file" / "logs")()
    install_hooks(None)()
