"""Finds plug-ins by scanning their shelf; nothing else names them.

A shelf is a package; each child package exports exactly one tuple under the shelf's constant
(``DIALECTS``, ``PROVIDERS``, ``WINDOWS``). An empty shelf is an error: in a frozen bundle a scan that
finds nothing is otherwise silent (PyInstaller 6.22.3, reproduced 2026-11-20).
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable
from typing import Any, Protocol, TypeVar


class Named(Protocol):
    """Anything that a shelf holds."""

    @property
    def name(self) -> str:
        """The plug-in's id, unique on its shelf."""
        ...


N = TypeVar("N", bound=Named)


def discover(shelf: str, constant: str, kind: type[N] | Any) -> dict[str, Any]:
    """Import every child of package ``shelf`` and collect its ``constant`` by name.

    Raises RuntimeError when the shelf is empty, a child exports nothing or a name comes twice.
    ``kind`` is only for the reader and the type checker.
    """
    package = importlib.import_module(shelf)
    found: dict[str, Any] = {}
    for child in sorted(module.name for module in pkgutil.iter_modules(package.__path__)):
        for item in _exported(importlib.import_module(f"{shelf}.{child}"), constant):
            if item.name in found:
                raise RuntimeError(f"{shelf}: the name {item.name!r} is taken twice")
            found[item.name] = item
    if not found:
        raise RuntimeError(f"the shelf {shelf} is empty: its plug-ins were not found or not packaged")
    return found


def _exported(module: Any, constant: str) -> Iterable[Any]:
    exported = getattr(module, constant, None)
    if not isinstance(exported, tuple) or not exported:
        raise RuntimeError(f"{module.__name__} must export a non-empty tuple {constant}")
    return exported
