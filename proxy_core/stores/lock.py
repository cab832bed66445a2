"""Turns between processes: a lock file that says in one sentence why it cannot be had."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from proxy_core.errors import StoreError
from proxy_core.stores import atomic

TIMEOUT_S = 20.0


@contextmanager
def turn(path: Path, what: str, timeout_s: float = TIMEOUT_S) -> Iterator[None]:
    """Hold the lock file at ``path`` (its folder is made). Raises StoreError naming ``what``.

    The system frees it when its holder dies, so nothing is left to clean up after a crash.
    """
    try:
        atomic.make_folder(path.parent)
        lock = FileLock(path, timeout=timeout_s, mode=atomic.PRIVATE)
        lock.acquire()
    except Timeout:
        raise StoreError(f"Another program holds {what} for too long. Close it and try again.") from None
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise StoreError(f"The folder {path.parent} cannot be written: {reason}.") from None
    try:
        yield
    finally:
        lock.release()
