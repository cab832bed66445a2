import asyncio
from collections.abc import Sequence

from proxy_core.accounts.account import Account, unconfigured
from proxy_core.accounts.catalogue import LIST_AGE_S, PROBE_AGE_S, Catalogue
from proxy_core.errors import UpstreamUnavailable
from proxy_core.profile import ModelProfile
from proxy_core.settings import ModelSettings, NetworkSettings
from proxy_core.tasks import TaskGroup
from tests.proxy_core.accounts.fakes import CLOUD, LOCAL, TOY, TYPED, at
from tests.proxy_core.clocks import FakeClock, settle

HERE = unconfigured(LOCAL, LOCAL.discover_url, NetworkSettings())
DEMO = unconfigured(TOY, None, NetworkSettings())


class Vendors:
    """Has lists by account; None there means no list, absent means not reachable."""

    def __init__(self, **lists: Sequence[str] | None) -> None:
        self.lists = dict(lists)
        self.asked: list[str] = []
        self.gate: asyncio.Event | None = None

    async def fetch(self, account: Account) -> Sequence[ModelProfile] | None:
        self.asked.append(account.id)
        if self.gate is not None:
            await self.gate.wait()
        if account.id not in self.lists:
            raise UpstreamUnavailable("Nobody there.")
        found = self.lists[account.id]
        return None if found is None else [ModelProfile(name) for name in found]


def served(catalogue: Catalogue) -> list[str]:
    return [offer.name for offer in catalogue.offers]


def build(
    vendors: Vendors, *accounts: Account, local: Sequence[Account] = (), demo: Sequence[Account] = ()
) -> Catalogue:
    catalogue = Catalogue(vendors.fetch, FakeClock(), TaskGroup())
    catalogue.use(accounts, local, demo)
    return catalogue


async def test_shipped_models_serve_until_the_vendor_s_list_is_there() -> None:
    catalogue = build(Vendors(one=["m-1", "shipped"]), at("one"))
    assert served(catalogue) == ["shipped", "secret"]
    await catalogue.settle(5)
    assert served(catalogue) == ["m-1", "shipped"]
    assert next(offer for offer in catalogue.offers if offer.name == "shipped").profile.known


async def test_a_vendor_without_a_list_keeps_the_shipped_models() -> None:
    catalogue = build(Vendors(one=None), at("one"))
    await catalogue.settle(5)
    assert served(catalogue) == ["shipped", "secret"]


async def test_accounts_that_serve_the_same_are_one_offer() -> None:
    catalogue = build(Vendors(one=["m"], two=["m", "n"]), at("one"), at("two"))
    await catalogue.settle(5)
    assert [(offer.name, offer.accounts) for offer in catalogue.offers] == [
        ("m", ("one", "two")),
        ("n", ("two",)),
    ]


async def test_an_account_with_models_of_its_own_is_not_asked() -> None:
    models = (ModelSettings(upstream="gpt-x", alias="mine"), ModelSettings(upstream="plain"))
    vendors = Vendors(one=["m"])
    catalogue = build(vendors, at("one", TYPED, models=models))
    await catalogue.settle(5)
    assert [(offer.name, offer.model) for offer in catalogue.offers] == [
        ("mine", "gpt-x"),
        ("plain", "plain"),
    ]
    assert vendors.asked == []


async def test_hidden_models_are_served_and_not_listed() -> None:
    catalogue = build(Vendors(), demo=[at("one", CLOUD)])
    assert served(catalogue) == ["shipped", "secret"]
    cards = catalogue.cards({"cloud": "Cloud"})
    assert [(card.id, card.title, card.owner) for card in cards] == [("shipped", "Shipped", "Cloud")]


async def test_lists_grow_old_and_failures_sooner() -> None:
    vendors, clock = Vendors(one=["m"]), FakeClock()
    catalogue = Catalogue(vendors.fetch, clock, TaskGroup())
    catalogue.use([at("one"), at("two")], [], [])
    await catalogue.settle(5)
    assert vendors.asked == ["one", "two"]
    await catalogue.settle(5)
    assert vendors.asked == ["one", "two"]
    await clock.advance(PROBE_AGE_S + 1)
    await catalogue.settle(5)
    assert vendors.asked == ["one", "two", "two"]
    vendors.lists["one"] = ["new"]
    await clock.advance(LIST_AGE_S)
    await catalogue.settle(5)
    assert vendors.asked[3:] == ["one", "two"]
    assert "new" in served(catalogue)


async def test_a_vendor_that_hiccups_keeps_its_last_list_and_a_local_server_does_not() -> None:
    vendors, clock = Vendors(one=["m"], local=["llama"]), FakeClock()
    catalogue = Catalogue(vendors.fetch, clock, TaskGroup())
    catalogue.use([at("one")], [HERE], [DEMO])
    assert "llama" not in served(catalogue)
    await catalogue.settle(5)
    assert served(catalogue) == ["m", "llama", "shipped"]
    vendors.lists.clear()
    await clock.advance(LIST_AGE_S + 1)
    await catalogue.settle(5)
    assert served(catalogue) == ["m", "shipped"]
    vendors.lists["local"] = ["llama-2"]
    await clock.advance(PROBE_AGE_S + 1)
    await catalogue.settle(5)
    assert served(catalogue) == ["m", "llama-2", "shipped"]


async def test_settling_does_not_wait_longer_than_asked_and_asks_once() -> None:
    vendors = Vendors(one=["m"])
    vendors.gate = asyncio.Event()
    catalogue = build(vendors, at("one"))
    catalogue.start()
    await catalogue.settle(0.01)
    await catalogue.settle(0.01)
    assert vendors.asked == ["one"]
    vendors.gate.set()
    await catalogue.settle(5)
    assert served(catalogue) == ["m"]


async def test_an_answer_for_settings_that_changed_is_thrown_away() -> None:
    vendors = Vendors(one=["old"])
    vendors.gate = asyncio.Event()
    catalogue = build(vendors, at("one"))
    catalogue.start()
    await settle()
    catalogue.use([at("one", base_url="https://new.test")], [], [])
    vendors.gate.set()
    await settle()
    assert served(catalogue) == ["shipped", "secret"]
    vendors.lists["one"] = ["new"]
    await catalogue.settle(5)
    assert served(catalogue) == ["new"]


async def test_a_list_outlives_a_reload_that_does_not_concern_it() -> None:
    vendors = Vendors(one=["m"])
    catalogue = build(vendors, at("one"))
    await catalogue.settle(5)
    catalogue.use([at("one"), at("two")], [], [])
    assert "m" in served(catalogue)
    assert catalogue.account("two") == at("two")
    assert catalogue.account("three") is None


async def test_refresh_asks_again_for_what_could_not_be_had() -> None:
    vendors = Vendors(two=["n"])
    catalogue = build(vendors, at("one"), at("two"))
    await catalogue.settle(5)
    catalogue.refresh()
    await catalogue.settle(5)
    assert vendors.asked == ["one", "two", "one"]


async def test_an_account_that_changes_while_it_is_asked_is_asked_again() -> None:
    vendors = Vendors(one=["m"])
    vendors.gate = asyncio.Event()
    catalogue = build(vendors, at("one"))
    catalogue.start()
    await settle()
    catalogue.use([at("one", base_url="http://other")], (), ())
    catalogue.start()
    await settle()
    vendors.gate.set()
    await catalogue.settle(5)
    assert vendors.asked == ["one", "one"]
    assert served(catalogue) == ["m"]
