"""Output items as they are written: each writer knows the events of its kind of item."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from proxy_core import jsonbytes
from proxy_core.dialects.openai_responses.citations import encode_citations
from proxy_core.ir.message import Json, Refusal, Text, ToolCall
from proxy_core.sse import data_event

ItemStatus = Literal["completed", "incomplete"]


class Frames:
    """Numbers and frames events; ``take`` empties what was written."""

    def __init__(self, number: int = 0) -> None:
        self._number = number
        self._written: list[bytes] = []

    def emit(self, kind: str, **members: Json) -> None:
        """Write one event with the next sequence number."""
        event = {"type": kind, **members, "sequence_number": self._number}
        self._number += 1
        self._written.append(data_event(jsonbytes.encode(event), kind))

    def take(self) -> bytes:
        """Return what was written since the last call."""
        data = b"".join(self._written)
        self._written.clear()
        return data


class ItemWriter:
    """One item of the output: added at once, done when it is closed."""

    def __init__(self, frames: Frames, index: int, item: dict[str, Json]) -> None:
        self._frames = frames
        self._at: dict[str, Json] = {"output_index": index, "item_id": item["id"]}
        self.item = item
        frames.emit("response.output_item.added", output_index=index, item=item)

    def close(self, status: ItemStatus) -> dict[str, Json]:
        """Write the end of the item and return it."""
        if "status" in self.item:
            self.item = {**self.item, "status": status}
        index = self._at["output_index"]
        self._frames.emit("response.output_item.done", output_index=index, item=self.item)
        return self.item


class MessageWriter(ItemWriter):
    """A message: text and refusals that follow each other are its content parts."""

    def __init__(self, frames: Frames, index: int, item_id: str, phase: str | None = None) -> None:
        head: dict[str, Json] = {"id": item_id, "type": "message", "role": "assistant"}
        if phase is not None:
            head["phase"] = phase
        super().__init__(frames, index, {**head, "status": "in_progress", "content": []})
        self.phase = phase
        self._content: list[Json] = []
        self._kind = ""
        self._sent = ""

    @property
    def is_open(self) -> bool:
        """Whether a content part is open."""
        return bool(self._kind)

    def begin(self, part: Text | Refusal) -> None:
        """Open a content part."""
        self._kind = "refusal" if isinstance(part, Refusal) else "output_text"
        self._sent = ""
        piece = _piece(self._kind, "", [])
        self._frames.emit("response.content_part.added", **self._place(), part=piece)

    def _place(self) -> dict[str, Json]:
        return {**self._at, "content_index": len(self._content)}

    def delta(self, text: str) -> None:
        """Write more of the open part."""
        self._sent += text
        more: dict[str, Json] = {"logprobs": []} if self._kind == "output_text" else {}
        self._frames.emit(f"response.{self._kind}.delta", **self._place(), delta=text, **more)

    def end(self, part: Text | Refusal) -> None:
        """Complete the open part."""
        if len(part.text) > len(self._sent) and part.text.startswith(self._sent):
            self.delta(part.text[len(self._sent) :])
        place, text = self._place(), self._sent
        annotations = encode_citations(part.citations, text) if isinstance(part, Text) else []
        for number, annotation in enumerate(annotations):
            self._frames.emit(
                "response.output_text.annotation.added",
                **place,
                annotation_index=number,
                annotation=annotation,
            )
        if self._kind == "refusal":
            self._frames.emit("response.refusal.done", **place, refusal=text)
        else:
            self._frames.emit("response.output_text.done", **place, text=text, logprobs=[])
        piece = _piece(self._kind, text, annotations)
        self._frames.emit("response.content_part.done", **place, part=piece)
        self._content.append(piece)
        self._kind = ""
        self.item = {**self.item, "content": list(self._content)}


def _piece(kind: str, text: str, annotations: list[Json]) -> dict[str, Json]:
    if kind == "refusal":
        return {"type": "refusal", "refusal": text}
    return {"type": "output_text", "text": text, "annotations": annotations, "logprobs": []}


class ReasoningWriter(ItemWriter):
    """Thinking: segments are summary parts, one open at a time."""

    def __init__(self, frames: Frames, index: int, item_id: str) -> None:
        super().__init__(frames, index, {"id": item_id, "type": "reasoning", "summary": []})
        self._texts: list[str] = []
        self._segment = -1

    def delta(self, segment: int, text: str) -> None:
        """Write more of a summary part; another segment opens the next part."""
        if segment != self._segment:
            self._end_part()
            self._segment = segment
            self._texts.append("")
            part = {"type": "summary_text", "text": ""}
            self._frames.emit("response.reasoning_summary_part.added", **self._place(), part=part)
        self._texts[-1] += text
        self._frames.emit("response.reasoning_summary_text.delta", **self._place(), delta=text)

    def _place(self) -> dict[str, Json]:
        return {**self._at, "summary_index": len(self._texts) - 1}

    def _end_part(self) -> None:
        if self._segment < 0:
            return
        text = self._texts[-1]
        self._frames.emit("response.reasoning_summary_text.done", **self._place(), text=text)
        part = {"type": "summary_text", "text": text}
        self._frames.emit("response.reasoning_summary_part.done", **self._place(), part=part)

    def end(self, segments: tuple[str, ...], encrypted: str | None) -> None:
        """Complete the thinking; ``encrypted`` is its state for the next request."""
        if not self._texts:
            for segment, text in enumerate(segments):
                if text:
                    self.delta(segment, text)
        self._end_part()
        summary = [{"type": "summary_text", "text": text} for text in self._texts]
        self.item = {**self.item, "summary": summary}
        if encrypted is not None:
            self.item = {**self.item, "encrypted_content": encrypted}


class CallWriter(ItemWriter):
    """A function call or a custom tool call."""

    def __init__(self, frames: Frames, index: int, item_id: str, call: ToolCall) -> None:
        self._is_custom = call.form == "freeform"
        self._key = "input" if self._is_custom else "arguments"
        item: dict[str, Json] = {
            "id": item_id,
            "type": "custom_tool_call" if self._is_custom else "function_call",
            "call_id": call.id,
            "name": call.name,
            self._key: "",
            "status": "in_progress",
        }
        if call.namespace is not None:
            item["namespace"] = call.namespace
        super().__init__(frames, index, item)
        self._stem = "custom_tool_call_input" if self._is_custom else "function_call_arguments"
        self._sent = ""

    def delta(self, text: str) -> None:
        """Write more of the arguments."""
        self._sent += text
        self._frames.emit(f"response.{self._stem}.delta", **self._at, delta=text)

    def end(self, call: ToolCall) -> None:
        """Complete the arguments."""
        if len(call.arguments) > len(self._sent) and call.arguments.startswith(self._sent):
            self.delta(call.arguments[len(self._sent) :])
        self._frames.emit(f"response.{self._stem}.done", **self._at, **{self._key: self._sent})
        self.item = {**self.item, self._key: self._sent}


def write_step(frames: Frames, index: int, item: Mapping[str, Json]) -> dict[str, Json]:
    """Write an item that is there at once and return it."""
    whole = dict(item)
    frames.emit("response.output_item.added", output_index=index, item=whole)
    frames.emit("response.output_item.done", output_index=index, item=whole)
    return whole
