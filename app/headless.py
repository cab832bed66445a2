"""``trunkline serve``: the proxy in a terminal, a container or a service; no Qt is imported."""

from __future__ import annotations

import asyncio
import codecs
import json
import logging
import os
import signal
import sys
from collections.abc import AsyncGenerator, Callable, Coroutine
from typing import Any, TypeVar

from msgspec.structs import replace

from app import garbage, logs
from app.descriptors import raise_limit
from app.paths import Paths
from app.wiring import Workplace, open_workplace, prune_daily
from proxy_core import Proxy, Settings
from proxy_core.clock import SystemClock
from proxy_core.events import Event, SettingsChanged, VaultChanged
from proxy_core.network import is_loopback
from proxy_core.store import SettingsEdit, SettingsStore
from proxy_core.tasks import TaskGroup

log = logging.getLogger(__name__)

T = TypeVar("T")

# The first connection asks for it, and would read it from the disk inside the loop.
codecs.lookup("idna")


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run on uvloop where there is one, else on asyncio's own loop."""
    factory: Callable[[], asyncio.AbstractEventLoop] | None = None
    if sys.platform != "win32":
        try:
            import uvloop

            factory = uvloop.new_event_loop
        except ImportError:
            factory = None
    with asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(coroutine)


async def serve(
    paths: Paths,
    *,
    host: str | None,
    port: int | None,
    vault_kind: str | None,
    announce: Callable[[Workplace, Proxy], None],
) -> None:
    """Serve until SIGTERM or SIGINT. Raises SettingsError, StoreError when it cannot begin.

    Logging is set up by the caller, before the loop runs.
    """
    raise_limit()
    stopped = _stop_signal()
    place = await open_workplace(paths, os.environ, vault_kind=vault_kind, memory_fallback=True)
    if place.vault_kind != "memory":
        # without a vault the next start must find a new installation again, not one with a lost key
        await place.settings_store.create()
    logs.set_level(place.settings.log.level)
    settings = _with_address(place.settings, host, port)
    proxy = place.proxy(lambda event: _tell(event, proxy), settings)
    tasks = TaskGroup()
    try:
        await proxy.start()
        _warn_if_open(settings)
        store = _AtAddress(place.settings_store, host, port)
        tasks.spawn(proxy.follow(store), "settings watch")
        tasks.spawn(prune_daily(proxy.usage, lambda: proxy.settings, SystemClock()), "daily pruning")
        garbage.settle()
        announce(place, proxy)
        await stopped.wait()
        log.info("stopping")
    finally:
        await tasks.close()
        await proxy.close()


def announce_json(place: Workplace, proxy: Proxy) -> None:
    """Print one JSON line with the addresses; scripts wait for it."""
    seen = proxy.snapshot()
    line: dict[str, object] = {
        "event": "listening",
        "url": seen.url,
        "port": proxy.port,
        **seen.urls,
        "pid": os.getpid(),
        "vault": place.vault_kind,
        "vault_state": place.vault_status.state,
    }
    if place.vault_kind == "memory":
        # nothing else can tell this key: it is not stored anywhere
        line["key"] = proxy.default_key
    print(json.dumps(line), flush=True)  # noqa: T201


def announce_people(place: Workplace, proxy: Proxy) -> None:
    """Print what a person needs to begin."""
    seen = proxy.snapshot()
    key = proxy.default_key or "(the vault is locked)"
    titles = {name: one.title for name, one in proxy.providers.items()}
    lines = [
        f"Trunkline is running at {seen.url}",
        "",
        *(f"  {titles.get(name, name):<16} base URL  {url}" for name, url in seen.urls.items()),
        f"  {'Key':<26} {key}",
        "",
        f"Secrets are protected by: {place.vault_status.protected_by}.",
        "Press Ctrl+C to stop.",
    ]
    print("\n".join(lines), flush=True)  # noqa: T201


class _AtAddress:
    """The settings file as this server follows it: with the address from the command line."""

    def __init__(self, store: SettingsStore, host: str | None, port: int | None) -> None:
        self._store = store
        self._host = host
        self._port = port

    async def load(self) -> Settings:
        return _with_address(await self._store.load(), self._host, self._port)

    async def change(self, edit: SettingsEdit) -> Settings:
        return _with_address(await self._store.change(edit), self._host, self._port)

    def changes(self) -> AsyncGenerator[None, None]:
        return self._store.changes()


def _with_address(settings: Settings, host: str | None, port: int | None) -> Settings:
    server = settings.server
    if host is not None:
        server = replace(server, host=host)
    if port is not None:
        server = replace(server, port=port)
    return replace(settings, server=server)


def _warn_if_open(settings: Settings) -> None:
    if not is_loopback(settings.server.host):
        log.warning(
            "listening on %s: other machines on your network can reach Trunkline. They need a key; "
            "the connection is not encrypted.",
            settings.server.host,
        )


# a terminal that closes sends SIGHUP; Windows has none
_STOPS = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGINT", "SIGHUP") if hasattr(signal, name))


def _stop_signal() -> asyncio.Event:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in _STOPS:
        try:
            loop.add_signal_handler(number, stopped.set)
        except NotImplementedError:
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stopped.set))
    return stopped


def _tell(event: Event, proxy: Proxy) -> None:
    match event:
        case VaultChanged(state="ready"):
            log.info("the vault is open")
        case VaultChanged():
            log.warning("the vault is %s: %s", event.state, event.message or "")
        case SettingsChanged():
            logs.set_level(proxy.settings.log.level)
            log.info("new settings are in force")
