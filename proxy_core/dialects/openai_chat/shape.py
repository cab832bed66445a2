"""Checked access to decoded JSON: a wrong type becomes a DecodeError that names its place."""

from __future__ import annotations

from collections.abc import Collection

from proxy_core.errors import DecodeError
from proxy_core.ir.message import Json


def wrong(path: str, wanted: str) -> DecodeError:
    """Return the error for a member that is not what it must be."""
    return DecodeError(f"`{path or 'body'}` must be {wanted}.", param=path or None)


class Shape:
    """A JSON object at a place of the body. Null counts as absent; readers raise DecodeError."""

    __slots__ = ("path", "value")

    def __init__(self, value: Json, path: str) -> None:
        if not isinstance(value, dict):
            raise wrong(path, "an object")
        self.value: dict[str, Json] = value
        self.path = path

    def at(self, name: str) -> str:
        """Return the path of a member."""
        return f"{self.path}.{name}" if self.path else name

    def get(self, name: str) -> Json:
        """Return a member as it is, None if absent."""
        return self.value.get(name)

    def text(self, name: str) -> str | None:
        """Return a string member."""
        value = self.value.get(name)
        if value is None or isinstance(value, str):
            return value
        raise wrong(self.at(name), "a string")

    def needed_text(self, name: str) -> str:
        """Return a string member that must be there and not empty."""
        value = self.text(name)
        if not value:
            raise wrong(self.at(name), "a non-empty string")
        return value

    def number(self, name: str) -> float | None:
        """Return a number member."""
        value = self.value.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise wrong(self.at(name), "a number")
        return value

    def integer(self, name: str, least: int | None = None) -> int | None:
        """Return an integer member; ``100.0`` is one too."""
        value = self.number(name)
        if value is None:
            return None
        if isinstance(value, float):
            if not value.is_integer():
                raise wrong(self.at(name), "an integer")
            value = int(value)
        if least is not None and value < least:
            raise wrong(self.at(name), f"an integer of at least {least}")
        return value

    def flag(self, name: str) -> bool | None:
        """Return a boolean member."""
        value = self.value.get(name)
        if value is None or isinstance(value, bool):
            return value
        raise wrong(self.at(name), "true or false")

    def items(self, name: str) -> list[Json] | None:
        """Return an array member."""
        value = self.value.get(name)
        if value is None or isinstance(value, list):
            return value
        raise wrong(self.at(name), "an array")

    def mapping(self, name: str) -> dict[str, Json] | None:
        """Return an object member as a plain mapping."""
        member = self.member(name)
        return None if member is None else member.value

    def member(self, name: str) -> Shape | None:
        """Return an object member."""
        value = self.value.get(name)
        return None if value is None else Shape(value, self.at(name))

    def needed_member(self, name: str) -> Shape:
        """Return an object member that must be there."""
        return Shape(self.value.get(name), self.at(name))

    def objects(self, name: str) -> list[Shape]:
        """Return an array member whose items must be objects; empty if absent."""
        values = self.items(name) or []
        return [Shape(value, f"{self.at(name)}[{index}]") for index, value in enumerate(values)]

    def rest(self, known: Collection[str]) -> dict[str, Json]:
        """Return the members that are neither known nor null."""
        return {name: value for name, value in self.value.items() if name not in known and value is not None}
