"""``trunkline accounts``: identities at providers."""

from __future__ import annotations

import asyncio
import re
import secrets
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import click
import msgspec

from app.command import Failed, Options, common, fail
from app.terminal import emit, table
from app.toml_entries import append, drop
from app.wiring import Workplace
from proxy_core import ProxyError, SettingsError
from proxy_core.keys import account_secret, proxy_secret
from proxy_core.provider import Provider
from proxy_core.settings import AccountSettings, ModelSettings, check_address, check_proxy


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
    plain_proxy, has_password = _without_password(proxy)
    check_proxy(plain_proxy, "--proxy")
    check_address(base_url, "--base-url")
    key = await asyncio.to_thread(_read_key, known[provider], key_stdin)
    old = _replaceable(place, name or provider, provider, base_url) if replace else None
    entry = AccountSettings(
        id=_new_id(name or provider) if old is None else old.id,
        provider=provider,
        name=name or provider,
        base_url=base_url,
        dialect=dialect,
        models=tuple(_model(text) for text in models),
        proxy=plain_proxy,
        headers=dict(_header(text) for text in headers),
        has_key=key is not None,
        keyed_at=datetime.now(UTC).isoformat(timespec="milliseconds"),
    )
    _check(place, entry)
    # the secrets first: an account that is listed has its key
    if key is not None:
        await place.vault.put(account_secret(entry.id), key)
    if has_password:
        await place.vault.put(proxy_secret(entry.id), proxy)
    edit = _Putting(entry, is_named=name is not None, replaces=replace)
    try:
        await place.settings_store.change(edit)
    except ProxyError:
        if old is None:
            await _forget(place, entry)
        raise
    if edit.replaced is not None:
        await _forget(place, edit.replaced, kept=entry)
    entry = edit.entry
    value = {"ok": True, "id": entry.id, "provider": provider, "name": entry.name}
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
    await place.settings_store.change(lambda document: drop(document, "accounts", found.id))
    await _forget(place, found)
    emit(options.as_json, {"ok": True, "id": found.id}, f"Removed {found.name or found.id}.")


@accounts.command("test")
@click.argument("account")
@common
async def test(options: Options, account: str) -> None:
    """Ask the account's provider for its models, to see that the key works."""
    place = await options.workplace()
    found = _find(options, place, account)
    if found.has_key:
        place = await options.workplace(probe=True)
        place.need_vault()
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
    known = place.settings.accounts
    found = [one for one in known if one.id == name] or [one for one in known if one.name == name]
    if not found:
        fail(options, f"There is no account {name!r}.")
    if len(found) > 1:
        fail(
            options, f"Several accounts are called {name!r}: {', '.join(one.id for one in found)}. Use an id."
        )
    return found[0]


def _replaceable(place: Workplace, name: str, provider: str, base_url: str) -> AccountSettings | None:
    """Return the account whose id, and with it its usage, the new one may take over.

    Not one at another address: until the new settings are in force its new key would be sent there.
    """
    for account in place.settings.accounts:
        if (account.name, account.provider, account.base_url) == (name, provider, base_url):
            return account
    return None


async def _forget(place: Workplace, old: AccountSettings, kept: AccountSettings | None = None) -> None:
    """Take an account's secrets out of the vault, but for those that ``kept`` has under the same id."""
    if kept is not None and kept.id != old.id:
        kept = None
    # where there is none, a vault that does not open is no hindrance
    if old.has_key and not (kept is not None and kept.has_key):
        await place.vault.remove(account_secret(old.id))
    if "@" in old.proxy and not (kept is not None and "@" in kept.proxy):
        await place.vault.remove(proxy_secret(old.id))


def _read_key(provider: Provider, from_stdin: bool) -> str | None:
    if from_stdin:
        key = _checked_key(sys.stdin.buffer.readline().decode("utf-8", "replace").strip())
        if not key:
            raise SettingsError("No key came on standard input.", field="key")
        return key
    if provider.key_use == "required":
        if sys.stdin.isatty():
            return _checked_key(str(click.prompt(f"Key for {provider.title}", hide_input=True)).strip())
        raise SettingsError("A key is needed: pipe it in and add --key-stdin.", field="key")
    return None


def _checked_key(key: str) -> str:
    # it becomes a header's value
    if not key.isascii() or not key.isprintable() or " " in key:
        raise SettingsError("That is no key: it has blanks, or signs that no key has.", field="key")
    return key


def _new_id(name: str) -> str:
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-._")[:40] or "account"
    return f"{stem}-{secrets.token_hex(3)}"


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
    scheme, sign, rest = proxy.partition("://")
    user, at, place = rest.rpartition("@")
    name, colon, _password = user.partition(":")
    if not (sign and at and colon):
        return proxy, False
    return f"{scheme}://{name}@{place}", True


class _Putting:
    """The edit that adds an account; run under the file's lock, so it decides what is taken.

    Afterwards ``entry`` is the account as it was written, and ``replaced`` the one it took the place of.
    """

    def __init__(self, entry: AccountSettings, *, is_named: bool, replaces: bool) -> None:
        self.entry = entry
        self.replaced: AccountSettings | None = None
        self._is_named = is_named
        self._replaces = replaces

    def __call__(self, document: dict[str, Any]) -> None:
        known = {entry.get("name"): entry for entry in document.get("accounts", ())}
        name = self.entry.name
        if name in known and self._replaces:
            self.replaced = msgspec.convert(known[name].unwrap(), AccountSettings)
            drop(document, "accounts", self.replaced.id)
        elif name in known and self._is_named:
            raise SettingsError(f"There is an account called {name!r}; --replace replaces it.", field="name")
        number = 1
        while self.replaced is None and self.entry.name in known:
            number += 1
            self.entry = msgspec.structs.replace(self.entry, name=f"{name}-{number}")
        append(document, "accounts", _plain(self.entry))


def _plain(entry: AccountSettings) -> dict[str, Any]:
    """Return what is worth writing: everything that is not the default."""
    always = ("id", "provider", "name")
    written = {
        name: value
        for name, value in msgspec.to_builtins(entry).items()
        if name in always or (value != getattr(_BLANK, name) and value not in ([], {}, ()))
    }
    if "models" in written:
        written["models"] = [{key: value for key, value in one.items() if value} for one in written["models"]]
    return written


_BLANK = AccountSettings(id="x", provider="x")

COMMANDS = (accounts,)
