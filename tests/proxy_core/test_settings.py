from typing import Any

import msgspec
import pytest

from proxy_core.errors import SettingsError
from proxy_core.settings import (
    AccountSettings,
    Settings,
    check_address,
    check_proxy,
    fields,
    fields_of,
    parse,
)

ACCOUNT = {"id": "a", "provider": "vendor"}


def test_an_empty_document_is_the_defaults() -> None:
    settings = parse({}, {})
    assert settings == Settings()
    assert (settings.server.host, settings.server.port) == ("127.0.0.1", 8317)


def test_every_setting_has_a_label_and_help() -> None:
    seen = list(fields())
    assert len({field.path for field in seen}) == len(seen) > 15
    for field in [*seen, *fields_of(AccountSettings)]:
        assert field.label, field.path
        assert field.help.endswith((".", ")")), field.path


def test_the_fields_that_need_a_restart() -> None:
    assert {field.path for field in fields() if field.restart} == {"server.host", "server.port", "vault.kind"}


def test_every_default_fits_its_own_range() -> None:
    document: dict[str, dict[str, Any]] = {}
    for field in fields():
        section, name = field.path.split(".")
        document.setdefault(section, {})[name] = field.default
    assert parse(document, {}) == Settings()


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ({"server": {"port": "8317"}}, "server.port"),
        ({"server": {"port": -1}}, "server.port"),
        ({"server": {"port": True}}, "server.port"),
        ({"server": []}, "server"),
        ({"network": {"idle_timeout_s": 0}}, "network.idle_timeout_s"),
        ({"network": {"proxy": "nonsense"}}, "network.proxy"),
        ({"routing": {"demo": "maybe"}}, "routing.demo"),
        ({"vault": {"kind": "paper"}}, "vault.kind"),
        ({"log": {"levle": "info"}}, "log.levle"),
        ({"accounts": [ACCOUNT, {"id": "b"}]}, "accounts.1"),
        ({"accounts": [{**ACCOUNT, "id": "no blanks"}]}, "accounts.0.id"),
        ({"accounts": [{**ACCOUNT, "id": "../up"}]}, "accounts.0.id"),
        ({"accounts": [ACCOUNT, ACCOUNT]}, "accounts.1.id"),
        ({"accounts": [{**ACCOUNT, "base_url": "http://u:p@h"}]}, "accounts.0.base_url"),
        ({"accounts": [{**ACCOUNT, "models": [{"alias": "x"}]}]}, "accounts.0.models.0"),
        ({"aliases": {"ok": {"model": "m"}, "fast": {"model": ""}}}, "aliases.fast.model"),
        ({"aliases": {"ok": {"model": "m"}, "fast": {"mdoel": "m"}}}, "aliases.fast.mdoel"),
        ({"aliases": {"ok": {"model": "m"}, "fast": 1}}, "aliases.fast"),
        ({"aliases": 1}, "aliases"),
        ({"accounts": [{**ACCOUNT, "headers": {"x": 1}}]}, "accounts.0.headers"),
        ({"client_keys": [{"id": "k"}]}, "client_keys.0"),
        ({"version": 2}, "version"),
        ({"version": 0}, "version"),
    ],
)
def test_a_wrong_setting_is_named(document: dict[str, Any], field: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse(document, {})
    assert caught.value.field == field
    assert caught.value.message.endswith((".", "?"))


def test_the_nearest_name_is_suggested() -> None:
    with pytest.raises(
        SettingsError, match=r"There is no setting 'server\.requre_key'\. Did you mean 'require_key'"
    ):
        parse({"server": {"requre_key": True}}, {})


def test_a_newer_file_is_refused_before_anything_else_in_it() -> None:
    with pytest.raises(SettingsError, match="version 7; this Trunkline knows 1"):
        parse({"version": 7, "hologram": True}, {})


@pytest.mark.parametrize(
    ("variable", "text", "read"),
    [
        ("TRUNKLINE_SERVER_PORT", "0", lambda settings: settings.server.port == 0),
        ("TRUNKLINE_SERVER_REQUIRE_KEY", "false", lambda settings: settings.server.require_key is False),
        (
            "TRUNKLINE_SERVER_ALLOWED_HOSTS",
            "a, b,",
            lambda settings: settings.server.allowed_hosts == ("a", "b"),
        ),
        ("TRUNKLINE_NETWORK_IDLE_TIMEOUT_S", "1.5", lambda settings: settings.network.idle_timeout_s == 1.5),
        ("TRUNKLINE_NETWORK_PROXY", "direct", lambda settings: settings.network.proxy == "direct"),
        ("TRUNKLINE_ROUTING_DEMO", "off", lambda settings: settings.routing.demo == "off"),
        ("TRUNKLINE_VAULT_KIND", "file", lambda settings: settings.vault.kind == "file"),
    ],
)
def test_the_environment_overrides(variable: str, text: str, read: Any) -> None:
    document = {"server": {"port": 1, "host": "::1"}}
    settings = parse(document, {variable: text})
    assert read(settings)
    assert settings.server.host == "::1"
    assert document == {"server": {"port": 1, "host": "::1"}}


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("TRUNKLINE_SERVER_PORT", "many"),
        ("TRUNKLINE_SERVER_PORT", "70000"),
        ("TRUNKLINE_SERVER_REQUIRE_KEY", "perhaps"),
        ("TRUNKLINE_ROUTING_DEMO", "maybe"),
    ],
)
def test_a_wrong_variable_is_named_and_no_line_of_the_file(variable: str, text: str) -> None:
    with pytest.raises(SettingsError, match=f"environment variable {variable} does not fit") as caught:
        parse({}, {variable: text})
    assert caught.value.field is None


def test_the_passphrase_is_no_setting() -> None:
    assert parse({}, {"TRUNKLINE_VAULT_PASSPHRASE": "x", "TRUNKLINE_HOME": "y"}) == Settings()


@pytest.mark.parametrize(
    "address",
    ["", "direct", "http://h:1", "https://h", "socks5://127.0.0.1:9", "socks5h://[::1]:9", "http://user@h:1"],
)
def test_proxies(address: str) -> None:
    check_proxy(address, "network.proxy")


@pytest.mark.parametrize(
    "address",
    ["h:1", "ftp://h", "http://", "http://h:x", "http://h:70000", "http://[::1", "http://a b", "http://h:1\n",
     "socks4://h:1", "ftp://u:s3cret@h", "http://u:s3cret@h:x"],
)  # fmt: skip
def test_no_proxies(address: str) -> None:
    with pytest.raises(SettingsError) as caught:
        check_proxy(address, "network.proxy")
    assert caught.value.field == "network.proxy"
    assert "s3cret" not in caught.value.message


def test_a_proxy_password_never_stands_in_the_settings() -> None:
    with pytest.raises(SettingsError, match="must not stand in the settings file") as caught:
        check_proxy("http://user:s3cret@h:1", "accounts.0.proxy")
    assert "s3cret" not in caught.value.message


@pytest.mark.parametrize(
    "address", ["", "http://h", "https://h:8443/v1/", "http://127.0.0.1:11434", "http://[::1]:1/x"]
)
def test_addresses(address: str) -> None:
    check_address(address, "accounts.0.base_url")


@pytest.mark.parametrize(
    "address",
    ["h", "/v1", "ws://h", "http:///v1", "http://h:99999", "http://[::1", "http://h/?key=s3cret", "http://u@h",
     "http://u:s3cret@h", "javascript:alert(1)", "http://h/\r\nx: y", 'http://h/"'],
)  # fmt: skip
def test_no_addresses(address: str) -> None:
    with pytest.raises(SettingsError) as caught:
        check_address(address, "accounts.0.base_url")
    assert "s3cret" not in caught.value.message


def test_settings_are_immutable_and_hashable_parts_compare() -> None:
    settings = parse({"accounts": [ACCOUNT]}, {})
    with pytest.raises(AttributeError):
        settings.server.port = 1  # type: ignore[misc]
    assert settings == parse({"accounts": [dict(ACCOUNT)]}, {})
    assert settings != msgspec.structs.replace(settings, accounts=())
