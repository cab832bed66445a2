from dataclasses import replace

import pytest

from proxy_core.accounts.account import from_settings, unconfigured
from proxy_core.provider import SealBinding
from proxy_core.settings import AccountSettings, NetworkSettings
from tests.proxy_core.accounts.fakes import CLOUD, LOCAL, TOY


@pytest.mark.parametrize(
    ("own", "everybody_s", "used"),
    [
        ("", "", None),
        ("", "http://proxy:1", "http://proxy:1"),
        ("direct", "http://proxy:1", "direct"),
        ("socks5://s:2", "", "socks5://s:2"),
    ],
)
def test_its_own_proxy_goes_before_everybody_s(own: str, everybody_s: str, used: str | None) -> None:
    entry = AccountSettings(id="one", provider="cloud", proxy=own)
    assert from_settings(entry, CLOUD, NetworkSettings(proxy=everybody_s)).proxy == used


def test_what_is_empty_in_the_settings_is_the_provider_s_own() -> None:
    account = from_settings(AccountSettings(id="one", provider="cloud"), CLOUD, NetworkSettings())
    assert (account.base_url, account.name, account.dialect, account.has_key) == (None, "one", "", True)
    assert not account.is_local


def test_a_provider_without_keys_is_asked_without_one() -> None:
    account = from_settings(AccountSettings(id="toy", provider="toy"), TOY, NetworkSettings())
    assert not account.has_key


def test_what_nobody_configured_is_local_and_goes_straight_to_a_server_on_this_machine() -> None:
    network = NetworkSettings(proxy="http://proxy:1")
    found = unconfigured(LOCAL, LOCAL.discover_url, network)
    assert (found.is_local, found.proxy, found.base_url) == (True, "direct", "http://localhost:1234")
    assert unconfigured(TOY, None, network).proxy == "http://proxy:1"


@pytest.mark.parametrize(
    ("address", "used"),
    [
        ("http://127.0.0.1:8080", "direct"),
        ("http://localhost:8080/v1", "direct"),
        ("http://[::1]:8080", "direct"),
        ("127.0.0.1:8080", "direct"),
        ("http://192.168.1.5:8080", None),
        ("http://127.evil.test", None),
        ("http://[broken", None),
    ],
)
def test_an_address_on_this_machine_is_reached_without_the_environment_s_proxy(
    address: str, used: str | None
) -> None:
    entry = AccountSettings(id="one", provider="cloud", base_url=address)
    assert from_settings(entry, CLOUD, NetworkSettings()).proxy == used
    everybody_s = NetworkSettings(proxy="http://proxy:1")
    assert from_settings(entry, CLOUD, everybody_s).proxy == "http://proxy:1"


def test_a_provider_on_this_machine_is_reached_directly_unless_the_account_is_elsewhere() -> None:
    here = AccountSettings(id="one", provider="local")
    assert from_settings(here, LOCAL, NetworkSettings()).proxy == "direct"
    elsewhere = AccountSettings(id="one", provider="local", base_url="https://far.test")
    assert from_settings(elsewhere, LOCAL, NetworkSettings()).proxy is None


def test_an_issuer_is_a_provider_at_an_address_and_an_account_where_seals_are_bound_to_it() -> None:
    bound, free = SealBinding("account", "2026-11-21"), SealBinding("provider", "2026-11-21")
    for binding, own in ((bound, "/one"), (free, "")):
        vendor = replace(CLOUD, seal_binding=binding)
        plain = from_settings(AccountSettings(id="one", provider="cloud"), vendor, NetworkSettings())
        assert plain.issuer == "cloud" + own
        assert replace(plain, base_url=CLOUD.base_url).issuer == plain.issuer
        there = replace(plain, base_url="http://gateway.internal:8080/secret/v1")
        assert there.issuer not in (plain.issuer, replace(there, base_url="http://other/v1").issuer)
        assert there.issuer == replace(there, base_url="http://gateway.internal:8080/secret/v1/").issuer
        assert "gateway" not in there.issuer
    two = replace(plain, id="two")
    assert two.issuer == plain.issuer
