"""A client's request body into neutral words."""

from __future__ import annotations

from collections.abc import Mapping

from proxy_core import jsonbytes
from proxy_core.dialect import Call, Mode, Peek
from proxy_core.dialects.gemini_generate.contents_decode import decode_contents, decode_system
from proxy_core.dialects.gemini_generate.finish import NAME
from proxy_core.dialects.gemini_generate.models import plain_name
from proxy_core.dialects.gemini_generate.reading import Node
from proxy_core.dialects.gemini_generate.settings_decode import decode_knobs
from proxy_core.dialects.gemini_generate.tools_decode import decode_choice, decode_tools
from proxy_core.errors import DecodeError
from proxy_core.ir.message import EMPTY, Json
from proxy_core.ir.request import Request

FAMILY = "google"
_MAPPED = (
    "contents",
    "systemInstruction",
    "tools",
    "toolConfig",
    "generationConfig",
    "serviceTier",
    "store",
    "model",
    "stream",
)


def peek(body: bytes | jsonbytes.Members, call: Call) -> Peek:
    """Return the model of the path and the mode that path and query ask for.

    Without a model in the path (the body came to another dialect's address) the body names both.
    """
    if call.path_model is not None:
        if isinstance(body, bytes):
            jsonbytes.members(body)
        return Peek(plain_name(call.path_model), _mode(call))
    found = jsonbytes.peek(body, ("model", "stream"))
    model = found.get("model")
    if not isinstance(model, str) or not model:
        raise DecodeError("model is missing: name it in the address or in the body.", param="model")
    return Peek(plain_name(model), "stream" if found.get("stream") is True else "whole")


def _mode(call: Call) -> Mode:
    if not call.endpoint.streams:
        return "whole"
    asked = call.query.get("alt") or call.query.get("$alt") or ""
    return "stream" if asked.lower() == "sse" else "array"


def decode_request(body: bytes, call: Call) -> Request:
    """Decode a request to generate or to count. Raises DecodeError with the place."""
    seen = peek(body, call)
    root = Node.of(jsonbytes.decode_object(body), "")
    inner = root.node("generateContentRequest")
    if inner is not None and call.endpoint.operation == "count_tokens":
        root = inner
    knobs = decode_knobs(root)
    choice, choice_rest = decode_choice(root)
    own = {**root.rest(_MAPPED), **knobs.rest, **choice_rest}
    extensions: Mapping[str, Mapping[str, Json]] = {FAMILY: own} if own else EMPTY
    return Request(
        dialect=NAME,
        model=seen.model,
        messages=decode_contents(root),
        system=decode_system(root),
        stream=seen.mode != "whole",
        want_usage=True,
        tools=decode_tools(root),
        tool_choice=choice,
        reasoning=knobs.reasoning,
        output=knobs.output,
        sampling=knobs.sampling,
        extensions=extensions,
    )
