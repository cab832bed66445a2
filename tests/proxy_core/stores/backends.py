"""Keyring backends that behave as real ones do on a bad day."""

import threading
from collections.abc import Callable

import keyring
import keyring.errors
import pytest
from keyring.backend import KeyringBackend


class KeptBackend(KeyringBackend):
    """Keeps entries in memory; ``limit`` as Windows has one, ``before_write`` to break in."""

    priority = 1.0

    def __init__(self, limit: int | None = None) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.entries: dict[tuple[str, str], str] = {}
        self.limit = limit
        self.before_write: Callable[[str], None] = lambda name: None
        self.before_read: Callable[[str], None] = lambda name: None

    def get_password(self, service: str, username: str) -> str | None:
        self.before_read(username)
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.before_write(username)
        if self.limit is not None and len(password.encode("utf-16-le")) > self.limit:
            raise OSError(1783, "The stub received bad data")
        self.entries[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if self.entries.pop((service, username), None) is None:
            raise keyring.errors.PasswordDeleteError("no such password")


class RaisingBackend(KeyringBackend):
    """Fails every call in the same way."""

    priority = 1.0

    def __init__(self, error: Exception) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.error = error

    def get_password(self, service: str, username: str) -> str | None:
        raise self.error

    def set_password(self, service: str, username: str, password: str) -> None:
        raise self.error

    def delete_password(self, service: str, username: str) -> None:
        raise self.error


class WaitingBackend(KeptBackend):
    """Asks a user who does not answer, until ``answered`` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.answered = threading.Event()
        self.before_read = self.before_write = lambda name: self._wait()

    def _wait(self) -> None:
        self.answered.wait(20)


class ForgetfulBackend(KeptBackend):
    """Takes everything and keeps nothing, as the null backend does."""

    def set_password(self, service: str, username: str, password: str) -> None:
        return


def use_backend(monkeypatch: pytest.MonkeyPatch, backend: KeyringBackend) -> None:
    """Make the library use a backend for the length of a test."""
    before = keyring.get_keyring()
    monkeypatch.setattr(keyring, "get_keyring", lambda: backend)
    monkeypatch.setattr(keyring.core, "_keyring_backend", backend)
    assert keyring.get_keyring() is not before
