"""Reads members of a JSON object with their types checked.

Every refusal is a DecodeError whose ``param`` is the JSON path (``messages[2].content``). A member that is
null counts as absent.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NoReturn

from proxy_core.errors import DecodeError
from proxy_core.ir.message import Json


def name_of(value: Json) -> str:
    """Return what JSON calls the value, with its article."""
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int() | float():
            return "a number"
        case str():
            return "a string"
        case list():
            return "an array"
        case _:
            return "an object"


def refuse(path: str, sentence: str) -> NoReturn:
    """Raise a DecodeError that begins with the place."""
    raise DecodeError(f"{path}: {sentence}", param=path)


class Fields:
    """The members of one JSON object at ``path`` (empty for the body)."""

    def __init__(self, value: Mapping[str, Json], path: str = "") -> None:
        self.value = value
        self.path = path

    @classmethod
    def of(cls, value: Json, path: str) -> Fields:
        """Take any JSON value; refuses what is not an object."""
        if not isinstance(value, dict):
            refuse(path, f"an object is needed here, not {name_of(value)}.")
        return cls(value, path)

    def at(self, key: str) -> str:
        """Return the path of a member."""
        return f"{self.path}.{key}" if self.path else key

    def text(self, key: str) -> str:
        """Return a string that must be there."""
        found = self.maybe_text(key)
        if found is None:
            refuse(self.at(key), "this field is required and must be a string.")
        return found

    def maybe_text(self, key: str) -> str | None:
        """Return a string or None."""
        value = self.value.get(key)
        if value is not None and not isinstance(value, str):
            refuse(self.at(key), f"a string is needed here, not {name_of(value)}.")
        return value

    def maybe_bool(self, key: str) -> bool | None:
        """Return a boolean or None."""
        value = self.value.get(key)
        if value is not None and not isinstance(value, bool):
            refuse(self.at(key), f"true or false is needed here, not {name_of(value)}.")
        return value

    def maybe_number(self, key: str) -> float | None:
        """Return a number or None."""
        value = self.value.get(key)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            refuse(self.at(key), f"a number is needed here, not {name_of(value)}.")
        return value

    def maybe_int(self, key: str) -> int | None:
        """Return a whole number that is not negative, or None."""
        value = self.maybe_number(key)
        if value is None:
            return None
        if value != value or value in (float("inf"), float("-inf")) or value != int(value) or value < 0:
            refuse(self.at(key), "a whole number that is not negative is needed here.")
        return int(value)

    def maybe_object(self, key: str) -> Fields | None:
        """Return an object or None."""
        value = self.value.get(key)
        return None if value is None else Fields.of(value, self.at(key))

    def items(self, key: str) -> list[Json]:
        """Return an array, empty when absent."""
        value = self.value.get(key)
        if value is None:
            return []
        if not isinstance(value, list):
            refuse(self.at(key), f"an array is needed here, not {name_of(value)}.")
        return value

    def objects(self, key: str) -> list[Fields]:
        """Return an array of objects, empty when absent."""
        return [Fields.of(item, f"{self.at(key)}[{place}]") for place, item in enumerate(self.items(key))]

    def texts(self, key: str) -> tuple[str, ...]:
        """Return an array of strings, empty when absent."""
        found = self.items(key)
        for place, item in enumerate(found):
            if not isinstance(item, str):
                refuse(f"{self.at(key)}[{place}]", f"a string is needed here, not {name_of(item)}.")
        return tuple(found)

    def rest(self, known: frozenset[str]) -> dict[str, Json]:
        """Return the members whose name is not among the known ones."""
        return {key: value for key, value in self.value.items() if key not in known}
