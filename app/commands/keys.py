"""``trunkline keys``: the local keys that tools present."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

import click

from app.command import Options, common, fail
from app.terminal import emit, table
from app.toml_entries import append, drop
from proxy_core import ProxyError, SettingsError
from proxy_core.keys import DEFAULT, ClientKeys, hashed, new_key, vault_name

_LONGEST_NAME = 64


@click.group("keys")
def keys() -> None:
    """Local keys: one for everything, or one per tool so that usage is told apart."""


@keys.command("show")
@common
async def show(options: Options) -> None:
    """Print the first key (it is made if there is none yet)."""
    place = await options.workplace()
    found = ClientKeys(place.vault)
    await found.load(place.settings.client_keys)
    emit(options.as_json, {"name": DEFAULT, "key": found.default}, str(found.default))


@keys.command("list")
@common
async def list_keys(options: Options) -> None:
    """List the keys' names; keys themselves are never shown again."""
    place = await options.workplace()
    stored = await place.vault.names()
    known = place.settings.client_keys
    rows = [
        [key.name, key.created, "yes" if vault_name(key.id) in stored else "no key in the vault"]
        for key in known
    ]
    value = [
        {"name": key.name, "id": key.id, "created": key.created, "usable": vault_name(key.id) in stored}
        for key in known
    ]
    first = {"name": DEFAULT, "id": DEFAULT, "created": "", "usable": vault_name(DEFAULT) in stored}
    rows.insert(0, [DEFAULT, "", "yes" if first["usable"] else "made at the first start"])
    emit(options.as_json, [first, *value], table(["NAME", "MADE ON", "USABLE"], rows))


@keys.command("add")
@click.argument("name")
@common
async def add(options: Options, name: str) -> None:
    """Make a key called NAME and print it, once."""
    _check_name(name)
    place = await options.workplace()
    _refuse_taken(name, (key.name for key in place.settings.client_keys))
    key, key_id = new_key(), "key-" + secrets.token_hex(4)
    # the secret first: a key that is listed works
    await place.vault.put(vault_name(key_id), hashed(key))
    try:
        await place.settings_store.change(_adding(key_id, name))
    except ProxyError:
        await place.vault.remove(vault_name(key_id))
        raise
    emit(options.as_json, {"name": name, "id": key_id, "key": key}, key)


@keys.command("remove")
@click.argument("name")
@common
async def remove(options: Options, name: str) -> None:
    """Take a key out of use."""
    place = await options.workplace()
    found = next((key for key in place.settings.client_keys if name in (key.name, key.id)), None)
    if found is None:
        words = " The first key stays: it is the one to copy." if name == DEFAULT else ""
        fail(options, f"There is no key called {name!r} that can be removed.{words}")
    await place.settings_store.change(_dropping(found.id))
    await place.vault.remove(vault_name(found.id))
    emit(options.as_json, {"ok": True, "name": found.name, "id": found.id}, f"Removed {found.name}.")


def _check_name(name: str) -> None:
    if not 0 < len(name.strip()) <= _LONGEST_NAME or not name.isprintable():
        raise SettingsError(
            f"A key's name has 1 to {_LONGEST_NAME} letters, digits or signs.", field="client_keys"
        )


def _refuse_taken(name: str, taken: Iterable[object]) -> None:
    if name == DEFAULT or name in taken:
        raise SettingsError(f"There is a key called {name!r} already.", field="client_keys")


def _adding(key_id: str, name: str) -> Callable[[dict[str, Any]], None]:
    entry = {"id": key_id, "name": name, "created": datetime.now(UTC).date().isoformat()}

    def add(document: dict[str, Any]) -> None:
        # asked again under the file's lock: another program may have been quicker
        _refuse_taken(name, (known.get("name") for known in document.get("client_keys", ())))
        append(document, "client_keys", entry)

    return add


def _dropping(key_id: str) -> Callable[[dict[str, Any]], None]:
    return lambda document: drop(document, "client_keys", key_id)


COMMANDS = (keys,)
