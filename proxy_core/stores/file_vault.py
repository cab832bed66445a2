"""The encrypted file vault: for servers, very many accounts, and machines without a keyring.

A random 32-byte master key, wrapped by a passphrase (scrypt), encrypts every secret in a file of its own
with ChaCha20-Poly1305; the file's id is associated data, so that files cannot be swapped. Files are
written whole or not at all, with mode 0600, and the previous version is kept.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, TypeVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from proxy_core.errors import CredentialError, StoreError, VaultLockedError
from proxy_core.store import VaultStatus
from proxy_core.stores import atomic
from proxy_core.stores.lock import turn
from proxy_core.stores.worker import Worker

T = TypeVar("T")

VERSION = 1
_HEADER = "vault.json"
_SUFFIX = ".secret"
_WORK = 2**15
_NONCE = 12
_PROTECTION = "a passphrase"


class FileVault:
    """Secrets in encrypted files below ``folder``. ``passphrase`` None: locked."""

    def __init__(self, folder: Path, passphrase: str | None) -> None:
        self._folder = folder
        self._passphrase = passphrase
        self._cipher: ChaCha20Poly1305 | None = None
        self._worker = Worker("file vault")

    async def status(self) -> VaultStatus:
        """Open the vault to see whether the passphrase fits."""
        try:
            await self._run(self._open)
        except CredentialError as error:
            return VaultStatus("locked", _PROTECTION, error.message)
        except StoreError as error:
            return VaultStatus("unavailable", _PROTECTION, error.message)
        return VaultStatus("ready", _PROTECTION)

    async def get(self, name: str) -> str | None:
        """Return a secret."""
        return await self._run(lambda: self._read(name))

    async def put(self, name: str, secret: str) -> None:
        """Store a secret durably."""

        def store() -> None:
            cipher = self._open()
            file_id = _file_id(name)
            nonce = os.urandom(_NONCE)
            plain = json.dumps({"name": name, "secret": secret}).encode()
            sealed = nonce + cipher.encrypt(nonce, plain, file_id.encode())
            path = self._folder / (file_id + _SUFFIX)
            with self._turn():
                atomic.sweep(path)
                atomic.write(path, sealed, keep_previous=True)

        await self._run(store)

    async def remove(self, name: str) -> None:
        """Forget a secret and its previous version."""

        def forget() -> None:
            self._open()
            with self._turn():
                atomic.remove(self._folder / (_file_id(name) + _SUFFIX))

        await self._run(forget)

    async def names(self) -> tuple[str, ...]:
        """Return what is stored; a damaged file is left out, and left where it is."""

        def listed() -> list[str]:
            self._open()
            found = []
            for path in self._folder.glob("*" + _SUFFIX):
                try:
                    found.append(str(self._decrypt(path)["name"]))
                except StoreError:
                    continue
            return sorted(found)

        return tuple(await self._run(listed))

    async def _run(self, function: Callable[[], T]) -> T:
        def converted() -> T:
            try:
                return function()
            except OSError as error:
                reason = error.strerror or type(error).__name__
                raise StoreError(f"The vault in {self._folder} failed: {reason}.") from None

        return await self._worker.run(converted)

    def _turn(self) -> AbstractContextManager[None]:
        return turn(self._folder / ".lock", "the file vault")

    def _read(self, name: str) -> str | None:
        self._open()
        path = self._folder / (_file_id(name) + _SUFFIX)
        if not path.exists():
            return None
        return str(self._decrypt(path)["secret"])

    def _decrypt(self, path: Path) -> dict[str, Any]:
        sealed = path.read_bytes()
        file_id = path.name.removesuffix(_SUFFIX)
        try:
            plain = self._open().decrypt(sealed[:_NONCE], sealed[_NONCE:], file_id.encode())
            decoded = json.loads(plain)
        except (InvalidTag, ValueError):
            raise StoreError(
                f"The vault file {path.name} is damaged; it was left as it is. "
                f"{path.name}.previous may hold the version before it."
            ) from None
        return dict(decoded)

    def _open(self) -> ChaCha20Poly1305:
        if self._cipher is not None:
            return self._cipher
        if not self._passphrase:
            raise VaultLockedError(
                "The file vault is locked: set TRUNKLINE_VAULT_PASSPHRASE and start again."
            )
        header = self._folder / _HEADER
        with self._turn():
            master = self._unwrap(header) if header.exists() else self._make(header)
        self._cipher = ChaCha20Poly1305(master)
        return self._cipher

    def _make(self, header: Path) -> bytes:
        if any(self._folder.glob("*" + _SUFFIX)):
            raise StoreError(f"{header} is missing beside its secrets; put it back from a backup.")
        master, salt, nonce = os.urandom(32), os.urandom(16), os.urandom(_NONCE)
        wrapped = ChaCha20Poly1305(self._derive(salt, _WORK)).encrypt(nonce, master, _HEADER.encode())
        content = {
            "version": VERSION,
            "wrapper": "passphrase",
            "kdf": {"name": "scrypt", "n": _WORK, "r": 8, "p": 1, "salt": _text(salt)},
            "nonce": _text(nonce),
            "key": _text(wrapped),
        }
        atomic.write(header, json.dumps(content, indent=1).encode() + b"\n")
        return master

    def _unwrap(self, header: Path) -> bytes:
        try:
            content = json.loads(header.read_bytes())
            version = int(content["version"])
            salt, work = base64.b64decode(content["kdf"]["salt"]), int(content["kdf"]["n"])
            nonce, wrapped = base64.b64decode(content["nonce"]), base64.b64decode(content["key"])
        except (ValueError, KeyError, TypeError):
            raise StoreError(f"{header} is damaged; it was left as it is.") from None
        if version > VERSION:
            raise StoreError(f"{header} is of version {version}. Update Trunkline to open it.")
        try:
            return ChaCha20Poly1305(self._derive(salt, work)).decrypt(nonce, wrapped, _HEADER.encode())
        except InvalidTag:
            raise VaultLockedError(
                "The passphrase does not fit the file vault. Set TRUNKLINE_VAULT_PASSPHRASE to the one that "
                "the vault was made with."
            ) from None

    def _derive(self, salt: bytes, work: int) -> bytes:
        passphrase = (self._passphrase or "").encode()
        return Scrypt(salt=salt, length=32, n=work, r=8, p=1).derive(passphrase)


def _file_id(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:32]


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
