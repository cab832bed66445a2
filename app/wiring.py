"""Puts the concrete stores and the transport around a proxy; shared by tray, server and commands."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from app.paths import Paths
from proxy_core import Proxy, Settings
from proxy_core.events import Event
from proxy_core.store import CredentialStore, VaultStatus
from proxy_core.stores.file_vault import FileVault
from proxy_core.stores.files import TomlSettings
from proxy_core.stores.keyring import KeyringVault
from proxy_core.stores.memory import MemoryVault
from proxy_core.stores.sqlite import SqliteUsage
from proxy_core.transports.aiohttp import AiohttpTransport

log = logging.getLogger(__name__)

PASSPHRASE = "TRUNKLINE_VAULT_PASSPHRASE"  # noqa: S105 - the variable's name


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
        """Return a proxy over all of this."""
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


async def open_workplace(
    paths: Paths,
    environment: Mapping[str, str],
    *,
    vault_kind: str | None = None,
    memory_fallback: bool = False,
) -> Workplace:
    """Read the settings and open the vault that was chosen.

    ``vault_kind`` is the caller's explicit choice; it is remembered if the settings name none yet.
    ``memory_fallback``: where no vault works, secrets live until the program ends, and that is said.
    Raises SettingsError, StoreError.
    """
    store = TomlSettings(paths.settings, environment)
    is_new = not paths.settings.exists()
    if vault_kind is not None and (is_new or await store.is_unset("vault", "kind")):
        await store.change(_choosing(vault_kind))
    settings = await store.load()
    kind = vault_kind or settings.vault.kind
    vault: CredentialStore
    if kind == "file":
        vault = FileVault(paths.vault, environment.get(PASSPHRASE))
    else:
        vault = KeyringVault(paths.keyring_service, paths.keyring_lock)
    status = await vault.status()
    hopeless = status.state == "unavailable" or (status.state == "locked" and is_new)
    if memory_fallback and kind == "keyring" and hopeless:
        log.warning("%s Until then the local key lives only as long as this program.", status.message)
        vault, kind = MemoryVault(status.message), "memory"
        status = await vault.status()
    return Workplace(paths, store, settings, vault, kind, status)


def _choosing(kind: str) -> Callable[[dict[str, object]], None]:
    def choose(document: dict[str, object]) -> None:
        table = document.setdefault("vault", {})
        assert isinstance(table, dict)
        table["kind"] = kind

    return choose
