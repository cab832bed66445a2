"""Knows the local keys, also behind a vault that is locked for a while."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from proxy_core.clock import Clock
from proxy_core.errors import CredentialError
from proxy_core.keys import ClientKeys
from proxy_core.settings import ClientKeySettings
from proxy_core.store import CredentialStore
from proxy_core.tasks import TaskGroup

RETRY_S = 5.0
"""A vault that did not give the keys is asked again when a caller needs them, but no more often."""

PATIENCE_S = 3.0
"""How long a caller waits for a dialog that perhaps nobody answers."""


class Gate:
    """Names the owners of keys. ``reopen`` is what asks the vault again; it ends in :meth:`load`."""

    def __init__(
        self,
        vault: CredentialStore,
        clock: Clock,
        reopen: Callable[[], Awaitable[None]],
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._keys = ClientKeys(vault)
        self._clock = clock
        self._reopen = reopen
        self._patience_s = patience_s
        self._asked = 0.0
        self._reopening: asyncio.Task[None] | None = None
        self._tasks = TaskGroup()
        self.error: CredentialError | None = None

    @property
    def default(self) -> str | None:
        """The first key, in clear; None while the vault does not give it."""
        return self._keys.default

    async def load(self, named: Sequence[ClientKeySettings]) -> None:
        """Read the keys. Raises CredentialError, which is also kept in ``error``."""
        try:
            await self._keys.load(named)
        except CredentialError as error:
            self.error = error
            self._asked = self._clock.monotonic()
            raise
        self.error = None

    async def identify(self, key: str) -> str | None:
        """Return the owner of a key, None if it is not ours. Raises CredentialError if nobody can say."""
        name = self._keys.identify(key)
        if name is None and self.error is not None:
            await self._again()
            name = self._keys.identify(key)
            if name is None and self.error is not None:
                raise self.error
        return name

    async def _again(self) -> None:
        # one question for all who wait
        if self._reopening is None:
            if self._clock.monotonic() - self._asked < RETRY_S:
                return
            self._reopening = self._tasks.spawn(self._open(), "local keys")
        task = self._reopening
        await asyncio.wait((task,), timeout=self._patience_s)
        if task.done() and self._reopening is task:
            self._reopening = None

    async def _open(self) -> None:
        await self._reopen()

    async def close(self) -> None:
        """Stop asking."""
        await self._tasks.close()
