"""A running proxy on a real socket in front of fake vendors."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from proxy_core import Proxy, Settings
from proxy_core.clock import Clock
from proxy_core.events import Event
from proxy_core.keys import account_secret
from proxy_core.settings import parse
from proxy_core.store import CredentialStore
from proxy_core.stores.memory import MemoryUsage, MemoryVault
from proxy_core.transports.aiohttp import AiohttpTransport
from tests.upstreams.server import FakeVendor

PROVIDER_OF = {
    "openai_chat": "openai",
    "openai_responses": "openai",
    "anthropic_messages": "anthropic",
    "gemini_generate": "gemini",
}


@dataclass
class Line:
    """What a test needs of the running proxy."""

    proxy: Proxy
    url: str
    key: str
    usage: MemoryUsage
    events: list[Event] = field(default_factory=list)


def account(
    name: str, vendor: FakeVendor, *models: str, dialect: str | None = None, **more: Any
) -> dict[str, Any]:
    """Return the settings of an account at a fake vendor."""
    speaks = dialect or vendor.dialects[0]
    return {
        "id": name,
        "provider": PROVIDER_OF[speaks],
        "base_url": vendor.base_url,
        "dialect": speaks,
        "models": [
            {"upstream": upstream, "alias": alias}
            for upstream, _, alias in (m.partition("=") for m in models)
        ],
        **more,
    }


@asynccontextmanager
async def running(
    accounts: Sequence[dict[str, Any]],
    *,
    key: str = "sk-fake-vendor-key",
    vault: CredentialStore | None = None,
    clock: Clock | None = None,
    **sections: Any,
) -> AsyncIterator[Line]:
    """Run a proxy with these accounts, all with the same upstream key; sections are settings tables.

    A vault that is given must hold the keys already.
    """
    server = {"port": 0, **sections.pop("server", {})}
    routing = {"local_servers": False, **sections.pop("routing", {})}
    document = {"server": server, "routing": routing, "accounts": list(accounts), **sections}
    settings: Settings = parse(document, {})
    usage, events = MemoryUsage(), list[Event]()
    if vault is None:
        vault = MemoryVault()
        for one in accounts:
            await vault.put(account_secret(one["id"]), key)
    transport = AiohttpTransport(lambda: 5.0)
    proxy = Proxy(
        settings=settings, vault=vault, usage=usage, transport=transport, clock=clock, on_event=events.append
    )
    try:
        url = await proxy.start()
        yield Line(proxy, url, proxy.default_key or "", usage, events)
    finally:
        await proxy.close()
