"""An account as the relay uses it: settings of one identity at a provider, without its secret."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from types import MappingProxyType
from urllib.parse import urlsplit

from proxy_core.network import is_loopback
from proxy_core.provider import Provider
from proxy_core.settings import AccountSettings, ModelSettings, NetworkSettings

_NO_HEADERS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Account:
    """One identity at a provider.

    ``base_url`` None: the provider's own; ``proxy`` None: the environment's. ``is_local``: it was not
    configured, it is the demo or a model server found on this machine.
    """

    id: str
    provider: Provider
    name: str
    base_url: str | None = None
    dialect: str = ""
    models: tuple[ModelSettings, ...] = ()
    proxy: str | None = None
    headers: Mapping[str, str] = field(default_factory=lambda: _NO_HEADERS)
    has_key: bool = False
    is_local: bool = False

    @property
    def issuer(self) -> str:
        """Whose seals it may send back: its provider's, of its address; its own where they are bound to it.

        Another address than the provider's is another vendor, or a gateway that may lead to one.
        """
        name = self.provider.name
        if self.base_url and self.base_url != self.provider.base_url:
            name += "~" + sha256(self.base_url.rstrip("/").encode()).hexdigest()[:8]
        return name if self.provider.seal_binding.to == "provider" else f"{name}/{self.id}"


def from_settings(settings: AccountSettings, provider: Provider, network: NetworkSettings) -> Account:
    """Return the account of a settings entry.

    Without a proxy of its own or a general one, an address on this machine goes ``direct``.
    """
    address = settings.base_url or provider.base_url or ""
    return Account(
        id=settings.id,
        provider=provider,
        name=settings.name or settings.id,
        base_url=settings.base_url or None,
        dialect=settings.dialect,
        models=settings.models,
        proxy=settings.proxy or network.proxy or ("direct" if _is_here(address) else None),
        headers=settings.headers,
        has_key=settings.has_key and provider.key_use != "none",
    )


def unconfigured(provider: Provider, base_url: str | None, network: NetworkSettings) -> Account:
    """Return the account of a provider that needs no configuration (demo, local model server)."""
    proxy = "direct" if base_url else network.proxy or None
    return Account(
        id=provider.name,
        provider=provider,
        name=provider.title,
        base_url=base_url,
        proxy=proxy,
        is_local=True,
    )


def _is_here(address: str) -> bool:
    try:
        host = urlsplit(address if "://" in address else f"//{address}").hostname
    except ValueError:
        return False
    return host is not None and is_loopback(host)
