"""Shapes of a schema node: references, ``allOf``, types, branches, and the repair of odd spellings."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from urllib.parse import unquote

from proxy_core import jsonbytes
from proxy_core.ir.message import Json

_TYPES = frozenset({"string", "number", "integer", "boolean", "array", "object", "null"})
_ALIASES: Mapping[str, str] = MappingProxyType(
    {"float": "number", "double": "number", "int": "integer", "bool": "boolean", "str": "string"}
)
_FOR_TYPE: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "object": frozenset(
            {
                "properties",
                "required",
                "additionalProperties",
                "propertyOrdering",
                "minProperties",
                "maxProperties",
            }
        ),
        "array": frozenset({"items", "prefixItems", "minItems", "maxItems", "uniqueItems"}),
        "string": frozenset({"minLength", "maxLength", "pattern", "format"}),
        "number": frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"}),
    }
)
_ANY_TYPE = frozenset().union(*_FOR_TYPE.values())
SHAPE = frozenset(
    {"type", "$ref", "anyOf", "oneOf", "allOf", "enum", "const", "items", "additionalProperties"}
)
_MOST_MERGED = 20


def resolve(
    node: Mapping[str, Json], root: Mapping[str, Json], refs: tuple[str, ...]
) -> tuple[Mapping[str, Json], tuple[str, ...], dict[str, Json] | None]:
    """Inline the node's reference: (node, references on the way, stub).

    The stub stands for the whole node where the reference is recursive or leads nowhere.
    """
    while isinstance(ref := node.get("$ref"), str):
        target = None if ref in refs else _pointed(root, ref)
        if target is None:
            name = ref.rstrip("/").rsplit("/", 1)[-1]
            return node, refs, {"type": "object", "description": f"See: {name or 'the root'}"}
        refs = (*refs, ref)
        node = {**target, **{key: value for key, value in node.items() if key != "$ref"}}
    return node, refs, None


def _pointed(root: Mapping[str, Json], ref: str) -> Mapping[str, Json] | None:
    if not ref.startswith("#"):
        return None
    found: Json = root
    for step in unquote(ref[1:]).split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        if isinstance(found, Mapping):
            found = found.get(key)
        elif isinstance(found, list) and key.isdecimal() and int(key) < len(found):
            found = found[int(key)]
        else:
            return None
    return found if isinstance(found, Mapping) else None


def merge_all(node: Mapping[str, Json], root: Mapping[str, Json]) -> Mapping[str, Json]:
    """Merge ``allOf`` into the node, and ``then``/``else`` properties that it does not have yet."""
    if not node.keys() & {"allOf", "then", "else"}:
        return node
    merged = {key: value for key, value in node.items() if key not in ("allOf", "then", "else")}
    pending = list(node["allOf"]) if isinstance(node.get("allOf"), list) else []
    branches = [node[key] for key in ("then", "else") if isinstance(node.get(key), Mapping)]
    seen: tuple[str, ...] = ()
    taken = 0
    while pending and taken < _MOST_MERGED:
        taken += 1
        part = pending.pop(0)
        if not isinstance(part, Mapping):
            continue
        part, seen, stub = resolve(part, root, seen)
        if stub is None:
            pending[:0] = part["allOf"] if isinstance(part.get("allOf"), list) else []
            _absorb(merged, part, with_required=True)
    for branch in branches:
        _absorb(merged, {"properties": branch.get("properties")}, with_required=False)
    return merged


def _absorb(merged: dict[str, Json], part: Mapping[str, Json], *, with_required: bool) -> None:
    for key, value in part.items():
        mine = merged.get(key)
        if key == "allOf" or value is None:
            continue
        if key == "properties" and isinstance(value, Mapping):
            merged[key] = {**value, **mine} if isinstance(mine, Mapping) else dict(value)
        elif key == "required" and with_required and isinstance(value, list):
            known = mine if isinstance(mine, list) else []
            merged[key] = [*known, *(name for name in value if name not in known)]
        elif key == "description" and isinstance(mine, str) and isinstance(value, str):
            merged[key] = mine if value in mine else f"{mine} {value}"
        elif mine is None:
            merged[key] = value


def types_of(node: Mapping[str, Json]) -> tuple[list[str], bool]:
    """Return the node's types in lower case without *null*, and whether null is allowed."""
    given = node.get("type")
    words = given if isinstance(given, list) else [given]
    types: list[str] = []
    for word in words:
        name = word.lower() if isinstance(word, str) else ""
        name = _ALIASES.get(name, name)
        if name in _TYPES and name not in types:
            types.append(name)
    nullable = node.get("nullable") is True or ("null" in types and len(types) > 1)
    if types != ["null"]:
        types = [name for name in types if name != "null"]
    return types, nullable


def branches_of(node: Mapping[str, Json]) -> list[Json] | None:
    """Return the branches of ``anyOf`` or ``oneOf``; None where there are none."""
    for key in ("anyOf", "oneOf"):
        if isinstance(node.get(key), list) and node[key]:
            return list(node[key])
    return None


def branch_for(kind: str, node: Mapping[str, Json]) -> dict[str, Json]:
    """Return the branch of a multi-type node for one type: what speaks of that type goes with it."""
    mine = _FOR_TYPE.get("number" if kind == "integer" else kind, frozenset())
    branch: dict[str, Json] = {key: value for key, value in node.items() if key in mine}
    values = node.get("enum")
    if isinstance(values, list) and (fitting := [value for value in values if _is_a(value, kind)]):
        branch["enum"] = fitting
    return {"type": kind, **branch}


def _is_a(value: Json, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    if isinstance(value, str):
        return kind == "string"
    return isinstance(value, int | float) and kind in ("number", "integer")


def without_branches(node: Mapping[str, Json]) -> dict[str, Json]:
    """Return what a node says beside its branches; several types say nothing that branches do not."""
    gone = {"anyOf", "oneOf", "nullable"} | ({"type"} if isinstance(node.get("type"), list) else set())
    return {key: value for key, value in node.items() if key not in gone}


def without_types(node: Mapping[str, Json]) -> dict[str, Json]:
    """Return what a node of several types says beside them: nothing that belongs to one type only."""
    gone = _ANY_TYPE | {"type", "enum", "nullable"}
    return {key: value for key, value in node.items() if key not in gone}


def overlay(inner: dict[str, Json], outer: Mapping[str, Json]) -> dict[str, Json]:
    """Return a collapsed union: the only branch with what its parent says beside it."""
    merged = {**inner}
    if "type" in inner and outer.get("type", inner["type"]) != inner["type"]:
        # They contradict each other: nothing else that the parent says can apply.
        outer = {key: value for key, value in outer.items() if key == "description"}
    for key, value in outer.items():
        mine = merged.get(key)
        if key == "properties" and isinstance(mine, Mapping):
            merged[key] = {**value, **mine}
        elif key == "required" and isinstance(mine, list):
            merged[key] = [*mine, *(name for name in value if name not in mine)]
        elif key == "description" and isinstance(mine, str):
            merged[key] = value if mine in value else f"{value} {mine}"
        elif key not in merged:
            merged[key] = value
    return merged


def is_null(branch: Json) -> bool:
    """Whether a branch allows null and nothing else."""
    if not isinstance(branch, Mapping):
        return False
    kind = branch.get("type")
    only = (isinstance(kind, str) and kind.lower() == "null") or kind == ["null"]
    return only or branch.get("enum") == [None] or ("const" in branch and branch["const"] is None)


def allows_null(node: Mapping[str, Json]) -> bool:
    """Whether the node's enum holds null beside other values."""
    values = node.get("enum")
    return isinstance(values, list) and None in values and len(values) > 1


def implied_type(node: Mapping[str, Json], values: list[Json] | None) -> str | None:
    """Return the type that a node without one shows by its keywords."""
    if values and all(isinstance(value, str) for value in values):
        return "string"
    if isinstance(node.get("properties"), Mapping):
        return "object"
    if isinstance(node.get("items"), Mapping) or (
        isinstance(node.get("prefixItems"), list) and node["prefixItems"]
    ):
        return "array"
    return None


def required_of(node: Mapping[str, Json], properties: Mapping[str, Json]) -> list[str]:
    """Return the required names that exist, each once; ``required: true`` on a property counts."""
    named = [name for name in strings(node.get("required")) if name in properties]
    flagged = [
        name
        for name, item in properties.items()
        if isinstance(item, Mapping) and item.get("required") is True and name not in named
    ]
    return list(dict.fromkeys([*named, *flagged]))


def strings(value: Json) -> list[str]:
    """Return the strings of a list; anything else gives none."""
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def bare_map(schema: Mapping[str, Json]) -> Mapping[str, Json]:
    """Repair a bare property map without ``properties``, as some MCP servers send it."""
    if not schema or not all(isinstance(value, Mapping) for value in schema.values()):
        return schema
    if schema.keys() & {"properties", "$defs", "definitions"} or isinstance(schema.get("items"), list):
        return schema
    if not any(value.keys() & SHAPE for value in schema.values()):
        return schema
    return {"type": "object", "properties": schema}


def object_root(clean: dict[str, Json], word: str = "object") -> dict[str, Json]:
    """Return cleaned parameters with an object at the root: the objects among its branches are merged."""
    branches = clean.get("anyOf")
    objects = [item for item in branches if "properties" in item] if isinstance(branches, list) else []
    if not objects and clean.get("type", word) != word:
        clean = {key: value for key, value in clean.items() if key == "description"}
    merged = {key: value for key, value in clean.items() if key not in ("anyOf", "type", "nullable")}
    properties = dict(merged.get("properties", {}))
    for branch in objects:
        properties = {**branch["properties"], **properties}
    shared = [set(branch.get("required", ())) for branch in objects]
    required = set(merged.pop("required", ())) | (set.intersection(*shared) if shared else set())
    rest = {key: value for key, value in merged.items() if key != "properties"}
    ordered = [name for name in properties if name in required]
    return {
        "type": word,
        **rest,
        "properties": properties,
        **({"required": ordered} if ordered else {}),
    }


def is_sound(key: str, value: Json) -> bool:
    """Whether a kept keyword has a value of the right type."""
    if key in ("format", "pattern"):
        return isinstance(value, str)
    if key == "default":
        return True
    number = isinstance(value, int | float) and not isinstance(value, bool) and -math.inf < value < math.inf
    return number and (key in ("minimum", "maximum") or value == int(value))


def hint(key: str, value: Json) -> str:
    """Return a keyword as words for the description."""
    return f"{key}: {value if isinstance(value, str) else jsonbytes.text(value)}"
