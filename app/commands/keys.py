"""``trunkline keys``: the local keys that tools present."""

from __future__ import annotations

import secrets
from datetime import date
from typing import Any

import click
import tomlkit

from app.command import Failed, Options, common
from app.terminal import emit, table
from app.wiring import Workplace
from proxy_core import SettingsError
from proxy_core.keys import DEFAULT, ClientKeys, hashed, new_key, vault_name


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
    place = await options.workplace()
    if name == DEFAULT or any(key.name == name for key in place.settings.client_keys):
        raise SettingsError(f"There is a key called {name!r} already.", field="client_keys")
    key, key_id = new_key(), "key-" + secrets.token_hex(4)
    await place.vault.put(vault_name(key_id), hashed(key))
    entry = {"id": key_id, "name": name, "created": date.today().isoformat()}
    await place.settings_store.change(_appending("client_keys", entry))
    emit(options.as_json, {"name": name, "id": key_id, "key": key}, key)


@keys.command("remove")
@click.argument("name")
@common
async def remove(options: Options, name: str) -> None:
    """Take a key out of use."""
    place = await options.workplace()
    found = [key for key in place.settings.client_keys if name in (key.name, key.id)]
    if not found:
        _complain(options, f"There is no key called {name!r}.")
    await _forget(place, found[0].id)
    emit(options.as_json, {"ok": True, "name": name}, f"Removed {name}.")


def _complain(options: Options, message: str) -> None:
    emit(options.as_json, {"ok": False, "message": message}, message)
    raise Failed


async def _forget(place: Workplace, key_id: str) -> None:
    def drop(document: dict[str, Any]) -> None:
        entries = document["client_keys"]
        for number, entry in enumerate(entries):
            if entry["id"] == key_id:
                del entries[number]
                break
        if not entries:
            del document["client_keys"]

    await place.settings_store.change(drop)
    await place.vault.remove(vault_name(key_id))


def _appending(name: str, entry: dict[str, Any]) -> Any:
    def append(document: dict[str, Any]) -> None:
        if name not in document:
            document[name] = tomlkit.aot()
        document[name].append(tomlkit.item(entry))

    return append


COMMANDS = (keys,)
