"""Replies to a client: one ``chat.completion`` (openai 3.52.0 ``ChatCompletion``, 2026-11-20)."""

from __future__ import annotations

from collections.abc import Iterable

from proxy_core import jsonbytes
from proxy_core.dialects.openai_chat.finish import encode_finish
from proxy_core.dialects.openai_chat.thinking import encode_call_seal, encode_details, encode_text_seal
from proxy_core.dialects.openai_chat.usage import encode_usage
from proxy_core.dialects.openai_chat.wire import NAME
from proxy_core.errors import UpstreamProtocolError
from proxy_core.ir.logprobs import entries
from proxy_core.ir.media import data_url
from proxy_core.ir.message import Citation, Inline, Json, Media, Part, Reasoning, Refusal, Text, ToolCall, Url
from proxy_core.ir.request import Request
from proxy_core.ir.stream import Candidate, Finish, Reply

MALFORMED = "The model called a tool in a way that could not be read."
_AUDIO_LIFE_S = 3600


def encode_reply(reply: Reply, request: Request, created: int) -> bytes:
    """Return the whole body. Raises UpstreamProtocolError for a malformed call with nothing beside it."""
    moment = created if reply.created is None else reply.created
    body: dict[str, Json] = {
        "id": reply.id,
        "object": "chat.completion",
        "created": moment,
        "model": request.model,
        "choices": [_choice(candidate, moment) for candidate in reply.candidates],
    }
    if reply.usage is not None:
        body["usage"] = encode_usage(reply.usage)
    return jsonbytes.encode(body)


def _choice(candidate: Candidate, created: int) -> dict[str, Json]:
    finish = candidate.finish
    if finish.reason == "malformed_call" and all(isinstance(part, Reasoning) for part in candidate.parts):
        raise UpstreamProtocolError(MALFORMED)
    has_calls = any(isinstance(part, ToolCall) for part in candidate.parts)
    message = _message(candidate.parts, created)
    if finish.reason != "filter" and all(isinstance(part, Text | Reasoning) for part in candidate.parts):
        # Nothing was said and nothing stands in its place: clients expect a text, be it empty.
        message["content"] = message["content"] or ""
    return {
        "index": candidate.index,
        "message": message,
        "logprobs": encode_logprobs(candidate.logprobs, finish),
        "finish_reason": encode_finish(finish, has_calls),
    }


def encode_logprobs(logprobs: Json, finish: Finish) -> Json:
    """Return ``logprobs`` of a choice: the vendor's own, or another's in this dialect's spelling."""
    if finish.dialect == NAME:
        return logprobs
    found = entries(logprobs)
    return {"content": found, "refusal": None} if found else None


def _message(parts: tuple[Part, ...], created: int) -> dict[str, Json]:
    text = "".join(part.text for part in parts if isinstance(part, Text))
    refusal = "".join(part.text for part in parts if isinstance(part, Refusal))
    thinking = "\n\n".join(part.text for part in parts if isinstance(part, Reasoning) and part.text)
    calls = [encode_call(part) for part in parts if isinstance(part, ToolCall)]
    message: dict[str, Json] = {
        "role": "assistant",
        "content": text or None,
        "refusal": refusal or None,
        "annotations": encode_citations(part for part in parts if isinstance(part, Text)),
    }
    if thinking:
        message["reasoning_content"] = thinking
    details = _details(parts)
    if details:
        message["reasoning_details"] = details
    images = [image for part in parts if (image := encode_image(part)) is not None]
    if images:
        message["images"] = [{**image, "index": index} for index, image in enumerate(images)]
    sound = next((found for part in parts if (found := encode_audio(part, created)) is not None), None)
    if sound is not None:
        message["audio"] = sound
    if calls:
        message["tool_calls"] = calls
    return message


def _details(parts: Iterable[Part]) -> list[dict[str, Json]]:
    details: list[dict[str, Json]] = []
    for part in parts:
        if isinstance(part, Reasoning):
            details += encode_details(part, len(details))
        elif isinstance(part, Text):
            details += encode_text_seal(part.seal, len(details))
    return details


def encode_call(call: ToolCall) -> dict[str, Json]:
    """Return a whole tool call."""
    if call.form == "freeform":
        wire: dict[str, Json] = {
            "id": call.id,
            "type": "custom",
            "custom": {"name": call.name, "input": call.arguments},
        }
    else:
        function = {"name": call.name, "arguments": call.arguments}
        wire = {"id": call.id, "type": "function", "function": function}
    extra = encode_call_seal(call.seal)
    return wire if extra is None else {**wire, "extra_content": extra}


def encode_image(part: Part) -> dict[str, Json] | None:
    """Return an entry of the extension ``images``; None for anything but a picture."""
    if not isinstance(part, Media) or part.kind != "image":
        return None
    match part.source:
        case Inline():
            url = data_url(part.source)
        case Url():
            url = part.source.url
        case _:
            return None
    return {"type": "image_url", "image_url": {"url": url}}


def encode_audio(part: Part, created: int) -> dict[str, Json] | None:
    """Return ``audio``; its transcript is in the text already. None for anything but sound."""
    if not isinstance(part, Media) or part.kind != "audio" or not isinstance(part.source, Inline):
        return None
    data = part.source.data
    return {"id": f"audio_{created}", "data": data, "expires_at": created + _AUDIO_LIFE_S, "transcript": ""}


def encode_citations(texts: Iterable[Text]) -> list[dict[str, Json]]:
    """Return ``annotations`` with places in the joined text, counted in characters."""
    found: list[dict[str, Json]] = []
    offset = 0
    for text in texts:
        found += [
            _annotation(citation, offset, len(text.text)) for citation in text.citations if citation.url
        ]
        offset += len(text.text)
    return found


def _annotation(citation: Citation, offset: int, length: int) -> dict[str, Json]:
    start = citation.start if citation.start is not None else 0
    end = citation.end if citation.end is not None else length
    detail = {
        "start_index": offset + start,
        "end_index": offset + end,
        "title": citation.title or citation.url,
        "url": citation.url,
    }
    return {"type": "url_citation", "url_citation": detail}
