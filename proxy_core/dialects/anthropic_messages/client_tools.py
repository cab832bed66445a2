"""Typed tools that the client itself runs, as plain functions for models of other vendors.

Anthropic's models know the parameters of ``bash``, ``text_editor`` and ``memory`` by training, so the
request only names the type. Parameters from the vendor's tool documentation, read 2026-11-20.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from proxy_core.dialects.anthropic_messages.words import bare_type
from proxy_core.ir.message import CacheMark, Json
from proxy_core.ir.request import Function

_NEUTRAL = frozenset({"name", "cache_control"})


def _text(description: str) -> dict[str, Json]:
    return {"type": "string", "description": description}


def _schema(required: tuple[str, ...], **properties: dict[str, Json]) -> dict[str, Json]:
    return {"type": "object", "properties": properties, "required": list(required)}


def _lines() -> dict[str, Json]:
    words = "For view: first and last line, counted from 1; -1 means the end."
    return {"type": "array", "items": {"type": "integer"}, "description": words}


def _line() -> dict[str, Json]:
    return {"type": "integer", "description": "For insert: the line after which to insert."}


def _commands(*names: str) -> dict[str, Json]:
    return {"type": "string", "enum": list(names), "description": "What to do."}


_KNOWN: Mapping[str, tuple[str, dict[str, Json]]] = MappingProxyType(
    {
        "bash": (
            "Runs a command in a persistent bash session and returns its output.",
            _schema(
                (),
                command=_text("The command to run; needed unless restart is true."),
                restart={"type": "boolean", "description": "True restarts the session."},
            ),
        ),
        "text_editor": (
            "Views, creates and edits text files.",
            _schema(
                ("command", "path"),
                command=_commands("view", "create", "str_replace", "insert"),
                path=_text("Path of the file or folder."),
                file_text=_text("For create: the whole content."),
                old_str=_text("For str_replace: the text to replace; it must occur exactly once."),
                new_str=_text("For str_replace: the new text."),
                insert_line=_line(),
                insert_text=_text("For insert: the text to insert."),
                view_range=_lines(),
            ),
        ),
        "memory": (
            "Keeps notes in files below /memories that outlive the conversation.",
            _schema(
                ("command",),
                command=_commands("view", "create", "str_replace", "insert", "delete", "rename"),
                path=_text("Path below /memories."),
                file_text=_text("For create: the whole content."),
                old_str=_text("For str_replace: the text to replace."),
                new_str=_text("For str_replace: the new text."),
                insert_line=_line(),
                insert_text=_text("For insert: the text to insert."),
                old_path=_text("For rename: the present path."),
                new_path=_text("For rename: the new path."),
                view_range=_lines(),
            ),
        ),
    }
)


def client_tool(kind: str, raw: Mapping[str, Json]) -> Function | None:
    """Return a function for a typed tool with known parameters, None for any other type.

    Its extensions hold what makes the typed declaration again, ``type`` first of all.
    """
    known = _KNOWN.get(bare_type(kind))
    name = raw.get("name")
    if known is None or not isinstance(name, str):
        return None
    description, schema = known
    mark = raw.get("cache_control")
    ttl = mark.get("ttl") if isinstance(mark, dict) else None
    return Function(
        name=name,
        description=description,
        schema=schema,
        cache=CacheMark(ttl if isinstance(ttl, str) else None) if isinstance(mark, dict) else None,
        extensions={key: value for key, value in raw.items() if key not in _NEUTRAL},
    )
