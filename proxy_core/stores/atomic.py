"""Files that are either old or new, never half."""

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path

PRIVATE = 0o600
PRIVATE_FOLDER = 0o700


def write(path: Path, data: bytes, *, keep_previous: bool = False) -> None:
    """Replace ``path`` durably: when this returns, a crash or a power cut loses nothing.

    ``keep_previous`` leaves the old content beside it as ``<name>.previous``. Raises OSError.
    """
    make_folder(path.parent)
    temporary = _temporary(path)
    try:
        _write_new(temporary, data)
        if keep_previous and path.exists():
            _keep(path)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(path.parent)


def make_folder(folder: Path) -> None:
    """Make a folder and those above it that are missing, for their owner only."""
    if not folder.exists():
        make_folder(folder.parent)
        folder.mkdir(exist_ok=True, mode=PRIVATE_FOLDER)


def remove(path: Path) -> None:
    """Delete ``path`` and its previous version durably; what is not there is fine. Raises OSError."""
    path.unlink(missing_ok=True)
    previous_of(path).unlink(missing_ok=True)
    if path.parent.exists():
        sync_folder(path.parent)


def previous_of(path: Path) -> Path:
    """Return where the version before the present one is kept."""
    return path.with_name(path.name + ".previous")


def sweep(path: Path) -> None:
    """Delete what writers of ``path`` left that were killed; only for whoever holds the file's lock."""
    for left in path.parent.glob(f".{path.name}.*.tmp"):
        left.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Make renames in a folder durable, where the system can."""
    if sys.platform == "win32":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def set_aside(path: Path, reason: str) -> Path:
    """Rename a file that cannot be used, so that nothing overwrites it; returns where it is now."""
    number = 1
    while (aside := path.with_name(f"{path.name}.{reason}-{number}")).exists():
        number += 1
    path.replace(aside)
    return aside


def _write_new(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), PRIVATE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _keep(path: Path) -> None:
    spare = _temporary(path)
    try:
        try:
            os.link(path, spare)
        except OSError:
            # not every file system has links
            _write_new(spare, path.read_bytes())
        spare.replace(previous_of(path))
    finally:
        # renaming one of two names of the same file does nothing (POSIX), and this one stays
        spare.unlink(missing_ok=True)


def _temporary(path: Path) -> Path:
    return path.with_name(f".{path.name}.{secrets.token_hex(6)}.tmp")
