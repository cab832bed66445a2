"""``tools`` and ``toolConfig`` of a client's request."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from proxy_core.dialects.gemini_generate.finish import NAME
from proxy_core.dialects.gemini_generate.reading import Node, wrong
from proxy_core.dialects.gemini_generate.schema_decode import decode_schema
from proxy_core.ir.message import Json
from proxy_core.ir.request import Function, Hosted, Tool, ToolChoice

KINDS: Mapping[str, str] = MappingProxyType(
    {
        "googleSearch": "web_search",
        "googleSearchRetrieval": "web_search",
        "enterpriseWebSearch": "web_search",
        "codeExecution": "code_execution",
        "urlContext": "web_fetch",
        "fileSearch": "file_search",
        "computerUse": "computer_use",
        "googleMaps": "google_maps",
        "mcpServers": "mcp",
    }
)
OWN_MEMBERS = ("response", "responseJsonSchema", "behavior")
"""Members of a function declaration that no other dialect has."""


def decode_tools(body: Node) -> tuple[Tool, ...]:
    """Decode all tools; hosted ones keep their settings. Raises DecodeError."""
    tools: list[Tool] = []
    for tool in body.nodes("tools"):
        tools.extend(_function(item) for item in tool.nodes("functionDeclarations"))
        for member, value in tool.members.items():
            if member != "functionDeclarations":
                tools.append(Hosted(KINDS.get(member, member), NAME, {member: value}))
    return tuple(tools)


def _function(declaration: Node) -> Function:
    name = declaration.text("name")
    if not name:
        wrong(declaration.at("name"), "the name of a function")
    own = {key: declaration.get(key) for key in OWN_MEMBERS if declaration.has(key)}
    return Function(name, declaration.text("description"), _schema(declaration), extensions=own)


def _schema(declaration: Node) -> Mapping[str, Json] | None:
    for member in ("parametersJsonSchema", "parameters"):
        given = declaration.get(member)
        if given is None:
            continue
        if not isinstance(given, dict):
            wrong(declaration.at(member), "a schema object")
        return given if member == "parametersJsonSchema" else decode_schema(given)
    return None


def decode_choice(body: Node) -> tuple[ToolChoice | None, dict[str, Json]]:
    """Decode ``toolConfig``: the choice, and members without a neutral word by dotted path."""
    config = body.node("toolConfig")
    if config is None:
        return None, {}
    rest = {config.at(key): value for key, value in config.rest(("functionCallingConfig",)).items()}
    calling = config.node("functionCallingConfig")
    if calling is None:
        return None, rest
    rest |= {calling.at(key): value for key, value in calling.rest(("mode", "allowedFunctionNames")).items()}
    only = calling.texts("allowedFunctionNames")
    mode = (calling.text("mode") or "").upper()
    if mode == "VALIDATED" and not only:
        rest[calling.at("mode")] = mode
    return _choice(calling, mode, only), rest


def _choice(calling: Node, mode: str, only: tuple[str, ...]) -> ToolChoice | None:
    match mode:
        case "NONE":
            return ToolChoice("none")
        case "ANY":
            return ToolChoice("required", only)
        case "AUTO" | "VALIDATED":
            return ToolChoice("auto", only)
        case "" | "MODE_UNSPECIFIED":
            return ToolChoice("auto", only) if only else None
        case _:
            return wrong(calling.at("mode"), "AUTO, ANY, NONE or VALIDATED")
