"""The dialect's stream to events (anthropic 2.11.0 stream events, 2026-11-20).

Taken generously, as compatible vendors send it: without ``event:`` lines, without block stops, with blocks
that overlap, with lines that are no JSON.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from proxy_core import jsonbytes
from proxy_core.dialects.anthropic_messages.block_build import BlockBuilder
from proxy_core.dialects.anthropic_messages.errors import failure_of
from proxy_core.dialects.anthropic_messages.finish import decode_finish
from proxy_core.dialects.anthropic_messages.reply_blocks import identified
from proxy_core.dialects.anthropic_messages.usage import decode_usage, merge_usage
from proxy_core.dialects.anthropic_messages.words import NAME
from proxy_core.errors import DecodeError, UpstreamProtocolError
from proxy_core.ir.message import Json
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
    UsageReport,
)
from proxy_core.sse import SseEvent, SseParser


class StreamDecoder:
    """One streamed reply of the provider ``issuer``, whose seals it tags."""

    def __init__(self, issuer: str) -> None:
        self._issuer = issuer
        self._sse = SseParser()
        self._blocks: dict[int, BlockBuilder] = {}  # started and not yet passed on whole, in order
        self._is_first_open = False  # whether the PartBegin of the first of them is out
        self._parts = 0
        self._usage: dict[str, Json] = {}
        self._id = ""
        self._has_begun = False
        self._has_ended = False
        self._is_over = False

    @property
    def is_done(self) -> bool:
        """Whether the terminal event or an error was seen."""
        return self._is_over

    @property
    def can_end(self) -> bool:
        """Whether a reason to stop was seen."""
        return self._has_ended

    def feed(self, data: bytes) -> list[StreamEvent]:
        """Take the next bytes."""
        return self._all(self._sse.feed(data))

    def close(self) -> list[StreamEvent]:
        """The bytes ended: too early, unless a reason to stop or an error was seen."""
        events = self._all(self._sse.close())
        if not self._is_over and not self._has_ended:
            words = "before its end" if self._has_begun else "before it began"
            cut = UpstreamProtocolError(f"The provider's stream broke off {words}.")
            events.append(Fault(cut.failure()))
        self._is_over = True
        return events

    def _all(self, frames: list[SseEvent]) -> list[StreamEvent]:
        events: list[StreamEvent] = []
        for frame in frames:
            if self._is_over:
                break
            message = _object(frame.data)
            if message is not None:
                events.extend(self._on(message.get("type") or frame.name, message))
        return events

    def _on(self, kind: Json, message: dict[str, Any]) -> Iterator[StreamEvent]:
        match kind:
            case "ping":
                yield Beat()
            case "error":
                self._is_over = True
                yield Fault(failure_of(message.get("error"), 200))
            case "message_start" if not self._has_begun:
                yield self._begin(_member(message, "message"))
            case "content_block_start":
                yield from self._start(message)
            case "content_block_delta":
                yield from self._delta(message)
            case "content_block_stop":
                yield from self._stop(message)
            case "message_delta":
                yield from self._change(message)
            case "message_stop":
                yield from self._finish(None)
                self._is_over = True
            case _:
                pass

    def _begin(self, message: Mapping[str, Json]) -> Begin:
        self._has_begun = True
        self._usage = merge_usage({}, message.get("usage"))
        said, model = message.get("id"), message.get("model")
        self._id = said if isinstance(said, str) else ""
        return Begin(
            id=self._id,
            model=model if isinstance(model, str) else "",
            usage=decode_usage(self._usage) if self._usage else None,
        )

    def _begun(self) -> Iterator[Begin]:
        if not self._has_begun:
            yield self._begin({})

    def _start(self, message: dict[str, Any]) -> Iterator[StreamEvent]:
        yield from self._begun()
        index = message.get("index")
        if self._has_ended or not isinstance(index, int) or index in self._blocks:
            return
        block = identified(_member(message, "content_block"), self._id, index)
        self._blocks[index] = BlockBuilder(block, self._issuer)
        yield from self._advance()

    def _delta(self, message: dict[str, Any]) -> Iterator[StreamEvent]:
        index = message.get("index")
        block = self._blocks.get(index) if isinstance(index, int) else None
        if block is None:
            return
        block.add(_member(message, "delta"))
        if block is next(iter(self._blocks.values())):
            yield from self._pending(block)

    def _stop(self, message: dict[str, Any]) -> Iterator[StreamEvent]:
        index = message.get("index")
        if isinstance(index, int) and index in self._blocks:
            self._blocks[index].is_closed = True
            yield from self._advance()

    def _advance(self) -> Iterator[StreamEvent]:
        """Pass on what is at the front: one open block, after every closed one before it."""
        while self._blocks:
            index, block = next(iter(self._blocks.items()))
            if not self._is_first_open:
                self._is_first_open = True
                yield PartBegin(self._parts, block.skeleton())
            yield from self._pending(block)
            if not block.is_closed:
                return
            rest = block.release()
            if rest:
                yield PartDelta(self._parts, rest)
            yield PartEnd(self._parts, block.part())
            del self._blocks[index]
            self._parts += 1
            self._is_first_open = False

    def _pending(self, block: BlockBuilder) -> Iterator[PartDelta]:
        text = block.take()
        if text:
            yield PartDelta(self._parts, text)

    def _change(self, message: dict[str, Any]) -> Iterator[StreamEvent]:
        yield from self._begun()
        if isinstance(message.get("usage"), dict):
            self._usage = merge_usage(self._usage, message["usage"])
            yield UsageReport(decode_usage(self._usage))
        finish = decode_finish(_member(message, "delta"))
        if finish is not None:
            yield from self._finish(finish)

    def _finish(self, finish: Finish | None) -> Iterator[StreamEvent]:
        if self._has_ended:
            return
        if not self._has_begun:
            cut = UpstreamProtocolError("The provider's stream has no message in it.")
            yield Fault(cut.failure())
            return
        for block in self._blocks.values():
            block.is_closed = True
        yield from self._advance()
        self._has_ended = True
        yield End(finish or Finish("stop", None, NAME))


def _object(data: bytes) -> dict[str, Any] | None:
    """Return the JSON object of an event; None for heartbeats and ``[DONE]``."""
    if data[:1] != b"{":
        return None
    try:
        value = jsonbytes.decode(data)
    except DecodeError:
        return None
    return value if isinstance(value, dict) else None


def _member(owner: Mapping[str, Any], key: str) -> dict[str, Any]:
    value = owner.get(key)
    return value if isinstance(value, dict) else {}
