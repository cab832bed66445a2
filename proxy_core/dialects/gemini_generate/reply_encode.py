"""A reply for a client of this dialect: whole, as server-sent events, or as a growing array.

Only ``data: {json}`` lines go out: comments, event names and ``[DONE]`` break google-genai 3.4.0 (measured
2026-11-20). Calls go out whole; the finish reason and the usage close the reply.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from proxy_core import jsonbytes
from proxy_core.dialect import Mode
from proxy_core.dialects.gemini_generate.arguments import encode_arguments
from proxy_core.dialects.gemini_generate.contents_decode import SIGNATURE
from proxy_core.dialects.gemini_generate.contents_encode import encode_media
from proxy_core.dialects.gemini_generate.errors import error_object
from proxy_core.dialects.gemini_generate.finish import NAME, encode_finish
from proxy_core.dialects.gemini_generate.framing import ChunkFramer
from proxy_core.dialects.gemini_generate.grounding import encode_grounding
from proxy_core.dialects.gemini_generate.steps import pages_of, step_parts
from proxy_core.dialects.gemini_generate.usage import encode_usage
from proxy_core.errors import Failure, UpstreamProtocolError
from proxy_core.ir.fold import is_complete, is_cut
from proxy_core.ir.logprobs import candidates
from proxy_core.ir.message import (
    EMPTY,
    HostedStep,
    Json,
    Media,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Seal,
    Text,
    ToolCall,
)
from proxy_core.ir.request import Request
from proxy_core.ir.seal import wrap_base64
from proxy_core.ir.steps import StepJoiner
from proxy_core.ir.stream import (
    Begin,
    End,
    Fault,
    PartBegin,
    PartDelta,
    PartEnd,
    Reply,
    StreamEvent,
    Usage,
    UsageReport,
)

Wire = dict[str, Json]

_UNSIGNED = wrap_base64(Seal("local", "unsigned", ""))
"""Stands on the first call of a reply that nobody signed.

The vendor refuses a call of the current turn without a signature. Our envelope makes the call known as
foreign when it comes back, so that its encoder puts the vendor's own stand-in there.
"""


def signature(seal: Seal | None) -> str | None:
    """Return what stands in ``thoughtSignature``: the vendor's own value, or our envelope as base64."""
    if seal is None:
        return None
    if seal.kind == SIGNATURE:
        return seal.value
    return wrap_base64(seal) if seal.issuer is not None else None


@dataclass(slots=True)
class CandidateWriter:
    """Parts of one candidate on their way out.

    A seal without text (another vendor's sealed thinking) waits for the next call or text: clients do not
    send thoughts back, but they do send the signatures of what they keep (Gemini CLI 0.61.0, measured
    2026-11-20).
    """

    index: int
    end: End | None = None
    parts: list[Part] = field(default_factory=list)
    steps: list[HostedStep] = field(default_factory=list)
    _joiner: StepJoiner = field(default_factory=StepJoiner)
    _doubtful: ToolCall | None = None
    _waiting: str | None = None
    _sent: int = 0
    _segment: int = 0

    def begin(self, part: Part) -> list[Wire]:
        """A part opens: a call before it whose arguments are no object was not cut, only badly made."""
        self._sent = self._segment = 0
        return self._settled()

    def delta(self, part: Part, event: PartDelta) -> list[Wire]:
        """More of the open part; a call waits until it is whole."""
        if isinstance(part, Text | Refusal):
            self._sent += len(event.text)
            return [{"text": event.text}] if event.text else []
        if not isinstance(part, Reasoning) or not event.text:
            return []
        gap = "\n\n" if event.segment != self._segment and self._sent else ""
        self._segment = event.segment
        self._sent += len(gap) + len(event.text)
        return [*self._overtaken(), {"text": gap + event.text, "thought": True}]

    def finished(self, part: Part) -> list[Wire]:
        """Return what is left to send of a complete part."""
        self.parts.append(part)
        match part:
            case Text() | Refusal():
                return self._visible(part.text[self._sent :], signature(getattr(part, "seal", None)))
            case Reasoning():
                return self._thought(part)
            case ToolCall() if part.form == "json" and not is_complete(part):
                self._doubtful = part
                return []
            case ToolCall():
                return [self._call(part)]
            case Media():
                return [self._signed(encode_media(part, own=True), signature(part.seal))]
            case HostedStep() if part.dialect != NAME:
                return self._step(self._joiner.take(part))
            case HostedStep() | Opaque() if part.dialect == NAME and part.raw:
                return [dict(part.raw)]
            case _:
                return []

    def _call(self, part: ToolCall) -> Wire:
        call = {"id": part.id, "name": part.name, "args": encode_arguments(part.arguments, part.form)}
        is_first = next(one for one in self.parts if isinstance(one, ToolCall)) is part
        sign = signature(part.seal) or self._pop() or (_UNSIGNED if is_first else None)
        return self._signed({"functionCall": call}, sign)

    def _settled(self) -> list[Wire]:
        call, self._doubtful = self._doubtful, None
        return [] if call is None else [self._call(call)]

    def _step(self, step: HostedStep | None) -> list[Wire]:
        if step is None:
            return []
        self.steps.append(step)
        return step_parts(step)

    def _visible(self, text: str, sign: str | None) -> list[Wire]:
        sign = sign or self._pop()
        return [self._signed({"text": text}, sign)] if text or sign else []

    def _thought(self, part: Reasoning) -> list[Wire]:
        text, sign = part.text[self._sent :], signature(part.seal)
        if not part.text and sign is not None:
            left = self._pop()
            self._waiting = sign
            return [{"text": "", "thoughtSignature": left}] if left else []
        wires: list[Wire] = [self._signed({"text": text, "thought": True}, sign)] if text or sign else []
        return [*self._overtaken(), *wires]

    def _overtaken(self) -> list[Wire]:
        # thinking after thinking: their vendor wants them back in their order
        left = self._pop()
        return [{"text": "", "thoughtSignature": left}] if left else []

    def _pop(self) -> str | None:
        waiting, self._waiting = self._waiting, None
        return waiting

    @staticmethod
    def _signed(wire: Wire, sign: str | None) -> Wire:
        return {**wire, "thoughtSignature": sign} if sign else wire

    def closing(self) -> list[Wire]:
        """Return the parts that close the candidate: among them a seal that nothing took.

        A call that a limit cut is left out: its arguments are no object, and clients run what they get.
        """
        wires = [] if self.end is not None and is_cut(self.end.finish) else self._settled()
        for step in self._joiner.left():
            wires += self._step(step)
        left = self._pop()
        return [*wires, {"text": "", "thoughtSignature": left}] if left else wires

    def wire(self, parts: Iterable[Wire], *, is_last: bool) -> Wire:
        """Return the candidate's object of a chunk."""
        wire: Wire = {"content": {"role": "model", "parts": list(parts)}, "index": self.index}
        if not is_last or self.end is None:
            return wire
        finish = self.end.finish
        own = finish.dialect == NAME
        details = dict(finish.detail or EMPTY) if own else {}
        grounding = details.get("groundingMetadata") or encode_grounding(self.parts, self.steps)
        wire = {**wire, "finishReason": encode_finish(finish), **details}
        if grounding:
            wire["groundingMetadata"] = grounding
        if (pages := pages_of(self.steps)) is not None:
            wire["urlContextMetadata"] = pages
        logprobs = self.end.logprobs if own else candidates(self.end.logprobs)
        if logprobs:
            wire["logprobsResult"] = logprobs
        return wire


class StreamEncoder:
    """A ``ReplyEncoder`` for the streamed forms."""

    def __init__(self, mode: Mode, request: Request) -> None:
        self._framer = ChunkFramer(mode)
        self._model = request.model
        self._id = ""
        self._usage: Usage | None = None
        self._writers: dict[int, CandidateWriter] = {}
        self._open: dict[int, Part] = {}
        self.failure: Failure | None = None

    def encode(self, event: StreamEvent) -> bytes:
        """Return the bytes for this event, perhaps none."""
        if self.failure is not None:
            return b""
        match event:
            case Begin():
                self._id = event.id
                self._usage = event.usage or self._usage
            case PartBegin():
                self._open[event.candidate] = event.part
                return self._sent(event.candidate, self._writer(event.candidate).begin(event.part))
            case PartDelta():
                part = self._open.get(event.candidate, Text(""))
                return self._sent(event.candidate, self._writer(event.candidate).delta(part, event))
            case PartEnd():
                return self._sent(event.candidate, self._writer(event.candidate).finished(event.part))
            case UsageReport():
                self._usage = event.usage
            case End():
                self._writer(event.candidate).end = event
            case Fault():
                self.failure = event.failure
                return self._framer.chunk(jsonbytes.encode(error_object(event.failure)))
            case _:
                pass
        return b""

    def _writer(self, index: int) -> CandidateWriter:
        return self._writers.setdefault(index, CandidateWriter(index))

    def _sent(self, index: int, parts: list[Wire]) -> bytes:
        if not parts:
            return b""
        return self._chunk({"candidates": [self._writer(index).wire(parts, is_last=False)]})

    def _chunk(self, members: Wire) -> bytes:
        return self._framer.chunk(jsonbytes.encode(_tagged(members, self._model, self._id)))

    def close(self) -> bytes:
        """Return the last chunk, with finish reasons and usage; an unfinished reply ends in an error."""
        if self.failure is not None:
            return self._framer.close()
        writers = [writer for _, writer in sorted(self._writers.items())]
        if not writers or not all(writer.end for writer in writers):
            error = UpstreamProtocolError("The provider stopped in the middle of its reply.").failure()
            return self._framer.chunk(jsonbytes.encode(error_object(error))) + self._framer.close()
        # An empty text is what the vendor itself closes with; clients look for content in every chunk.
        last = _closed(writers, [writer.closing() or [{"text": ""}] for writer in writers], self._usage)
        return self._chunk(last) + self._framer.close()


def encode_reply(reply: Reply, request: Request) -> bytes:
    """Encode a whole reply."""
    writers: list[CandidateWriter] = []
    contents: list[list[Wire]] = []
    for candidate in reply.candidates:
        writer = CandidateWriter(candidate.index, End(candidate.finish, candidate.index, candidate.logprobs))
        parts: list[Wire] = []
        for part in candidate.parts:
            parts += [*writer.begin(part), *writer.finished(part)]
        writers.append(writer)
        contents.append([*parts, *writer.closing()])
    body = _closed(writers, contents, reply.usage)
    return jsonbytes.encode(_tagged(body, request.model, reply.id))


def _closed(writers: list[CandidateWriter], contents: list[list[Wire]], usage: Usage | None) -> Wire:
    members: Wire = {}
    feedback = _prompt_feedback(writers)
    if feedback is not None:
        members["promptFeedback"] = feedback
    else:
        members["candidates"] = [
            writer.wire(parts, is_last=True) for writer, parts in zip(writers, contents, strict=True)
        ]
    members["usageMetadata"] = encode_usage(usage or Usage())
    return members


def _prompt_feedback(writers: list[CandidateWriter]) -> Json:
    """Return the vendor's own word on a blocked prompt, which has no candidate."""
    for writer in writers:
        if writer.end is not None and writer.end.finish.dialect == NAME and not writer.parts:
            return (writer.end.finish.detail or EMPTY).get("promptFeedback")
    return None


def _tagged(members: Wire, model: str, reply_id: str) -> Wire:
    tagged: Wire = {**members, "modelVersion": model}
    if reply_id:
        tagged["responseId"] = reply_id
    return tagged
