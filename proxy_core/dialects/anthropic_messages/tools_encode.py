"""Tools and tool choice of a request to the wire (anthropic 2.11.0 types, 2026-11-20)."""

from __future__ import annotations

from proxy_core.dialects.anthropic_messages.blocks_encode import Block, marked
from proxy_core.dialects.anthropic_messages.schema import strict_schema
from proxy_core.dialects.anthropic_messages.words import HOSTED, NAME, bare_type
from proxy_core.errors import UnsupportedError
from proxy_core.ir.message import Json, ToolCall
from proxy_core.ir.request import Function, Hosted, Loss, Request, Tool, ToolChoice
from proxy_core.ir.schema import object_root, repaired

_SEARCH = "web_search_20250305"
_CODE = "code_execution_20250825"
_FETCH = "web_fetch_20250910"
_OWN_KEYS = ("eager_input_streaming", "input_examples", "allowed_callers")
_SAID = frozenset({"type", "name", "user_location", "filters", "googleSearch"})
_PLACES = ("city", "region", "country", "timezone")


def encode_tools(request: Request, losses: list[Loss]) -> list[Block]:
    """Return ``tools``.

    Raises UnsupportedError for a hosted tool that the vendor does not have, and for a list of allowed tools
    that leaves out one that the conversation has used.
    """
    is_own = request.dialect == NAME
    if not is_own:
        losses += _lost(request.tools)
    tools = _allowed(request)
    blocks = [_tool(tool, is_own) for tool in tools]
    taken = {tool.name for tool in tools if isinstance(tool, Function)}
    for block, tool in zip(blocks, tools, strict=True):
        if isinstance(tool, Hosted) and block.get("name") in taken:
            raise UnsupportedError(
                f"A tool of your own is called {block['name']!r}, as the vendor's; rename it.", param="tools"
            )
    return blocks


def _tool(tool: Tool, is_own: bool) -> Block:
    if isinstance(tool, Hosted):
        return _hosted(tool)
    if not isinstance(tool, Function):
        raise UnsupportedError(f"The tool {tool.name!r} has no JSON arguments.", param="tools")
    if is_own and "type" in tool.extensions:
        return marked({"name": tool.name, **tool.extensions}, tool.cache)
    block: Block = {"name": tool.name}
    if tool.description:
        block["description"] = tool.description
    schema = object_root(None if tool.schema is None else repaired(tool.schema))
    if is_own and tool.schema is not None:
        block["input_schema"] = tool.schema
    else:
        block["input_schema"] = strict_schema(schema) if tool.strict else schema
    if tool.strict is not None and (is_own or tool.strict):
        block["strict"] = tool.strict
    if is_own:
        block |= {key: tool.extensions[key] for key in _OWN_KEYS if key in tool.extensions}
    if is_own and tool.deferred is not None:
        block["defer_loading"] = tool.deferred
    return marked(block, tool.cache)


def _lost(tools: tuple[Tool, ...]) -> list[Loss]:
    """Return the members of other vendors' declarations that have no place here."""
    lost = []
    for place, tool in enumerate(tools):
        members: tuple[str, ...] = ()
        if isinstance(tool, Function):
            members = tuple(tool.extensions)
        elif isinstance(tool, Hosted) and tool.dialect != NAME:
            members = (
                *(key for key, value in tool.raw.items() if key not in _SAID and value),
                *_google(tool),
            )
        lost += [Loss(f"tools[{place}].{key}", "Anthropic has nothing like it") for key in members]
    return lost


def _google(tool: Hosted) -> tuple[str, ...]:
    settings = tool.raw.get("googleSearch")
    if not isinstance(settings, dict):
        return ()
    return tuple(
        f"googleSearch.{key}" for key, value in settings.items() if key != "excludeDomains" and value
    )


def _hosted(tool: Hosted) -> Block:
    if tool.dialect == NAME:
        return dict(tool.raw)
    if tool.kind == "web_search":
        return {"type": _SEARCH, "name": "web_search", **_search_options(tool)}
    if tool.kind == "code_execution":
        return {"type": _CODE, "name": "code_execution"}
    if tool.kind == "web_fetch":
        return {"type": _FETCH, "name": "web_fetch"}
    raise UnsupportedError(
        f"Anthropic has no tool like {tool.name or tool.kind!r}; leave it out or choose another model.",
        param="tools",
    )


def _search_options(tool: Hosted) -> Block:
    options: Block = {}
    filters = tool.raw.get("filters")
    if isinstance(filters, dict) and isinstance(filters.get("allowed_domains"), list):
        options["allowed_domains"] = filters["allowed_domains"]
    google = tool.raw.get("googleSearch")
    if isinstance(google, dict) and isinstance(google.get("excludeDomains"), list):
        options["blocked_domains"] = google["excludeDomains"]
    place = tool.raw.get("user_location")
    if isinstance(place, dict):
        inner = place.get("approximate")
        found = inner if isinstance(inner, dict) else place
        known = {key: found[key] for key in _PLACES if isinstance(found.get(key), str) and found[key]}
        if known:
            options["user_location"] = {"type": "approximate", **known}
    return options


def _allowed(request: Request) -> tuple[Tool, ...]:
    """Return the tools that a list of allowed names leaves; one name is the choice's own matter."""
    choice = request.tool_choice
    if choice is None or not choice.only or (len(choice.only) == 1 and choice.mode == "required"):
        return request.tools
    parts = (part for message in request.messages for part in message.parts)
    used = {part.name for part in parts if isinstance(part, ToolCall)}
    kept = tuple(tool for tool in request.tools if tool.name in choice.only or isinstance(tool, Hosted))
    gone = {tool.name for tool in request.tools} - {tool.name for tool in kept}
    if gone & used:
        raise UnsupportedError(
            "Tools that the conversation has used cannot be held back on this model: allow them too.",
            param="tool_choice",
        )
    return kept


def encode_choice(request: Request, tools: list[Block]) -> Block | None:
    """Return ``tool_choice`` with ``disable_parallel_tool_use``, None where the default says the same."""
    if not tools:
        return None
    parallel = request.sampling.parallel_tool_calls
    choice = request.tool_choice
    if choice is None and parallel is not False:
        return None
    block = _choice(choice or ToolChoice(), tools)
    if block["type"] != "none" and (parallel is False or (parallel and request.dialect == NAME)):
        block["disable_parallel_tool_use"] = not parallel
    return block


def _choice(choice: ToolChoice, tools: list[Block]) -> Block:
    if choice.mode != "required":
        return {"type": choice.mode}
    names: list[Json] = [tool.get("name") for tool in tools]
    if choice.hosted is not None:
        forced = next((tool["name"] for tool in tools if _kind(tool) == choice.hosted), None)
        return {"type": "any"} if forced is None else {"type": "tool", "name": forced}
    if len(choice.only) == 1:
        if choice.only[0] not in names:
            raise UnsupportedError(
                f"tool_choice names {choice.only[0]!r}, which is not among the tools.", param="tool_choice"
            )
        return {"type": "tool", "name": choice.only[0]}
    return {"type": "any"}


def _kind(tool: Block) -> str:
    bare = bare_type(str(tool.get("type")))
    return HOSTED.get(bare, bare)


def is_forcing(choice: Block | None) -> bool:
    """Whether the choice forces a call, which rules out thinking."""
    return choice is not None and choice["type"] in ("any", "tool")
