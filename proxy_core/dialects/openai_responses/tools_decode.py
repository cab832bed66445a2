"""``tools`` and ``tool_choice`` of a request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from proxy_core.dialects.openai_responses.fields import Fields, fields, wrong
from proxy_core.dialects.openai_responses.hosted import CHOICES, tool_kind
from proxy_core.dialects.openai_responses.input_decode import DEFAULT_NAMESPACE
from proxy_core.dialects.openai_responses.local_tools import KINDS, local_tool
from proxy_core.dialects.openai_responses.wire import NAME
from proxy_core.errors import UnsupportedError
from proxy_core.ir.message import EMPTY, Json
from proxy_core.ir.request import Freeform, Function, Hosted, Tool, ToolChoice

_KNOWN = frozenset({"type", "name", "description", "parameters", "strict", "namespace", "defer_loading"})
_OFFERS = frozenset({"programmatic_tool_calling"})
"""Ways to call tools rather than tools: merely offered, the model can do without them."""


@dataclass(frozen=True, slots=True)
class Toolbox:
    """The tools; ``offers`` are entries, by path, that no other dialect can say and nobody must have."""

    tools: tuple[Tool, ...]
    offers: tuple[tuple[str, Json], ...]


def decode_tools(body: Fields, from_items: Iterable[Fields], found: Iterable[Fields] = ()) -> Toolbox:
    """Read top-level tools, then those that rode in items (the encoders keep the first of a name).

    Those that a search ``found`` are no longer deferred, however they are marked.
    """
    tools: list[Tool] = []
    offers: list[tuple[str, Json]] = []
    for entry in (*body.objects("tools"), *from_items):
        tools += _taken(entry, offers)
    for entry in found:
        for tool in _taken(entry, offers):
            tools.append(tool if isinstance(tool, Hosted) else replace(tool, deferred=None))
    return Toolbox(tuple(tools), tuple(offers))


def _taken(entry: Fields, offers: list[tuple[str, Json]]) -> list[Tool]:
    if entry.need("type") not in _OFFERS:
        return list(_decode(entry, None))
    offers.append((entry.path, entry.raw))
    return []


def _decode(entry: Fields, namespace: str | None) -> Iterator[Tool]:
    kind = entry.need("type")
    match kind:
        case "function":
            yield _function(entry, namespace)
        case "custom":
            yield _freeform(entry, namespace)
        case "namespace":
            name = entry.need("name")
            for child in entry.objects("tools"):
                yield from _decode(child, None if name == DEFAULT_NAMESPACE else name)
        case _:
            hosted = Hosted(tool_kind(kind), NAME, entry.raw, entry.text("name"))
            yield local_tool(entry) or hosted


def _function(entry: Fields, namespace: str | None) -> Function:
    if isinstance(entry.raw.get("function"), dict) and "name" not in entry.raw:
        # Chat's nesting is a frequent slip of clients.
        entry = fields(entry.raw["function"], entry.at("function"))
    schema = entry.inner("parameters")
    others = {key: value for key, value in entry.raw.items() if key not in _KNOWN and value is not None}
    return Function(
        name=entry.need("name"),
        description=entry.text("description"),
        schema=None if schema is None else schema.raw,
        strict=entry.flag("strict"),
        namespace=namespace,
        extensions=others or EMPTY,
        deferred=entry.flag("defer_loading"),
    )


def _freeform(entry: Fields, namespace: str | None) -> Freeform:
    form = entry.inner("format")
    grammar = syntax = None
    if form is not None and form.text("type") == "grammar":
        grammar, syntax = form.need("definition"), form.text("syntax")
    return Freeform(
        entry.need("name"),
        entry.text("description"),
        grammar,
        syntax,
        namespace,
        entry.flag("defer_loading"),
    )


def decode_choice(body: Fields, tools: Sequence[Tool]) -> ToolChoice | None:
    """Read ``tool_choice``.

    Raises DecodeError, also for a forced function that is not among ``tools``, and UnsupportedError for a
    forced way of calling.
    """
    choice = body.raw.get("tool_choice")
    if choice is None:
        return None
    if choice in ("auto", "none", "required"):
        return ToolChoice(choice)
    if not isinstance(choice, dict):
        raise wrong("tool_choice", "auto, none, required or an object")
    return _object_choice(fields(choice, "tool_choice"), tools)


def _object_choice(choice: Fields, tools: Sequence[Tool]) -> ToolChoice:
    kind = choice.need("type")
    match kind:
        case "function" | "custom":
            nested = choice.inner("function") if "name" not in choice.raw else None
            return _forced(nested or choice, tools)
        case "allowed_tools":
            return _allowed(choice)
        case _ if kind in _typed_kinds(tools):
            return ToolChoice("required", (kind,))
        case "tool_search" | "programmatic_tool_calling":
            raise UnsupportedError(
                f"{kind} cannot be forced on a model of another kind.", param="tool_choice"
            )
        case _ if kind in CHOICES or any(
            isinstance(tool, Hosted) and tool.raw.get("type") == kind for tool in tools
        ):
            return ToolChoice("required", hosted=tool_kind(kind))
        case _:
            raise wrong(choice.at("type"), "function, custom, allowed_tools or the type of a hosted tool")


def _typed_kinds(tools: Sequence[Tool]) -> set[str]:
    return {tool.typed.kind for tool in tools if isinstance(tool, Function) and tool.typed is not None}


def _callable_name(entry: Fields) -> str | None:
    kind = entry.need("type")
    if kind in ("function", "custom"):
        return entry.need("name")
    return kind if kind in KINDS else None


def _forced(choice: Fields, tools: Sequence[Tool]) -> ToolChoice:
    name = choice.need("name")
    if all(tool.name != name for tool in tools):
        raise wrong(choice.at("name"), "the name of one of the tools of this request")
    return ToolChoice("required", (name,))


def _allowed(choice: Fields) -> ToolChoice:
    mode = choice.text("mode") or "auto"
    if mode not in ("auto", "required"):
        raise wrong(choice.at("mode"), "auto or required")
    entries = tuple(choice.objects("tools"))
    names = tuple(name for entry in entries if (name := _callable_name(entry)))
    if not names and entries:
        kinds = {tool_kind(entry.need("type")) for entry in entries}
        if mode == "required" and len(kinds) == 1:
            return ToolChoice("required", hosted=kinds.pop())
        raise UnsupportedError("allowed_tools needs at least one function.", param=choice.at("tools"))
    return ToolChoice("required" if mode == "required" else "auto", names)
