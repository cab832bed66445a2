"""Events to a whole reply and back: the only place that assembles."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from proxy_core import jsonbytes
from proxy_core.errors import ClientError, DecodeError, Failure, ProxyError, UpstreamProtocolError
from proxy_core.ir.message import Part, Reasoning, Refusal, Text, ToolCall
from proxy_core.ir.stream import (
    Beat,
    Begin,
    Candidate,
    End,
    Fault,
    Finish,
    FinishReason,
    PartBegin,
    PartDelta,
    PartEnd,
    Reply,
    StreamEvent,
    Usage,
    UsageReport,
)

_CUTTING: frozenset[FinishReason] = frozenset({"length", "context_full"})


class Folder:
    """Collects events; ``reply`` is complete after the last one, ``failure`` set after a ``Fault``."""

    def __init__(self) -> None:
        self._begin: Begin | None = None
        self._parts: dict[int, dict[int, Part]] = {}
        self._ends: dict[int, End] = {}
        self._usage: Usage | None = None
        self.failure: Failure | None = None

    def add(self, event: StreamEvent) -> None:
        """Take the next event."""
        match event:
            case Begin():
                self._begin = event
                self._usage = event.usage or self._usage
            case PartEnd():
                self._parts.setdefault(event.candidate, {})[event.index] = event.part
            case UsageReport():
                self._usage = event.usage
            case End():
                self._ends[event.candidate] = event
            case Fault():
                self.failure = event.failure
            case PartBegin() | PartDelta() | Beat():
                pass

    def reply(self) -> Reply:
        """Return the whole reply. Raises UpstreamProtocolError when the events do not make one."""
        if self._begin is None or not self._ends:
            raise UpstreamProtocolError("The provider sent an empty or unfinished reply.")
        candidates = tuple(
            Candidate(
                parts=tuple(part for _, part in sorted(self._parts.get(index, {}).items())),
                finish=end.finish,
                index=index,
                logprobs=end.logprobs,
            )
            for index, end in sorted(self._ends.items())
        )
        begin = self._begin
        return Reply(begin.id, begin.model, candidates, self._usage, begin.created)


def fold(events: Iterable[StreamEvent]) -> Reply:
    """Fold finished events into a reply; raises UpstreamProtocolError on a ``Fault`` or a missing end."""
    folder = Folder()
    for event in events:
        folder.add(event)
    if folder.failure is not None:
        raise UpstreamProtocolError(folder.failure.message, code=folder.failure.code)
    return folder.reply()


def unfold(reply: Reply) -> list[StreamEvent]:
    """Return the events that a stream of this reply would have, one delta per part."""
    events: list[StreamEvent] = [Begin(reply.id, reply.model, reply.created, reply.usage)]
    for candidate in reply.candidates:
        for index, part in enumerate(candidate.parts):
            events.append(PartBegin(index, skeleton(part), candidate.index))
            for segment, text in enumerate(_texts(part)):
                if text:
                    events.append(PartDelta(index, text, candidate.index, segment))
            events.append(PartEnd(index, part, candidate.index))
        if reply.usage is not None and candidate is reply.candidates[-1]:
            events.append(UsageReport(reply.usage))
        events.append(End(candidate.finish, candidate.index, candidate.logprobs))
    return events


def skeleton(part: Part) -> Part:
    """Return the part as it looks when it opens: what streams in later is empty, seals are gone."""
    match part:
        case Text():
            return Text("", phase=part.phase)
        case Refusal():
            return Refusal("")
        case Reasoning():
            return Reasoning((), None, part.redacted, part.id)
        case ToolCall():
            return replace(part, arguments="", seal=None)
        case _:
            return part


def _texts(part: Part) -> tuple[str, ...]:
    match part:
        case Text() | Refusal():
            return (part.text,)
        case Reasoning():
            return part.segments
        case ToolCall():
            return (part.arguments,)
        case _:
            return ()


class WholeDecoder:
    """A :class:`ReplyDecoder` for a body that is not streamed: waits for all of it."""

    is_done = can_end = False
    # only the end of the body ends it

    def __init__(self, decode: Callable[[bytes], Reply]) -> None:
        self._decode = decode
        self._body = bytearray()

    def feed(self, data: bytes) -> list[StreamEvent]:
        """Keep the bytes."""
        self._body += data
        return []

    def close(self) -> list[StreamEvent]:
        """Decode the body; one that is cut or not of the dialect gives a ``Fault``."""
        try:
            return unfold(self._decode(bytes(self._body)))
        except ClientError as error:
            # The codecs' words for a bad body; here it is the vendor who wrote it.
            broken = UpstreamProtocolError(f"The provider's reply could not be read: {error.message}")
            return [Fault(broken.failure())]
        except ProxyError as error:
            return [Fault(error.failure())]


class WholeEncoder:
    """A :class:`ReplyEncoder` for a body that is not streamed: gives all of it at the end.

    After a ``Fault`` it gives nothing: the caller asks ``failure`` and answers with a real status.
    """

    def __init__(self, encode: Callable[[Reply], bytes]) -> None:
        self._encode = encode
        self._folder = Folder()

    @property
    def failure(self) -> Failure | None:
        """The failure that ended the reply, if one did."""
        return self._folder.failure

    def encode(self, event: StreamEvent) -> bytes:
        """Keep the event."""
        self._folder.add(event)
        return b""

    def close(self) -> bytes:
        """Return the body. Raises UpstreamProtocolError when there is no whole reply."""
        if self.failure is not None:
            return b""
        return self._encode(self._folder.reply())


def ended(reason: Finish, parts: Iterable[Part]) -> Finish:
    """Keep finish and calls in step: never *tool* without a call, never *stop* with one.

    Calls that are all complete are the answer, although the vendor may have stopped at a limit of length.
    """
    calls = [part for part in parts if isinstance(part, ToolCall)]
    if calls and (reason.reason == "stop" or (reason.reason in _CUTTING and all(map(is_complete, calls)))):
        return replace(reason, reason="tool")
    if not calls and reason.reason == "tool":
        return replace(reason, reason="stop")
    return reason


def is_complete(call: ToolCall) -> bool:
    """Whether the arguments of a call are a whole object; of plain text nobody can tell."""
    if call.form == "freeform":
        return False
    try:
        return isinstance(jsonbytes.decode(call.arguments), dict)
    except DecodeError:
        return False


def is_cut(finish: Finish) -> bool:
    """Whether the reply stopped at a limit: a call that is not complete then is no call."""
    return finish.reason in _CUTTING


def executable(parts: tuple[Part, ...], finish: Finish) -> tuple[Part, ...]:
    """Return the parts without calls that a limit cut off, for clients that would run them."""
    if not is_cut(finish):
        return parts
    return tuple(part for part in parts if not isinstance(part, ToolCall) or is_complete(part))
