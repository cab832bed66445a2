"""Typed reading of decoded JSON: both spellings of every member, and a place for every complaint.

The API takes camelCase and snake_case, and its own Python client mixes both in one body (google-genai
3.4.0, measured 2026-11-20). Where both are there, camelCase wins.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NoReturn

from proxy_core.errors import DecodeError
from proxy_core.ir.message import Json


def camel(name: str) -> str:
    """Return ``name`` in camelCase; what has no inner underscore stays as it is."""
    if "_" not in name.strip("_"):
        return name
    head, *rest = name.split("_")
    return head + "".join(word[:1].upper() + word[1:] for word in rest)


def wrong(path: str, needed: str) -> NoReturn:
    """Raise DecodeError: ``needed`` completes "<path> must be …"."""
    raise DecodeError(f"{path} must be {needed}.", param=path)


def as_list(value: Json) -> list[Json]:
    """Return a list as it is and anything else as a list of one, as the API itself does for parts."""
    return value if isinstance(value, list) else [value]


@dataclass(frozen=True, slots=True)
class Node:
    """A JSON object with its place in the body (``contents[0].parts[1]``; empty for the body itself).

    A member that is null counts as absent. Every getter raises DecodeError on a wrong type.
    """

    members: Mapping[str, Json]
    path: str

    @classmethod
    def of(cls, value: Json, path: str) -> Node:
        """Wrap a decoded value. Raises DecodeError if it is not an object."""
        if not isinstance(value, dict):
            wrong(path or "The body", "an object")
        members = {key: item for key, item in value.items() if item is not None}
        if any("_" in key for key in members):
            plain = {key: item for key, item in members.items() if camel(key) == key}
            members = {camel(key): item for key, item in members.items()} | plain
        return cls(members, path)

    def at(self, name: str) -> str:
        """Return the path of a member."""
        return f"{self.path}.{name}" if self.path else name

    def has(self, name: str) -> bool:
        """Whether the member is there and not null."""
        return name in self.members

    def get(self, name: str) -> Json:
        """Return the member as it is, None if absent."""
        return self.members.get(name)

    def text(self, name: str) -> str | None:
        """Return a string."""
        value = self.members.get(name)
        if value is not None and not isinstance(value, str):
            wrong(self.at(name), "a string")
        return value

    def flag(self, name: str) -> bool | None:
        """Return a boolean."""
        value = self.members.get(name)
        if value is not None and not isinstance(value, bool):
            wrong(self.at(name), "true or false")
        return value

    def number(self, name: str) -> float | None:
        """Return a finite number; an integer stays one."""
        value = self.members.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not -math.inf < value < math.inf:
            wrong(self.at(name), "a number")
        return value

    def integer(self, name: str) -> int | None:
        """Return an integer; ``8.0`` and ``"8"`` are taken, as the API takes them (proto3 JSON)."""
        value = self.members.get(name)
        if isinstance(value, str) and value.lstrip("-").isdecimal() and len(value) < 20:
            return int(value)
        value = self.number(name)
        if value is not None and value != int(value):
            wrong(self.at(name), "an integer")
        return None if value is None else int(value)

    def node(self, name: str) -> Node | None:
        """Return an object."""
        value = self.members.get(name)
        return None if value is None else Node.of(value, self.at(name))

    def nodes(self, name: str) -> list[Node]:
        """Return a list of objects; a single object counts as a list of one; absent is empty."""
        value = self.members.get(name)
        if value is None:
            return []
        return [Node.of(item, f"{self.at(name)}[{index}]") for index, item in enumerate(as_list(value))]

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a list of strings; absent is empty."""
        value = self.members.get(name)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            wrong(self.at(name), "a list of strings")
        return tuple(value)

    def rest(self, known: Iterable[str]) -> dict[str, Json]:
        """Return the members that are not in ``known``."""
        taken = frozenset(known)
        return {key: value for key, value in self.members.items() if key not in taken}
