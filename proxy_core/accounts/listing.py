"""Asks an account's vendor which models it has."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from proxy_core.accounts.account import Account
from proxy_core.accounts.credentials import Credentials
from proxy_core.clock import Clock
from proxy_core.errors import CredentialError, ProxyError, UpstreamProtocolError, UpstreamTimeout
from proxy_core.profile import ModelProfile
from proxy_core.transport import Transport

_LIST_LIMIT = 1 << 24
_LIST_TIMEOUT_S = 15.0
_PROBE_TIMEOUT_S = 1.0


@dataclass(frozen=True, slots=True)
class AccountReport:
    """The result of testing an account."""

    account: str
    ok: bool
    message: str
    models: int
    duration_s: float


class Listing:
    """Fetches model lists."""

    def __init__(self, credentials: Credentials, transport: Transport) -> None:
        self._credentials = credentials
        self._transport = transport

    async def fetch(self, account: Account) -> Sequence[ModelProfile] | None:
        """Return the vendor's models, None if it has no list. Raises CredentialError, UpstreamError."""
        key = await self._credentials.key(account)
        proxy = await self._credentials.proxy(account)
        provider = account.provider
        request = provider.list_request(key, account.base_url, proxy)
        if request is None:
            return None
        limit = _PROBE_TIMEOUT_S if account.is_local else _LIST_TIMEOUT_S
        try:
            async with asyncio.timeout(limit):
                reply = await self._transport.send(request)
                try:
                    body = await reply.read(_LIST_LIMIT)
                finally:
                    await reply.close()
        except TimeoutError:
            raise UpstreamTimeout(f"{provider.title} did not answer in {limit:g} seconds.") from None
        if reply.status in (401, 403):
            raise CredentialError(f"{provider.title} refused the key of {account.name!r}.")
        if not 200 <= reply.status < 300:
            raise UpstreamProtocolError(f"{provider.title} answered {reply.status} for its model list.")
        return provider.read_models(body)

    async def test(self, account: Account, clock: Clock) -> AccountReport:
        """Ask the vendor for its models and say in a sentence how it went; never raises."""
        started = clock.monotonic()
        try:
            models = await self.fetch(account)
        except ProxyError as error:
            return AccountReport(account.id, False, error.message, 0, clock.monotonic() - started)
        took = clock.monotonic() - started
        if models is None:
            return AccountReport(account.id, True, "The provider has no list to ask for.", 0, took)
        return AccountReport(account.id, True, f"{len(models)} models.", len(models), took)
