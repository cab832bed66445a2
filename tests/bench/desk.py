"""The desktop program with a clock in its window: ``python -m tests.bench.desk HOME``.

Application, loop, bridge, window and proxy are wired as in the program; Qt draws on no screen. Beside them
a timer fires every 16 ms, as an animation would, and notes how late it is, and how late beyond the time in
which other programs had the cores. Each line on standard input is
a question, answered with one line: *begin* a measurement, or *end* it.
"""

import asyncio
import json
import logging
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QAbstractEventDispatcher, QObject, QSocketNotifier, Qt, QTimer
from PySide6.QtWidgets import QApplication

from app.application import Session, opener
from app.bridge import Line
from app.desktop import DesktopApplication
from app.instance import Instance
from app.loop import DesktopLoop, install_hooks
from app.paths import Paths, paths
from proxy_core.events import Event, ServerChanged

_STEP_MS = 16


class Metronome(QObject):
    """Fires every 16 ms and notes how late."""

    def __init__(self) -> None:
        super().__init__()
        self.late_ms: list[float] = []
        self.own_ms: list[float] = []
        self._due = self._waited_s = 0.0
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._tick)

    def begin(self) -> None:
        """Start to note."""
        self.late_ms.clear()
        self.own_ms.clear()
        self._again()

    def end(self) -> None:
        """Stop."""
        self._timer.stop()

    def _again(self) -> None:
        self._due = time.perf_counter() + _STEP_MS / 1000
        self._waited_s = waited_s()
        self._timer.start(_STEP_MS)

    def _tick(self) -> None:
        late_s = max(0.0, time.perf_counter() - self._due)
        self.late_ms.append(late_s * 1000)
        self.own_ms.append(max(0.0, late_s - (waited_s() - self._waited_s)) * 1000)
        self._again()


def waited_s() -> float:
    """Return the seconds for which this thread could have run and had no core, so far (Linux's schedstat)."""
    return int(Path("/proc/thread-self/schedstat").read_text("ascii").split()[1]) / 1e9


def live_timers(loop: DesktopLoop) -> int:
    """Return how many Qt timers run for the loop and all of the application."""
    dispatcher = QAbstractEventDispatcher.instance()
    application = QApplication.instance()
    assert application is not None
    owners = [loop.agenda, *loop.agenda.findChildren(QObject), *application.findChildren(QObject)]
    return sum(len(dispatcher.registeredTimers(owner)) for owner in owners)


class Desk(QObject):
    """Answers the questions."""

    def __init__(self, loop: DesktopLoop) -> None:
        super().__init__()
        self._loop = loop
        self._metronome = Metronome()
        self._notifier = QSocketNotifier(sys.stdin.fileno(), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._asked)

    def _asked(self) -> None:
        asked = os.read(sys.stdin.fileno(), 100).decode().split()
        for word in asked:
            if word == "begin":
                self._metronome.begin()
                _say({"waiting": self._loop.agenda.waiting})
            else:
                self._metronome.end()
                _say(
                    {
                        "late_ms": self._metronome.late_ms,
                        "own_ms": self._metronome.own_ms,
                        "timers": live_timers(self._loop),
                        "waiting": self._loop.agenda.waiting,
                    }
                )


class Opening:
    """Opens the line as the program does, and says when it listens."""

    def __init__(self, places: Paths) -> None:
        self._open = opener(places, "file")

    async def __call__(self, tell: Callable[[Event], None]) -> Line:
        """Read settings and vault; see ``app.application.opener``."""
        line: Line

        def told(event: Event) -> None:
            tell(event)
            if isinstance(event, ServerChanged) and event.state == "running":
                _say({"port": line.proxy.port, "key": line.proxy.default_key})

        line = await self._open(told)
        return line


def _say(value: object) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


def main(home: str) -> None:
    """Run until the process is ended."""
    logging.basicConfig(level=logging.WARNING)
    places = paths(home)
    undo = install_hooks(None)
    application = DesktopApplication(["trunkline"])
    instance = Instance(places.data, places.instance)
    instance.claim()
    session = Session(application, instance, Opening(places), no_tray=True)
    loop = DesktopLoop(application)

    async def work() -> None:
        desk = Desk(loop)
        await session.run(is_new=False)
        desk.deleteLater()

    try:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(work())
    finally:
        instance.release()
        undo()


if __name__ == "__main__":
    main(sys.argv[1])
