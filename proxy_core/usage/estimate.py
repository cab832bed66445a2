"""A token count for requests whose upstream cannot count or does not want to; always marked as an estimate.

What the model reads is counted by the local tokenizer: instructions, turns, thinking, calls, results and the
declarations of tools and formats as JSON. On top come four tokens per message (its frame and role) and three
that open the answer, as OpenAI publishes for its chat format. A picture costs by its pixels (``pictures``), a
text document its text, any other 2,000 per 100 kB and at least 2,000 (a page or so of a PDF), sound 32 and
film 263 a second at usual bit rates, as Google publishes. No vendor's factor is applied: none is published.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator

from proxy_core import jsonbytes
from proxy_core.ir.media import as_text
from proxy_core.ir.message import Inline, Json, Media, Part, Reasoning, Refusal, Text, ToolCall, ToolResult
from proxy_core.ir.request import Freeform, Function, Request, Tool
from proxy_core.usage import tokens
from proxy_core.usage.pictures import PER_UNKNOWN, picture_tokens

PER_MESSAGE = 4
PER_REPLY = 3
PER_DOCUMENT = 2_000
_LONGEST_WORD = 1_000
_DOCUMENT_BYTES = 100_000
_SOUND_BYTES_PER_TOKEN = 500  # 128 kbit/s
_FILM_BYTES_PER_TOKEN = 475  # 1 Mbit/s


def estimate_input(request: Request) -> int:
    """Return about how many input tokens a request has. May be slow: see :func:`estimated_input`."""
    return _frame(request) + tokens.count_all(_texts(request))


async def estimated_input(request: Request) -> int:
    """Return the same; counted in a thread, since a request can be of any size."""
    return await asyncio.to_thread(estimate_input, request)


def _frame(request: Request) -> int:
    media = [part for part in _parts(request) if isinstance(part, Media)]
    return PER_REPLY + PER_MESSAGE * len(request.messages) + sum(map(_medium, media))


def _parts(request: Request) -> Iterator[Part]:
    yield from request.system
    for message in request.messages:
        for part in message.parts:
            yield part
            if isinstance(part, ToolResult):
                yield from part.content


def _texts(request: Request) -> Iterator[str]:
    for part in _parts(request):
        yield from _said(part)
    for tool in request.tools:
        yield from _declared(tool)
    if request.output.schema is not None:
        yield _json(request.output.schema)


def _said(part: Part) -> Iterable[str]:
    match part:
        case Text() | Refusal() | Reasoning():
            return (part.text,)
        case ToolCall():
            return (part.name, part.arguments)
        case ToolResult():
            return ()  # its content comes by itself
        case Media():
            text = as_text(part)
            return () if text is None else (text,)
        case _:
            return (_json(_without_data(dict(part.raw))),)


def _json(value: Json) -> str:
    return jsonbytes.encode(value).decode("utf-8", "replace")


def _without_data(value: Json) -> Json:
    """Return JSON without long strings that are no text: pictures and sealed results are not read as such."""
    match value:
        case dict():
            return {key: _without_data(inner) for key, inner in value.items()}
        case list():
            return [_without_data(inner) for inner in value]
        case str() if len(value) > _LONGEST_WORD and not any(map(str.isspace, value[:_LONGEST_WORD])):
            return ""
        case _:
            return value


def _declared(tool: Tool) -> Iterable[str]:
    match tool:
        case Function():
            return (tool.name, tool.description or "", _json(tool.schema or {}))
        case Freeform():
            return (tool.name, tool.description or "", tool.grammar or "")
        case _:
            return (tool.kind,)


def _medium(media: Media) -> int:
    size = len(media.source.data) * 3 // 4 if isinstance(media.source, Inline) else 0
    match media.kind:
        case "image":
            return picture_tokens(media.source)
        case "audio":
            return max(PER_UNKNOWN, size // _SOUND_BYTES_PER_TOKEN)
        case "video":
            return max(PER_UNKNOWN, size // _FILM_BYTES_PER_TOKEN)
        case _:
            return 0 if as_text(media) is not None else PER_DOCUMENT * max(1, -(-size // _DOCUMENT_BYTES))
