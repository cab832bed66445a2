"""The settings file of a new installation: every setting explained, none set. Pure."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Any

import msgspec
import tomlkit

from proxy_core.settings import (
    VERSION,
    AccountSettings,
    AliasSettings,
    ClientKeySettings,
    Field,
    ModelSettings,
    fields,
    fields_of,
)

WIDTH = 100

_HEAD = (
    "Trunkline's settings. Edits take effect when the file is saved; a mistake is reported with its line, "
    "and the old settings stay. Secrets are never in here: they are in the vault. "
    "Every setting can also be given as an environment variable, such as TRUNKLINE_SERVER_PORT."
)

_TABLES_HEAD = "At the end of this file may stand, any number of times:"

_TABLES: tuple[tuple[str, type[msgspec.Struct], str], ...] = (
    ("[[accounts]]", AccountSettings, "An account at a provider. Better made with: trunkline accounts add"),
    ("[[accounts.models]]", ModelSettings, "A model of the account above it."),
    ("[aliases.NAME]", AliasSettings, "Another name for a model."),
    ("[[client_keys]]", ClientKeySettings, "A local key. Made with: trunkline keys add NAME"),
)
"""What may stand any number of times: header, shape, explanation."""


def template() -> str:
    """Return the text of the file."""
    lines = [*_comment(_HEAD), f"version = {VERSION}", "", *_comment(_TABLES_HEAD)]
    # above the sections: what a program adds to the last section must not land below these
    for header, shape, words in _TABLES:
        lines += ["#", *_comment(words), f"# {header}", *_entries(shape)]
    section = ""
    for field in fields():
        name, key = field.path.split(".")
        if name != section:
            section = name
            lines += ["", f"[{section}]"]
        lines += [*_comment(_explained(field)), f"# {key} = {_literal(field.default)}"]
    return "\n".join(lines) + "\n"


def _entries(shape: type[msgspec.Struct]) -> Iterator[str]:
    for field in fields_of(shape):
        # nested tables have a header of their own
        if not isinstance(field.default, tuple):
            value = "…" if field.default is msgspec.NODEFAULT else _literal(field.default)
            yield f"#   {field.path} = {value}   ({_explained(field)})"


def _explained(field: Field) -> str:
    restart = " Needs a restart." if field.restart else ""
    return f"{field.label}. {field.help}{restart}"


def _comment(words: str) -> list[str]:
    return textwrap.wrap(words, WIDTH, initial_indent="# ", subsequent_indent="# ")


def _literal(value: Any) -> str:
    if isinstance(value, tuple):
        value = list(value)
    if isinstance(value, dict):
        return "{ }"
    return str(tomlkit.item(value).as_string())
