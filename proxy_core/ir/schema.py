"""JSON schemas of tools, made to fit what vendors demand. Pure, never in place."""

from __future__ import annotations

from collections.abc import Mapping

from proxy_core.ir.message import Json

_MAX_DEPTH = 40
_UNIONS = ("anyOf", "oneOf", "allOf")
_SHAPE = frozenset({"type", "enum", "const", "anyOf", "oneOf", "allOf", "$ref", "properties", "items"})
_OUTER = frozenset({"properties", "$defs", "definitions", "items", "additionalProperties", "not"})


def repaired(schema: Mapping[str, Json]) -> dict[str, Json]:
    """Return a tool's schema without the two slips that servers of tools are known for.

    A bare map of properties becomes an object of them, and ``required: true`` on a property a name in its
    owner's list: as they are, every vendor refuses the whole request.
    """
    return _listed(_wrapped(schema), 0)


def _wrapped(schema: Mapping[str, Json]) -> Mapping[str, Json]:
    values = list(schema.values())
    is_map = bool(values) and all(isinstance(value, dict) for value in values)
    if not is_map or schema.keys() & _OUTER or not any(value.keys() & _SHAPE for value in values):
        return schema
    return {"type": "object", "properties": schema}


def _listed(schema: Mapping[str, Json], depth: int) -> dict[str, Json]:
    result = dict(schema)
    if depth > _MAX_DEPTH:
        return result
    if isinstance(result.get("required"), bool):
        del result["required"]
    properties = result.get("properties")
    if isinstance(properties, dict):
        given = result.get("required")
        named = list(given) if isinstance(given, list) else []
        flagged = [name for name, value in properties.items() if _is_flagged(value)]
        result["properties"] = {name: _inner(value, depth) for name, value in properties.items()}
        if missing := [name for name in flagged if name not in named]:
            result["required"] = [*named, *missing]
    for name in ("items", "additionalProperties"):
        if name in result:
            result[name] = _inner(result[name], depth)
    for name in ("anyOf", "oneOf", "allOf"):
        if isinstance(result.get(name), list):
            result[name] = [_inner(value, depth) for value in result[name]]
    return result


def _is_flagged(value: Json) -> bool:
    return isinstance(value, dict) and value.get("required") is True


def _inner(value: Json, depth: int) -> Json:
    return _listed(value, depth + 1) if isinstance(value, dict) else value


def complete(schema: Mapping[str, Json]) -> dict[str, Json]:
    """Return the repaired schema as OpenAI demands it.

    It is an object; every object in it has ``properties`` and every array ``items``.
    """
    fixed = repaired(schema)
    if fixed.get("type") != "object" or any(union in fixed for union in _UNIONS):
        fixed = object_root(fixed)
    return _completed_object(fixed, 0)


def _completed_object(schema: Mapping[str, Json], depth: int) -> dict[str, Json]:
    result = dict(schema)
    if depth > _MAX_DEPTH:
        return result
    if result.get("type") == "object" and not isinstance(result.get("properties"), dict):
        result["properties"] = {}
    if result.get("type") == "array" and not isinstance(result.get("items"), dict | bool):
        result["items"] = {}
    properties = result.get("properties")
    if isinstance(properties, dict):
        result["properties"] = {name: _completed(value, depth) for name, value in properties.items()}
    for name in ("items", "additionalProperties"):
        if name in result:
            result[name] = _completed(result[name], depth)
    for name in ("anyOf", "oneOf", "allOf"):
        if isinstance(result.get(name), list):
            result[name] = [_completed(value, depth) for value in result[name]]
    return result


def _completed(value: Json, depth: int) -> Json:
    return _completed_object(value, depth + 1) if isinstance(value, dict) else value


def is_strict(schema: Mapping[str, Json]) -> bool:
    """Whether every object of the schema is closed and requires all that it has, as OpenAI wants it."""
    return _is_strict(schema, 0)


def _is_strict(schema: Json, depth: int) -> bool:
    if not isinstance(schema, dict) or depth > _MAX_DEPTH:
        return True
    properties = schema.get("properties")
    inner: list[Json] = [schema.get("items")]
    for name in ("properties", "$defs", "definitions"):
        inner.extend(schema[name].values() if isinstance(schema.get(name), dict) else ())
    for union in _UNIONS:
        inner.extend(schema[union] if isinstance(schema.get(union), list) else ())
    if schema.get("type") == "object" or isinstance(properties, dict):
        if schema.get("additionalProperties") is not False:
            return False
        if set(_required(schema)) != set(_properties(schema)):
            return False
    return all(_is_strict(one, depth + 1) for one in inner)


def object_root(schema: Mapping[str, Json] | None) -> dict[str, Json]:
    """Return a tool's schema with an object at its root and ``properties`` in it.

    Most vendors refuse unions at the root, so their branches are merged: all properties, and as
    required only what every branch of a choice requires.
    """
    root: dict[str, Json] = dict(schema or {})
    root = _resolved(root, root)
    branches: list[tuple[str, dict[str, Json]]] = []
    for union in _UNIONS:
        found = root.pop(union, None)
        for branch in found if isinstance(found, list) else ():
            if isinstance(branch, dict):
                branches.append((union, _resolved(branch, root)))
    out: dict[str, Json] = {**root, "type": "object", "properties": _properties(root)}
    required = set(_required(root))
    choices: dict[str, list[set[str]]] = {}
    for union, branch in branches:
        inner = object_root(branch)
        for name, value in inner["properties"].items():
            out["properties"].setdefault(name, value)
        choices.setdefault(union, []).append(set(_required(inner)))
    for union, sets in choices.items():
        required |= set.union(*sets) if union == "allOf" else set.intersection(*sets)
    out.pop("required", None)
    order = dict.fromkeys((*_required(root), *out["properties"]))
    if names := [name for name in order if name in required and name in out["properties"]]:
        out["required"] = names
    if branches:
        out.pop("additionalProperties", None)
    return out


def _resolved(schema: dict[str, Json], root: dict[str, Json]) -> dict[str, Json]:
    reference = schema.get("$ref")
    if not isinstance(reference, str) or not reference.startswith("#/"):
        return dict(schema)
    found: Json = root
    for step in reference[2:].split("/"):
        found = found.get(step.replace("~1", "/").replace("~0", "~")) if isinstance(found, dict) else None
    rest = {key: value for key, value in schema.items() if key != "$ref"}
    if not isinstance(found, dict) or found is root:
        return rest
    return {**{key: value for key, value in found.items() if key != "$ref"}, **rest}


def _properties(schema: dict[str, Json]) -> dict[str, Json]:
    found = schema.get("properties")
    return dict(found) if isinstance(found, dict) else {}


def _required(schema: dict[str, Json]) -> list[str]:
    found = schema.get("required")
    return [name for name in found if isinstance(name, str)] if isinstance(found, list) else []
