"""Secrets of accounts: read once from the vault, kept in memory, forgotten when settings change."""

from __future__ import annotations

import asyncio

from proxy_core.accounts.account import Account
from proxy_core.errors import CredentialError, ProxyError, VaultLockedError
from proxy_core.keys import account_secret, proxy_secret
from proxy_core.store import CredentialStore
from proxy_core.tasks import TaskGroup

VAULT_TIMEOUT_S = 30.0
"""A keyring may ask its user to unlock it; after this the request gets *locked* instead of waiting on."""


class Credentials:
    """A cache in front of the vault."""

    def __init__(self, vault: CredentialStore, timeout_s: float = VAULT_TIMEOUT_S) -> None:
        self._vault = vault
        self._timeout_s = timeout_s
        self._cache: dict[str, str] = {}
        self._generation = 0
        self._waiting: dict[str, asyncio.Task[str | ProxyError | None]] = {}
        self._tasks = TaskGroup()

    async def key(self, account: Account) -> str | None:
        """Return the account's secret, None if it needs none. Raises CredentialError, VaultLockedError."""
        if not account.has_key:
            return None
        name = account_secret(account.id)
        if (known := self._cache.get(name)) is not None:
            return known
        secret = await self._read(name)
        if secret is None:
            raise CredentialError(
                f"The vault has no key for the account {account.name!r}. "
                f"Add it again: trunkline accounts add {account.provider.name} "
                "--name NAME --replace --key-stdin"
            )
        return secret

    async def proxy(self, account: Account) -> str | None:
        """Return the way out for an account, with the password that only the vault holds."""
        if account.proxy is None or "@" not in account.proxy:
            return account.proxy
        name = proxy_secret(account.id)
        return self._cache.get(name) or await self._read(name) or account.proxy

    async def _read(self, name: str) -> str | None:
        # One question to the vault per secret, however many requests wait for it; a request that leaves
        # does not take the answer away from the others.
        generation = self._generation
        task = self._waiting.get(name)
        if task is None:
            task = self._waiting[name] = self._tasks.spawn(self._asked(name), "secret from the vault")
            task.add_done_callback(lambda done: self._answered(name, done))
        try:
            found = await asyncio.wait_for(asyncio.shield(task), self._timeout_s)
        except TimeoutError:
            raise VaultLockedError("The vault does not answer; it may wait to be unlocked.") from None
        if isinstance(found, ProxyError):
            raise found
        if found is not None and generation == self._generation:
            self._cache[name] = found
        return found

    async def _asked(self, name: str) -> str | ProxyError | None:
        # the failure of a shared task is told by those who wait for it
        try:
            return await self._vault.get(name)
        except ProxyError as error:
            return error

    def _answered(self, name: str, task: asyncio.Task[str | ProxyError | None]) -> None:
        if self._waiting.get(name) is task:
            del self._waiting[name]

    def forget(self) -> None:
        """Drop every cached secret, also what the vault is answering now: the next use reads it again."""
        self._generation += 1
        self._cache.clear()
        self._waiting.clear()
