from dataclasses import replace
from typing import Any

import pytest

from proxy_core.accounts.roster import Roster, roster
from proxy_core.errors import SettingsError
from proxy_core.ir.request import ReasoningControl
from proxy_core.routing.resolve import AliasRule
from proxy_core.settings import parse
from tests.proxy_core.accounts.fakes import LOCAL, PROVIDERS


def of(**document: Any) -> Roster:
    return roster(parse(document, {}), PROVIDERS)


def ids(accounts: tuple[Any, ...]) -> list[str]:
    return [account.id for account in accounts]


def test_with_nothing_configured_there_are_local_servers_and_the_demo() -> None:
    found = of()
    assert (ids(found.configured), ids(found.local), ids(found.demo)) == ([], ["local"], ["toy"])


def test_one_account_hides_the_demo_and_a_disabled_one_does_not() -> None:
    entry = {"id": "one", "provider": "cloud"}
    assert ids(of(accounts=[entry]).demo) == []
    assert ids(of(accounts=[entry], routing={"demo": "on"}).demo) == ["toy"]
    assert ids(of(routing={"demo": "off"}).demo) == []
    off = of(accounts=[{**entry, "enabled": False}])
    assert (ids(off.configured), ids(off.demo)) == ([], ["toy"])


def test_local_servers_can_be_switched_off_or_configured() -> None:
    assert ids(of(routing={"local_servers": False}).local) == []
    assert ids(of(accounts=[{"id": "local", "provider": "local"}]).local) == []


@pytest.mark.parametrize(
    ("entry", "field", "words"),
    [
        ({"provider": "clowd"}, "accounts.0.provider", "cloud"),
        ({"provider": "cloud", "dialect": "gemini_generate"}, "accounts.0.dialect", "anthropic_messages"),
        ({"provider": "typed"}, "accounts.0.base_url", "base_url"),
    ],
)
def test_what_does_not_exist_is_named(entry: dict[str, str], field: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words) as caught:
        of(accounts=[{"id": "one", **entry}])
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("word", "control"),
    [
        ("", None),
        ("auto", ReasoningControl("auto")),
        ("none", ReasoningControl("off")),
        ("high", ReasoningControl("level", "high")),
    ],
)
def test_aliases_carry_their_own_effort(word: str, control: ReasoningControl | None) -> None:
    found = of(aliases={"mine": {"model": "m", "reasoning": word}})
    assert found.aliases == {"mine": AliasRule("m", control)}


@pytest.mark.parametrize(
    ("base", "looked_for", "address"),
    [
        ("http://localhost:1234", "http://localhost:1234/v1/models", "http://localhost:1234"),
        ("http://localhost:1234/", "http://localhost:1234/v1/models", "http://localhost:1234/"),
        ("http://localhost:1234", "http://localhost:12345/v1/models", "http://localhost:12345/v1/models"),
        (None, "http://localhost:1234/v1/models", "http://localhost:1234/v1/models"),
    ],
)
def test_a_local_server_is_spoken_to_at_its_address_and_not_at_its_list(
    base: str | None, looked_for: str, address: str
) -> None:
    server = replace(LOCAL, base_url=base, discover_url=looked_for)
    (found,) = roster(parse({}, {}), {"local": server}).local
    assert (found.base_url, found.proxy) == (address, "direct")


@pytest.mark.parametrize("name", ["Authorization", "x-api-key", "Cookie"])
def test_a_header_that_holds_a_secret_is_refused(name: str) -> None:
    entry = {"id": "one", "provider": "cloud", "headers": {name: "hush"}}
    with pytest.raises(SettingsError, match="secret") as caught:
        of(accounts=[entry])
    assert caught.value.field == "accounts.0.headers"
    assert "hush" not in caught.value.message
