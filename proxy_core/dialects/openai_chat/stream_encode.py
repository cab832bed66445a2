"""Replies to a client: ``chat.completion.chunk`` events (openai 3.52.0, 2026-11-20)."""

from __future__ import annotations

from dataclasses import dataclass, field

from proxy_core import jsonbytes
from proxy_core.dialects.openai_chat.errors import encode_fault
from proxy_core.dialects.openai_chat.finish import encode_finish
from proxy_core.dialects.openai_chat.reply_encode import (
    MALFORMED,
    encode_audio,
    encode_call,
    encode_citations,
    encode_image,
    encode_logprobs,
)
from proxy_core.dialects.openai_chat.thinking import encode_call_seal, encode_details, encode_text_seal
from proxy_core.dialects.openai_chat.usage import encode_usage
from proxy_core.errors import Failure
from proxy_core.ir.message import Json, Media, Part, Reasoning, Refusal, Text, ToolCall
from proxy_core.ir.request import Request
from proxy_core.ir.stream import (
    Beat,
    Begin,
    End,
    Fault,
    PartBegin,
    PartDelta,
    PartEnd,
    StreamEvent,
    Usage,
    UsageReport,
)
from proxy_core.sse import COMMENT_BEAT, data_event

_DONE = data_event(b"[DONE]")
_UNFINISHED = Failure("server", 502, "The provider's stream stopped before the reply was complete.")


@dataclass(slots=True)
class _Choice:
    """What was written of one candidate. ``written`` counts characters of the open part."""

    has_role: bool = False
    part: Part | None = None
    written: int = 0
    segment: int = 0
    calls: int = 0
    details: int = 0
    images: int = 0
    has_thinking: bool = False
    has_content: bool = False
    texts: list[Text] = field(default_factory=list)


class StreamEncoder:
    """A ``ReplyEncoder``: chunks that share id, time and model, then usage if asked for, then ``[DONE]``."""

    def __init__(self, request: Request, created: int) -> None:
        self._head: dict[str, Json] = {
            "id": "",
            "object": "chat.completion.chunk",
            "created": created,
            "model": request.model,
        }
        self._want_usage = request.want_usage
        self._choices: dict[int, _Choice] = {}
        self._usage: Usage | None = None
        self._has_end = False
        self._is_over = False
        self.failure: Failure | None = None

    def encode(self, event: StreamEvent) -> bytes:
        """Return the chunks for an event."""
        if self._is_over:
            return b""
        match event:
            case Begin():
                return self._begin(event)
            case PartBegin():
                return self._open(event)
            case PartDelta():
                return self._more(event)
            case PartEnd():
                return self._close_part(event)
            case UsageReport():
                self._usage = event.usage
                return b""
            case End():
                return self._end(event)
            case Fault():
                return self._fault(event.failure)
            case Beat():
                return COMMENT_BEAT

    def close(self) -> bytes:
        """Return usage and ``[DONE]``; an in-band error where the reply has no end; nothing after a fault."""
        if self._is_over:
            return b""
        if not self._has_end:
            return self._fault(_UNFINISHED)
        self._is_over = True
        if not self._want_usage or self._usage is None:
            return _DONE
        chunk = {**self._head, "choices": [], "usage": encode_usage(self._usage)}
        return data_event(jsonbytes.encode(chunk)) + _DONE

    def _begin(self, event: Begin) -> bytes:
        self._head["id"] = event.id or f"chatcmpl-{self._head['created']}"
        if event.created is not None:
            self._head["created"] = event.created
        self._usage = event.usage or self._usage
        return self._role(0)

    def _open(self, event: PartBegin) -> bytes:
        choice = self._choice(event.candidate)
        choice.part, choice.written, choice.segment = event.part, 0, 0
        lead = self._role(event.candidate)
        if isinstance(event.part, ToolCall):
            call = encode_call(event.part)
            choice.calls += 1
            choice.has_content = True
            return lead + self._chunk(event.candidate, {"tool_calls": [{"index": choice.calls - 1, **call}]})
        return lead

    def _more(self, event: PartDelta) -> bytes:
        choice = self._choice(event.candidate)
        text = event.text
        if isinstance(choice.part, Reasoning) and event.segment > choice.segment:
            choice.segment = event.segment
            if choice.written:
                text = "\n\n" + text
        return self._piece(event.candidate, choice, text)

    def _piece(self, candidate: int, choice: _Choice, text: str) -> bytes:
        if not text:
            return b""
        first, choice.written = choice.written == 0, choice.written + len(text)
        match choice.part:
            case Text():
                delta: dict[str, Json] = {"content": text}
                choice.has_content = True
            case Refusal():
                delta = {"refusal": text}
                choice.has_content = True
            case Reasoning():
                parted = first and choice.has_thinking
                choice.has_thinking = True
                delta = {"reasoning_content": "\n\n" + text if parted else text}
            case ToolCall(form="freeform"):
                delta = {"tool_calls": [{"index": choice.calls - 1, "custom": {"input": text}}]}
            case ToolCall():
                delta = {"tool_calls": [{"index": choice.calls - 1, "function": {"arguments": text}}]}
            case _:
                return b""
        return self._chunk(candidate, delta)

    def _close_part(self, event: PartEnd) -> bytes:
        choice = self._choice(event.candidate)
        if choice.part is None:
            lead = self._open(PartBegin(event.index, _opened(event.part), event.candidate))
        else:
            lead = b""
        # Deltas may be missing: what the whole part has beyond them follows now.
        whole = _text_of(event.part)
        is_told = isinstance(event.part, Reasoning) and choice.written > 0
        rest = b"" if is_told else self._piece(event.candidate, choice, whole[choice.written :])
        choice.part = None
        delta = self._closing(event.part, choice)
        return lead + rest + (self._chunk(event.candidate, delta) if delta else b"")

    def _closing(self, part: Part, choice: _Choice) -> dict[str, Json]:
        match part:
            case Text():
                choice.texts.append(part)
                return self._details(encode_text_seal(part.seal, choice.details), choice)
            case Reasoning():
                return self._details(encode_details(part, choice.details), choice)
            case ToolCall():
                extra = encode_call_seal(part.seal)
                call = {"index": choice.calls - 1, "function": {"arguments": ""}, "extra_content": extra}
                return {"tool_calls": [call]} if extra is not None and part.form == "json" else {}
            case Media():
                return self._media(part, choice)
            case _:
                return {}

    def _details(self, details: list[dict[str, Json]], choice: _Choice) -> dict[str, Json]:
        choice.details += len(details)
        return {"reasoning_details": details} if details else {}

    def _media(self, part: Media, choice: _Choice) -> dict[str, Json]:
        choice.has_content = True
        image = encode_image(part)
        if image is not None:
            choice.images += 1
            return {"images": [{**image, "index": choice.images - 1}]}
        sound = encode_audio(part, self._head["created"])
        return {} if sound is None else {"audio": sound}

    def _end(self, event: End) -> bytes:
        choice = self._choice(event.candidate)
        if event.finish.reason == "malformed_call" and not choice.has_content:
            return self._fault(Failure("server", 502, MALFORMED))
        self._has_end = True
        lead = self._role(event.candidate)
        notes = encode_citations(choice.texts)
        if notes:
            lead += self._chunk(event.candidate, {"annotations": notes})
        word = encode_finish(event.finish, choice.calls > 0)
        return lead + self._chunk(event.candidate, {}, word, encode_logprobs(event.logprobs, event.finish))

    def _fault(self, failure: Failure) -> bytes:
        self._is_over = True
        self.failure = failure
        return encode_fault(failure)

    def _choice(self, candidate: int) -> _Choice:
        return self._choices.setdefault(candidate, _Choice())

    def _role(self, candidate: int) -> bytes:
        choice = self._choice(candidate)
        if choice.has_role:
            return b""
        choice.has_role = True
        return self._chunk(candidate, {"role": "assistant", "content": "", "refusal": None})

    def _chunk(self, candidate: int, delta: Json, finish: str | None = None, logprobs: Json = None) -> bytes:
        choice = {"index": candidate, "delta": delta, "logprobs": logprobs, "finish_reason": finish}
        chunk = {**self._head, "choices": [choice]}
        if self._want_usage:
            chunk["usage"] = None
        return data_event(jsonbytes.encode(chunk))


def _opened(part: Part) -> Part:
    if isinstance(part, ToolCall):
        return ToolCall(part.id, part.name, "", part.form, part.namespace)
    return part


def _text_of(part: Part) -> str:
    match part:
        case Text() | Refusal() | Reasoning():
            return part.text
        case ToolCall():
            return part.arguments
        case _:
            return ""
