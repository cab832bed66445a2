"""Log sinks: the terminal and a file that is turned over; both redacted."""

from __future__ import annotations

import logging
import sys
from logging.handlers import RotatingFileHandler
from pathlib import Path

from app.redaction import Redacted

_FORMAT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"
_FILE_SIZE = 5 * 1024 * 1024
_FILES = 3


def set_up(level: str, file: Path | None, *, terminal: bool = True) -> None:
    """Send log records to standard error and, if given, a file; calling again replaces the sinks."""
    root = logging.getLogger()
    for old in [sink for sink in root.handlers if getattr(sink, "is_trunkline", False)]:
        root.removeHandler(old)
        old.close()
    sinks: list[logging.Handler] = []
    # a program without a console has no stderr
    if terminal and sys.stderr is not None:
        sinks.append(logging.StreamHandler())
    if file is not None:
        try:
            file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            sinks.append(RotatingFileHandler(file, maxBytes=_FILE_SIZE, backupCount=_FILES, encoding="utf-8"))
        except OSError as error:
            logging.getLogger(__name__).warning("no log file: %s", error.strerror)
    for sink in sinks:
        sink.setFormatter(Redacted(_FORMAT))
        sink.is_trunkline = True  # type: ignore[attr-defined]
        root.addHandler(sink)
    root.setLevel(level.upper())
