"""``trunkline accounts``: identities at providers."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import click
import msgspec
import tomlkit

from app.command import Failed, Options, common
from app.terminal import emit, table
from app.wiring import Workplace
from proxy_core import SettingsError
from proxy_core.keys import account_secret, proxy_secret
from proxy_core.provider import Provider
from proxy_core.settings import AccountSettings, ModelSettings


@click.group("accounts")
def accounts() -> None:
    """Accounts at providers; their keys are in the vault."""


@accounts.command("add")
@click.argument("provider")
@click.option("--name", help="What you call it; the provider's name by default.")
@click.option("--base-url", default="", help="Address, if it is not the provider's own.")
@click.option("--dialect", default="", help="Which of the provider's dialects to use.")
@click.option("--model", "models", multiple=True, metavar="UPSTREAM[=ALIAS]", help="Only these models.")
@click.option("--proxy", default="", help="Outgoing proxy: http, https, socks5, socks5h address, or direct.")
@click.option("--header", "headers", multiple=True, metavar="NAME=VALUE", help="Extra header, no secrets.")
@click.option("--key-stdin", is_flag=True, help="Read the key from standard input.")
@click.option("--replace", is_flag=True, help="Replace the account of that name.")
@common
async def add(
    options: Options,
    provider: str,
    name: str | None,
    base_url: str,
    dialect: str,
    models: tuple[str, ...],
    proxy: str,
    headers: tuple[str, ...],
    key_stdin: bool,
    replace: bool,
) -> None:
    """Add an account at PROVIDER; see 'trunkline accounts providers' for their names."""
    place = await options.workplace()
    known = _providers(place)
    if provider not in known:
        raise SettingsError(
            f"There is no provider {provider!r}. Known are {', '.join(sorted(known))}.", field="provider"
        )
    old = next((one for one in place.settings.accounts if one.name == name), None) if name else None
    if old is not None and not replace:
        raise SettingsError(f"There is an account called {name!r}; --replace replaces it.", field="name")
    key = _read_key(known[provider], key_stdin)
    account_id = old.id if old is not None else _free_id(name or provider, place)
    plain_proxy, has_password = _without_password(proxy)
    entry = AccountSettings(
        id=account_id,
        provider=provider,
        name=name or account_id,
        base_url=base_url,
        dialect=dialect,
        models=tuple(_model(text) for text in models),
        proxy=plain_proxy,
        headers=dict(_header(text) for text in headers),
        has_key=key is not None,
    )
    _check(place, entry)
    # the secret first: an account that is listed has its key
    if key is not None:
        await place.vault.put(account_secret(account_id), key)
    if has_password:
        await place.vault.put(proxy_secret(account_id), proxy)
    await place.settings_store.change(_putting(entry))
    value = {"ok": True, "id": account_id, "provider": provider, "name": entry.name}
    emit(options.as_json, value, f"Added {entry.name} ({known[provider].title}).")


@accounts.command("list")
@common
async def list_accounts(options: Options) -> None:
    """List accounts; keys are never shown."""
    place = await options.workplace()
    rows, value = [], []
    for account in place.settings.accounts:
        models = [f"{one.upstream}={one.alias}" if one.alias else one.upstream for one in account.models]
        rows.append(
            [account.id, account.provider, account.name, "yes" if account.enabled else "no", account.base_url]
        )
        value.append(
            {
                "id": account.id,
                "provider": account.provider,
                "name": account.name,
                "enabled": account.enabled,
                "base_url": account.base_url,
                "dialect": account.dialect,
                "models": models,
            }
        )
    text = table(["ID", "PROVIDER", "NAME", "IN USE", "ADDRESS"], rows) if rows else "No accounts yet."
    emit(options.as_json, value, text)


@accounts.command("providers")
@common
async def list_providers(options: Options) -> None:
    """List every provider that an account can be added for."""
    place = await options.workplace()
    known = _providers(place).values()
    value = [
        {
            "id": one.name,
            "title": one.title,
            "key": one.key_use,
            "base_url": one.base_url,
            "key_url": one.key_url,
            "state": one.state.availability,
            "dialects": [speech.dialect for speech in one.speaks],
        }
        for one in known
    ]
    rows = [[one.name, one.title, one.key_use, one.key_url or ""] for one in known]
    emit(options.as_json, value, table(["ID", "PROVIDER", "KEY", "WHERE TO GET ONE"], rows))


@accounts.command("remove")
@click.argument("account")
@common
async def remove(options: Options, account: str) -> None:
    """Remove an account (id or name) and its key."""
    place = await options.workplace()
    found = _find(options, place, account)

    def drop(document: dict[str, Any]) -> None:
        entries = document["accounts"]
        del entries[[entry["id"] for entry in entries].index(found.id)]
        if not entries:
            del document["accounts"]

    await place.settings_store.change(drop)
    await place.vault.remove(account_secret(found.id))
    await place.vault.remove(proxy_secret(found.id))
    emit(options.as_json, {"ok": True, "id": found.id}, f"Removed {found.name or found.id}.")


@accounts.command("test")
@click.argument("account")
@common
async def test(options: Options, account: str) -> None:
    """Ask the account's provider for its models, to see that the key works."""
    place = await options.workplace()
    found = _find(options, place, account)
    proxy = place.proxy(lambda event: None)
    try:
        report = await proxy.test_account(found.id)
    finally:
        await proxy.close()
    value = {"ok": report.ok, "id": found.id, "message": report.message, "models": report.models}
    emit(options.as_json, value, ("Works: " if report.ok else "Does not work: ") + report.message)
    if not report.ok:
        raise Failed


def _providers(place: Workplace) -> Mapping[str, Provider]:
    return place.proxy(lambda event: None).providers


def _check(place: Workplace, entry: AccountSettings) -> None:
    others = tuple(account for account in place.settings.accounts if account.id != entry.id)
    # a proxy over the new settings refuses what does not fit
    place.proxy(lambda event: None, msgspec.structs.replace(place.settings, accounts=(*others, entry)))


def _find(options: Options, place: Workplace, name: str) -> AccountSettings:
    for account in place.settings.accounts:
        if name in (account.id, account.name):
            return account
    message = f"There is no account {name!r}."
    emit(options.as_json, {"ok": False, "message": message}, message)
    raise Failed


def _read_key(provider: Provider, from_stdin: bool) -> str | None:
    if from_stdin:
        key = sys.stdin.readline().strip()
        if not key:
            raise SettingsError("No key came on standard input.", field="key")
        return key
    if provider.key_use == "required":
        if sys.stdin.isatty():
            return str(click.prompt(f"Key for {provider.title}", hide_input=True)).strip()
        raise SettingsError("A key is needed: pipe it in and add --key-stdin.", field="key")
    return None


def _free_id(name: str, place: Workplace) -> str:
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-._")[:40] or "account"
    taken = {account.id for account in place.settings.accounts}
    number, found = 1, stem
    while found in taken:
        number += 1
        found = f"{stem}-{number}"
    return found


def _model(text: str) -> ModelSettings:
    upstream, _, alias = text.partition("=")
    if not upstream:
        raise SettingsError(f"{text!r} names no model. Write UPSTREAM or UPSTREAM=ALIAS.", field="model")
    return ModelSettings(upstream=upstream, alias=alias)


def _header(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or not name:
        raise SettingsError(f"{text!r} is no header. Write NAME=VALUE.", field="header")
    return name, value


def _without_password(proxy: str) -> tuple[str, bool]:
    """Return the address as the settings may hold it, and whether a password was taken out."""
    parts = urlsplit(proxy)
    if parts.password is None:
        return proxy, False
    host = parts.hostname or ""
    place = f"{parts.username}@{host}" + (f":{parts.port}" if parts.port else "")
    return urlunsplit((parts.scheme, place, parts.path, "", "")), True


def _putting(entry: AccountSettings) -> Any:
    plain = {
        name: value
        for name, value in msgspec.to_builtins(entry).items()
        if name in ("id", "provider", "name") or value != getattr(_BLANK, name)
    }
    if plain.get("models"):
        plain["models"] = [{k: v for k, v in model.items() if v} for model in plain["models"]]
    plain = {name: value for name, value in plain.items() if value not in ([], {}, ())}

    def put(document: dict[str, Any]) -> None:
        if "accounts" not in document:
            document["accounts"] = tomlkit.aot()
        entries = document["accounts"]
        for number, known in enumerate(entries):
            if known["id"] == entry.id:
                del entries[number]
                break
        entries.append(tomlkit.item(plain))

    return put


_BLANK = AccountSettings(id="x", provider="x")

COMMANDS = (accounts,)
