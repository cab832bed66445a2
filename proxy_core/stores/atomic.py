"""Files that are either old or new, never half."""

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path

PRIVATE = 0o600


def write(path: Path, data: bytes, *, keep_previous: bool = False) -> None:
    """Replace ``path`` durably: when this returns, a crash or a power cut loses nothing.

    ``keep_previous`` leaves the old content beside it as ``<name>.previous``.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}.tmp")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if keep_previous and path.exists():
            _keep(path)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(path.parent)


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


def _keep(path: Path) -> None:
    previous = path.with_name(path.name + ".previous")
    spare = path.with_name(f".{path.name}.{secrets.token_hex(6)}.tmp")
    try:
        os.link(path, spare)
    except OSError:
        spare.write_bytes(path.read_bytes())
    spare.replace(previous)
