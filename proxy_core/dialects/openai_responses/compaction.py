"""Compaction for vendors that have none: the model writes a summary, which comes back as a compaction item.

A client that ends its input with a ``compaction_trigger`` takes nothing but exactly one ``compaction`` item
(Codex 0.169 with its built-in provider, measured 2026-11-20) and sends it in the place of what it stands for.
Its content is opaque to the client, so the summary rides in one of our envelopes.
"""

from __future__ import annotations

from dataclasses import replace

from proxy_core.dialects.openai_responses.fields import Fields
from proxy_core.dialects.openai_responses.wire import NAME
from proxy_core.errors import Failure, UnsupportedError, UpstreamProtocolError
from proxy_core.ir.fold import WholeEncoder
from proxy_core.ir.message import Message, Opaque, Part, Seal, Text
from proxy_core.ir.request import OutputFormat, Request, ToolChoice
from proxy_core.ir.seal import unwrap, wrap
from proxy_core.ir.stream import (
    Begin,
    End,
    Fault,
    Finish,
    PartBegin,
    PartDelta,
    PartEnd,
    ReplyEncoder,
    StreamEvent,
)

TRIGGER, ITEM = "compaction_trigger", "compaction"
_ISSUER, _KIND = "trunkline", "trunkline.summary"
INSTRUCTION = (
    "Stop here and do not call any tool. The conversation so far is about to be replaced by a summary that "
    "you write now. Whoever continues sees nothing else, so leave out nothing that matters: what the user "
    "asked for and every constraint they gave; what was done, with the names of files, commands and results; "
    "what was learned and decided, and why; what is unfinished, and the next step. Answer with the summary "
    "alone."
)
_LEAD = "Summary of the conversation so far, which it replaces:\n\n"
_NOTHING = Failure("server", 502, "The model wrote no summary of the conversation.")
_UNREADABLE = "Only the provider that compacted this conversation can read it: start a new conversation."


def asked_for() -> Message:
    """Return the message that stands for a trigger."""
    return Message("user", (Text(INSTRUCTION),))


def read_summary(item: Fields) -> Message:
    """Return the message that stands for a compaction item of ours.

    Raises UnsupportedError for one that a vendor made: nobody else knows what is in it.
    """
    seal = unwrap(item.text("encrypted_content") or "", "")
    if seal is None or (seal.issuer, seal.kind) != (_ISSUER, _KIND):
        raise UnsupportedError(_UNREADABLE, param=item.path)
    return Message("user", (Text(_LEAD + seal.value),))


def summarising(request: Request) -> Request:
    """Return a request whose reply is a summary: prose, and no calls; the tools stay for prompt caches."""
    choice = ToolChoice("none") if request.tools else None
    return replace(request, tool_choice=choice, output=OutputFormat(), compacts=True)


class Compacting:
    """Stands before an encoder and makes one compaction item of everything that the model says."""

    def __init__(self, encoder: ReplyEncoder) -> None:
        self._encoder = encoder
        self._id = ""
        self._text: list[str] = []

    @property
    def failure(self) -> Failure | None:
        """As the encoder's."""
        return self._encoder.failure

    def encode(self, event: StreamEvent) -> bytes:
        """Keep the text, hide every part, and bring the item at the end."""
        match event:
            case Begin():
                self._id = event.id
            case PartBegin() | PartDelta():
                return b""
            case PartEnd():
                if isinstance(event.part, Text) and event.candidate == 0:
                    self._text.append(event.part.text)
                return b""
            case End() if event.candidate == 0:
                return self._end()
            case _:
                pass
        return self._encoder.encode(event)

    def close(self) -> bytes:
        """As the encoder's. Raises UpstreamProtocolError instead of a reply that is not streamed."""
        if self.failure is not None and isinstance(self._encoder, WholeEncoder):
            raise UpstreamProtocolError(self.failure.message)
        return self._encoder.close()

    def _end(self) -> bytes:
        summary = "\n\n".join(text for text in self._text if text.strip())
        if not summary:
            return self._encoder.encode(Fault(_NOTHING))
        content = wrap(Seal(_ISSUER, _KIND, summary))
        stem = self._id.removeprefix("resp_") or "0"
        part: Part = Opaque(NAME, {"id": f"cmp_{stem}", "type": ITEM, "encrypted_content": content})
        events: tuple[StreamEvent, ...] = (PartBegin(0, part), PartEnd(0, part), End(Finish("stop")))
        return b"".join(self._encoder.encode(event) for event in events)
