"""What commands print: for people, or one JSON value for scripts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import click


def emit(as_json: bool, value: Any, text: str) -> None:
    """Print ``value`` as JSON or ``text`` for people, on standard output."""
    click.echo(json.dumps(value, ensure_ascii=False) if as_json else text)


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return aligned columns; numbers stand right."""
    cells = [[_cell(value) for value in row] for row in rows]
    widths = [
        max(len(name), *(len(row[column]) for row in cells)) if cells else len(name)
        for column, name in enumerate(head)
    ]
    right = [bool(rows) and all(_is_number(row[column]) for row in rows) for column in range(len(head))]
    lines = [_line(list(head), widths, right), *(_line(row, widths, right) for row in cells)]
    return "\n".join(lines)


def _cell(value: object) -> str:
    if value is None:
        return "–"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def _is_number(value: object) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def _line(cells: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    padded = [
        cell.rjust(width) if is_right else cell.ljust(width)
        for cell, width, is_right in zip(cells, widths, right, strict=True)
    ]
    return "  ".join(padded).rstrip()
