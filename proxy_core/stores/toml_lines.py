"""Finds the line of a setting in TOML text, for messages."""

from __future__ import annotations

import re
import tomllib
from collections import Counter

_HEADER = re.compile(r"^\s*(\[\[?)\s*([^\]]+?)\s*\]\]?\s*(#.*)?$")
_KEY = re.compile(r"""^\s*(?P<key>(?:[\w.-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*=""")


def line_of(text: str, field: str) -> int | None:
    """Return the line (from 1) of a dotted field, or of the nearest thing around it.

    Elements of arrays of tables are counted: ``accounts.1.proxy`` is in the second ``[[accounts]]``.
    """
    places: dict[str, int] = {}
    seen: Counter[str] = Counter()
    table = ""
    for number, line in enumerate(text.splitlines(), 1):
        if (header := _HEADER.match(line)) is not None:
            name = _inside(_plain(header.group(2)), seen)
            if header.group(1) == "[[":
                table = f"{name}.{seen[name]}"
                seen[name] += 1
            else:
                table = name
            places.setdefault(table, number)
        elif (key := _KEY.match(line)) is not None:
            name = _plain(key.group("key"))
            places.setdefault(f"{table}.{name}".lstrip("."), number)
    parts = field.split(".")
    for length in range(len(parts), 0, -1):
        found = places.get(".".join(parts[:length]))
        if found is not None:
            return found
    return None


def duplicate_line(text: str) -> int | None:
    """Return the line (from 1) where something is said a second time; None if nothing is."""
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        # it has the line in its words only
        place = re.search(r"line (\d+)", str(error))
        return int(place.group(1)) if place else None
    return None


def _inside(name: str, seen: Counter[str]) -> str:
    # [accounts.headers] and [[accounts.models]] below [[accounts]] belong to its newest element
    for array, count in seen.items():
        if name.startswith(array + "."):
            return f"{array}.{count - 1}.{name[len(array) + 1 :]}"
    return name


def _plain(name: str) -> str:
    return ".".join(part.strip().strip("\"'") for part in name.split("."))
