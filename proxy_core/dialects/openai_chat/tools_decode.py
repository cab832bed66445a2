"""Tools and tool choice (openai 3.52.0 ``ChatCompletionToolUnionParam``, 2026-11-20)."""

from __future__ import annotations

from collections.abc import Sequence

from proxy_core.dialects.openai_chat.part_decode import decode_cache
from proxy_core.dialects.openai_chat.shape import Shape, wrong
from proxy_core.dialects.openai_chat.wire import NAME
from proxy_core.ir.request import Freeform, Function, Hosted, Tool, ToolChoice

_FUNCTION = frozenset({"name", "description", "parameters", "strict"})
_TOOL = frozenset({"type", "function", "cache_control", "prompt_cache_breakpoint"})


def decode_tools(body: Shape) -> tuple[Tool, ...]:
    """Read ``tools``, the deprecated ``functions``, and hosted search (``web_search_options``)."""
    tools = [_tool(shape) for shape in body.objects("tools")]
    tools += [_function(shape) for shape in body.objects("functions")]
    search = body.mapping("web_search_options")
    if search is not None:
        tools.append(Hosted("web_search", NAME, search, "web_search"))
    return tuple(tools)


def decode_tool_choice(body: Shape, tools: Sequence[Tool]) -> ToolChoice | None:
    """Read ``tool_choice`` or the deprecated ``function_call``; None when neither was sent.

    Raises DecodeError, also for a forced tool that is not among ``tools``.
    """
    for name in ("tool_choice", "function_call"):
        value = body.get(name)
        if value is None:
            continue
        if isinstance(value, str):
            return _word(value, body.at(name))
        return _choice(Shape(value, body.at(name)), tools)
    return None


def _word(value: str, path: str) -> ToolChoice:
    match value:
        case "auto":
            return ToolChoice("auto")
        case "none":
            return ToolChoice("none")
        case "required" | "any":
            return ToolChoice("required")
        case _:
            raise wrong(path, "none, auto, required or an object that names a tool")


def _choice(shape: Shape, tools: Sequence[Tool]) -> ToolChoice:
    match shape.text("type"):
        case "function" | "custom" as kind:
            return _forced(shape.needed_member(kind), tools)
        case "allowed_tools":
            return _allowed(shape.needed_member("allowed_tools"))
        case None if "name" in shape.value:
            return _forced(shape, tools)
        case "auto" | "none" | "required" | "any" as word:
            return _word(word, shape.at("type"))
        case _:
            raise wrong(shape.at("type"), "function, custom or allowed_tools")


def _forced(shape: Shape, tools: Sequence[Tool]) -> ToolChoice:
    name = shape.needed_text("name")
    if all(tool.name != name for tool in tools):
        raise wrong(shape.at("name"), "the name of one of the tools of this request")
    return ToolChoice("required", (name,))


def _allowed(shape: Shape) -> ToolChoice:
    names = []
    for tool in shape.objects("tools"):
        kind = "custom" if tool.text("type") == "custom" else "function"
        names.append(tool.needed_member(kind).needed_text("name"))
    mode = shape.text("mode") or "auto"
    if mode not in ("auto", "required"):
        raise wrong(shape.at("mode"), "auto or required")
    return ToolChoice("required" if mode == "required" else "auto", tuple(names))


def _tool(shape: Shape) -> Tool:
    match shape.text("type") or "function":
        case "function":
            return _function(shape.needed_member("function"), shape)
        case "custom":
            return _custom(shape.needed_member("custom"))
        case kind:
            return Hosted(kind, NAME, shape.value)


def _function(shape: Shape, around: Shape | None = None) -> Function:
    return Function(
        name=shape.needed_text("name"),
        description=shape.text("description"),
        schema=shape.mapping("parameters"),
        strict=shape.flag("strict"),
        cache=None if around is None else decode_cache(around),
        extensions=shape.rest(_FUNCTION) | ({} if around is None else around.rest(_TOOL)),
    )


def _custom(shape: Shape) -> Freeform:
    form = shape.member("format")
    grammar = form.member("grammar") if form is not None and form.text("type") == "grammar" else None
    return Freeform(
        name=shape.needed_text("name"),
        description=shape.text("description"),
        grammar=None if grammar is None else grammar.text("definition"),
        syntax=None if grammar is None else grammar.text("syntax"),
    )
