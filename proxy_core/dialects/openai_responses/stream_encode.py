"""Events to a client's stream, and to the whole response at its end.

Order of events: openai 3.52.0 ``responses.stream()`` refuses a first event other than ``response.created``,
gaps in ``output_index`` and items that change their identity (measured 2026-11-20).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from proxy_core import jsonbytes
from proxy_core.dialects.openai_responses.errors import failed_error
from proxy_core.dialects.openai_responses.item_encode import (
    CallWriter,
    Frames,
    ItemStatus,
    ItemWriter,
    MessageWriter,
    ReasoningWriter,
    write_step,
)
from proxy_core.dialects.openai_responses.local_tools import KINDS, call_item
from proxy_core.dialects.openai_responses.response_object import Identity, ResponseObject, incomplete_reason
from proxy_core.dialects.openai_responses.steps import show_step, step_item
from proxy_core.dialects.openai_responses.usage import encode_usage
from proxy_core.dialects.openai_responses.wire import AFTER, ALONE, NAME, SEAL_KIND
from proxy_core.errors import Failure
from proxy_core.ir.fold import is_complete, is_cut, unfold
from proxy_core.ir.logprobs import entries
from proxy_core.ir.message import (
    EMPTY,
    HostedStep,
    Inline,
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
from proxy_core.ir.seal import carried
from proxy_core.ir.steps import StepJoiner
from proxy_core.ir.stream import (
    Begin,
    End,
    Fault,
    Finish,
    PartBegin,
    PartDelta,
    PartEnd,
    Reply,
    StreamEvent,
    Usage,
    UsageReport,
)

_CUT = Failure("server", 502, "The answer stopped before its end.")
_MALFORMED = Failure("server", 502, "The model made a tool call that could not be read.")


class StreamEncoder:
    """Writes one response. A second candidate has no place in the dialect and is left out.

    An item stays open until the next one begins or the answer ends, because only then is it known whether it
    is complete. The terminal event waits for the stream's end, because usage may come after the answer's.
    """

    def __init__(self, request: Request, created: int) -> None:
        self._request = request
        self._created = created
        self._frames = Frames()
        self._response: ResponseObject | None = None
        self._identity = Identity("", request, created)
        self._output: list[Json] = []
        self._writer: ItemWriter | None = None
        self._opening: Part | None = None
        self._held: ToolCall | None = None  # a typed call: an item at once, if it was not cut
        self._steps = StepJoiner()
        self._usage: Usage | None = None
        self._finish: Finish | None = None
        self.final: dict[str, Json] | None = None
        """The response in its last state, once there is one."""
        self.failure: Failure | None = None

    def encode(self, event: StreamEvent) -> bytes:
        """Return the bytes for an event."""
        if self.final is not None:
            return b""
        match event:
            case Begin():
                self._begin(event)
            case PartBegin() if event.candidate == 0:
                self._part_begin(event.part)
            case PartDelta() if event.candidate == 0:
                self._part_delta(event)
            case PartEnd() if event.candidate == 0:
                self._part_end(event.part)
            case UsageReport():
                # Totals that come after the end are the last; earlier ones may still be overwritten.
                self._usage = event.usage
                self._complete()
            case End() if event.candidate == 0:
                self._finish = event.finish
            case Fault():
                self._fail(event.failure)
            case _:
                pass
        return self._frames.take()

    def close(self) -> bytes:
        """Return the terminal event if it waited; an answer without an end has failed."""
        if self.final is None:
            self._complete()
        if self.final is None:
            self._fail(_CUT)
        return self._frames.take()

    def _begin(self, event: Begin) -> None:
        if self._response is not None:
            return
        created = event.created if event.created is not None else self._created
        self._identity = Identity(event.id, self._request, created)
        self._start(created)

    def _start(self, created: int) -> ResponseObject:
        self._response = ResponseObject(self._identity, self._request, created)
        begun = self._response.build("in_progress", [])
        self._frames.emit("response.created", response=begun)
        self._frames.emit("response.in_progress", response=begun)
        return self._response

    def _part_begin(self, part: Part) -> None:
        goes_on = isinstance(part, Text | Refusal) and isinstance(self._writer, MessageWriter)
        if not goes_on or (isinstance(part, Text) and part.phase != _phase(self._writer)):
            self._close_item("completed")
        self._release()
        if isinstance(part, ToolCall) and part.typed is None:
            prefix = "ctc" if part.form == "freeform" else "fc"
            self._writer = CallWriter(self._frames, len(self._output), self._id(prefix), part)
        self._opening = part

    def _part_delta(self, event: PartDelta) -> None:
        if not event.text:
            return
        if isinstance(self._opening, Reasoning):
            self._thinking().delta(event.segment, event.text)
        elif isinstance(self._opening, Text | Refusal):
            self._message(self._opening).delta(event.text)
        elif isinstance(self._writer, CallWriter):
            self._writer.delta(event.text)

    def _part_end(self, part: Part) -> None:
        match part:
            case Text() | Refusal():
                self._end_text(part)
            case Reasoning():
                self._end_thinking(part)
            case ToolCall() if part.typed is not None:
                self._held = part
            case ToolCall():
                self._end_call(part)
            case HostedStep() if part.dialect != NAME:
                self._show(self._steps.take(part))
            case HostedStep() | Opaque() if part.dialect == NAME:
                self._output.append(write_step(self._frames, len(self._output), part.raw))
            case Media() if part.kind == "image" and isinstance(part.source, Inline):
                self._image(part.source)
            case _:
                pass
        self._opening = None

    def _id(self, prefix: str) -> str:
        return self._identity.item(prefix, len(self._output))

    def _message(self, part: Text | Refusal) -> MessageWriter:
        writer = self._writer
        if not isinstance(writer, MessageWriter):
            phase = part.phase if isinstance(part, Text) else None
            writer = MessageWriter(self._frames, len(self._output), self._id("msg"), phase)
            self._writer = writer
        if not writer.is_open:
            writer.begin(part)
        return writer

    def _thinking(self) -> ReasoningWriter:
        writer = self._writer
        if not isinstance(writer, ReasoningWriter):
            writer = ReasoningWriter(self._frames, len(self._output), self._id("rs"))
            self._writer = writer
        return writer

    def _end_text(self, part: Text | Refusal) -> None:
        if part.text:
            self._message(part).end(part)
        seal = part.seal if isinstance(part, Text) else None
        if seal is not None:
            self._carry(seal, AFTER if part.text else ALONE)

    def _end_thinking(self, part: Reasoning) -> None:
        encrypted = carried(part.seal, SEAL_KIND) if part.seal is not None else None
        if encrypted is not None or any(part.segments):
            self._thinking().end(part.segments, encrypted)
            self._close_item("completed")

    def _end_call(self, part: ToolCall) -> None:
        if isinstance(self._writer, CallWriter):
            self._writer.end(part)
            if part.seal is not None:
                self._carry(part.seal, AFTER)

    def _release(self) -> None:
        """Write a typed call; as a function's where it makes no item, so that the client can object."""
        call, self._held = self._held, None
        if call is None or call.typed is None:
            return
        kind = call.typed.kind
        made = call_item(kind, call.arguments)
        if made is not None:
            head = {"id": self._id(KINDS[kind].id_prefix), "call_id": call.id, "status": "completed"}
            self._output.append(write_step(self._frames, len(self._output), {**head, **made}))
        else:
            self._writer = CallWriter(self._frames, len(self._output), self._id("fc"), call)
            self._writer.end(call)
            self._close_item("completed")
        if call.seal is not None:
            self._carry(call.seal, AFTER)

    def _show(self, step: HostedStep | None) -> None:
        index = len(self._output)
        item = None if step is None else step_item(step, self._identity.response, index)
        if item is not None:
            self._output.append(show_step(self._frames, index, item))

    def _carry(self, seal: Seal, place: str) -> None:
        # State of a text or a call has no field here: an empty reasoning item behind it comes back as well.
        self._close_item("completed")
        self._thinking().end((), carried(replace(seal, kind=seal.kind + place), SEAL_KIND))
        self._close_item("completed")

    def _image(self, source: Inline) -> None:
        index = len(self._output)
        head: dict[str, Json] = {"id": self._id("ig"), "type": "image_generation_call"}
        begun = {**head, "status": "in_progress", "result": None}
        done = {**head, "status": "completed", "result": source.data}
        kind = source.mime.removeprefix("image/")
        if kind in ("png", "webp", "jpeg", "gif"):
            done["output_format"] = kind
        place: dict[str, Json] = {"output_index": index, "item_id": head["id"]}
        self._frames.emit("response.output_item.added", output_index=index, item=begun)
        self._frames.emit("response.image_generation_call.in_progress", **place)
        self._frames.emit("response.image_generation_call.generating", **place)
        self._frames.emit("response.image_generation_call.completed", **place)
        self._frames.emit("response.output_item.done", output_index=index, item=done)
        self._output.append(done)

    def _close_item(self, status: ItemStatus) -> None:
        if self._writer is not None:
            self._output.append(self._writer.close(status))
            self._writer = None

    def _complete(self) -> None:
        if self._finish is None or self._response is None:
            return
        if self._finish.reason == "malformed_call":
            self._fail(_MALFORMED)
            return
        reason = incomplete_reason(self._finish)
        status: ItemStatus = "completed" if reason is None else "incomplete"
        self._close_item(status)
        if self._held is not None and is_cut(self._finish) and not is_complete(self._held):
            self._held = None
        self._release()
        for step in self._steps.left():
            self._show(step)
        usage = encode_usage(self._usage)
        self.final = self._response.build(status, self._output, usage, incomplete=reason)
        self._frames.emit(f"response.{status}", response=self.final)

    def _fail(self, failure: Failure) -> None:
        self.failure = failure
        response = self._response or self._start(self._created)
        usage = encode_usage(self._usage) if self._usage is not None else None
        self.final = response.build("failed", self._output, usage, failed_error(failure))
        self._frames.emit("response.failed", response=self.final)


def _phase(writer: ItemWriter | None) -> str | None:
    return writer.phase if isinstance(writer, MessageWriter) else None


def encode_reply(reply: Reply, request: Request, created: int) -> bytes:
    """Write a whole response: the last state of its stream, so that both always agree."""
    encoder = StreamEncoder(request, created)
    for event in unfold(reply):
        encoder.encode(event)
    encoder.close()
    _add_logprobs(encoder.final, entries(reply.candidates[0].logprobs))
    return jsonbytes.encode(encoder.final)


def _add_logprobs(response: Mapping[str, Json] | None, found: list[dict[str, Json]]) -> None:
    """Put them on the first text: other vendors do not say which part of a reply a token belongs to."""
    for item in (response or EMPTY).get("output", ()):
        for part in item.get("content", ()) if item.get("type") == "message" else ():
            if part.get("type") == "output_text":
                part["logprobs"] = found
                return


def encode_fault(failure: Failure, head: Mapping[str, Json] = EMPTY, number: int = 0) -> bytes:
    """Write a ``response.failed`` for a stream that broke.

    ``head`` is what is known of its response (``id``, ``model``, ``created_at``), which the SDK wants to be
    the same in every event; ``number`` is the event's place.
    """
    frames = Frames(number)
    error = failed_error(failure)
    frames.emit(
        "response.failed",
        response={
            "id": "resp_broken",
            "object": "response",
            "created_at": 0,
            "status": "failed",
            "error": error,
            "incomplete_details": None,
            "model": "",
            "output": [],
            "parallel_tool_calls": True,
            "tool_choice": "auto",
            "tools": [],
            "usage": None,
            **head,
        },
    )
    return frames.take()
