"""JSON Schema made fit for the vendor: pure, one schema at a time, never a whole request.

Two doors. ``parametersJsonSchema`` and ``responseJsonSchema`` take a subset of JSON Schema; ``parameters``
and ``responseSchema`` take an OpenAPI-like object. An unknown keyword at either is a hard 400 that kills
every tool of the request (google-genai 3.4.0 types and public issues, 2026-11-20). What a door does not
take goes into the description as a hint, so that the model still sees it. References are inlined; a
recursive one ends in a stub. Cleaning twice is cleaning once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from proxy_core.dialects.gemini_generate import schema_merge as merge
from proxy_core.dialects.gemini_generate.schema_limits import bounds, enumeration, notes
from proxy_core.ir.message import Json

Door = Literal["json", "open"]

_DEEPEST = 40
_MOST_NODES = 4000

_KEPT_BY_BOTH = ("format", "minItems", "maxItems", "minimum", "maximum")
_KEPT_BY_OPEN = ("minLength", "maxLength", "minProperties", "maxProperties", "pattern", "default")


def json_schema(schema: Mapping[str, Json]) -> dict[str, Json]:
    """Return the schema for ``responseJsonSchema``."""
    return _Cleaner("json", schema).root()


def json_parameters(schema: Mapping[str, Json]) -> dict[str, Json]:
    """Return the schema for ``parametersJsonSchema``: its root is always an object."""
    return merge.object_root(json_schema(merge.bare_map(schema)))


def open_schema(schema: Mapping[str, Json]) -> dict[str, Json]:
    """Return the schema for ``responseSchema``; types in upper case."""
    return _Cleaner("open", schema).root()


def open_parameters(schema: Mapping[str, Json]) -> dict[str, Json]:
    """Return the schema for ``parameters``: its root is always an object."""
    return merge.object_root(open_schema(merge.bare_map(schema)), "OBJECT")


class _Cleaner:
    """Walks one schema; ``root`` may be called once."""

    def __init__(self, door: Door, schema: Mapping[str, Json]) -> None:
        self._door: Door = door
        self._schema = schema
        self._nodes = 0

    def root(self) -> dict[str, Json]:
        return self._clean(self._schema, (), 0)

    def _clean(self, node: Json, refs: tuple[str, ...], depth: int) -> dict[str, Json]:
        self._nodes += 1
        if not isinstance(node, Mapping):
            return {"description": "No value is allowed here."} if node is False else {}
        if depth > _DEEPEST or self._nodes > _MOST_NODES:
            return self._typed({"type": "object", "description": "See above."})
        node, refs, stub = merge.resolve(node, self._schema, refs)
        if stub is not None:
            return self._typed(stub)
        node = merge.merge_all(node, self._schema)
        types, nullable = merge.types_of(node)
        nullable = nullable or merge.allows_null(node)
        branches, outer = merge.branches_of(node), merge.without_branches(node)
        if branches is None and len(types) > 1:
            branches = [merge.branch_for(kind, node) for kind in types]
            outer = merge.without_types(node)
        if branches is None:
            clean = self._single(node, types[0] if types else None, refs, depth)
        else:
            nullable = nullable or any(merge.is_null(branch) for branch in branches)
            branches = [branch for branch in branches if not merge.is_null(branch)]
            clean = self._union(outer, branches, refs, depth)
        return self._nullable(clean) if nullable else clean

    def _union(
        self, node: Mapping[str, Json], branches: list[Json], refs: tuple[str, ...], depth: int
    ) -> dict[str, Json]:
        """Clean a node with branches; ``node`` is what its parent says beside them."""
        outer = (
            self._clean(node, refs, depth)
            if node.keys() & merge.SHAPE
            else self._single(node, None, refs, depth)
        )
        cleaned = [self._clean(branch, refs, depth + 1) for branch in branches]
        cleaned = [branch for at, branch in enumerate(cleaned) if branch not in cleaned[:at]]
        if not all(cleaned):
            return outer
        if len(cleaned) == 1:
            return merge.overlay(cleaned[0], outer)
        described = {"description": outer.pop("description")} if "description" in outer else {}
        return {**described, "anyOf": [merge.overlay(branch, outer) for branch in cleaned]}

    def _nullable(self, clean: dict[str, Json]) -> dict[str, Json]:
        if self._door == "open":
            return {**clean, "nullable": True}
        if "anyOf" in clean:
            branches = clean["anyOf"]
            null = [] if any(merge.is_null(branch) for branch in branches) else [{"type": "null"}]
            return {**clean, "anyOf": [*branches, *null]}
        if not clean.keys() - {"description"}:
            return clean
        outer = {key: clean.pop(key) for key in ("description",) if key in clean}
        return {**outer, "anyOf": [clean, {"type": "null"}]}

    def _single(
        self, node: Mapping[str, Json], kind: str | None, refs: tuple[str, ...], depth: int
    ) -> dict[str, Json]:
        """Clean a node that has one type at most and no branches."""
        clean: dict[str, Json] = {}
        hints: list[str] = []
        values = enumeration(node, self._door == "open", hints)
        kind = kind or merge.implied_type(node, values)
        if kind is not None:
            clean["type"] = kind
        if values is not None:
            clean["enum"] = values
        bounds(node, kind, clean, hints)
        self._keep(node, clean, hints)
        self._properties(node, kind, clean, hints, refs, depth)
        if kind == "array":
            self._items(node, clean, refs, depth)
        notes(node, clean, hints)
        return self._typed(clean)

    def _keep(self, node: Mapping[str, Json], clean: dict[str, Json], hints: list[str]) -> None:
        for key in _KEPT_BY_BOTH + _KEPT_BY_OPEN:
            if key not in node or key in clean or node[key] is None:
                continue
            if self._takes(key, node[key]) and merge.is_sound(key, node[key]):
                clean[key] = node[key]
            else:
                hints.append(merge.hint(key, node[key]))

    def _takes(self, key: str, value: Json) -> bool:
        if self._door == "json":
            return key in _KEPT_BY_BOTH
        return key != "format" or value in ("int32", "int64", "float", "double", "date-time", "enum")

    def _properties(
        self,
        node: Mapping[str, Json],
        kind: str | None,
        clean: dict[str, Json],
        hints: list[str],
        refs: tuple[str, ...],
        depth: int,
    ) -> None:
        found = node.get("properties")
        required: list[str] = []
        if isinstance(found, Mapping) and kind in (None, "object"):
            clean["properties"] = {name: self._clean(item, refs, depth + 1) for name, item in found.items()}
            required = merge.required_of(node, found)
            if required:
                clean["required"] = required
            if order := [name for name in merge.strings(node.get("propertyOrdering")) if name in found]:
                clean["propertyOrdering"] = order
        more = node.get("additionalProperties")
        if more is None or kind not in (None, "object"):
            return
        if self._door == "json":
            clean["additionalProperties"] = (
                self._clean(more, refs, depth + 1) if isinstance(more, Mapping) else bool(more)
            )
        elif more is False:
            hints.append("no extra properties allowed")

    def _items(
        self, node: Mapping[str, Json], clean: dict[str, Json], refs: tuple[str, ...], depth: int
    ) -> None:
        items, prefix = node.get("items"), node.get("prefixItems")
        if isinstance(items, list):
            items, prefix = None, items
        prefix = prefix if isinstance(prefix, list) else []
        if prefix and self._door == "json":
            clean["prefixItems"] = [self._clean(item, refs, depth + 1) for item in prefix]
        elif prefix and not isinstance(items, Mapping):
            items = {"anyOf": prefix}
        if isinstance(items, Mapping):
            clean["items"] = self._clean(items, refs, depth + 1)
        elif not prefix:
            clean["items"] = self._typed({"type": "string"})

    def _typed(self, clean: dict[str, Json]) -> dict[str, Json]:
        if self._door == "open":
            clean = {key: value for key, value in clean.items() if key != "additionalProperties"}
            if isinstance(clean.get("type"), str):
                clean["type"] = clean["type"].upper()
            elif "anyOf" not in clean and clean.keys() - {"description"}:
                clean = {"type": "STRING", **clean}
        return clean
