"""The vault in the operating system's keyring, through the ``keyring`` library.

One entry per secret. Where the backend limits the size (Windows Credential Manager: 2,560 bytes of UTF-16,
jaraco/keyring#355, read 2026-11-20) a value is cut into numbered parts under a new generation, and the
entry is flipped to them last, so that a crash leaves either the old or the new. Keyrings cannot be
listed, so an index entry holds the names.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TypeVar

import keyring
import keyring.errors

from proxy_core.errors import CredentialError, StoreError, VaultLockedError, VaultUnavailableError
from proxy_core.store import VaultStatus
from proxy_core.stores.lock import turn
from proxy_core.stores.worker import Worker

T = TypeVar("T")

PROBE_TIMEOUT_S = 5.0
CALL_TIMEOUT_S = 30.0
"""A keyring may ask its user to unlock it; after that long it counts as locked."""

_INDEX = "index"
_PROBE = "probe"
_WHOLE = "w:"
_PARTS = "p:"
_WINDOWS_LIMIT = 1200
_READS = 5
_PROTECTION = "the system's keyring"
_PLAINTEXT = "keyrings.alt"
_WAITING = "The system's keyring does not answer; it may wait to be unlocked. Unlock it and try again."

_LOCKED = (keyring.errors.KeyringLocked, keyring.errors.InitError)


class KeyringVault:
    """Secrets in the system's keyring, under one service name.

    ``lock`` is a file by which several processes take turns at the index. ``part_size`` (characters) None:
    as the backend needs. ``timeout_s``: after that long without an answer it counts as locked.
    """

    def __init__(
        self, service: str, lock: Path, part_size: int | None = None, timeout_s: float = CALL_TIMEOUT_S
    ) -> None:
        self._service = service
        self._lock_path = lock
        self._part_size = part_size
        self._timeout_s = timeout_s
        self._worker = Worker("keyring")
        self._overdue: threading.Event | None = None

    async def status(self) -> VaultStatus:
        """Probe with a round trip, for a few seconds at most."""
        try:
            name = await self._run(self._probe, min(PROBE_TIMEOUT_S, self._timeout_s))
        except VaultLockedError as error:
            return VaultStatus("locked", _PROTECTION, error.message)
        except (CredentialError, StoreError) as error:
            return VaultStatus("unavailable", _PROTECTION, error.message)
        return VaultStatus("ready", name)

    async def get(self, name: str) -> str | None:
        """Return a secret."""
        return await self._run(lambda: self._read(name))

    async def put(self, name: str, secret: str) -> None:
        """Store a secret and note its name."""

        def store() -> None:
            with self._turn():
                self._write(name, secret)
                self._list({*self._names(), name})

        await self._run(store)

    async def remove(self, name: str) -> None:
        """Forget a secret and its name."""

        def forget() -> None:
            with self._turn():
                self._drop(name)
                self._list({known for known in self._names() if known != name})

        await self._run(forget)

    async def names(self) -> tuple[str, ...]:
        """Return the noted names."""
        return tuple(sorted(await self._run(self._names)))

    async def _run(self, function: Callable[[], T], timeout_s: float | None = None) -> T:
        if self._overdue is not None and not self._overdue.is_set():
            # an earlier call still waits for the user: a second one would only queue up behind it
            raise VaultLockedError(_WAITING)
        finished = threading.Event()

        def job() -> T:
            try:
                return _converted(function)
            finally:
                finished.set()

        try:
            async with asyncio.timeout(timeout_s or self._timeout_s):
                return await self._worker.run(job)
        except TimeoutError:
            self._overdue = finished
            raise VaultLockedError(_WAITING) from None

    def _turn(self) -> AbstractContextManager[None]:
        return turn(self._lock_path, "the keyring")

    def _probe(self) -> str:
        backend = keyring.get_keyring()
        if type(backend).__module__.startswith(_PLAINTEXT):
            raise VaultUnavailableError(
                "The only keyring here keeps secrets as plain text (keyrings.alt). Use the encrypted file "
                "vault: --vault file, with TRUNKLINE_VAULT_PASSPHRASE set."
            )
        token = secrets.token_hex(4)
        with self._turn():
            keyring.set_password(self._service, _PROBE, token)
            kept = keyring.get_password(self._service, _PROBE)
            if kept == token:
                keyring.delete_password(self._service, _PROBE)
        if kept != token:
            raise VaultUnavailableError(
                "The system's keyring does not keep what it is given. Use the encrypted file vault: "
                "--vault file, with TRUNKLINE_VAULT_PASSPHRASE set."
            )
        return str(backend.name)

    def _size(self) -> int | None:
        if self._part_size is not None:
            return self._part_size
        return _WINDOWS_LIMIT if ".Windows" in type(keyring.get_keyring()).__module__ else None

    def _read(self, name: str) -> str | None:
        # Read without the lock: another process may flip the entry between it and its parts.
        for _ in range(_READS):
            entry = keyring.get_password(self._service, name)
            if entry is None:
                return None
            if entry.startswith(_WHOLE):
                return entry.removeprefix(_WHOLE)
            parts = [keyring.get_password(self._service, part) for part in _part_names(name, entry)]
            if all(part is not None for part in parts):
                return "".join(part for part in parts if part is not None)
            if keyring.get_password(self._service, name) == entry:
                break
        raise CredentialError(f"The keyring lost a part of {name!r}. Add it again.")

    def _write(self, name: str, secret: str) -> None:
        old = keyring.get_password(self._service, name)
        size = self._size()
        if size is None or len(secret) + len(_WHOLE) <= size:
            entry = _WHOLE + secret
        else:
            pieces = [secret[start : start + size] for start in range(0, len(secret), size)]
            entry = f"{_PARTS}{secrets.token_hex(4)}:{len(pieces)}"
            for part, piece in zip(_part_names(name, entry), pieces, strict=True):
                keyring.set_password(self._service, part, piece)
        keyring.set_password(self._service, name, entry)
        if old is not None:
            for part in _part_names(name, old):
                _delete(self._service, part)

    def _drop(self, name: str) -> None:
        entry = keyring.get_password(self._service, name)
        if entry is None:
            return
        _delete(self._service, name)
        for part in _part_names(name, entry):
            _delete(self._service, part)

    def _names(self) -> list[str]:
        text = self._read(_INDEX)
        return [] if text is None else list(json.loads(text))

    def _list(self, names: set[str]) -> None:
        if names != set(self._names()):
            self._write(_INDEX, json.dumps(sorted(names)))


def _part_names(name: str, entry: str) -> list[str]:
    if not entry.startswith(_PARTS):
        return []
    generation, _, count = entry.removeprefix(_PARTS).partition(":")
    return [f"{name}#{generation}#{number}" for number in range(int(count))]


def _delete(service: str, name: str) -> None:
    try:
        keyring.delete_password(service, name)
    except keyring.errors.PasswordDeleteError:
        return


def _converted(function: Callable[[], T]) -> T:
    try:
        return function()
    except keyring.errors.NoKeyringError:
        raise VaultUnavailableError(
            "This machine has no keyring that works. Use the encrypted file vault: --vault file, with "
            "TRUNKLINE_VAULT_PASSPHRASE set."
        ) from None
    except _LOCKED as error:
        words = str(error).rstrip(".") or "no reason was given"
        raise VaultLockedError(
            f"The system's keyring is locked ({words}). Unlock it and try again."
        ) from None
    except (CredentialError, StoreError):
        raise
    except Exception as error:  # noqa: BLE001 - see below
        # Backends let errors of their transports through (D-Bus, COM), and their own may quote what they
        # were given; so only the kind is told.
        raise VaultUnavailableError(f"The system's keyring failed ({type(error).__name__}).") from None
