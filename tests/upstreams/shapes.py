"""Small strict checks for JSON bodies: what is not listed is refused, as the vendors do.

A check is a callable `check(value, at)` that returns nothing or raises `Flaw`; `at` is the path to the value
as a tuple of keys and indexes. Each vendor words a `Flaw` its own way.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Literal

Path = tuple[str | int, ...]
Check = Callable[[Any, Path], None]
Kind = Literal["unknown", "missing", "type", "value", "rule"]


class Flaw(Exception):
    """One thing that is wrong with a body.

    `kind` is unknown (a field that does not exist), missing, type, value, or rule (then `detail` is already
    the vendor's own sentence). For type and value `detail` names what would have been right.
    """

    def __init__(self, kind: Kind, at: Path, detail: str = "", code: str | None = None) -> None:
        super().__init__(kind, at, detail)
        self.kind = kind
        self.at = at
        self.detail = detail
        self.code = code


def rule(at: Path, sentence: str, code: str | None = None) -> Flaw:
    """A flaw in the vendor's own words."""
    return Flaw("rule", at, sentence, code)


def anything(value: Any, at: Path) -> None:
    """Accept every value."""


def text(value: Any, at: Path) -> None:
    """Accept a string."""
    if not isinstance(value, str):
        raise Flaw("type", at, "a string")


def boolean(value: Any, at: Path) -> None:
    """Accept true and false."""
    if not isinstance(value, bool):
        raise Flaw("type", at, "a boolean")


def filled(value: Any, at: Path) -> None:
    """Accept a string that is not empty."""
    text(value, at)
    if not value:
        raise Flaw("value", at, "a non-empty string")


def matching(pattern: str) -> Check:
    """Accept a string that the whole pattern describes."""
    compiled = re.compile(pattern)

    def check(value: Any, at: Path) -> None:
        text(value, at)
        if not compiled.fullmatch(value):
            raise Flaw("value", at, f"a string that matches the pattern '^{pattern}$'")

    return check


def at_most(length: int) -> Check:
    """Accept a string of 1 to `length` characters."""

    def check(value: Any, at: Path) -> None:
        filled(value, at)
        if len(value) > length:
            raise Flaw("value", at, f"a string with maximum length {length}")

    return check


def number(low: float | None = None, high: float | None = None) -> Check:
    """Accept a number within the bounds."""

    def check(value: Any, at: Path) -> None:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise Flaw("type", at, "a number")
        if (low is not None and value < low) or (high is not None and value > high):
            raise Flaw("value", at, f"a number between {low} and {high}")

    return check


def integer(low: int | None = None, high: int | None = None) -> Check:
    """Accept a whole number within the bounds."""
    within = number(low, high)

    def check(value: Any, at: Path) -> None:
        if isinstance(value, bool) or not isinstance(value, int):
            raise Flaw("type", at, "an integer")
        within(value, at)

    return check


def one_of(*allowed: str) -> Check:
    """Accept one of the listed strings."""

    def check(value: Any, at: Path) -> None:
        text(value, at)
        if value not in allowed:
            raise Flaw("value", at, ", ".join(f"'{name}'" for name in allowed))

    return check


def nullable(inner: Check) -> Check:
    """Accept null as well."""

    def check(value: Any, at: Path) -> None:
        if value is not None:
            inner(value, at)

    return check


def mapping(value: Any, at: Path) -> None:
    """Accept any object."""
    if not isinstance(value, dict):
        raise Flaw("type", at, "an object")


def mapping_of(inner: Check) -> Check:
    """Accept an object with free keys and checked values."""

    def check(value: Any, at: Path) -> None:
        mapping(value, at)
        for key, item in value.items():
            inner(item, (*at, key))

    return check


def array(inner: Check, least: int = 0, most: int | None = None) -> Check:
    """Accept a list of checked values, `least` to `most` long."""

    def check(value: Any, at: Path) -> None:
        if not isinstance(value, list):
            raise Flaw("type", at, "an array")
        if len(value) < least:
            raise Flaw("value", at, f"an array with minimum length {least}")
        if most is not None and len(value) > most:
            raise Flaw("value", at, f"an array with maximum length {most}")
        for place, item in enumerate(value):
            inner(item, (*at, place))

    return check


def record(required: Mapping[str, Check], optional: Mapping[str, Check] | None = None) -> Check:
    """Accept an object with exactly these fields. Unknown ones are the first thing that is refused."""
    known = {**(optional or {}), **required}

    def check(value: Any, at: Path) -> None:
        mapping(value, at)
        for key in value:
            if key not in known:
                raise Flaw("unknown", (*at, key))
        for key in required:
            if key not in value:
                raise Flaw("missing", (*at, key))
        for key, item in value.items():
            known[key](item, (*at, key))

    return check


def tagged(variants: Mapping[str, Check], tag: str = "type", default: str | None = None) -> Check:
    """Accept an object whose `tag` field says which of the checks applies."""

    def check(value: Any, at: Path) -> None:
        mapping(value, at)
        if tag not in value and default is None:
            raise Flaw("missing", (*at, tag))
        name = value.get(tag, default)
        if not isinstance(name, str) or name not in variants:
            raise Flaw("value", (*at, tag), ", ".join(f"'{known}'" for known in variants))
        variants[name](value, at)

    return check


def by_type(
    *, string: Check | None = None, items: Check | None = None, fields: Check | None = None, expected: str
) -> Check:
    """Accept a string, a list or an object, each with its own check; `expected` words the refusal."""

    def check(value: Any, at: Path) -> None:
        for kind, inner in ((str, string), (list, items), (dict, fields)):
            if inner is not None and isinstance(value, kind):
                inner(value, at)
                return
        raise Flaw("type", at, expected)

    return check


def fields(names: str, check: Check = anything) -> dict[str, Check]:
    """Give every space-separated name the same check."""
    return dict.fromkeys(names.split(), check)
