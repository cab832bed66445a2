"""The vault in the operating system's keyring, through the ``keyring`` library.

One entry per secret. Where the backend limits the size (Windows Credential Manager: 2,560 bytes of UTF-16,
jaraco/keyring#355, read 2026-11-20) a value is cut into numbered parts under a new generation, and the
entry is flipped to them last, so that a crash leaves either the old or the new. Keyrings cannot be
listed, so an index entry holds the names.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import keyring
import keyring.backend
import keyring.errors
from filelock import FileLock

from proxy_core.errors import CredentialError, VaultLockedError, VaultUnavailableError
from proxy_core.store import VaultStatus
from proxy_core.stores.worker import Worker

T = TypeVar("T")

_INDEX = "index"
_PROBE = "probe"
_WHOLE = "w:"
_PARTS = "p:"
_WINDOWS_LIMIT = 1200
_LOCK_TIMEOUT_S = 20.0

_LOCKED = (keyring.errors.KeyringLocked, keyring.errors.InitError)


class KeyringVault:
    """Secrets in the system's keyring, under one service name.

    ``lock`` is a file by which several processes take turns at the index. ``part_size`` (characters) None:
    as the backend needs.
    """

    def __init__(self, service: str, lock: Path, part_size: int | None = None) -> None:
        self._service = service
        self._lock_path = lock
        self._part_size = part_size
        self._worker = Worker("keyring")

    async def status(self) -> VaultStatus:
        """Probe with a round trip."""
        try:
            name = await self._run(self._probe)
        except VaultLockedError as error:
            return VaultStatus("locked", "the system's keyring", error.message)
        except CredentialError as error:
            return VaultStatus("unavailable", "the system's keyring", error.message)
        return VaultStatus("ready", name)

    async def get(self, name: str) -> str | None:
        """Return a secret."""
        return await self._run(lambda: self._read(name))

    async def put(self, name: str, secret: str) -> None:
        """Store a secret and note its name."""

        def store() -> None:
            with self._lock():
                self._write(name, secret)
                self._list({*self._names(), name})

        await self._run(store)

    async def remove(self, name: str) -> None:
        """Forget a secret and its name."""

        def forget() -> None:
            with self._lock():
                self._drop(name)
                self._list({known for known in self._names() if known != name})

        await self._run(forget)

    async def names(self) -> tuple[str, ...]:
        """Return the noted names."""
        return tuple(sorted(await self._run(self._names)))

    async def _run(self, function: Callable[[], T]) -> T:
        return await self._worker.run(lambda: _converted(function))

    def _lock(self) -> FileLock:
        self._lock_path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        return FileLock(self._lock_path, timeout=_LOCK_TIMEOUT_S)

    def _probe(self) -> str:
        token = secrets.token_hex(4)
        keyring.set_password(self._service, _PROBE, token)
        if keyring.get_password(self._service, _PROBE) != token:
            raise VaultUnavailableError("The system's keyring does not keep what it is given.")
        keyring.delete_password(self._service, _PROBE)
        return str(keyring.get_keyring().name)

    def _size(self) -> int | None:
        if self._part_size is not None:
            return self._part_size
        return _WINDOWS_LIMIT if ".Windows" in type(keyring.get_keyring()).__module__ else None

    def _read(self, name: str) -> str | None:
        entry = keyring.get_password(self._service, name)
        if entry is None:
            return None
        if entry.startswith(_WHOLE):
            return entry.removeprefix(_WHOLE)
        parts = [keyring.get_password(self._service, part) for part in _part_names(name, entry)]
        if any(part is None for part in parts):
            raise CredentialError(f"The keyring lost a part of {name!r}. Add that account again.")
        return "".join(part for part in parts if part is not None)

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
        if old is not None and old.startswith(_PARTS):
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


def _converted(function: Callable[[], Any]) -> Any:
    try:
        return function()
    except keyring.errors.NoKeyringError:
        raise VaultUnavailableError(
            "This machine has no keyring that works. Use the encrypted file vault: --vault file, with "
            "TRUNKLINE_VAULT_PASSPHRASE set."
        ) from None
    except _LOCKED as error:
        raise VaultLockedError(f"The system's keyring is locked: {error}. Unlock it and try again.") from None
    except keyring.errors.KeyringError as error:
        raise VaultUnavailableError(f"The system's keyring failed: {error}.") from None
    except CredentialError:
        raise
    except Exception as error:  # noqa: BLE001 - see below
        # backends let errors of their transports through (D-Bus, COM); what they say may hold no secret
        raise VaultUnavailableError(f"The system's keyring failed ({type(error).__name__}).") from None
