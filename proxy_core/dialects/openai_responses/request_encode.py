"""The neutral request to an upstream's body."""

from __future__ import annotations

from dataclasses import replace

from proxy_core import jsonbytes
from proxy_core.dialect import EncodeTarget
from proxy_core.dialects.openai_responses.cache_marks import lost_marks
from proxy_core.dialects.openai_responses.hosted import SOURCES
from proxy_core.dialects.openai_responses.input_encode import encode_messages, encode_system, keep_sayable
from proxy_core.dialects.openai_responses.settings_encode import (
    encode_extensions,
    encode_format,
    encode_reasoning,
    encode_sampling,
)
from proxy_core.dialects.openai_responses.tools_encode import encode_choice, encode_tools
from proxy_core.dialects.openai_responses.wire import ENCRYPTED, FAMILY, MAX_CALL_ID, MAX_NAME, NAME
from proxy_core.errors import UnsupportedError
from proxy_core.ir.message import Json, Reasoning, ToolResult
from proxy_core.ir.offers import offered
from proxy_core.ir.reasoning import asks_for_none, lost_control, lost_thoughts
from proxy_core.ir.request import EncodedRequest, Hosted, Loss, ReplyMemory, Request
from proxy_core.ir.structure import StructureLaws, arrange
from proxy_core.ir.tools import ToolLimits, fit_call_ids, fit_tools, flat_name

_LIMITS = ToolLimits(max_name=MAX_NAME, freeform=True, namespaces=True)
_LAWS = StructureLaws()
_VERBOSITIES = frozenset({"low", "medium", "high"})
_COUNTED = frozenset(
    {
        "input",
        "instructions",
        "model",
        "parallel_tool_calls",
        "reasoning",
        "text",
        "tool_choice",
        "tools",
        "truncation",
    }
)


def encode_request(request: Request, target: EncodeTarget) -> EncodedRequest:
    """Encode a request. Raises UnsupportedError for several candidates, sound, and unknown hosted tools."""
    body, losses, memory = _encode(request, target)
    return EncodedRequest(jsonbytes.encode(body), tuple(losses), memory)


def encode_count_request(request: Request, target: EncodeTarget) -> EncodedRequest:
    """Encode a request for ``/responses/input_tokens``, which knows fewer members."""
    body, losses, memory = _encode(request, target)
    counted = {key: value for key, value in body.items() if key in _COUNTED}
    return EncodedRequest(jsonbytes.encode(counted), tuple(losses), memory)


def _encode(request: Request, target: EncodeTarget) -> tuple[dict[str, Json], list[Loss], ReplyMemory]:
    _refuse(request)
    own = request.dialect == NAME
    request, unoffered = (_unfound(request), ()) if own else offered(request)
    request, memory = fit_tools(request, _LIMITS)
    request = fit_call_ids(request, MAX_CALL_ID)
    messages, losses = keep_sayable(request, target)
    losses += lost_thoughts(request.messages, messages)
    request, arranged = arrange(replace(request, messages=messages), _LAWS)
    losses += [*unoffered, *arranged]
    body: dict[str, Json] = {"model": target.model}
    instructions, leading = encode_system(request.system, target.strict)
    if instructions is not None:
        body["instructions"] = instructions
    body["input"] = [*leading, *encode_messages(request.messages, target)]
    losses += lost_marks(request, body)
    losses += _tools(request, own, body)
    losses += _text(request, body)
    losses += _think(request, target, body)
    losses += encode_sampling(request.sampling, target.profile, body, own=own)
    losses += encode_extensions(request, target, body)
    if _is_thinking(request, target):
        body["include"] = list(dict.fromkeys([ENCRYPTED, *body.get("include", ())]))
    if found := [SOURCES[tool.kind] for tool in _foreign_tools(request) if tool.kind in SOURCES]:
        body["include"] = list(dict.fromkeys([*body.get("include", ()), *found]))
    body["stream"] = target.stream
    return body, losses, replace(memory, stop=request.sampling.stop)


def _unfound(request: Request) -> Request:
    """Return the request without the tools that a client's search found: its output in the input has them."""
    parts = [part for message in request.messages for part in message.parts]
    found = {name for part in parts if isinstance(part, ToolResult) for name in part.loads}
    if not found:
        return request
    kept = tuple(tool for tool in request.tools if isinstance(tool, Hosted) or flat_name(tool) not in found)
    return replace(request, tools=kept)


def _foreign_tools(request: Request) -> list[Hosted]:
    return [tool for tool in request.tools if isinstance(tool, Hosted) and tool.dialect != NAME]


_FEATURES = frozenset({"cachedContent", "cached_content", "mcp_servers", "container"})
"""Extensions of others that change what the model sees or can do: without them it is another question."""


def _refuse(request: Request) -> None:
    sampling = request.sampling
    for name in sorted(_foreign(request) & _FEATURES):
        raise UnsupportedError(f"`{name}` means something to another vendor only; remove it.", param=name)
    if sampling.candidates is not None and sampling.candidates > 1:
        raise UnsupportedError("This model gives one answer per request: ask several times.", param="n")
    if "audio" in sampling.modalities:
        raise UnsupportedError("This model cannot answer in sound.", param="modalities")


def _foreign(request: Request) -> set[str]:
    return {key for family, members in request.extensions.items() if family != FAMILY for key in members}


def _tools(request: Request, own: bool, body: dict[str, Json]) -> list[Loss]:
    tools, losses = encode_tools(request.tools, own)
    kinds = {tool.kind for tool in request.tools if isinstance(tool, Hosted)}
    if "image" in request.sampling.modalities and "image_generation" not in kinds:
        tools.append({"type": "image_generation"})
    if tools:
        body["tools"] = tools
    if request.tool_choice is not None:
        body["tool_choice"] = encode_choice(request.tool_choice, request.tools)
    if request.sampling.parallel_tool_calls is not None:
        body["parallel_tool_calls"] = request.sampling.parallel_tool_calls
    return losses


def _text(request: Request, body: dict[str, Json]) -> list[Loss]:
    text: dict[str, Json] = {}
    losses: list[Loss] = []
    if request.output.kind != "text":
        text["format"] = encode_format(request.output)
    if request.sampling.verbosity in _VERBOSITIES:
        text["verbosity"] = request.sampling.verbosity
    elif request.sampling.verbosity is not None:
        losses.append(Loss("verbosity", "The vendor has no such verbosity."))
    if text:
        body["text"] = text
    return losses


def _think(request: Request, target: EncodeTarget, body: dict[str, Json]) -> list[Loss]:
    reasoning = encode_reasoning(request.reasoning, target.profile)
    if reasoning:
        body["reasoning"] = reasoning
    lost = list(lost_control(request.reasoning, target.profile))
    wants_text = request.reasoning.show and not asks_for_none(request.reasoning)
    if wants_text and not lost and target.profile.thinking is None:
        return [Loss("reasoning", "The model does not think.")]
    return lost


def _is_thinking(request: Request, target: EncodeTarget) -> bool:
    # A model that does not think refuses the include; of an unknown one only the caller can know.
    if target.profile.thinking is None:
        return False
    sealed = any(isinstance(part, Reasoning) for message in request.messages for part in message.parts)
    asked = request.reasoning.mode in ("auto", "level", "budget") or bool(request.reasoning.show)
    return target.profile.known or asked or sealed
