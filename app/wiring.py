"""Puts the concrete stores and the transport around a proxy; shared by tray, server and commands."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from app.paths import Paths
from proxy_core import Proxy, ProxyError, Settings, VaultLockedError, VaultUnavailableError
from proxy_core.clock import Clock
from proxy_core.events import Event
from proxy_core.store import CredentialStore, UsageStore, VaultStatus
from proxy_core.stores.files import TomlSettings
from proxy_core.stores.memory import MemoryVault
from proxy_core.stores.sqlite import SqliteUsage
from proxy_core.transports.aiohttp import AiohttpTransport

log = logging.getLogger(__name__)

PASSPHRASE = "TRUNKLINE_VAULT_PASSPHRASE"  # noqa: S105 - the variable's name

_DAY_S = 86400.0
_UNASKED = VaultStatus("locked", "nothing yet", "The vault was not opened.")


@dataclass(frozen=True, slots=True)
class Workplace:
    """What every command works with. ``vault_kind`` is *keyring*, *file*, or *memory* where none works."""

    paths: Paths
    settings_store: TomlSettings
    settings: Settings
    vault: CredentialStore
    vault_kind: str
    vault_status: VaultStatus

    def ledger(self) -> SqliteUsage:
        """Return the usage ledger; close it."""
        return SqliteUsage(self.paths.usage)

    def proxy(self, on_event: Callable[[Event], None], settings: Settings | None = None) -> Proxy:
        """Return a proxy over all of this. Raises SettingsError when the settings do not fit."""
        settings = settings or self.settings
        proxy: Proxy
        transport = AiohttpTransport(lambda: proxy.settings.network.connect_timeout_s)
        proxy = Proxy(
            settings=settings,
            vault=self.vault,
            usage=self.ledger(),
            transport=transport,
            on_event=on_event,
        )
        return proxy

    def need_vault(self) -> None:
        """Raise VaultLockedError or VaultUnavailableError unless the probe found the vault ready."""
        if self.vault_status.state == "locked":
            raise VaultLockedError(self.vault_status.message)
        if self.vault_status.state == "unavailable":
            raise VaultUnavailableError(self.vault_status.message)


async def open_workplace(
    paths: Paths,
    environment: Mapping[str, str],
    *,
    vault_kind: str | None = None,
    memory_fallback: bool = False,
    probe: bool = True,
) -> Workplace:
    """Read the settings and open the vault that was chosen.

    ``vault_kind`` is the caller's explicit choice; it is remembered if the settings name none yet.
    ``memory_fallback``: where no keyring works and nothing needs what is in it, secrets live until the
    program ends, and that is said. ``probe`` False: the vault is not touched yet, for work without secrets.
    Raises SettingsError, StoreError.
    """
    store = TomlSettings(paths.settings, environment)
    is_new = not await store.exists()
    if vault_kind is not None and await store.is_unset("vault", "kind"):
        await store.change(_choosing(vault_kind))
    settings = await store.load()
    kind = vault_kind or settings.vault.kind
    # in a thread: it imports
    vault = await asyncio.to_thread(_vault, kind, paths, environment.get(PASSPHRASE))
    status = await vault.status() if probe else _UNASKED
    falls_back = memory_fallback and kind == "keyring" and vault_kind is None
    if falls_back and _is_hopeless(status, settings, is_new):
        log.warning(
            "%s Until then secrets are kept only in memory: the local key changes at every start.",
            status.message,
        )
        vault, kind = MemoryVault(status.message), "memory"
        status = await vault.status()
    return Workplace(paths, store, settings, vault, kind, status)


def _vault(kind: str, paths: Paths, passphrase: str | None) -> CredentialStore:
    # each brings a library that is slow to import, and only one is needed
    if kind == "file":
        from proxy_core.stores.file_vault import FileVault

        return FileVault(paths.vault, passphrase)
    from proxy_core.stores.keyring import KeyringVault

    return KeyringVault(paths.keyring_service, paths.keyring_lock)


def _is_hopeless(status: VaultStatus, settings: Settings, is_new: bool) -> bool:
    """Whether the keyring cannot serve, and nothing that it may hold would be missed.

    A locked one may hold the local key of an installation that is in use.
    """
    if settings.client_keys or any(account.has_key for account in settings.accounts):
        return False
    return status.state == "unavailable" or (status.state == "locked" and is_new)


def _choosing(kind: str) -> Callable[[dict[str, object]], None]:
    def choose(document: dict[str, object]) -> None:
        table = document.setdefault("vault", {})
        if isinstance(table, dict):
            table["kind"] = kind

    return choose


async def prune_daily(ledger: UsageStore, settings: Callable[[], Settings], clock: Clock) -> None:
    """Drop what the ledger need not keep any more, now and once a day; runs until it is cancelled."""
    while True:
        try:
            dropped = await ledger.prune(clock.now() - settings().usage.keep_days * _DAY_S)
        except ProxyError as error:
            log.warning("old usage was not pruned: %s", error.message)
        else:
            log.debug("pruned %d old usage rows", dropped)
        await clock.sleep(_DAY_S)
