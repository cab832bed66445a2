"""A rough token count for requests whose upstream cannot count; always marked as an estimate."""

from __future__ import annotations

from proxy_core import jsonbytes
from proxy_core.ir.message import Media, Part, Reasoning, Refusal, Text, ToolCall, ToolResult
from proxy_core.ir.request import Freeform, Function, Request

_BYTES_PER_TOKEN = 4
_TOKENS_PER_MESSAGE = 4
_TOKENS_PER_IMAGE = 1000


def estimate_input(request: Request) -> int:
    """Return about how many tokens a request has: four bytes of text a token, a fixed sum per image."""
    size = sum(_size(part) for part in request.system)
    for message in request.messages:
        size += _TOKENS_PER_MESSAGE * _BYTES_PER_TOKEN + sum(_size(part) for part in message.parts)
    for tool in request.tools:
        if isinstance(tool, Function):
            size += len(tool.name) + len(tool.description or "") + len(jsonbytes.encode(tool.schema or {}))
        elif isinstance(tool, Freeform):
            size += len(tool.name) + len(tool.description or "") + len(tool.grammar or "")
    return max(1, -(-size // _BYTES_PER_TOKEN))


def _size(part: Part) -> int:
    match part:
        case Text() | Refusal():
            return len(part.text.encode("utf-8", "replace"))
        case Reasoning():
            return len(part.text.encode("utf-8", "replace"))
        case ToolCall():
            return len(part.name) + len(part.arguments.encode("utf-8", "replace"))
        case ToolResult():
            return sum(_size(inner) for inner in part.content)
        case Media():
            return _TOKENS_PER_IMAGE * _BYTES_PER_TOKEN
        case _:
            return len(jsonbytes.encode(dict(part.raw)))
