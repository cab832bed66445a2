"""The facade: builds the object graph, starts, stops, reloads, and says what is going on.

It never fetches a loop, it only awaits, so it runs on any: the Qt loop of the desktop, uvloop, asyncio.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import msgspec

from proxy_core import registry
from proxy_core.accounts.catalogue import Catalogue
from proxy_core.accounts.credentials import Credentials
from proxy_core.accounts.listing import AccountReport, Listing
from proxy_core.accounts.pool import AccountPool
from proxy_core.accounts.roster import roster
from proxy_core.clock import Clock, SystemClock
from proxy_core.dialect import Dialect, ModelCard
from proxy_core.errors import (
    CredentialError,
    ProxyError,
    SettingsError,
    StoreError,
    VaultLockedError,
)
from proxy_core.events import (
    AccountChanged,
    Event,
    ExchangeFinished,
    ExchangeStarted,
    ServerChanged,
    ServerState,
    SettingsChanged,
    SettingsRejected,
    VaultChanged,
)
from proxy_core.network import is_loopback
from proxy_core.provider import Provider
from proxy_core.relay.exchange import Exchange
from proxy_core.relay.reckoning import reckoned
from proxy_core.relay.record import outcome
from proxy_core.relay.relay import Relay
from proxy_core.routing.resolve import AliasRule
from proxy_core.server.gate import Gate
from proxy_core.server.http import Handler, Surface
from proxy_core.server.listener import Listener, listen
from proxy_core.settings import Settings
from proxy_core.store import CredentialStore, SettingsStore, UsageStore
from proxy_core.tasks import TaskGroup
from proxy_core.transport import Transport
from proxy_core.usage.ledger import Outcome, row
from proxy_core.usage.recorder import Recorder

log = logging.getLogger(__name__)

S = TypeVar("S", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a host shows. ``urls`` has the base URL that the tools of a dialect's maker want, by maker."""

    state: ServerState
    url: str | None
    urls: Mapping[str, str]
    message: str | None
    accounts: int
    models: int


_LOOK_AGAIN_S = 1.0
"""How often an unknown key may make us read the settings; who guesses keys gets no more than that."""


class Proxy:
    """One local line."""

    def __init__(
        self,
        *,
        settings: Settings,
        vault: CredentialStore,
        usage: UsageStore,
        transport: Transport,
        clock: Clock | None = None,
        on_event: Callable[[Event], None] = lambda event: None,
    ) -> None:
        self._settings = settings
        self._vault = vault
        self._usage = usage
        self._transport = transport
        self._clock = clock or SystemClock()
        self._emit = on_event
        self._tasks = TaskGroup()
        self._rows = TaskGroup()
        self._recorder = Recorder(usage)
        self._dialects: Mapping[str, Dialect] = registry.discover("proxy_core.dialects", "DIALECTS", Dialect)
        self._providers: Mapping[str, Provider] = registry.discover(
            "proxy_core.providers", "PROVIDERS", Provider
        )
        self._gate = Gate(vault, self._clock, self.unlock)
        self._credentials = Credentials(vault)
        self._pool = AccountPool(self._clock)
        self._listing = Listing(self._credentials, transport)
        self._catalogue = Catalogue(self._listing.fetch, self._clock, self._tasks)
        self._relay = Relay(
            dialects=self._dialects,
            provider_names=frozenset(self._providers),
            catalogue=self._catalogue,
            pool=self._pool,
            credentials=self._credentials,
            transport=transport,
            clock=self._clock,
            settings=lambda: self._settings,
            aliases=lambda: self._aliases,
            rested=self._rested,
        )
        self._aliases: Mapping[str, AliasRule] = {}
        self._listener: Listener | None = None
        self._followed: SettingsStore | None = None
        self._looked = -_LOOK_AGAIN_S
        self._state: ServerState = "stopped"
        self._message: str | None = None
        self._use(settings)

    # --- life

    async def start(self) -> str:
        """Listen; returns the address. Raises SettingsError when the port cannot be had."""
        if self._listener is not None:
            return self._listener.url
        self._change("starting")
        self._relay.resume()
        await self.unlock()
        handler = Handler(
            Surface(
                dialects=self._dialects,
                relay=self._relay,
                catalogue=self._catalogue,
                clock=self._clock,
                settings=self._guarded,
                identify=self._identify,
                bound_host=lambda: self._settings.server.host,
                banner=self._banner,
                titles={name: provider.title for name, provider in self._providers.items()},
                aliases=lambda: self._aliases,
                started=self._started,
                finished=self._finished,
            )
        )
        try:
            server = self._settings.server
            self._listener = await listen(handler.handle, handler.explain, server.host, server.port)
        except ProxyError as error:
            self._change("error", error.message)
            raise
        self._catalogue.start()
        self._change("running")
        return self._listener.url

    async def stop(self) -> None:
        """Stop listening; replies that are under way get a moment."""
        listener, self._listener = self._listener, None
        if listener is not None:
            self._relay.interrupt()
            await listener.close()
        self._change("stopped")

    async def close(self) -> None:
        """Stop and give everything back; the proxy cannot be used afterwards."""
        await self.stop()
        await self._gate.close()
        await self._tasks.close()
        await self._rows.drain()
        await self._recorder.catch_up()
        await self._transport.close()
        await self._usage.close()

    async def unlock(self) -> None:
        """Read the local keys; a vault that is locked or missing is a state, not an end."""
        was_locked = self._gate.error is not None
        try:
            await self._gate.load(self._settings.client_keys)
        except CredentialError as error:
            locked = isinstance(error, VaultLockedError)
            self._emit(VaultChanged("locked" if locked else "unavailable", error.message))
            return
        if was_locked:
            self._emit(VaultChanged("ready"))
            self._catalogue.refresh()
            if self._listener is not None:
                self._catalogue.start()

    async def reload(self, settings: Settings) -> None:
        """Put new settings in force; running exchanges keep what they have.

        A changed address or vault needs a restart and is ignored until then.
        Raises SettingsError when the settings do not fit; the old ones stay.
        """
        roster(settings, self._providers)
        frozen = replace_restart(settings, self._settings)
        changed = {account.id for account in settings.accounts} ^ {a.id for a in self._settings.accounts}
        changed |= {a.id for a in settings.accounts if a not in self._settings.accounts}
        self._settings = frozen
        self._credentials.forget()
        for account in changed:
            self._pool.forget(account)
        self._use(frozen)
        await self.unlock()
        if self._listener is not None:
            self._catalogue.start()
        self._emit(SettingsChanged())

    async def follow(self, store: SettingsStore) -> None:
        """Reload whenever the settings file changes; a bad edit is reported and the old settings stay."""
        self._followed = store
        try:
            async with contextlib.aclosing(store.changes()) as changes:
                async for _ in changes:
                    await self._take_up(store)
        finally:
            self._followed = None

    async def _take_up(self, store: SettingsStore) -> None:
        try:
            settings = await store.load()
            if settings != self._settings or self._gate.error is not None:
                await self.reload(settings)
        except (SettingsError, StoreError) as error:
            log.warning("the edited settings are not used: %s", error.message)
            line = error.line if isinstance(error, SettingsError) else None
            self._emit(SettingsRejected(error.message, line))

    # --- facts

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        return self._settings

    @property
    def usage(self) -> UsageStore:
        """The ledger it writes to; closed with the proxy."""
        return self._usage

    @property
    def providers(self) -> Mapping[str, Provider]:
        """Every provider on the shelf, by id."""
        return self._providers

    @property
    def dialects(self) -> tuple[str, ...]:
        """Every dialect on the shelf."""
        return tuple(self._dialects)

    @property
    def default_key(self) -> str | None:
        """The first local key, in clear; None while the vault does not give it."""
        return self._gate.default

    @property
    def port(self) -> int | None:
        """Where it listens; None while it does not."""
        return None if self._listener is None else self._listener.port

    def snapshot(self) -> Snapshot:
        """Return what a host shows."""
        url = None if self._listener is None else self._listener.url
        urls = {} if url is None else addresses(url, self._dialects.values())
        return Snapshot(
            self._state,
            url,
            urls,
            self._message,
            sum(account.enabled for account in self._settings.accounts),
            len(self._catalogue.offers),
        )

    async def models(self, wait_s: float = 5.0) -> Sequence[ModelCard]:
        """Return what is served, after waiting a while for the vendors' lists."""
        await self._catalogue.settle(wait_s)
        return self._catalogue.cards({name: one.title for name, one in self._providers.items()})

    async def test_account(self, account_id: str) -> AccountReport:
        """Ask an account's vendor for its models. Raises RouteError for an unknown account."""
        account = self._catalogue.account(account_id)
        if account is None:
            raise SettingsError(f"There is no enabled account {account_id!r}.", field="accounts")
        return await self._listing.test(account, self._clock)

    def reset(self, account_id: str) -> None:
        """Forget an account's cooldowns: somebody knows that it works again."""
        self._pool.forget(account_id)

    # --- inside

    def _use(self, settings: Settings) -> None:
        found = roster(settings, self._providers)
        self._aliases = found.aliases
        self._catalogue.use(found.configured, found.local, found.demo)

    async def _identify(self, key: str) -> str | None:
        name = await self._gate.identify(key)
        if name is not None or self._followed is None:
            return name
        now = self._clock.monotonic()
        if now - self._looked < _LOOK_AGAIN_S:
            return None
        # perhaps a key that was made a moment ago: the news of the file's change is still on its way
        self._looked = now
        await self._take_up(self._followed)
        return await self._gate.identify(key)

    def _guarded(self) -> Settings:
        """Settings as the server sees them: beyond loopback a key is always asked for."""
        server = self._settings.server
        if server.require_key or is_loopback(server.host):
            return self._settings
        return _replaced(self._settings, "server", _replaced(server, "require_key", True))

    def _banner(self) -> Mapping[str, object]:
        endpoints = [
            f"{endpoint.method} {endpoint.path}"
            for dialect in self._dialects.values()
            for endpoint in dialect.endpoints
        ]
        return {"name": "Trunkline", "status": "ok", "endpoints": sorted(set(endpoints))}

    def _started(self, exchange: Exchange) -> None:
        self._emit(
            ExchangeStarted(exchange.id, exchange.dialect.name, exchange.operation, exchange.started_at)
        )

    def _finished(self, exchange: Exchange) -> None:
        done = outcome(exchange, self._clock.monotonic() - exchange.started_monotonic)
        self._rows.spawn(self._record(exchange, done), "ledger row")
        self._emit(
            ExchangeFinished(
                exchange.id,
                exchange.dialect.name,
                done.requested_model,
                done.provider,
                done.account,
                done.status,
                done.duration_s,
            )
        )

    def _rested(self, account: str, seconds: float | None) -> None:
        until = None if seconds is None else self._clock.now() + seconds
        self._emit(AccountChanged(account, "ready" if seconds is None else "resting", until))

    async def _record(self, exchange: Exchange, done: Outcome) -> None:
        used = await reckoned(exchange)
        if used is not done.usage:
            done = replace(done, usage=used)
        await self._recorder.add(row(done))

    def _change(self, state: ServerState, message: str | None = None) -> None:
        self._state, self._message = state, message
        url = None if self._listener is None else self._listener.url
        self._emit(ServerChanged(state, url, message))


def addresses(url: str, dialects: Iterable[Dialect]) -> dict[str, str]:
    """Return the base URL that each maker's tools want, the default dialect's first.

    A dialect's id begins with its maker.
    """
    ordered = sorted(dialects, key=lambda dialect: -dialect.affinity({}, ""))
    return {dialect.name.partition("_")[0]: url + dialect.client_base for dialect in ordered}


def replace_restart(new: Settings, old: Settings) -> Settings:
    """Return ``new`` with the settings that need a restart as they were."""
    server = _replaced(_replaced(new.server, "host", old.server.host), "port", old.server.port)
    return _replaced(_replaced(new, "server", server), "vault", old.vault)


def _replaced(struct: S, name: str, value: object) -> S:
    return msgspec.structs.replace(struct, **{name: value})
