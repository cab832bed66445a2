"""Events to the dialect's stream (anthropic 2.11.0 stream events, measured with its SDK 2026-11-20).

Every event needs its ``event:`` line. Blocks are numbered densely from 0, one is open at a time, a
signature comes once, just before its block stops. ``message_delta`` needs usage, so it waits for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from proxy_core import jsonbytes, sse
from proxy_core.dialects.anthropic_messages.blocks_encode import Block
from proxy_core.dialects.anthropic_messages.errors import error_event
from proxy_core.dialects.anthropic_messages.finish import encode_finish
from proxy_core.dialects.anthropic_messages.reply_blocks import (
    after,
    encode_blocks,
    is_unsigned,
    lendable,
    reply_citations,
    signature_of,
)
from proxy_core.dialects.anthropic_messages.reply_encode import message_id
from proxy_core.dialects.anthropic_messages.steps import StepWriter
from proxy_core.dialects.anthropic_messages.usage import encode_delta_usage, encode_usage
from proxy_core.dialects.anthropic_messages.words import UNSIGNED
from proxy_core.errors import Failure, UpstreamProtocolError
from proxy_core.ir.fold import ended, is_complete, is_cut
from proxy_core.ir.json_object import JsonObject
from proxy_core.ir.message import HostedStep, Json, Part, Reasoning, Refusal, Text, ToolCall
from proxy_core.ir.seal import wrap
from proxy_core.ir.stream import (
    Beat,
    Begin,
    End,
    Fault,
    Finish,
    PartBegin,
    PartDelta,
    PartEnd,
    StreamEvent,
    Usage,
    UsageReport,
)

PING = sse.data_event(b'{"type":"ping"}', "ping")


class StreamEncoder:
    """One reply as a stream for a client that asked for ``model``; only the first candidate is written."""

    def __init__(self, model: str) -> None:
        self._model = model
        self._index = 0
        self._part: Part | None = None  # the open part, as it began
        self._is_sent = False  # whether its block was started
        self._is_unsigned = False  # thinking that is still open: the call after it may lend its seal
        self._held = ""  # the beginning of a call, kept until a second piece shows that more comes
        self._waiting: list[Block] = []  # carriers of a text's seal, written only if something follows
        self._object = JsonObject()  # the arguments that were sent so far
        self._pieces = 0
        self._segment = 0
        self._calls: list[Part] = []
        self._texts: list[Part] = []
        self._steps = StepWriter()
        self._doubtful: ToolCall | None = None  # its arguments are no object: broken, or cut by a limit
        self._id = ""
        self._usage: Usage | None = None
        self._finish: Finish | None = None
        self._has_begun = False
        self._is_over = False
        self.failure: Failure | None = None

    def encode(self, event: StreamEvent) -> bytes:
        """Return the bytes for this event, perhaps none; nothing after the end."""
        if self._is_over:
            return b""
        return b"".join(self._on(event))

    def close(self) -> bytes:
        """Return the tail; a reply that never ended gets an error, never a clean finish."""
        if self._is_over:
            return b""
        if self._finish is None:
            cut = UpstreamProtocolError("The provider's reply stopped before its end.")
            return b"".join(self._fail(cut.failure()))
        return b"".join(self._tail())

    def _on(self, event: StreamEvent) -> Iterator[bytes]:
        match event:
            case Begin():
                yield from self._begin(event)
            case Beat():
                yield PING
            case Fault():
                yield from self._fail(event.failure)
            case UsageReport():
                self._usage = event.usage
                if self._finish is not None:
                    yield from self._tail()
            case PartBegin() | PartDelta() | PartEnd() | End() if event.candidate == 0:
                yield from self._on_candidate(event)
            case _:
                pass

    def _on_candidate(self, event: PartBegin | PartDelta | PartEnd | End) -> Iterator[bytes]:
        match event:
            case PartBegin():
                yield from self._settle()
                if not isinstance(event.part, ToolCall):
                    yield from self._sign(wrap(UNSIGNED))
                for block in self._waiting:
                    yield from self._whole(block)
                self._waiting = []
                self._part, self._is_sent = event.part, False
                self._held, self._pieces, self._segment = "", 0, 0
            case PartDelta():
                yield from self._delta(event)
            case PartEnd():
                yield from self._end(event.part)
            case End():
                self._finish = event.finish

    def _begin(self, event: Begin) -> Iterator[bytes]:
        if self._has_begun:
            return
        self._has_begun = True
        self._usage = event.usage
        self._id = message_id(event.id)
        message: Block = {
            "id": self._id,
            "type": "message",
            "role": "assistant",
            "model": self._model,
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": encode_usage(event.usage),
        }
        yield _event("message_start", message=message)

    def _delta(self, event: PartDelta) -> Iterator[bytes]:
        if not event.text:
            return
        match self._part:
            case Text() | Refusal():
                yield from self._start({"type": "text", "text": ""})
                yield self._change("text_delta", text=event.text)
            case Reasoning() if not self._part.redacted:
                gap = "\n\n" if event.segment > self._segment and self._is_sent else ""
                self._segment = event.segment
                yield from self._start({"type": "thinking", "thinking": "", "signature": ""})
                yield self._change("thinking_delta", thinking=gap + event.text)
            case ToolCall():
                yield from self._arguments(self._part, event.text)
            case _:
                pass

    def _arguments(self, call: ToolCall, piece: str) -> Iterator[bytes]:
        """Hold a call back until a second piece comes: its seal, if it has one, belongs before it.

        What does not begin like an object is held to the end, to be wrapped then; what ceases to be one on
        the way is ended so that it is one.
        """
        if self._is_sent:
            if kept := self._object.feed(piece):
                yield self._change("input_json_delta", partial_json=kept)
            return
        self._held += piece
        self._pieces += 1
        if self._pieces > 1 and call.form == "json" and self._held.lstrip()[:1] == "{":
            yield from self._start(_skeleton(call))
            self._object = JsonObject()
            yield self._change("input_json_delta", partial_json=self._object.feed(self._held))

    def _end(self, part: Part) -> Iterator[bytes]:
        if isinstance(part, ToolCall):
            self._calls.append(part)
            if self._is_unsigned and (lent := lendable(part)):
                yield from self._sign(lent)
                part = replace(part, seal=None)
        if self._is_sent and is_unsigned(part):
            self._is_unsigned = True
        elif self._is_sent:
            yield from self._ended(part)
        elif isinstance(part, ToolCall) and not _is_sound(part):
            self._doubtful = part
        else:
            for block in self._blocks(part):
                yield from self._whole(block)
        if isinstance(part, Text):
            self._texts.append(part)
            self._waiting = after(part)
        self._part, self._is_sent = None, False

    def _ended(self, part: Part) -> Iterator[bytes]:
        yield from self._rest(part)
        yield self._stop()
        for block in after(part) if isinstance(part, ToolCall) else ():
            yield from self._whole(block)

    def _blocks(self, part: Part) -> list[Block]:
        return self._steps.take(part, self._id) if isinstance(part, HostedStep) else encode_blocks(part)

    def _settle(self) -> Iterator[bytes]:
        """Write a call whose arguments are no object: something came after it, so no limit has cut it."""
        call, self._doubtful = self._doubtful, None
        for block in encode_blocks(call) if call is not None else ():
            yield from self._whole(block)

    def _sign(self, signature: str) -> Iterator[bytes]:
        """Close thinking that was left open."""
        if self._is_unsigned:
            self._is_unsigned = False
            yield self._change("signature_delta", signature=signature)
            yield self._stop()

    def _rest(self, part: Part) -> Iterator[bytes]:
        if isinstance(part, Text):
            for citation in reply_citations(part.citations):
                yield self._change("citations_delta", citation=citation)
        elif isinstance(part, Reasoning):
            yield self._change("signature_delta", signature=signature_of(part))
        elif isinstance(part, ToolCall) and (end := self._repair(part)):
            yield self._change("input_json_delta", partial_json=end)

    def _repair(self, call: ToolCall) -> str:
        """Return what makes broken arguments JSON: those that were sent cannot be taken back."""
        return self._object.ending("_raw", call.arguments) if self._object.is_broken else ""

    def _whole(self, block: Block) -> Iterator[bytes]:
        """Write a block that is complete already."""
        self._is_sent = False
        match block.get("type"):  # a vendor may leave it out
            case "text":
                yield from self._start({"type": "text", "text": ""})
                if block["text"]:
                    yield self._change("text_delta", text=block["text"])
                for citation in block.get("citations", ()):
                    yield self._change("citations_delta", citation=citation)
            case "thinking":
                yield from self._start({"type": "thinking", "thinking": "", "signature": ""})
                if block["thinking"]:
                    yield self._change("thinking_delta", thinking=block["thinking"])
                yield self._change("signature_delta", signature=block["signature"])
            case "tool_use" | "server_tool_use":
                yield from self._start({**block, "input": {}})
                arguments = jsonbytes.text(block.get("input", {}))
                yield self._change("input_json_delta", partial_json=arguments)
            case _:
                yield from self._start(block)
        yield self._stop()

    def _start(self, block: Block) -> Iterator[bytes]:
        if not self._is_sent:
            yield from self._sign(wrap(UNSIGNED))
            self._is_sent = True
            yield _event("content_block_start", index=self._index, content_block=block)

    def _change(self, kind: str, **members: Json) -> bytes:
        return _event("content_block_delta", index=self._index, delta={"type": kind, **members})

    def _stop(self) -> bytes:
        self._index += 1
        return _event("content_block_stop", index=self._index - 1)

    def _fail(self, failure: Failure) -> Iterator[bytes]:
        self._is_over = True
        self.failure = failure
        yield error_event(failure)

    def _tail(self) -> Iterator[bytes]:
        self._is_over = True
        yield from self._sign(wrap(UNSIGNED))
        finish = ended(self._finish or Finish("stop"), self._calls)
        if not is_cut(finish):
            yield from self._settle()
        for block in self._steps.close(self._texts, self._id):
            yield from self._whole(block)
        yield _event("message_delta", delta=encode_finish(finish), usage=encode_delta_usage(self._usage))
        yield _event("message_stop")


def _is_sound(call: ToolCall) -> bool:
    return call.form == "freeform" or is_complete(call)


def _skeleton(call: ToolCall) -> Block:
    return {"type": "tool_use", "id": call.id, "name": call.name, "input": {}}


def _event(kind: str, **members: Json) -> bytes:
    return sse.data_event(jsonbytes.encode({"type": kind, **members}), kind)
