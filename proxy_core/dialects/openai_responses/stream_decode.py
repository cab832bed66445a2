"""An upstream's reply to events: streamed, or one whole body, which is the terminal event by itself."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

from proxy_core import jsonbytes
from proxy_core.dialect import DecodeSource
from proxy_core.dialects.openai_responses.errors import failure_of, in_band_error
from proxy_core.dialects.openai_responses.lane import Lane, lane_for
from proxy_core.dialects.openai_responses.output_decode import (
    Origin,
    decode_finish,
    objects,
    string,
    whole_number,
)
from proxy_core.dialects.openai_responses.usage import decode_usage
from proxy_core.errors import DecodeError, Failure
from proxy_core.ir.message import Json, Part
from proxy_core.ir.stream import (
    Beat,
    Begin,
    End,
    Fault,
    PartBegin,
    PartDelta,
    PartEnd,
    StreamEvent,
    UsageReport,
)
from proxy_core.sse import SseEvent, SseParser

_LIFECYCLE = frozenset({"response.created", "response.in_progress", "response.queued"})
_TERMINAL = frozenset({"response.completed", "response.incomplete", "response.failed", "response.cancelled"})
_DELTAS = frozenset(
    {
        "output_text",
        "refusal",
        "reasoning_summary_text",
        "reasoning_text",
        "function_call_arguments",
        "custom_tool_call_input",
    }
)
_WHOLE = ("completed", "incomplete", "failed", "cancelled")
_CUT = Failure("server", 502, "The provider's stream stopped in the middle of the answer.")
_EMPTY = Failure("server", 502, "The provider sent an empty answer.")
_ALIEN = Failure("server", 502, "The provider sent an answer that is no response object.")


class StreamDecoder:
    """Reads server-sent events in any cut."""

    def __init__(self, source: DecodeSource) -> None:
        self._source = source
        self._parser = SseParser()
        self._events: list[StreamEvent] = []
        self._id = ""
        self._is_begun = False
        self._is_over = False
        self._lanes: dict[int, Lane] = {}
        self._waiting: list[Lane] = []
        self._count = 0
        self._parts: list[Part] = []

    @property
    def is_done(self) -> bool:
        """Whether the terminal event or an error was seen."""
        return self._is_over

    @property
    def can_end(self) -> bool:
        """The same: nothing else ends a response."""
        return self._is_over

    def feed(self, data: bytes) -> list[StreamEvent]:
        """Take the next bytes; everything after the terminal event is ignored."""
        for event in self._parser.feed(data):
            self._take(event)
        return self._given()

    def close(self) -> list[StreamEvent]:
        """The bytes ended; without a terminal event the answer is cut."""
        for event in self._parser.close():
            self._take(event)
        if not self._is_over:
            self._fault(_CUT if self._is_begun else _EMPTY)
        return self._given()

    def whole(self, response: Mapping[str, Json]) -> list[StreamEvent]:
        """Take a whole response object as the only event."""
        if isinstance(response.get("error"), dict) and response.get("object") != "response":
            self._fault(failure_of(in_band_error(response)))
            return self._given()
        status = response.get("status", "completed")
        if status in _WHOLE and (status == "failed" or isinstance(response.get("output"), list)):
            self._terminal(response, f"response.{status}")
        else:
            self._fault(_ALIEN)
        return self._given()

    def _given(self) -> list[StreamEvent]:
        events, self._events = self._events, []
        return events

    def _take(self, event: SseEvent) -> None:
        if self._is_over:
            return
        try:
            data = jsonbytes.decode(event.data)
        except DecodeError:
            return  # heartbeats that some gateways send as data; [DONE]
        if isinstance(data, dict):
            self._event(string(data.get("type")) or event.name or "", data)

    def _event(self, kind: str, data: dict[str, Json]) -> None:
        response = data.get("response")
        if kind in _LIFECYCLE:
            self._begin(response if isinstance(response, dict) else {})
        elif kind in _TERMINAL:
            self._terminal(response if isinstance(response, dict) else {}, kind)
        elif kind == "error" or (not kind and ("error" in data or "detail" in data)):
            error = in_band_error(data)
            self._fault(failure_of(error if "message" in error else {"message": data.get("detail")}))
        elif kind in ("keepalive", "ping"):
            self._events.append(Beat())
        elif kind.startswith("response."):
            self._piece(kind.removeprefix("response."), data)

    def _begin(self, response: Mapping[str, Json]) -> None:
        if self._is_begun:
            return
        self._is_begun = True
        seed = hashlib.sha256(self._source.encoded.body).hexdigest()[:32]
        self._id = string(response.get("id")) or f"resp_{seed}"
        model = string(response.get("model")) or self._source.request.model
        self._events.append(Begin(self._id, model, whole_number(response.get("created_at"))))

    def _piece(self, kind: str, data: dict[str, Json]) -> None:
        item = data.get("item")
        if kind == "output_item.added" and isinstance(item, dict):
            self._lane(data, item)
        elif kind == "output_item.done" and isinstance(item, dict):
            self._lane(data, item).close(item)
        else:
            stem, _, ending = kind.rpartition(".")
            self._inside(stem, ending, data)
        self._pump()

    def _inside(self, stem: str, ending: str, data: dict[str, Json]) -> None:
        lane = self._known(data)
        if lane is None and ending == "delta" and stem in ("output_text", "refusal"):
            # Seen from gateways: text without an item around it.
            lane = self._lane(data, {"type": "message"})
        if lane is None or lane.is_closed:
            return
        place = data.get("summary_index", data.get("content_index", 0))
        position = place if isinstance(place, int) else 0
        if ending == "delta" and stem in _DELTAS:
            lane.delta(stem, position, string(data.get("delta")))
        elif ending == "done":
            lane.note(stem, position, data)

    def _known(self, data: Mapping[str, Json]) -> Lane | None:
        # Upstreams name an item by place, by its id or by its call id, not always by the same.
        index, item_id = data.get("output_index"), data.get("item_id")
        if isinstance(index, int) and index in self._lanes:
            return self._lanes[index]
        for lane in self._lanes.values():
            if item_id and item_id in (lane.item.get("id"), lane.item.get("call_id")):
                return lane
        return None

    def _lane(self, data: Mapping[str, Json], item: dict[str, Json]) -> Lane:
        self._begin({})
        known = self._known({**data, "item_id": item.get("id") or item.get("call_id")})
        if known is not None and not (known.is_closed and known.item.get("id") != item.get("id")):
            return known
        index = data.get("output_index")
        return self._open(item, index if isinstance(index, int) else len(self._lanes))

    def _open(self, item: dict[str, Json], index: int) -> Lane:
        while index in self._lanes:
            index += 1
        origin = Origin(self._source.issuer, self._id, index)
        lane = lane_for(item, origin)
        self._lanes[index] = lane
        self._waiting.append(lane)
        return lane

    def _pump(self) -> None:
        while self._waiting:
            lane = self._waiting[0]
            for event in lane.pending:
                self._number(event)
            lane.pending.clear()
            if not lane.is_closed:
                return
            self._waiting.pop(0)

    def _number(self, event: PartBegin | PartDelta | PartEnd) -> None:
        match event:
            case PartBegin():
                self._events.append(PartBegin(self._count, event.part))
            case PartDelta():
                self._events.append(PartDelta(self._count, event.text, segment=event.segment))
            case PartEnd():
                self._events.append(PartEnd(self._count, event.part))
                self._parts.append(event.part)
                self._count += 1

    def _terminal(self, response: Mapping[str, Json], kind: str) -> None:
        self._begin(response)
        usage = decode_usage(response.get("usage"))
        status = kind.removeprefix("response.")
        if status in ("failed", "cancelled"):
            if usage is not None:
                self._events.append(UsageReport(usage))
            self._fault(_failed(response, status))
            return
        self._complete(objects(response.get("output")))
        if usage is not None:
            self._events.append(UsageReport(usage))
        finish = decode_finish({**response, "status": status}, self._parts)
        self._events.append(End(finish, logprobs=_logprobs(self._lanes.values())))
        self._is_over = True

    def _complete(self, output: list[dict[str, Json]]) -> None:
        # Codex's back end streams the items and then completes with an empty output: the items count.
        streamed = dict(self._lanes)
        for place, item in enumerate(output):
            lane = self._known({"item_id": item.get("id") or item.get("call_id")})
            if lane is None and place in streamed and streamed[place].item.get("type") == item.get("type"):
                lane = streamed[place]
            (lane or self._open(item, place)).close(item)
        for lane in self._lanes.values():
            lane.close(None)
        self._pump()

    def _fault(self, failure: Failure) -> None:
        self._events.append(Fault(failure))
        self._is_over = True


def _logprobs(lanes: Iterable[Lane]) -> Json:
    pieces = (piece for lane in lanes for piece in objects(lane.item.get("content")))
    return [entry for piece in pieces for entry in objects(piece.get("logprobs"))] or None


def _failed(response: Mapping[str, Json], status: str) -> Failure:
    error = response.get("error")
    if isinstance(error, dict):
        return failure_of(error)
    if status == "cancelled":
        return Failure("cancelled", 499, "The provider cancelled the answer.")
    return failure_of({"message": "The provider reported that the answer failed."})


class WholeDecoder:
    """Reads one JSON body. An upstream that streams although nobody asked is read as well."""

    is_done = can_end = False
    # only the end of the body ends it

    def __init__(self, source: DecodeSource) -> None:
        self._stream = StreamDecoder(source)
        self._body = bytearray()

    def feed(self, data: bytes) -> list[StreamEvent]:
        """Keep the bytes."""
        self._body += data
        return []

    def close(self) -> list[StreamEvent]:
        """Decode the body; one that is cut or no response gives a ``Fault``."""
        body = bytes(self._body).lstrip()
        if body[:1] not in (b"{", b""):
            return [*self._stream.feed(body), *self._stream.close()]
        try:
            return self._stream.whole(jsonbytes.decode_object(body))
        except DecodeError:
            return [Fault(_CUT if body else _EMPTY)]
