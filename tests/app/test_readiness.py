import asyncio
import socket
import time
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from PySide6.QtCore import QSocketNotifier, QTimer
from PySide6.QtWidgets import QApplication

from app.loop import DesktopLoop
from app.readiness import IS_KNOWN, SocketLoop

Run = Callable[[Coroutine[Any, Any, Any]], Any]


@pytest.fixture
def run(qapp: QApplication) -> Run:
    def run(work: Coroutine[Any, Any, Any]) -> Any:
        with asyncio.Runner(loop_factory=lambda: DesktopLoop(qapp)) as runner:
            return runner.run(work)

    return run


def pairs(count: int) -> list[tuple[socket.socket, socket.socket]]:
    made = [socket.socketpair() for _ in range(count)]
    for one, other in made:
        one.setblocking(False)
        other.setblocking(False)
    return made


def closed(made: list[tuple[socket.socket, socket.socket]]) -> None:
    for one, other in made:
        one.close()
        other.close()


def test_readers_and_writers_are_told_until_they_are_taken_away(run: Run) -> None:
    made = pairs(3)
    seen: list[tuple[int, bytes]] = []

    async def work() -> None:
        loop = asyncio.get_running_loop()
        all_read, written = asyncio.Event(), asyncio.Event()

        def read(place: int) -> None:
            seen.append((place, made[place][0].recv(1)))
            if len(seen) == 6:
                all_read.set()

        for place, (reader, writer) in enumerate(made):
            loop.add_reader(reader, read, place)
            writer.send(b"ab")
        await all_read.wait()
        loop.add_writer(made[0][1], written.set)
        await written.wait()
        assert loop.remove_writer(made[0][1])
        for reader, _ in made:
            assert loop.remove_reader(reader)
            assert not loop.remove_reader(reader)
        made[0][1].send(b"c")
        await asyncio.sleep(0.02)

    run(work())
    closed(made)
    assert sorted(seen) == [(place, letter) for place in range(3) for letter in (b"a", b"b")]


def test_a_reader_that_is_taken_away_by_another_is_not_told(run: Run) -> None:
    made = pairs(2)
    told: list[int] = []

    async def work() -> None:
        loop = asyncio.get_running_loop()
        done = asyncio.Event()

        def read(place: int) -> None:
            told.append(place)
            loop.remove_reader(made[0][0])
            loop.remove_reader(made[1][0])
            done.set()

        for place, (reader, writer) in enumerate(made):
            loop.add_reader(reader, read, place)
            writer.send(b"x")
        await done.wait()
        await asyncio.sleep(0.02)

    run(work())
    closed(made)
    assert len(told) == 1


def test_windows_get_their_turn_between_many_sockets(run: Run) -> None:
    """Each reader takes two milliseconds; a window's timer must come between them, not after all of them."""
    made = pairs(40)
    order: list[str] = []

    async def work() -> None:
        loop = asyncio.get_running_loop()
        done = asyncio.Event()

        def read(place: int) -> None:
            made[place][0].recv(1)
            until = time.perf_counter() + 0.002
            while time.perf_counter() < until:
                pass
            order.append("socket")
            if order.count("socket") == len(made):
                done.set()

        timer = QTimer()
        timer.timeout.connect(lambda: order.append("window"))
        for place, (reader, writer) in enumerate(made):
            loop.add_reader(reader, read, place)
            writer.send(b"x")
        timer.start(0)
        await done.wait()
        timer.stop()
        for reader, _ in made:
            loop.remove_reader(reader)

    run(work())
    closed(made)
    first, last = order.index("socket"), len(order) - 1 - order[::-1].index("socket")
    assert "window" in order[first:last]


@pytest.mark.skipif(not IS_KNOWN, reason="only where the system's list can be watched")
def test_sockets_need_no_notifier_of_their_own(qapp: QApplication) -> None:
    loop = DesktopLoop(qapp)
    assert isinstance(loop, SocketLoop)
    made = pairs(10)
    for reader, _ in made:
        loop.add_reader(reader, print)
    assert loop._readiness is not None
    assert len(loop._readiness.findChildren(QSocketNotifier)) == 1
    assert not loop._read_notifiers
    for reader, _ in made:
        loop.remove_reader(reader)
    closed(made)
    loop.close()


def test_without_the_system_s_list_qasync_watches(
    qapp: QApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.readiness.IS_KNOWN", False)
    made = pairs(1)

    async def work() -> bytes:
        reader, writer = await asyncio.open_connection(sock=made[0][0])
        made[0][1].send(b"told\n")
        line = await reader.readline()
        writer.close()
        return line

    with asyncio.Runner(loop_factory=lambda: DesktopLoop(qapp)) as runner:
        assert runner.run(work()) == b"told\n"
    closed(made)
