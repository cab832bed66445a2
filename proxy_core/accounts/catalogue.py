"""What is served now: the models of every account, from the vendor's own list where it has one.

A list is asked for when an account appears, and again when it has grown old and somebody needs it;
nothing wakes up by itself. Local model servers and the demo are accounts that nobody configured.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from proxy_core.accounts.account import Account
from proxy_core.clock import Clock
from proxy_core.dialect import ModelCard
from proxy_core.errors import ProxyError
from proxy_core.profile import ModelProfile
from proxy_core.routing.resolve import Offer
from proxy_core.tasks import TaskGroup

log = logging.getLogger(__name__)

LIST_AGE_S = 6 * 3600.0
"""After this a vendor's list is asked for again, when somebody looks."""

PROBE_AGE_S = 10.0
"""Local servers come and go: this is how long an answer (also *nobody there*) is believed."""

_EPOCH_2026 = 1767225600

FetchList = Callable[[Account], Awaitable[Sequence[ModelProfile] | None]]
"""Asks an account's vendor for its models; None if it has no list. Raises ProxyError."""


@dataclass(frozen=True, slots=True)
class _Listed:
    models: tuple[ModelProfile, ...] | None
    at: float
    failed: bool


def model_card(
    name: str, title: str, provider: str, profile: ModelProfile, titles: Mapping[str, str]
) -> ModelCard:
    """Return the row of a model list; an owner or a time that is not recorded is made up for."""
    owner = profile.owner or titles.get(provider, provider)
    return ModelCard(name, title, owner, profile.created or _EPOCH_2026, profile)


class Catalogue:
    """The models that are served."""

    def __init__(self, fetch: FetchList, clock: Clock, tasks: TaskGroup) -> None:
        self._fetch = fetch
        self._clock = clock
        self._tasks = tasks
        self._accounts: tuple[Account, ...] = ()
        self._local: tuple[Account, ...] = ()
        self._demo: tuple[Account, ...] = ()
        self._lists: dict[str, _Listed] = {}
        self._running: dict[str, asyncio.Task[None]] = {}
        self._offers: tuple[Offer, ...] | None = None

    def use(self, accounts: Sequence[Account], local: Sequence[Account], demo: Sequence[Account]) -> None:
        """Set who serves: configured accounts, local servers to look for, and the demo (perhaps none)."""
        known = {account.id: account for account in (*self._accounts, *self._local)}
        self._accounts, self._local, self._demo = tuple(accounts), tuple(local), tuple(demo)
        for account in (*self._accounts, *self._local):
            if known.get(account.id) != account:
                self._lists.pop(account.id, None)
                self._running.pop(account.id, None)  # its answer is for settings that are gone
        self._offers = None

    def account(self, account_id: str) -> Account | None:
        """Return an account that serves, by its id."""
        for account in (*self._accounts, *self._local, *self._demo):
            if account.id == account_id:
                return account
        return None

    @property
    def offers(self) -> tuple[Offer, ...]:
        """Everything that is served, in the order of the accounts."""
        if self._offers is None:
            found: dict[tuple[str, str, str], Offer] = {}
            for account in self._serving():
                for offer in self._offers_of(account):
                    key = (offer.provider, offer.model, offer.name)
                    known = found.get(key)
                    if known is not None:
                        offer = replace(known, accounts=(*known.accounts, *offer.accounts))
                    found[key] = offer
            self._offers = tuple(found.values())
        return self._offers

    def cards(self, titles: Mapping[str, str]) -> list[ModelCard]:
        """Return one row per client name; ``titles`` maps provider ids to what people call them."""
        cards: dict[str, ModelCard] = {}
        for offer in self.offers:
            if offer.name in cards or offer.profile.hidden:
                continue
            title = offer.profile.title or offer.name
            cards[offer.name] = model_card(offer.name, title, offer.provider, offer.profile, titles)
        return list(cards.values())

    async def settle(self, timeout_s: float) -> None:
        """Ask for every list that is missing or old and wait for the answers, but no longer than that."""
        now = self._clock.monotonic()
        for account in self._accounts:
            self._ask_if_older(account, LIST_AGE_S, now)
        for account in self._local:
            self._ask_if_older(account, PROBE_AGE_S, now)
        if self._running:
            await asyncio.wait(list(self._running.values()), timeout=timeout_s)

    def refresh(self) -> None:
        """Take every list that could not be had for missing: something changed."""
        for account_id in [name for name, listed in self._lists.items() if listed.failed]:
            if self._lists[account_id].models is None:
                del self._lists[account_id]

    def start(self) -> None:
        """Ask for every list that is missing, without waiting."""
        now = self._clock.monotonic()
        for account in (*self._accounts, *self._local):
            self._ask_if_older(account, LIST_AGE_S, now)

    def _ask_if_older(self, account: Account, age_s: float, now: float) -> None:
        listed = self._lists.get(account.id)
        if listed is not None and listed.failed:
            age_s = PROBE_AGE_S
        fresh = listed is not None and now - listed.at < age_s
        if fresh or account.id in self._running or (account.models and not account.is_local):
            return
        task = self._tasks.spawn(self._ask(account), f"model list of {account.id}")
        self._running[account.id] = task
        task.add_done_callback(lambda done: self._asked(account.id, done))

    def _asked(self, account_id: str, task: asyncio.Task[None]) -> None:
        if self._running.get(account_id) is task:
            del self._running[account_id]

    async def _ask(self, account: Account) -> None:
        known = self._lists.get(account.id)
        listed: tuple[ModelProfile, ...] | None
        failed = False
        try:
            models = await self._fetch(account)
        except ProxyError as error:
            level = logging.DEBUG if account.is_local else logging.INFO
            log.log(level, "no model list from %s: %s", account.id, error.message)
            # A local server that went away serves nothing; a vendor that hiccups keeps its last list.
            listed = None if account.is_local or known is None else known.models
            failed = True
        else:
            listed = None if models is None else tuple(models)
        if account in (*self._accounts, *self._local):
            # not the answer for settings that have changed meanwhile
            self._lists[account.id] = _Listed(listed, self._clock.monotonic(), failed)
            self._offers = None

    def _serving(self) -> tuple[Account, ...]:
        found = [account for account in self._local if self._found(account)]
        return (*self._accounts, *found, *self._demo)

    def _found(self, account: Account) -> bool:
        listed = self._lists.get(account.id)
        return listed is not None and listed.models is not None

    def _offers_of(self, account: Account) -> list[Offer]:
        provider = account.provider
        if account.models:
            return [
                Offer(
                    provider.name,
                    (account.id,),
                    model.upstream,
                    model.alias or model.upstream,
                    self._profile(account, model.upstream),
                )
                for model in account.models
            ]
        listed = self._lists.get(account.id)
        models = listed.models if listed is not None and listed.models is not None else provider.models
        return [
            Offer(provider.name, (account.id,), model.id, model.id, self._profile(account, model.id))
            for model in models
        ]

    def _profile(self, account: Account, model: str) -> ModelProfile:
        shipped = account.provider.profile(model)
        if shipped.known:
            return shipped
        listed = self._lists.get(account.id)
        for profile in (listed.models or ()) if listed is not None else ():
            if profile.id == model:
                return profile
        return shipped
