"""Stream rules of Anthropic messages."""

from typing import Any

from tests.upstreams.sse_lines import Event, events, is_json, lacks

_STOPS = frozenset(
    {
        "end_turn", "max_tokens", "stop_sequence", "tool_use", "pause_turn", "refusal",
        "model_context_window_exceeded", "compaction",
    }
)  # fmt: skip
_DELTAS = {
    "text": {"text_delta": "text", "citations_delta": "citation"},
    "thinking": {"thinking_delta": "thinking", "signature_delta": "signature"},
    "tool_use": {"input_json_delta": "partial_json"},
    "server_tool_use": {"input_json_delta": "partial_json"},
}
_EMPTY = {"text": "text", "thinking": "thinking", "tool_use": "input", "server_tool_use": "input"}


class _Stream:
    """Follows one message through its events."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.started = False
        self.open: dict[str, Any] | None = None
        self.text = ""
        self.signed = False
        self.blocks = 0
        self.called = False
        self.delta = False
        self.broken = ""
        self.ended = False

    def take(self, event: Event) -> None:
        """One more event."""
        value = event.value
        if not isinstance(value, dict):
            self.say(f"data that is no object: {event.text[:40]!r}")
            return
        kind = value.get("type")
        if event.name != kind:
            self.say(f"event line {event.name!r} but type {kind!r}")
        if self.ended:
            self.say(f"{kind} after the end")
        if kind == "ping":
            return
        if not self.started and kind not in ("message_start", "error"):
            self.say(f"{kind} before message_start")
        step = getattr(self, f"on_{kind}", None)
        if step is None:
            self.say(f"unknown event {kind!r}")
        else:
            step(value)

    def say(self, fault: str) -> None:
        """Note a fault."""
        self.faults.append(fault)

    def on_message_start(self, value: Any) -> None:
        """The message without content."""
        if self.started:
            self.say("second message_start")
        self.started = True
        message = value.get("message")
        self.faults += lacks(message, "id type role model content stop_reason stop_sequence usage", "message")
        if isinstance(message, dict):
            usage = message.get("usage")
            self.faults += lacks(usage, "input_tokens output_tokens", "message_start usage")
            if message.get("content") != [] or message.get("stop_reason") is not None:
                self.say("message_start already has content or a stop_reason")

    def on_content_block_start(self, value: Any) -> None:
        """A block opens; one at a time, dense indexes."""
        if self.open is not None:
            self.say(f"block {value.get('index')} starts while another is open")
        if value.get("index") != self.blocks:
            self.say(f"block index {value.get('index')!r}, expected {self.blocks}")
        if self.delta:
            self.say("block after message_delta")
        block = value.get("content_block") or {}
        self.faults += lacks(block, "type", "content_block")
        self.open, self.text, self.signed = block, "", False
        self.blocks += 1
        kind = block.get("type")
        if kind in _EMPTY and block.get(_EMPTY[kind]):
            self.say(f"{kind} block does not start empty")
        if kind == "tool_use":
            self.called = True
            if not block.get("id") or not block.get("name"):
                self.say("tool_use without id or name")

    def on_content_block_delta(self, value: Any) -> None:
        """A piece of the open block."""
        delta = value.get("delta") or {}
        if self.open is None or value.get("index") != self.blocks - 1:
            self.say(f"delta for block {value.get('index')!r}, which is not open")
            return
        known = _DELTAS.get(self.open.get("type", ""), {})
        key = known.get(str(delta.get("type")))
        if key is None or key not in delta:
            self.say(f"{delta.get('type')!r} in a {self.open.get('type')!r} block")
            return
        if self.signed:
            self.say("delta after the signature")
        if key == "signature":
            self.signed = True
        elif key != "citation":
            self.text += delta[key]

    def on_content_block_stop(self, value: Any) -> None:
        """The open block closes."""
        if self.open is None or value.get("index") != self.blocks - 1:
            self.say(f"stop for block {value.get('index')!r}, which is not open")
            return
        kind = self.open.get("type")
        if kind in ("tool_use", "server_tool_use") and self.text and not is_json(self.text):
            self.broken = f"tool input is not JSON: {self.text!r}"
        if kind == "text" and not self.text:
            self.say("empty text block")
        self.open = None

    def on_message_delta(self, value: Any) -> None:
        """Reason and final usage."""
        if self.open is not None:
            self.say("message_delta while a block is open")
        if self.delta:
            self.say("second message_delta")
        self.delta = True
        self.faults += lacks(value.get("delta"), "stop_reason stop_sequence", "message_delta")
        self.faults += lacks(value.get("usage"), "output_tokens", "message_delta usage")
        reason = (value.get("delta") or {}).get("stop_reason")
        if self.broken and reason != "max_tokens":  # which may cut the last call in two
            self.say(self.broken)
        if reason not in _STOPS:
            self.say(f"unknown stop_reason {reason!r}")
        if (reason == "tool_use") != self.called and reason in ("tool_use", "end_turn"):
            self.say(f"stop_reason {reason} does not fit the blocks")

    def on_message_stop(self, _value: Any) -> None:
        """The end."""
        if not self.delta:
            self.say("message_stop without message_delta")
        self.ended = True

    def on_error(self, value: Any) -> None:
        """The other end."""
        self.faults += lacks(value.get("error"), "type message", "error")
        self.ended = True


def lint_anthropic(body: bytes) -> list[str]:
    """The faults of a messages stream."""
    found, faults = events(body)
    stream = _Stream()
    for event in found:
        stream.take(event)
    if not stream.ended:
        stream.say("neither message_stop nor error")
    return faults + stream.faults
