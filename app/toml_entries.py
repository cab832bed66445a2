"""Entries of an array of tables in an open TOML document, however a person wrote it down."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import tomlkit
from tomlkit.items import AoT


def append(document: dict[str, Any], name: str, entry: Mapping[str, Any]) -> None:
    """Put ``entry`` at the end of the array ``name``, which is made if it is not there."""
    entries = document.get(name)
    if entries is None:
        document[name] = entries = tomlkit.aot()
    if isinstance(entries, AoT):
        table = tomlkit.item(dict(entry))
        table.trivia.indent = "\n"  # an empty line before its header
        entries.append(table)
        return
    # written as name = [{ … }]
    inline = tomlkit.inline_table()
    inline.update(_plain(entry))
    entries.append(inline)


def drop(document: dict[str, Any], name: str, entry_id: str) -> None:
    """Take the entry with that ``id`` out; one that is not there is fine."""
    entries = document.get(name)
    if entries is None:
        return
    for number, entry in enumerate(entries):
        if entry.get("id") == entry_id:
            del entries[number]
            break
    if not entries:
        del document[name]


def _plain(entry: Mapping[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name, value in entry.items():
        if isinstance(value, Mapping):
            made[name] = tomlkit.inline_table()
            made[name].update(value)
        elif isinstance(value, list | tuple) and value and isinstance(value[0], Mapping):
            made[name] = tomlkit.array()
            for element in value:
                table = tomlkit.inline_table()
                table.update(element)
                made[name].append(table)
        else:
            made[name] = value
    return made
