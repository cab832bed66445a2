"""Stream rules of OpenAI responses."""

from typing import Any

from tests.upstreams.sse_lines import Event, events, lacks

_RESPONSE = "id object created_at model output parallel_tool_calls tool_choice tools status usage"
_ENDS = {
    "response.completed": "completed",
    "response.incomplete": "incomplete",
    "response.failed": "failed",
}
# Delta event -> the event that closes it, and the key that holds the whole text there.
_TEXTS = {
    "response.output_text": ("text", "content_index"),
    "response.refusal": ("refusal", "content_index"),
    "response.reasoning_text": ("text", "content_index"),
    "response.reasoning_summary_text": ("text", "summary_index"),
    "response.function_call_arguments": ("arguments", None),
    "response.custom_tool_call_input": ("input", None),
}
_PARTS = {"response.content_part": "content_index", "response.reasoning_summary_part": "summary_index"}


class _Stream:
    """Follows one response through its events."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.number = 0
        self.id: str | None = None
        self.items: list[Any] = []
        self.done: dict[int, Any] = {}
        self.parts: dict[tuple[Any, ...], bool] = {}
        self.texts: dict[tuple[Any, ...], str] = {}
        self.ended = False

    def say(self, fault: str) -> None:
        """Note a fault."""
        self.faults.append(fault)

    def take(self, event: Event) -> None:
        """One more event."""
        value = event.value
        if not isinstance(value, dict):
            self.say(f"data that is no object: {event.text[:40]!r}")
            return
        kind = value.get("type", "")
        if event.name != kind:
            self.say(f"event line {event.name!r} but type {kind!r}")
        if value.get("sequence_number") != self.number:
            self.say(f"sequence_number {value.get('sequence_number')!r}, expected {self.number}")
        if self.ended:
            self.say(f"{kind} after the end")
        if (self.number == 0) != (kind == "response.created") and kind != "error":
            self.say(f"{kind} at place {self.number}")
        self.number += 1
        self._sort(kind, value)

    def _sort(self, kind: str, value: Any) -> None:
        stem, _, tail = kind.rpartition(".")
        if kind in _ENDS:
            self._end(kind, value.get("response"))
        elif kind == "error":
            self.faults += lacks(value, "code message param", "error")
            self.ended = True
        elif "response" in value:
            self._same(value["response"])
        elif kind == "response.output_item.added":
            self._added(value)
        elif kind == "response.output_item.done":
            self._item_done(value)
        elif stem in _PARTS:
            self._part(stem, tail, value)
        elif stem in _TEXTS:
            self._text(stem, tail, value)

    def _same(self, response: Any) -> None:
        self.faults += lacks(response, _RESPONSE, "response")
        if isinstance(response, dict):
            if self.id not in (None, response.get("id")):
                self.say("response id changed")
            self.id = response.get("id")
            if "output_text" in response:
                self.say("output_text is no wire field")

    def _added(self, value: Any) -> None:
        index, item = value.get("output_index"), value.get("item")
        self.faults += lacks(item, "type id", "item")
        if index != len(self.items):
            self.say(f"output_index {index!r}, expected {len(self.items)}")
        self.items.append(item)

    def _open(self, value: Any) -> bool:
        """Whether the event names an item that is open, by index and id alike."""
        index = value.get("output_index")
        if not isinstance(index, int) or index >= len(self.items) or index in self.done:
            self.say(f"{value.get('type')} for item {index!r}, which is not open")
            return False
        if value.get("item_id") != self.items[index].get("id"):
            self.say(f"{value.get('type')} has item_id {value.get('item_id')!r}")
        return True

    def _part(self, stem: str, tail: str, value: Any) -> None:
        if not self._open(value):
            return
        place = (stem, value.get("output_index"), value.get(_PARTS[stem]))
        if tail == "added":
            expected = sum(known[:2] == place[:2] for known in self.parts)
            if place in self.parts or place[2] != expected:
                self.say(f"{stem} {place[2]!r} added out of order")
            self.parts[place] = True
        elif not self.parts.pop(place, False):
            self.say(f"{stem}.done for part {place[2]!r}, which is not open")
        else:
            self.parts[place] = False

    def _text(self, stem: str, tail: str, value: Any) -> None:
        key, index_key = _TEXTS[stem]
        if tail not in ("delta", "done") or not self._open(value):
            return
        place = (stem, value.get("output_index"), value.get(index_key) if index_key else None)
        if index_key is not None:
            part = (
                "response.content_part" if index_key == "content_index" else "response.reasoning_summary_part"
            )
            if not self.parts.get((part, place[1], place[2])):
                self.say(f"{stem}.{tail} outside its part")
        if tail == "delta":
            if not isinstance(value.get("delta"), str):
                self.say(f"{stem}.delta without text")
                return
            self.texts[place] = self.texts.get(place, "") + value["delta"]
        elif value.get(key) != self.texts.get(place, ""):
            self.say(f"{stem}.done does not equal its deltas")
        if stem == "response.output_text" and not isinstance(value.get("logprobs"), list):
            self.say(f"{stem}.{tail} without logprobs")

    def _item_done(self, value: Any) -> None:
        index, item = value.get("output_index"), value.get("item")
        if not isinstance(index, int) or index >= len(self.items) or index in self.done:
            self.say(f"output_item.done for item {index!r}, which is not open")
            return
        begun = self.items[index]
        self.done[index] = item
        if not isinstance(item, dict) or not isinstance(begun, dict):
            return
        for key in ("id", "type", "call_id", "name"):
            if item.get(key) != begun.get(key):
                self.say(f"item {index}: {key} changed")
        if any(still and place[1] == index for place, still in self.parts.items()):
            self.say(f"item {index} done while a part is open")
        self._item_text(index, item)

    def _item_text(self, index: int, item: Any) -> None:
        for stem, key in (("function_call_arguments", "arguments"), ("custom_tool_call_input", "input")):
            # an object, as a search for tools has, comes whole
            if isinstance(item.get(key), str) and item[key] != self.texts.get(
                (f"response.{stem}", index, None), ""
            ):
                self.say(f"item {index}: {key} do not equal the deltas")
        for part, content in enumerate(item.get("content") or ()):
            sent = self.texts.get((f"response.{content.get('type')}", index, part), "")
            if content.get("text", content.get("refusal")) != sent:
                self.say(f"item {index}: part {part} does not equal its deltas")

    def _end(self, kind: str, response: Any) -> None:
        self.ended = True
        self._same(response)
        if not isinstance(response, dict):
            return
        if response.get("status") != _ENDS[kind]:
            self.say(f"{kind} with status {response.get('status')!r}")
        if kind == "response.failed":
            self.faults += lacks(response.get("error"), "code message", "response.error")
            return
        if kind == "response.incomplete":
            self.faults += lacks(response.get("incomplete_details"), "reason", "incomplete_details")
        if sorted(self.done) != list(range(len(self.items))):
            self.say("the response ended while an item is open")
        if response.get("output") != [self.done[index] for index in sorted(self.done)]:
            self.say("output does not equal the items that were done")
        self._usage(response.get("usage"))

    def _usage(self, usage: Any) -> None:
        names = "input_tokens input_tokens_details output_tokens output_tokens_details total_tokens"
        missing = lacks(usage, names, "usage")
        self.faults += missing
        if missing:
            return
        self.faults += lacks(
            usage["input_tokens_details"], "cached_tokens cache_write_tokens", "input_tokens_details"
        )
        self.faults += lacks(usage["output_tokens_details"], "reasoning_tokens", "output_tokens_details")
        if usage["total_tokens"] != usage["input_tokens"] + usage["output_tokens"]:
            self.say("total_tokens is not the sum")


def lint_responses(body: bytes) -> list[str]:
    """The faults of a responses stream."""
    found, faults = events(body)
    stream = _Stream()
    for event in found:
        stream.take(event)
    if not stream.ended:
        stream.say("neither completed, incomplete, failed nor error")
    return faults + stream.faults
