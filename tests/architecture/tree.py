"""Reads the source tree for the architecture rules; the root is a parameter, so planted trees work too."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ("proxy_core", "app")
PURE = (
    *(f"proxy_core/{name}" for name in ("ir", "dialects", "providers", "routing")),
    *(f"proxy_core/{name}.py" for name in ("dialect", "provider", "provider_key", "sse", "jsonbytes")),
)
SHELVES = (
    ("proxy_core/dialects", "DIALECTS"),
    ("proxy_core/providers", "PROVIDERS"),
    ("app/windows", "WINDOWS"),
)


def python_files(root: Path, *tops: str) -> Iterator[tuple[str, Path]]:
    """Yield (path below root with slashes, path) of every Python file below the given folders or files."""
    for top in tops:
        place = root / top
        found = [place] if place.is_file() else sorted(place.rglob("*.py"))
        for path in found:
            yield path.relative_to(root).as_posix(), path


def parse(path: Path) -> ast.Module:
    """Return the syntax tree of a file; parsed once per content."""
    return _parse(path.read_text("utf-8"))


@cache
def _parse(text: str) -> ast.Module:
    return ast.parse(text)


def is_within(path: str, folder: str) -> bool:
    """Return whether a slash path is the folder, or below it."""
    return PurePosixPath(path).is_relative_to(folder)


def plugin_folders(root: Path, shelf: str) -> list[str]:
    """Return the names of the plug-in packages on a shelf; empty where there is no such shelf."""
    place = root / shelf
    return (
        sorted(child.name for child in place.iterdir() if (child / "__init__.py").is_file())
        if place.is_dir()
        else []
    )
