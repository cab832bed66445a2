"""One choice of a reply: deltas, or a whole message as one delta, to serialised parts.

Chat streams may interleave parallel calls; the events may not. Parts wait in lanes in order of arrival:
the first lane passes its text on at once, the others hold theirs until it is complete.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import TypeVar

from proxy_core import jsonbytes
from proxy_core.dialects.openai_chat.finish import decode_finish
from proxy_core.dialects.openai_chat.lane import Lane, LaneKind
from proxy_core.dialects.openai_chat.thinking import (
    entries_text,
    merge_entries,
    thinking_entries,
    thinking_text,
)
from proxy_core.dialects.openai_chat.wire import NAME, signature_of
from proxy_core.errors import DecodeError
from proxy_core.ir.fold import ended, is_cut
from proxy_core.ir.media import from_url
from proxy_core.ir.message import EMPTY, Citation, HostedStep, Inline, Json, Media, Part, Work
from proxy_core.ir.steps import cited
from proxy_core.ir.stream import End, PartBegin, PartDelta, PartEnd, StreamEvent

Members = dict[str, Json]
T = TypeVar("T")


class CandidateDecoder:
    """Takes the deltas of one choice; ``end`` is set once its finish is known.

    ``issuer`` tags seals, ``only_freeform`` is the sent name of the single freeform tool, for vendors that
    leave the name out; ``audio_mime`` is the type of sound that was asked for; ``searches``: the client
    offered a search that the vendor runs and wants to know of it.
    """

    def __init__(
        self,
        index: int,
        reply_id: str,
        issuer: str,
        only_freeform: str | None,
        audio_mime: str,
        searches: bool = False,
    ) -> None:
        self._index = index
        self._reply_id = reply_id
        self._issuer = issuer
        self._only_freeform = only_freeform
        self._audio_mime = audio_mime
        self._searches = searches
        self._lanes: list[Lane] = []
        self._head = 0
        self._calls: dict[int, Lane] = {}
        self._audio: list[str] = []
        self._parts: list[Part] = []
        self._logprobs: Members = {}
        self.end: End | None = None

    @property
    def has_parts(self) -> bool:
        """Whether anything at all was received."""
        return bool(self._lanes or self._audio)

    def take(self, delta: Members) -> list[StreamEvent]:
        """Take a delta or a whole message."""
        if self.end is not None:
            return []
        text = delta.get("content")
        if isinstance(text, str) and len(delta) == 1 + ("role" in delta):
            # nearly every delta is nothing but text
            self._append("text", text)
            return self._advance(is_last=False)
        self._take_thinking(delta)
        self._take_content(text)
        self._append("refusal", delta.get("refusal"))
        self._take_media(delta)
        self._take_calls(delta)
        self._take_annotations(delta.get("annotations"))
        return self._advance(is_last=False)

    def take_logprobs(self, value: Json) -> None:
        """Collect token probabilities: lists grow, anything else is replaced."""
        if not isinstance(value, dict):
            return
        for name, items in value.items():
            before = self._logprobs.get(name)
            if isinstance(before, list) and isinstance(items, list):
                self._logprobs[name] = before + items
            elif items is not None:
                self._logprobs[name] = items

    def finish(self, word: str | None) -> list[StreamEvent]:
        """Close every part; the ``End`` itself is kept in ``end``, for usage comes after this."""
        if self.end is not None:
            return []
        if self._audio:
            data = _joined(self._audio)
            self._lanes.append(
                Lane("media", self._issuer, media=Media("audio", Inline(self._audio_mime, data)))
            )
        for lane in self._lanes[self._head :]:
            lane.is_cut = is_cut(decode_finish(word, False))
        events = self._advance(is_last=True) + self._told_search()
        refused = any(lane.kind == "refusal" for lane in self._lanes)
        finish = ended(decode_finish(word, refused), self._parts)
        self.end = End(finish, self._index, self._logprobs or None)
        return events

    def _told_search(self) -> list[StreamEvent]:
        """Tell of a search: the vendor shows it only in the pages that the answer cites."""
        found = cited(self._parts) if self._searches else ()
        if not found:
            return []
        number, step = len(self._parts), HostedStep("web_search", NAME, EMPTY, work=Work(sources=found))
        self._parts.append(step)
        return [PartBegin(number, step, self._index), PartEnd(number, step, self._index)]

    def _take_thinking(self, delta: Members) -> None:
        kind, entries = thinking_entries(delta)
        text = thinking_text(delta)
        self._append("reasoning", text)
        if not entries:
            return
        lane = self._last("reasoning", reuse=True)
        lane.entries_kind = kind
        merge_entries(lane.entries, entries)
        if not text and not lane.pieces:
            lane.reads_entries = True
        if not text and lane.reads_entries:
            lane.add(entries_text(entries))

    def _take_content(self, content: Json) -> None:
        if isinstance(content, str):
            self._append("text", content)
            return
        for piece in content if isinstance(content, list) else []:
            # Mistral's reasoning models send lists of text and thinking (BerriAI/litellm#16272, 2025-11-05).
            if not isinstance(piece, dict):
                continue
            if piece.get("type") == "thinking":
                inner = piece.get("thinking")
                self._append("reasoning", inner if isinstance(inner, str) else _plain(inner))
            else:
                self._append("text", piece.get("text"))

    def _take_media(self, delta: Members) -> None:
        images = delta.get("images")
        for image in images if isinstance(images, list) else []:
            place = image.get("image_url") if isinstance(image, dict) else None
            url = place.get("url") if isinstance(place, dict) else place
            if isinstance(url, str) and (media := _image(url)) is not None:
                self._lanes.append(Lane("media", self._issuer, media=media))
        audio = delta.get("audio")
        if isinstance(audio, dict):
            self._append("text", audio.get("transcript"))
            if isinstance(audio.get("data"), str) and audio["data"]:
                self._audio.append(audio["data"])

    def _take_calls(self, delta: Members) -> None:
        calls = delta.get("tool_calls")
        calls = calls if isinstance(calls, list) else []
        for position, call in enumerate(calls):
            if isinstance(call, dict):
                self._take_call(call, position if len(calls) > 1 else None)
        function = delta.get("function_call")
        if isinstance(function, dict):
            self._take_call({"index": 0, "function": function}, None)

    def _take_call(self, call: Members, position: int | None) -> None:
        lane = self._call_lane(call, position)
        identity = call.get("id")
        if isinstance(identity, str) and identity and not lane.id:
            lane.id = identity
        custom, function = call.get("custom"), call.get("function")
        if isinstance(custom, dict):
            lane.is_freeform, body, member = True, custom, "input"
        else:
            body, member = function if isinstance(function, dict) else {}, "arguments"
        name, arguments = body.get("name"), body.get(member)
        if isinstance(name, str) and name and not lane.name:
            lane.name = name
        if isinstance(arguments, str):
            lane.add(arguments)
        elif isinstance(arguments, dict):
            lane.pieces[lane.sent :] = [jsonbytes.text(arguments)]
        lane.signature = signature_of(call) or lane.signature

    def _call_lane(self, call: Members, position: int | None) -> Lane:
        index, identity = call.get("index"), call.get("id")
        if isinstance(index, bool) or not isinstance(index, int):
            index = self._unnumbered(identity, position)
        lane = self._calls.get(index)
        # Some gateways number every call 0; the id tells them apart (su-kaka/gcli2api#406, 2026-08-28).
        if lane is None or (isinstance(identity, str) and identity and lane.id and lane.id != identity):
            same = [
                known for known in self._lanes if known.kind == "call" and identity and known.id == identity
            ]
            lane = same[0] if same else self._new("call")
            self._calls[index] = lane
        return lane

    def _unnumbered(self, identity: Json, position: int | None) -> int:
        if position is not None:
            return position
        if not identity:
            return max(self._calls, default=0)
        known = [index for index, lane in self._calls.items() if lane.id == identity]
        return known[0] if known else max(self._calls, default=-1) + 1

    def _take_annotations(self, annotations: Json) -> None:
        texts = [lane for lane in self._lanes[self._head :] if lane.kind == "text"]
        for annotation in annotations if isinstance(annotations, list) and texts else []:
            citation = _citation(annotation)
            if citation is not None:
                texts[-1].citations.append(citation)

    def _append(self, kind: LaneKind, text: Json) -> None:
        if isinstance(text, str) and text:
            self._last(kind).add(text)

    def _last(self, kind: LaneKind, reuse: bool = False) -> Lane:
        """Return the last lane if it is of this kind, to ``reuse`` any that is not closed, else a new one."""
        if reuse:
            waiting = [lane for lane in self._lanes[self._head :] if lane.kind == kind]
            return waiting[-1] if waiting else self._new(kind)
        if self._lanes and len(self._lanes) > self._head and self._lanes[-1].kind == kind:
            return self._lanes[-1]
        return self._new(kind)

    def _new(self, kind: LaneKind) -> Lane:
        lane = Lane(kind, self._issuer)
        self._lanes.append(lane)
        return lane

    def _advance(self, is_last: bool) -> list[StreamEvent]:
        events: list[StreamEvent] = []
        while self._head < len(self._lanes):
            lane = self._lanes[self._head]
            if is_last and lane.kind == "call":
                self._settle(lane)
            number = len(self._parts)
            if lane.can_open and not lane.is_open:
                lane.is_open = True
                events.append(PartBegin(number, lane.skeleton(), self._index))
            if lane.is_open and (piece := lane.unsent()):
                events.append(PartDelta(number, piece, self._index))
            has_next = self._head + 1 < len(self._lanes)
            if not is_last and not (has_next and lane.is_complete):
                break
            if lane.is_open:
                self._parts.append(lane.part())
                events.append(PartEnd(number, self._parts[-1], self._index))
            self._head += 1
        return events

    def _settle(self, lane: Lane) -> None:
        """Give a call what its vendor left out; one without any name is never announced."""
        if not lane.name and self._only_freeform is not None:
            lane.name = self._only_freeform
        if lane.name and not lane.id:
            seed = f"{self._reply_id}:{self._index}:{self._head}:{lane.name}"
            lane.id = f"call_{hashlib.sha256(seed.encode('utf-8', 'surrogatepass')).hexdigest()[:24]}"


def _image(url: str) -> Media | None:
    try:
        return from_url(url, "image")
    except DecodeError:
        return None


def _plain(pieces: Json) -> str:
    found = pieces if isinstance(pieces, list) else []
    return entries_text(piece for piece in found if isinstance(piece, dict))


def _citation(annotation: Json) -> Citation | None:
    detail = annotation.get("url_citation") if isinstance(annotation, dict) else None
    if not isinstance(detail, dict):
        return None
    url, title, quote = (_of(detail.get(name), str) for name in ("url", "title", "content"))
    start, end = (_of(detail.get(name), int) for name in ("start_index", "end_index"))
    return Citation(url, title, quote, start, end)


def _of(value: Json, kind: type[T]) -> T | None:
    return value if isinstance(value, kind) else None


def _joined(pieces: list[str]) -> str:
    if len(pieces) == 1:
        return pieces[0]
    try:
        return base64.b64encode(b"".join(base64.b64decode(piece) for piece in pieces)).decode()
    except binascii.Error:
        return "".join(pieces)
