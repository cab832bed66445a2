"""Members of a client's JSON: of the right type, or a DecodeError that names the place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from proxy_core.errors import DecodeError
from proxy_core.ir.message import Json

T = TypeVar("T", str, bool, int)


@dataclass(frozen=True, slots=True)
class Fields:
    """A JSON object with its path in the body; ``path`` is empty for the body itself.

    The readers return None for an absent or null member and raise DecodeError for one of another type.
    """

    raw: Mapping[str, Json]
    path: str = ""

    def at(self, key: str) -> str:
        """Return the path of a member."""
        return f"{self.path}.{key}" if self.path else key

    def text(self, key: str) -> str | None:
        """Read a string."""
        return self._typed(key, str, "a string")

    def need(self, key: str) -> str:
        """Read a string that must be there and not empty."""
        value = self.text(key)
        if not value:
            raise wrong(self.at(key), "a string that is not empty")
        return value

    def flag(self, key: str) -> bool | None:
        """Read true or false."""
        return self._typed(key, bool, "true or false")

    def whole(self, key: str, least: int | None = None) -> int | None:
        """Read an integer, of at least ``least``."""
        value = self._whole(key)
        if value is not None and least is not None and value < least:
            raise wrong(self.at(key), f"an integer of at least {least}")
        return value

    def _whole(self, key: str) -> int | None:
        value = self.raw.get(key)
        if isinstance(value, bool) or (isinstance(value, float) and not value.is_integer()):
            raise wrong(self.at(key), "an integer")
        if isinstance(value, float):
            return int(value)
        return self._typed(key, int, "an integer")

    def number(self, key: str) -> float | None:
        """Read a number; integers stay integers."""
        value = self.raw.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise wrong(self.at(key), "a number")
        return value

    def inner(self, key: str) -> Fields | None:
        """Read an object."""
        value = self.raw.get(key)
        return None if value is None else fields(value, self.at(key))

    def array(self, key: str) -> list[Json] | None:
        """Read a list."""
        value = self.raw.get(key)
        if value is None or isinstance(value, list):
            return value
        raise wrong(self.at(key), "an array")

    def objects(self, key: str) -> Iterator[Fields]:
        """Read a list of objects; absent is empty."""
        for place, value in enumerate(self.array(key) or ()):
            yield fields(value, f"{self.at(key)}[{place}]")

    def texts(self, key: str) -> tuple[str, ...]:
        """Read a list of strings; absent is empty."""
        values = self.array(key) or []
        for place, value in enumerate(values):
            if not isinstance(value, str):
                raise wrong(f"{self.at(key)}[{place}]", "a string")
        return tuple(values)

    def _typed(self, key: str, kind: type[T], expected: str) -> T | None:
        value = self.raw.get(key)
        if value is None or isinstance(value, kind):
            return value
        raise wrong(self.at(key), expected)


def fields(value: Json, path: str) -> Fields:
    """Return an object's fields. Raises DecodeError for anything but an object."""
    if not isinstance(value, dict):
        raise wrong(path, "an object")
    return Fields(value, path)


def wrong(path: str, expected: str) -> DecodeError:
    """Return the error for a member that is not what it must be."""
    return DecodeError(f"`{path}` must be {expected}.", param=path)
