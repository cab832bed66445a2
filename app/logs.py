"""Log sinks: the terminal and a file that is turned over; both redacted, and written by a thread.

A terminal that is not read, or a slow disk, then never holds up the loop.
"""

from __future__ import annotations

import atexit
import contextlib
import logging
import queue
import sys
from logging.handlers import QueueHandler, QueueListener, RotatingFileHandler
from pathlib import Path

from app.paths import make_private
from app.redaction import Redacted

_FORMAT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"
_FILE_SIZE = 5 * 1024 * 1024
_FILES = 3
_LAST_WORDS_S = 2.0


def set_up(level: str, file: Path | None, *, terminal: bool = True) -> None:
    """Send log records to standard error and, if given, a file; calling again replaces the sinks.

    Touches the disk: call it before the loop runs. A file that cannot be written is reported and left out.
    """
    close()
    sinks: list[logging.Handler] = []
    problem: OSError | None = None
    # a program without a console has no stderr
    if terminal and sys.stderr is not None:
        sinks.append(_Terminal())
    if file is not None:
        try:
            make_private(file.parent)
            sinks.append(_File(file, maxBytes=_FILE_SIZE, backupCount=_FILES, encoding="utf-8"))
        except OSError as error:
            problem = error
    for sink in sinks:
        sink.setFormatter(Redacted(_FORMAT))
    entrance = _Entrance(sinks)
    logging.getLogger().addHandler(entrance)
    set_level(level)
    atexit.register(entrance.close)
    if problem is not None:
        logging.getLogger(__name__).warning("no log file: %s", problem.strerror)


def set_level(level: str) -> None:
    """Change how much is logged: *debug*, *info*, *warning* or *error*."""
    # it would log every write to the log itself
    logging.getLogger("watchdog").setLevel(logging.WARNING)
    logging.getLogger().setLevel(level.upper())


def close() -> None:
    """Write what is queued and take the sinks away."""
    root = logging.getLogger()
    for old in [one for one in root.handlers if isinstance(one, _Entrance)]:
        root.removeHandler(old)
        old.close()


class _Terminal(logging.StreamHandler):  # type: ignore[type-arg]
    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the library's name
        """Nothing: there is nobody left to tell."""


class _File(RotatingFileHandler):
    """A file that may be on a full disk: that is said once on the terminal, without the record's text.

    The library would print a traceback and the record as it came, unredacted, for each of them.
    """

    _has_failed = False

    def emit(self, record: logging.LogRecord) -> None:
        was_failing, self._has_failed = self._has_failed, False
        super().emit(record)
        if self._has_failed and not was_failing and sys.stderr is not None:
            with contextlib.suppress(OSError, ValueError):
                sys.stderr.write("the log file cannot be written; is the disk full?\n")

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the library's name
        """Remember that it failed."""
        self._has_failed = True


class _Entrance(QueueHandler):
    """Where records come in; a thread carries them to the sinks."""

    def __init__(self, sinks: list[logging.Handler]) -> None:
        records: queue.SimpleQueue[logging.LogRecord | None] = queue.SimpleQueue()
        super().__init__(records)
        self._sinks = sinks
        self._carrier: _Carrier | None = _Carrier(records, *sinks)
        self._carrier.start()

    def close(self) -> None:
        carrier, self._carrier = self._carrier, None
        if carrier is not None:
            atexit.unregister(self.close)
            if carrier.finish(_LAST_WORDS_S):
                for sink in self._sinks:
                    sink.close()
        super().close()


class _Carrier(QueueListener):
    def finish(self, within_s: float) -> bool:
        """Write what is queued; whether that was done in time (a terminal may never take it)."""
        thread, self._thread = self._thread, None
        if thread is None:
            return True
        self.enqueue_sentinel()
        thread.join(within_s)
        return not thread.is_alive()
