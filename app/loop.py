"""The one loop that windows and proxy share: asyncio on Qt's event loop; and where its accidents go.

qasync 0.28 gives every waiting callback a Qt timer of its own and keeps it when the callback is cancelled:
500 client requests with a time-out of 300 s leave 502 live timers (measured 2026-11-20). Here the callbacks
wait in one queue and one heap, behind two timers in all, as in asyncio's own loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import faulthandler
import heapq
import itertools
import logging
import math
import signal
import socket
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context
from pathlib import Path
from types import TracebackType
from typing import Any

from PySide6.QtCore import QObject, QSocketNotifier, Qt, QTimer, QtMsgType, Signal, qInstallMessageHandler
from PySide6.QtWidgets import QApplication

from app import logs
from app.readiness import SocketLoop

log = logging.getLogger(__name__)
_qt_log = logging.getLogger("qt")

_SLICE_S = 0.008
"""How long callbacks may run in a row before windows get their turn."""

_LONGEST_MS = 24 * 60 * 60 * 1000
"""Qt counts a timer's milliseconds in 32 bits; a longer wait is cut and taken up again."""

_CROWD = 100
"""Cancelled callbacks stay in the heap until they are this many, and half of it."""

_CLEAN_UP_S = 15.0

_LEVELS = (
    (QtMsgType.QtDebugMsg, logging.DEBUG),
    (QtMsgType.QtInfoMsg, logging.INFO),
    (QtMsgType.QtWarningMsg, logging.WARNING),
    (QtMsgType.QtCriticalMsg, logging.ERROR),
    (QtMsgType.QtFatalMsg, logging.CRITICAL),
)


class Agenda(QObject):
    """What the loop will run: now, in order of arrival, and later, in order of time."""

    _woken = Signal()

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._loop = loop
        self._now: deque[asyncio.Handle] = deque()
        self._later: list[tuple[float, int, asyncio.TimerHandle]] = []
        self._numbers = itertools.count()
        self._cancelled = 0
        self._fatal: BaseException | None = None
        # Single-shot, because Qt does not fire a timer again inside its own slot, not even in a nested loop.
        self._turns = QTimer(self)
        self._turns.setSingleShot(True)
        self._turns.setInterval(0)
        self._turns.timeout.connect(self._turn)
        self._alarm = QTimer(self)
        self._alarm.setSingleShot(True)
        self._alarm.setTimerType(Qt.TimerType.PreciseTimer)
        self._alarm.timeout.connect(self._ring)
        self._woken.connect(self._begin, Qt.ConnectionType.QueuedConnection)

    @property
    def waiting(self) -> int:
        """How many callbacks wait for their time, the forgotten ones among them."""
        return len(self._later)

    def add(self, handle: asyncio.Handle) -> None:
        """Run it in the next turn; only from the loop's own thread."""
        self._now.append(handle)
        if not self._turns.isActive():
            self._turns.start()

    def add_from_thread(self, handle: asyncio.Handle) -> None:
        """Run it in the next turn; from any thread."""
        self._now.append(handle)
        self._woken.emit()

    def add_at(self, handle: asyncio.TimerHandle) -> None:
        """Run it when its time has come, never before."""
        when = handle.when()
        heapq.heappush(self._later, (when, next(self._numbers), handle))
        handle._scheduled = True  # type: ignore[attr-defined]
        if self._later[0][2] is handle:
            self._arm()

    def forget(self) -> None:
        """Count a cancelled callback; throw them out once they are a crowd."""
        self._cancelled += 1
        if self._cancelled > _CROWD and self._cancelled * 2 > len(self._later):
            self._later = [entry for entry in self._later if not entry[2].cancelled()]
            heapq.heapify(self._later)
            self._cancelled = 0
            self._arm()

    def fatal(self) -> BaseException | None:
        """Return, once, the SystemExit or KeyboardInterrupt that a callback raised."""
        error, self._fatal = self._fatal, None
        return error

    def close(self) -> None:
        """Drop everything."""
        self._turns.stop()
        self._alarm.stop()
        self._now.clear()
        self._later.clear()

    def _begin(self) -> None:
        if self._now and not self._turns.isActive():
            self._turns.start()

    def _arm(self) -> None:
        if not self._later:
            self._alarm.stop()
            return
        wait_ms = math.ceil((self._later[0][0] - time.monotonic()) * 1000)
        self._alarm.start(min(max(wait_ms, 0), _LONGEST_MS))

    def _ring(self) -> None:
        now = time.monotonic()
        while self._later and self._later[0][0] <= now:
            handle = heapq.heappop(self._later)[2]
            handle._scheduled = False  # type: ignore[attr-defined]
            if handle.cancelled():
                self._cancelled = max(0, self._cancelled - 1)
            else:
                self._now.append(handle)
        self._arm()
        self._begin()

    def _turn(self) -> None:
        # A dialog that runs a loop of its own inside a coroutine may make no other task wait or lose steps.
        outer = asyncio.current_task(self._loop)
        if outer is not None:
            asyncio.tasks._leave_task(self._loop, outer)
        try:
            self._run_some()
        except (SystemExit, KeyboardInterrupt) as error:
            self._fatal = error
            self._loop.stop()
        finally:
            if outer is not None:
                asyncio.tasks._enter_task(self._loop, outer)

    def _run_some(self) -> None:
        until = time.monotonic() + _SLICE_S
        if len(self._now) > 1:
            self._turns.start()
        for _ in range(len(self._now)):
            if not self._now:
                break
            handle = self._now.popleft()
            if not handle.cancelled():
                handle._run()
            if time.monotonic() > until:
                break
        if self._now:
            self._begin()
        else:
            self._turns.stop()


class DesktopLoop(SocketLoop):
    """qasync's loop with an agenda that forgets what was cancelled and never fires early."""

    def __init__(self, app: QApplication) -> None:
        self.agenda = Agenda(self)
        self._was_ended = False
        super().__init__(app)
        self.set_default_executor(ThreadPoolExecutor(thread_name_prefix="trunkline"))
        self.set_exception_handler(_report)

    def call_soon(
        self, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        """Run in the next turn."""
        self._check_closed()
        handle = asyncio.Handle(callback, args, self, context)
        self.agenda.add(handle)
        return handle

    def call_soon_threadsafe(
        self, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        """Run in the next turn; from any thread."""
        self._check_closed()
        handle = asyncio.Handle(callback, args, self, context)
        self.agenda.add_from_thread(handle)
        return handle

    def call_later(
        self, delay: float, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Run after ``delay`` seconds."""
        return self.call_at(self.time() + delay, callback, *args, context=context)

    def call_at(
        self, when: float, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Run at a time of ``time()``."""
        self._check_closed()
        handle = asyncio.TimerHandle(when, callback, args, self, context)
        self.agenda.add_at(handle)
        return handle

    def run_forever(self) -> None:
        """Run until ``stop``; a SystemExit or KeyboardInterrupt of a callback comes out here.

        Forgotten async generators are closed on the loop, which qasync 0.28 leaves out.
        """
        before = sys.get_asyncgen_hooks()
        sys.set_asyncgen_hooks(
            firstiter=self._asyncgen_firstiter_hook, finalizer=self._asyncgen_finalizer_hook
        )
        try:
            super().run_forever()
        finally:
            sys.set_asyncgen_hooks(*before)
        error = self.agenda.fatal()
        if error is not None:
            raise error

    def run_until_complete(self, future: Any) -> Any:
        """Run until it is done. Where Qt's loop is ended by somebody else, what runs is cancelled first.

        Once its display has died, Qt ends every loop after one round, so we go round until all is cleaned up.
        """
        task = self.create_task(future) if asyncio.iscoroutine(future) else future
        until = math.inf
        while True:
            try:
                return super().run_until_complete(task)
            except RuntimeError:
                if task.done() or time.monotonic() > until:
                    raise
            if until == math.inf:
                until = time.monotonic() + _CLEAN_UP_S
                if not self._was_ended:
                    log.warning("the display or the session ended; stopping")
                    task.cancel()
                self._was_ended = True

    def close(self) -> None:
        """Give everything back."""
        super().close()
        self.agenda.close()

    def _add_callback(self, handle: asyncio.Handle, delay: float = 0) -> asyncio.Handle:
        if not handle.cancelled():
            self.agenda.add(handle)
        return handle

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        if handle._scheduled:  # type: ignore[attr-defined]
            self.agenda.forget()


class StopSignals(QObject):
    """SIGTERM, SIGINT and SIGHUP as a Qt signal; the socket wakes Qt, so that no timer has to."""

    received = Signal(int)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)
        self._notifier = QSocketNotifier(self._reader.fileno(), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._arrived)
        names = ("SIGTERM", "SIGINT", "SIGHUP")
        numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
        self._old = {number: signal.signal(number, _ignore) for number in numbers}
        self._old_fd = signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)

    def close(self) -> None:
        """Put the old handlers back."""
        signal.set_wakeup_fd(self._old_fd)
        for number, handler in self._old.items():
            signal.signal(number, handler)
        self._notifier.setEnabled(False)
        self._reader.close()
        self._writer.close()

    def _arrived(self) -> None:
        with contextlib.suppress(BlockingIOError):
            for number in self._reader.recv(64):
                if number in self._old:
                    self.received.emit(number)


def install_hooks(folder: Path | None) -> Callable[[], None]:
    """Send every accident to the log: slots, threads, Qt's own words; crashes to a file in ``folder``.

    Returns what undoes it.
    """
    before = (sys.excepthook, threading.excepthook, sys.unraisablehook)
    sys.excepthook = _log_exception
    threading.excepthook = lambda failed: _log_exception(
        failed.exc_type, failed.exc_value, failed.exc_traceback
    )
    sys.unraisablehook = lambda failed: _log_exception(
        failed.exc_type, failed.exc_value, failed.exc_traceback
    )
    qt_before = qInstallMessageHandler(_qt_said)
    crash = _crash_file(folder)

    def undo() -> None:
        sys.excepthook, threading.excepthook, sys.unraisablehook = before
        qInstallMessageHandler(qt_before)
        if crash is not None:
            faulthandler.disable()
            crash.close()

    return undo


def _crash_file(folder: Path | None) -> Any:
    if folder is None:
        return None
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = (folder / "crash.log").open("a", encoding="utf-8")
    except OSError as error:
        log.warning("no file for crashes: %s", error.strerror)
        return None
    faulthandler.enable(file)
    return file


def _report(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    log.error("%s", context.get("message") or "a callback failed", exc_info=context.get("exception"))


def _log_exception(
    kind: type[BaseException], error: BaseException | None, trace: TracebackType | None
) -> None:
    if error is not None and not issubclass(kind, (SystemExit, KeyboardInterrupt)):
        log.error("an exception came to nobody: %s", kind.__name__, exc_info=(kind, error, trace))


def _qt_said(kind: QtMsgType, _context: object, words: str | None) -> None:
    level = next((level for known, level in _LEVELS if known == kind), logging.WARNING)
    _qt_log.log(level, "%s", words)
    if kind == QtMsgType.QtFatalMsg:
        # Qt aborts when this returns; say it before
        logs.close()


def _ignore(*_: object) -> None:
    """Python must have a handler, or the signal ends the process; the socket tells us."""
