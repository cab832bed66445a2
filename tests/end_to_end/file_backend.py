"""A keyring that several processes share: one file an entry, as slow and as atomic as a real one."""

import hashlib
from pathlib import Path

import keyring.errors
from keyring.backend import KeyringBackend

from proxy_core.stores import atomic


class FileBackend(KeyringBackend):
    """Entries below ``folder``; each is written whole or not at all."""

    priority = 1.0

    def __init__(self, folder: Path) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._folder = folder

    def get_password(self, service: str, username: str) -> str | None:
        path = self._path(service, username)
        return path.read_text("utf-8") if path.exists() else None

    def set_password(self, service: str, username: str, password: str) -> None:
        atomic.write(self._path(service, username), password.encode())

    def delete_password(self, service: str, username: str) -> None:
        try:
            self._path(service, username).unlink()
        except FileNotFoundError:
            raise keyring.errors.PasswordDeleteError("no such password") from None

    def _path(self, service: str, username: str) -> Path:
        return self._folder / "entries" / hashlib.sha256(f"{service}/{username}".encode()).hexdigest()
