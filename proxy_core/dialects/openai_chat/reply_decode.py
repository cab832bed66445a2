"""Replies of an upstream: a stream of chunks, or one whole body.

Both go through :class:`CandidateDecoder`, so that they cannot disagree.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from types import MappingProxyType

from proxy_core import jsonbytes
from proxy_core.dialect import DecodeSource
from proxy_core.dialects.openai_chat.candidate import CandidateDecoder, Members
from proxy_core.dialects.openai_chat.errors import ReportedError, reported
from proxy_core.dialects.openai_chat.usage import decode_usage
from proxy_core.dialects.openai_chat.wire import FAMILY, NAME
from proxy_core.errors import DecodeError, Failure, UpstreamProtocolError
from proxy_core.ir.fold import Folder
from proxy_core.ir.message import Json
from proxy_core.ir.request import Freeform, Hosted
from proxy_core.ir.stream import Begin, Fault, Reply, StreamEvent, Usage, UsageReport
from proxy_core.sse import SseEvent, SseParser

_CUT = "The provider's stream stopped before the reply was complete."
_EMPTY = "The provider answered with an empty reply."
_BROKEN = frozenset({"error", "network_error"})
"""Finish reasons that no complete reply has; gateways use them for a failure of their own upstream."""
_AUDIO: Mapping[str, str] = MappingProxyType({"mp3": "audio/mpeg", "pcm16": "audio/pcm"})


def decode_reply(body: bytes, source: DecodeSource) -> Reply:
    """Decode a whole reply. Raises UpstreamProtocolError, with the vendor's failure if it reports one."""
    try:
        value = jsonbytes.decode_object(body)
    except DecodeError as error:
        raise UpstreamProtocolError(f"The provider's reply could not be read. {error.message}") from None
    choices = value.get("choices")
    failure = reported(value)
    if failure is not None and not choices:
        raise ReportedError(failure)
    if not isinstance(choices, list) or not choices:
        raise UpstreamProtocolError(_EMPTY)
    chunks = ChunkDecoder(source)
    folder = Folder()
    for event in [*chunks.take(value, "message"), *chunks.finish_all()]:
        folder.add(event)
    if folder.failure is not None:
        raise ReportedError(folder.failure)
    return folder.reply()


class StreamDecoder:
    """A ``ReplyDecoder`` for server-sent chunks; takes any cut of the bytes."""

    def __init__(self, source: DecodeSource) -> None:
        self._parser = SseParser()
        self._chunks = ChunkDecoder(source)

    @property
    def is_done(self) -> bool:
        """Whether ``[DONE]``, an error, or usage after every finish reason was seen."""
        return self._chunks.is_over

    @property
    def can_end(self) -> bool:
        """Whether every choice has its finish reason."""
        return self._chunks.can_end

    def feed(self, data: bytes) -> list[StreamEvent]:
        """Take the next bytes."""
        return [event for item in self._parser.feed(data) for event in self._take(item)]

    def close(self) -> list[StreamEvent]:
        """The bytes ended; that is a ``Fault`` unless ``[DONE]`` or every finish reason was seen."""
        events = [event for item in self._parser.close() for event in self._take(item)]
        return events + self._chunks.cut()

    def _take(self, item: SseEvent) -> list[StreamEvent]:
        data = item.data.strip()
        if data == b"[DONE]":
            return self._chunks.finish_all()
        if not data.startswith(b"{"):
            return []  # heartbeats come as data too ("data: : keepalive")
        try:
            value = jsonbytes.decode(data)
        except DecodeError:
            return []
        return self._chunks.take(value, "delta")


class ChunkDecoder:
    """Takes decoded chunks; a whole body is one chunk whose deltas are called ``message``."""

    def __init__(self, source: DecodeSource) -> None:
        self._issuer = source.issuer
        self._wanted = source.request.sampling.candidates or 1
        self._only_freeform = _only_freeform(source)
        self._searches = source.request.dialect != NAME and any(
            isinstance(tool, Hosted) and tool.kind == "web_search" for tool in source.request.tools
        )
        audio = source.request.extensions.get(FAMILY, {}).get("audio")
        form = audio.get("format") if isinstance(audio, dict) else None
        self._audio_mime = _AUDIO.get(form, f"audio/{form}") if isinstance(form, str) else "audio/wav"
        self._begin: Begin | None = None
        self._candidates: dict[int, CandidateDecoder] = {}
        self._usage: Usage | None = None
        self._is_over = False

    @property
    def is_over(self) -> bool:
        """Whether nothing more is read."""
        return self._is_over

    @property
    def can_end(self) -> bool:
        """Whether every choice has its finish reason."""
        return self._all_finished()

    def take(self, value: Json, member: str) -> list[StreamEvent]:
        """Take one chunk; nothing is read after the end."""
        if self._is_over or not isinstance(value, dict):
            return []
        choices = value.get("choices")
        failure = reported(value)
        if failure is not None and not choices:
            return self._fault(failure)
        choices = [item for item in choices if isinstance(item, dict)] if isinstance(choices, list) else []
        events: list[StreamEvent] = []
        if self._begin is None and (choices or value.get("id")):
            self._begin = _begin(value)
            events.append(self._begin)
        self._usage = decode_usage(value.get("usage")) or self._usage
        for choice in choices:
            events += self._choice(choice, member)
        if failure is not None:
            return events + self._fault(failure)
        if not choices and self._usage is not None and self._all_finished():
            events += self.finish_all()
        return events

    def finish_all(self) -> list[StreamEvent]:
        """The vendor says that all is said: close what is open and give the ends."""
        if self._is_over:
            return []
        if not self._candidates:
            return self._fault(_broken(_EMPTY))
        events: list[StreamEvent] = []
        for candidate in self._candidates.values():
            events += candidate.finish(None)
        if self._usage is not None:
            events.append(UsageReport(self._usage))
        events += [candidate.end for candidate in self._candidates.values() if candidate.end is not None]
        self._is_over = True
        return events

    def cut(self) -> list[StreamEvent]:
        """The bytes ended: fine if every choice has its finish reason, a fault if not."""
        if self._is_over:
            return []
        return self.finish_all() if self._all_finished() else self._fault(_broken(_CUT))

    def _choice(self, choice: Members, member: str) -> list[StreamEvent]:
        index = choice.get("index")
        candidate = self._candidate(index if isinstance(index, int) and not isinstance(index, bool) else 0)
        delta = choice.get(member)
        events = candidate.take(delta) if isinstance(delta, dict) else []
        candidate.take_logprobs(choice.get("logprobs"))
        word = choice.get("finish_reason")
        if not isinstance(word, str):
            return events
        if word in _BROKEN:
            failure = reported(choice) or _broken("The provider failed in the middle of the reply.")
            return events + self._fault(failure)
        return events + candidate.finish(word) if word else events

    def _candidate(self, index: int) -> CandidateDecoder:
        if index not in self._candidates:
            reply_id = self._begin.id if self._begin is not None else ""
            self._candidates[index] = CandidateDecoder(
                index, reply_id, self._issuer, self._only_freeform, self._audio_mime, self._searches
            )
        return self._candidates[index]

    def _all_finished(self) -> bool:
        if len(self._candidates) < self._wanted:
            return False
        return all(candidate.end is not None for candidate in self._candidates.values())

    def _fault(self, failure: Failure) -> list[StreamEvent]:
        self._is_over = True
        return [Fault(failure)]


def _begin(value: Members) -> Begin:
    identity, model, created = value.get("id"), value.get("model"), value.get("created")
    model = model if isinstance(model, str) else ""
    moment = int(created) if isinstance(created, int | float) and 0 < created < 1e12 else None
    if not isinstance(identity, str) or not identity:
        identity = (
            "chatcmpl-" + hashlib.sha256(f"{model}:{moment}".encode("utf-8", "replace")).hexdigest()[:24]
        )
    return Begin(identity, model, moment)


def _only_freeform(source: DecodeSource) -> str | None:
    sent = [name for name, tool in source.encoded.memory.tools.items() if tool.form == "freeform"]
    if not sent:
        sent = [tool.name for tool in source.request.tools if isinstance(tool, Freeform)]
    return sent[0] if len(sent) == 1 else None


def _broken(message: str) -> Failure:
    return Failure("server", 502, message)
