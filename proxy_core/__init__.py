"""Trunkline's core: an embeddable proxy that gives every AI account one local line.

A host imports from here only. See ARCHITECTURE.md for the map.
"""

from __future__ import annotations

from proxy_core.accounts.listing import AccountReport
from proxy_core.errors import ProxyError, SettingsError, VaultLockedError, VaultUnavailableError
from proxy_core.proxy import Proxy, Snapshot
from proxy_core.settings import Settings

__all__ = [
    "AccountReport",
    "Proxy",
    "ProxyError",
    "Settings",
    "SettingsError",
    "Snapshot",
    "VaultLockedError",
    "VaultUnavailableError",
]
