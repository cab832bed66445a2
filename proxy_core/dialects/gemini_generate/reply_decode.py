"""An upstream's reply as events: whole, as server-sent events, or as a growing array."""

from __future__ import annotations

import hashlib

from proxy_core import jsonbytes
from proxy_core.dialect import DecodeSource, Mode
from proxy_core.dialects.gemini_generate.candidate_decode import CandidateReader
from proxy_core.dialects.gemini_generate.errors import decode_error_object
from proxy_core.dialects.gemini_generate.finish import NAME
from proxy_core.dialects.gemini_generate.framing import ChunkCutter
from proxy_core.dialects.gemini_generate.reading import Node
from proxy_core.dialects.gemini_generate.usage import decode_usage
from proxy_core.errors import DecodeError, UpstreamProtocolError
from proxy_core.ir.message import Json
from proxy_core.ir.stream import Beat, Begin, End, Fault, Finish, StreamEvent, Usage, UsageReport


class ReplyReader:
    """Turns decoded chunks into events. A whole reply is one chunk.

    Candidates end when the bytes do: usage may come after the finish reason, and the vendor has no other
    terminal event.
    """

    def __init__(self, source: DecodeSource) -> None:
        self._source = source
        self._id: str | None = None
        self._candidates: dict[int, CandidateReader] = {}
        self._usage: Usage | None = None
        self._feedback: Json = None
        self._is_over = False

    def take(self, chunk: Json) -> list[StreamEvent]:
        """Take one chunk; what is no object is left out, an error ends the reply."""
        if self._is_over:
            return []
        if isinstance(chunk, list):
            return [event for item in chunk for event in self.take(item)]
        if not isinstance(chunk, dict):
            return []
        node = Node.of(chunk, "")
        if node.has("error"):
            self._is_over = True
            return [Fault(decode_error_object(chunk, 0))]
        events = self._begun(node)
        candidates = node.get("candidates")
        for place, raw in enumerate(candidates if isinstance(candidates, list) else []):
            if isinstance(raw, dict):
                events += self._candidate(Node.of(raw, "candidate"), place)
        feedback = node.get("promptFeedback")
        if isinstance(feedback, dict) and feedback.get("blockReason"):
            self._feedback = feedback
        usage = decode_usage(node.get("usageMetadata"))
        if usage is not None and usage != self._usage and self._id is not None:
            self._usage = usage
            events.append(UsageReport(usage))
        return events or [Beat()]

    @property
    def can_end(self) -> bool:
        """Whether every candidate that was asked for has its finish reason."""
        readers = self._candidates.values()
        wanted = self._source.request.sampling.candidates or 1
        return len(readers) >= wanted and all(reader.is_finished for reader in readers)

    def _begun(self, node: Node) -> list[StreamEvent]:
        if self._id is not None or not (
            node.has("candidates") or node.has("promptFeedback") or node.has("responseId")
        ):
            return []
        given = node.get("responseId")
        if not isinstance(given, str) or not given:
            given = hashlib.sha256(jsonbytes.encode(node.members)).hexdigest()[:24]
        self._id = given
        return [Begin(given, self._source.request.model)]

    def _candidate(self, candidate: Node, place: int) -> list[StreamEvent]:
        index = candidate.get("index")
        if not isinstance(index, int) or isinstance(index, bool) or index < 0:
            index = place
        reader = self._candidates.get(index)
        if reader is None:
            reader = CandidateReader(index, self._source.issuer, self._id or "")
            self._candidates[index] = reader
        return reader.take(candidate)

    def close(self, *, is_whole: bool = False) -> list[StreamEvent]:
        """End every candidate, or report that the bytes stopped too early.

        ``is_whole``: the body was one complete JSON text, so a reason that is missing is not a cut.
        """
        if self._is_over:
            return []
        self._is_over = True
        readers = [reader for _, reader in sorted(self._candidates.items())]
        if readers and (is_whole or all(reader.is_finished for reader in readers)):
            return [event for reader in readers for event in reader.close()]
        if not readers and self._feedback is not None:
            reason = str(self._feedback.get("blockReason"))
            return [End(Finish("filter", reason, NAME, detail={"promptFeedback": self._feedback}))]
        if self._id is None:
            return [_fault("The provider sent an empty reply.")]
        return [_fault("The provider stopped in the middle of its reply.")]


def _fault(message: str) -> Fault:
    return Fault(UpstreamProtocolError(message).failure())


class StreamDecoder:
    """A ``ReplyDecoder`` for the two streamed forms; data that is not JSON (heartbeats) is left out."""

    is_done = False
    # usage may follow a finish reason, and the vendor has no terminal event

    @property
    def can_end(self) -> bool:
        """Whether every candidate has its finish reason."""
        return self._reader.can_end

    def __init__(self, source: DecodeSource) -> None:
        self._cutter = ChunkCutter()
        self._reader = ReplyReader(source)

    def feed(self, data: bytes) -> list[StreamEvent]:
        """Take the next bytes."""
        return self._taken(self._cutter.feed(data))

    def close(self) -> list[StreamEvent]:
        """The bytes ended."""
        return [*self._taken(self._cutter.close()), *self._reader.close()]

    def _taken(self, chunks: list[bytes]) -> list[StreamEvent]:
        events: list[StreamEvent] = []
        for chunk in chunks:
            try:
                decoded = jsonbytes.decode(chunk)
            except DecodeError:
                continue
            events += self._reader.take(decoded)
        return events


class WholeReplyDecoder:
    """A ``ReplyDecoder`` for one JSON body; an error in a body with status 200 keeps its kind."""

    is_done = can_end = False
    # only the end of the body ends it

    def __init__(self, source: DecodeSource) -> None:
        self._reader = ReplyReader(source)
        self._body = bytearray()

    def feed(self, data: bytes) -> list[StreamEvent]:
        """Keep the bytes."""
        self._body += data
        return []

    def close(self) -> list[StreamEvent]:
        """Decode the body."""
        try:
            decoded = jsonbytes.decode(bytes(self._body))
        except DecodeError:
            return [_fault("The provider's reply is not complete JSON.")]
        return [*self._reader.take(decoded), *self._reader.close(is_whole=True)]


def reply_decoder(mode: Mode, source: DecodeSource) -> StreamDecoder | WholeReplyDecoder:
    """Return the decoder for a mode."""
    return WholeReplyDecoder(source) if mode == "whole" else StreamDecoder(source)
