"""Secrets by name: what the vault calls them, and the local keys that callers present.

A host uses this to add and remove keys; the server compares presented keys in constant time.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence

from proxy_core.settings import ClientKeySettings
from proxy_core.store import CredentialStore

DEFAULT = "default"
_PREFIX = "client-key/"
_HASHED = "sha256:"


def new_key() -> str:
    """Return a fresh random key."""
    return "tl-" + secrets.token_urlsafe(32)


def vault_name(key_id: str) -> str:
    """Return the name of a local key in the vault."""
    return _PREFIX + key_id


def hashed(key: str) -> str:
    """Return what the vault keeps of a key that is shown only once."""
    return _HASHED + _digest(key).hex()


def account_secret(account_id: str) -> str:
    """Return the name of an account's credential in the vault."""
    return f"account/{account_id}"


def proxy_secret(account_id: str) -> str:
    """Return the name of an account's outgoing proxy address, where that holds a password."""
    return f"proxy/{account_id}"


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()


class ClientKeys:
    """The keys that are let in, by name."""

    def __init__(self, vault: CredentialStore) -> None:
        self._vault = vault
        self._digests: tuple[tuple[str, bytes], ...] = ()
        self._default: str | None = None

    @property
    def default(self) -> str | None:
        """The first key, in clear, so that it can be copied; None before ``load``."""
        return self._default

    async def load(self, named: Sequence[ClientKeySettings]) -> None:
        """Read the keys; the first one is made if there is none yet. Raises the vault's errors."""
        default = await self._vault.get(vault_name(DEFAULT))
        if default is None:
            default = new_key()
            await self._vault.put(vault_name(DEFAULT), default)
            # two programs may have begun at once: both take what was written last
            default = await self._vault.get(vault_name(DEFAULT)) or default
        digests = [(DEFAULT, _digest(default))]
        for key in named:
            stored = await self._vault.get(vault_name(key.id))
            if stored is not None:
                plain = not stored.startswith(_HASHED)
                digest = _digest(stored) if plain else bytes.fromhex(stored.removeprefix(_HASHED))
                digests.append((key.name, digest))
        self._default = default
        self._digests = tuple(digests)

    def identify(self, presented: str) -> str | None:
        """Return the name of the key, None if it is not one of ours."""
        digest = _digest(presented)
        found = None
        for name, known in self._digests:
            if hmac.compare_digest(digest, known):
                found = name
        return found
