"""Tools that the client runs and that this dialect knows by a type: shells, patches, search among tools.

OpenAI's models know their parameters by training; a model of another vendor is shown a function with the
schema of the action. Its call becomes the item of the type again, and the item's output its result.
Shapes: openai 3.52.0 types, 2026-11-20.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from proxy_core import jsonbytes
from proxy_core.dialects.openai_responses.fields import Fields
from proxy_core.dialects.openai_responses.wire import NAME
from proxy_core.errors import DecodeError
from proxy_core.ir.message import EMPTY, Json, Typed
from proxy_core.ir.request import Function


def _string(description: str) -> dict[str, Json]:
    return {"type": "string", "description": description}


def _count(description: str) -> dict[str, Json]:
    return {"type": "integer", "description": description}


def _list(description: str) -> dict[str, Json]:
    return {"type": "array", "items": {"type": "string"}, "description": description}


def _schema(required: tuple[str, ...], **properties: dict[str, Json]) -> dict[str, Json]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


@dataclass(frozen=True, slots=True)
class Kind:
    """One type: how a foreign model is told of it, and where its item keeps the arguments."""

    description: str
    schema: Mapping[str, Json]
    member: str
    id_prefix: str


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "local_shell": Kind(
            "Runs a command on the user's machine and returns its output.",
            _schema(
                ("command",),
                command=_list('The program and its arguments, e.g. ["bash", "-lc", "ls"].'),
                env={
                    "type": "object",
                    "additionalProperties": {"type": "string"},
                    "description": "Environment variables to set.",
                },
                timeout_ms=_count("Milliseconds after which the command is stopped."),
                user=_string("The user to run the command as."),
                working_directory=_string("The folder to run the command in."),
            ),
            "action",
            "lsh",
        ),
        "shell": Kind(
            "Runs shell commands on the user's machine and returns what each of them printed.",
            _schema(
                ("commands",),
                commands=_list("The commands, in order."),
                timeout_ms=_count("Milliseconds after which the commands are stopped."),
                max_output_length=_count("Characters of output to return at most."),
            ),
            "action",
            "sh",
        ),
        "apply_patch": Kind(
            "Creates, changes or deletes one file.",
            _schema(
                ("type", "path"),
                type={
                    "type": "string",
                    "enum": ["create_file", "update_file", "delete_file"],
                    "description": "What to do with the file.",
                },
                path=_string("Path of the file, relative to the workspace."),
                diff=_string(
                    "For create_file and update_file: the changes in the V4A diff format, that is lines that "
                    "begin with + (added), - (removed) or a blank (kept), in sections that begin with @@. "
                    "A new file has + lines only."
                ),
            ),
            "operation",
            "apc",
        ),
        "tool_search": Kind(
            "Searches among further tools; those that are found can be called afterwards.",
            _schema(
                ("query",),
                query=_string("What the tool is needed for."),
                limit=_count("How many tools to return at most."),
            ),
            "arguments",
            "tsc",
        ),
    }
)
_DIFFED = frozenset({"create_file", "update_file"})


def local_tool(entry: Fields) -> Function | None:
    """Return a declaration as a function; None where the vendor runs the tool, or for any other type."""
    kind = entry.text("type") or ""
    if kind not in KINDS or not _is_local(kind, entry):
        return None
    known = KINDS[kind]
    schema = entry.raw.get("parameters") if kind == "tool_search" else None
    return Function(
        name=kind,
        description=entry.text("description") or known.description,
        schema=schema if isinstance(schema, dict) else known.schema,
        typed=Typed(kind, NAME, entry.raw),
    )


def _is_local(kind: str, entry: Fields) -> bool:
    if kind == "tool_search":
        return entry.text("execution") == "client"
    if kind == "shell":
        place = entry.inner("environment")
        return place is None or place.text("type") == "local"
    return True


def call_kind(item: Fields) -> str | None:
    """Return the kind of a call's item that the client ran; None for any other item."""
    kind = (item.text("type") or "").removesuffix("_call")
    if kind not in KINDS or not item.text("call_id"):
        return None
    if kind == "shell" and (place := item.inner("environment")) is not None and place.text("type") != "local":
        return None
    return None if kind == "tool_search" and item.text("execution") == "server" else kind


def call_arguments(kind: str, item: Fields) -> str:
    """Return the arguments that an item holds, as a function's."""
    given = item.raw.get(KINDS[kind].member)
    if isinstance(given, str):  # clients do send the arguments of a search as text
        return given if given.strip() else "{}"
    members = given if isinstance(given, dict) else {}
    if kind == "local_shell":
        members = {key: value for key, value in members.items() if key != "type"}
    return jsonbytes.text({key: value for key, value in members.items() if value not in (None, {})})


def call_item(kind: str, arguments: str) -> dict[str, Json] | None:
    """Return the members of an item for a call that another vendor's model made; None if they make none."""
    try:
        given = jsonbytes.decode(arguments)
    except DecodeError:
        return None
    if not isinstance(given, dict):
        return None
    made = _MAKERS[kind](given)
    if made is None:
        return None
    item: dict[str, Json] = {"type": f"{kind}_call", KINDS[kind].member: made}
    return {**item, "execution": "client"} if kind == "tool_search" else item


def _local_shell(given: Mapping[str, Json]) -> dict[str, Json] | None:
    command = given.get("command", given.get("cmd"))
    if isinstance(command, str) and command.strip():
        command = ["bash", "-lc", command]
    if not _are_texts(command):
        return None
    env = given.get("env")
    action = {"type": "exec", "command": command, "env": env if isinstance(env, dict) else {}}
    return {**action, **_others(given, timeout_ms=int, user=str, working_directory=str)}


def _shell(given: Mapping[str, Json]) -> dict[str, Json] | None:
    commands = given.get("commands", given.get("command"))
    if isinstance(commands, str) and commands.strip():
        commands = [commands]
    if not _are_texts(commands):
        return None
    return {"commands": commands, **_others(given, timeout_ms=int, max_output_length=int)}


def _apply_patch(given: Mapping[str, Json]) -> dict[str, Json] | None:
    kind, path, diff = given.get("type"), given.get("path"), given.get("diff")
    if not isinstance(path, str) or not path:
        return None
    if kind == "delete_file":
        return {"type": kind, "path": path}
    return {"type": kind, "path": path, "diff": diff} if kind in _DIFFED and isinstance(diff, str) else None


def _tool_search(given: Mapping[str, Json]) -> dict[str, Json]:
    return dict(given)


_MAKERS = MappingProxyType(
    {"local_shell": _local_shell, "shell": _shell, "apply_patch": _apply_patch, "tool_search": _tool_search}
)


def _are_texts(value: Json) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, str) for one in value)


def _others(given: Mapping[str, Json], **kinds: type) -> dict[str, Json]:
    return {key: given[key] for key, kind in kinds.items() if type(given.get(key)) is kind}


def typed_of(kind: str, item: Mapping[str, Json] = EMPTY) -> Typed:
    """Return the mark of a call or a result of such a tool."""
    return Typed(kind, NAME, item)
