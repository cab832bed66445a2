"""Tools and the tool choice for an upstream."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from proxy_core.dialects.gemini_generate.finish import NAME
from proxy_core.dialects.gemini_generate.schema import json_parameters
from proxy_core.dialects.gemini_generate.tools_decode import OWN_MEMBERS
from proxy_core.errors import UnsupportedError
from proxy_core.ir.message import Json, ToolCall
from proxy_core.ir.request import Function, Hosted, Loss, Request, ToolChoice
from proxy_core.ir.tools import ToolLimits

OWN_LIMITS = ToolLimits(max_name=64, extra_chars="_-.:", digit_start=False)
"""Names: letter or ``_`` first, then also ``. : -``; 64 is what the vendor takes in practice."""

LIMITS = replace(OWN_LIMITS, extra_chars="_-")
"""Names that came in another dialect: as everybody takes them, whichever vendor serves the next turn."""

_MEMBERS: Mapping[str, str] = MappingProxyType(
    {"web_search": "googleSearch", "code_execution": "codeExecution", "web_fetch": "urlContext"}
)
_PLAIN = frozenset({"type", "name", "web_search_options", "search_context_size", "container"})


def forced_alone(request: Request, losses: list[Loss]) -> Request:
    """Return the request without functions if a hosted tool of its own kind is forced.

    It is the hosted one that the caller wants now, and older models take no other beside it; where they do,
    the function might be called instead. Functions that the conversation has used must stay.
    """
    kind = request.tool_choice.hosted if request.tool_choice is not None else None
    used = any(isinstance(part, ToolCall) for message in request.messages for part in message.parts)
    hosted = tuple(tool for tool in request.tools if isinstance(tool, Hosted))
    wanted = kind in _MEMBERS and any(tool.kind == kind for tool in hosted)
    if request.dialect == NAME or not wanted or used or len(hosted) == len(request.tools):
        return request
    losses.append(Loss("tools", "Functions cannot be offered beside the hosted tool that is forced."))
    return replace(request, tools=hosted)


def encode_tools(request: Request, losses: list[Loss], *, mixed: bool = False) -> list[Json]:
    """Return ``tools``: all functions in one object, each hosted tool in its own.

    ``mixed``: the model takes both beside each other. Raises UnsupportedError for a hosted tool without an
    equivalent.
    """
    functions = [_function(tool, request, losses) for tool in request.tools if isinstance(tool, Function)]
    tools: list[Json] = [{"functionDeclarations": functions}] if functions else []
    for number, tool in enumerate(request.tools):
        if not isinstance(tool, Hosted):
            continue
        if tool.dialect == NAME:
            tools.append(dict(tool.raw))
        elif functions and tool.kind in _MEMBERS and not mixed:
            losses.append(Loss(f"tools[{number}]", "A hosted tool cannot be used beside functions there."))
        else:
            tools.append(_hosted(tool, number, losses))
    return tools


def is_mixed(tools: list[Json]) -> bool:
    """Whether functions stand beside tools that the vendor runs."""
    return any("functionDeclarations" in tool for tool in tools) and any(
        tool.keys() - {"functionDeclarations"} for tool in tools
    )


def _function(tool: Function, request: Request, losses: list[Loss]) -> dict[str, Json]:
    wire: dict[str, Json] = {"name": tool.name}
    if tool.description:
        wire["description"] = tool.description
    if tool.schema is not None:
        wire["parametersJsonSchema"] = json_parameters(tool.schema)
    elif request.dialect != NAME:
        wire["parametersJsonSchema"] = {"type": "object", "properties": {}}
    if tool.strict:
        _once(losses, Loss("tools.strict", "Strict arguments cannot be asked for there."))
    for key, value in tool.extensions.items():
        if request.dialect == NAME and key in OWN_MEMBERS:
            wire[key] = value
        else:
            _once(losses, Loss(f"tools.{key}", "This tool setting is not known there."))
    return wire


def _once(losses: list[Loss], loss: Loss) -> None:
    if loss not in losses:
        losses.append(loss)


def _hosted(tool: Hosted, number: int, losses: list[Loss]) -> dict[str, Json]:
    member = _MEMBERS.get(tool.kind)
    if member is None:
        raise UnsupportedError(
            f"The tool {tool.name or tool.kind!r} is another provider's; remove it or declare a function.",
            param=f"tools[{number}]",
        )
    for key, value in tool.raw.items():
        if key not in _PLAIN and value not in (None, [], {}):
            losses.append(
                Loss(f"tools[{number}].{key}", "This setting of the hosted tool is not known there.")
            )
    return {member: {}}


def encode_choice(choice: ToolChoice | None, tools: list[Json], losses: list[Loss]) -> dict[str, Json]:
    """Return ``functionCallingConfig``, empty where nothing was chosen or there is no function."""
    if choice is None:
        return {}
    if choice.hosted is not None:
        if choice.hosted not in _MEMBERS or not any(_MEMBERS[choice.hosted] in tool for tool in tools):
            raise UnsupportedError(
                f"The hosted tool {choice.hosted!r} cannot be forced on this model: it is not offered there.",
                param="tool_choice",
            )
        losses.append(Loss("tool_choice", "A hosted tool cannot be forced there, only offered."))
        return {}
    if not any("functionDeclarations" in tool for tool in tools):
        return {}
    only = list(choice.only)
    match choice.mode:
        case "none":
            return {"mode": "NONE"}
        case "required":
            return {"mode": "ANY", "allowedFunctionNames": only} if only else {"mode": "ANY"}
        case _:
            # Names are taken with ANY and VALIDATED only (google-genai 3.4.0 types, 2026-11-20).
            return {"mode": "VALIDATED", "allowedFunctionNames": only} if only else {"mode": "AUTO"}
