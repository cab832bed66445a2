"""``tools`` and ``tool_choice`` for an upstream, and for the echo in a reply."""

from __future__ import annotations

from proxy_core.dialects.openai_responses.hosted import encode_hosted, wire_type
from proxy_core.dialects.openai_responses.wire import NAME
from proxy_core.errors import UnsupportedError
from proxy_core.ir.message import Json
from proxy_core.ir.request import Freeform, Function, Hosted, Loss, Tool, ToolChoice
from proxy_core.ir.schema import complete
from proxy_core.ir.tools import NOT_STRICT, asks_strict


def encode_tools(tools: tuple[Tool, ...], own: bool) -> tuple[list[Json], list[Loss]]:
    """Write tools; those of one namespace become one entry, at the place of the first.

    ``own``: the request came in this dialect, so its unknown members go back and ``strict`` stays as it was.
    Raises UnsupportedError for a hosted tool without an equivalent.
    """
    written: list[Json] = []
    losses: list[Loss] = []
    spaces: dict[str, list[Json]] = {}
    for place, tool in enumerate(tools):
        path = f"tools[{place}]"
        if isinstance(tool, Hosted):
            written.append(_hosted(tool, path, losses))
            continue
        if isinstance(tool, Function) and tool.typed is not None and tool.typed.dialect == NAME:
            written.append(dict(tool.typed.raw))
            continue
        entry = _freeform(tool) if isinstance(tool, Freeform) else _function(tool, own)
        if own and tool.deferred is not None:
            entry["defer_loading"] = tool.deferred
        if isinstance(tool, Function) and not own:
            losses += [
                Loss(f"{path}.{name}", "Functions have no such member here.") for name in tool.extensions
            ]
            if tool.strict and not asks_strict(tool):
                losses.append(Loss(f"{path}.strict", NOT_STRICT))
        if tool.namespace is None:
            written.append(entry)
        elif tool.namespace in spaces:
            spaces[tool.namespace].append(entry)
        else:
            spaces[tool.namespace] = [entry]
            written.append(_namespace(tool.namespace, spaces[tool.namespace]))
    return written, losses


def _namespace(name: str, tools: list[Json]) -> dict[str, Json]:
    return {"type": "namespace", "name": name, "description": f"Tools of {name}.", "tools": tools}


def _hosted(tool: Hosted, path: str, losses: list[Loss]) -> dict[str, Json]:
    encoded = encode_hosted(tool)
    if encoded is None:
        raise UnsupportedError(
            f"This model's provider has no tool like {tool.kind}: leave it out.", param=path
        )
    entry, lost = encoded
    losses += [Loss(f"{path}.{name}", "The vendor's own tool has no such setting.") for name in lost]
    return entry


def _function(tool: Function, own: bool) -> dict[str, Json]:
    entry: dict[str, Json] = {"type": "function", "name": tool.name}
    if tool.description is not None:
        entry["description"] = tool.description
    if own:
        entry["parameters"] = tool.schema
    else:
        entry["parameters"] = None if tool.schema is None else complete(tool.schema)
    # Absent means strict here and loose everywhere else.
    entry["strict"] = tool.strict if own else asks_strict(tool)
    if own:
        entry.update(tool.extensions)
    return entry


def _freeform(tool: Freeform) -> dict[str, Json]:
    entry: dict[str, Json] = {"type": "custom", "name": tool.name}
    if tool.description is not None:
        entry["description"] = tool.description
    if tool.grammar is not None:
        syntax = "regex" if tool.syntax == "regex" else "lark"
        entry["format"] = {"type": "grammar", "syntax": syntax, "definition": tool.grammar}
    return entry


def encode_choice(choice: ToolChoice, tools: tuple[Tool, ...]) -> Json:
    """Write the tool choice. Raises UnsupportedError for a forced hosted tool without an equivalent."""
    if choice.hosted is not None:
        kind = wire_type(choice.hosted, tools)
        if kind is None:
            raise UnsupportedError(f"{choice.hosted} cannot be forced on this model.", param="tool_choice")
        return {"type": kind}
    if not choice.only or choice.mode == "none":
        return choice.mode
    entries = [_entry(name, tools) for name in choice.only]
    if choice.mode == "required" and len(entries) == 1:
        return entries[0]
    return {"type": "allowed_tools", "mode": choice.mode, "tools": entries}


def _entry(name: str, tools: tuple[Tool, ...]) -> dict[str, Json]:
    for tool in tools:
        if isinstance(tool, Function) and tool.name == name and tool.typed is not None:
            return {"type": tool.typed.kind}
    is_freeform = any(isinstance(tool, Freeform) and tool.name == name for tool in tools)
    return {"type": "custom" if is_freeform else "function", "name": name}
