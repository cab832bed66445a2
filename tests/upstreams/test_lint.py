"""The linters find what is broken. The tests of samples and behaviours show that they pass what is right."""

from collections.abc import Callable

import pytest

from tests.samples import load
from tests.upstreams.lint import lint

Breakage = Callable[[bytes], bytes]


def swap(old: str, new: str, count: int = -1) -> Breakage:
    def change(body: bytes) -> bytes:
        assert old.encode() in body, old
        return body.replace(old.encode(), new.encode(), count)

    return change


def drop(marker: str, which: int = 0) -> Breakage:
    """Take out the `which`-th event that contains the marker."""

    def change(body: bytes) -> bytes:
        events = events_of(body)
        hits = [index for index, event in enumerate(events) if marker.encode() in event]
        del events[hits[which]]
        return b"".join(events)

    return change


def double(marker: str) -> Breakage:
    """Repeat the first event that contains the marker."""

    def change(body: bytes) -> bytes:
        events = events_of(body)
        first = next(index for index, event in enumerate(events) if marker.encode() in event)
        return b"".join([*events[: first + 1], *events[first:]])

    return change


def more(text: str) -> Breakage:
    return lambda body: body + text.encode()


def events_of(body: bytes) -> list[bytes]:
    return [part + b"\n\n" for part in body.replace(b"\r\n", b"\n").split(b"\n\n") if part.strip()]


PING = 'event: ping\ndata: {"type":"ping"}\n\n'
CASES: dict[str, dict[str, tuple[str, Breakage, str]]] = {
    "openai_chat": {
        "no DONE": ("01-plain-text", drop("[DONE]"), "no [DONE]"),
        "text after DONE": ("01-plain-text", more('data: {"id":1}\n\n'), "data after [DONE]"),
        "no finish": ("01-plain-text", drop('"finish_reason":"stop"'), "no finish_reason"),
        "role missing": ("01-plain-text", drop('"role":"assistant"'), "role assistant"),
        "content after finish": (
            "01-plain-text",
            double('"finish_reason":"stop"'),
            "after its finish_reason",
        ),
        "id changes": ("01-plain-text", swap("chatcmpl-01", "other", 1), "changed"),
        "event line": ("01-plain-text", swap("data: ", "event: x\ndata: ", 1), "event line"),
        "not JSON": ("01-plain-text", swap('{"id"', '{id"', 1), "not JSON"),
        "usage twice": ("01-plain-text", double('"choices":[]'), "after the usage chunk"),
        "usage sum": ("01-plain-text", swap('"total_tokens":21', '"total_tokens":22'), "not the sum"),
        "unknown finish": (
            "01-plain-text",
            swap('"finish_reason":"stop"', '"finish_reason":"STOP"'),
            "unknown",
        ),
        "call index": ("05-single-tool-call", swap('"index":0,"id":', '"index":1,"id":'), "not dense"),
        "call begins in the middle": ("05-single-tool-call", drop("call_oslo_1"), "no id or name"),
        "arguments cut": ("05-single-tool-call", drop("elsius"), "are not JSON"),
        "stop with a call": (
            "05-single-tool-call",
            swap('reason":"tool_calls"', 'reason":"stop"'),
            "although",
        ),
        "tool_calls without": (
            "01-plain-text",
            swap('reason":"stop"', 'reason":"tool_calls"'),
            "without a call",
        ),
        "no blank line": ("01-plain-text", lambda body: body.rstrip() + b"\n", "blank line"),
        "empty": ("01-plain-text", lambda body: b"", "no [DONE]"),
        "not UTF-8": ("01-plain-text", lambda body: body + b"\xff\n\n", "UTF-8"),
    },
    "openai_responses": {
        "no created": ("01-plain-text", drop("response.created"), "at place 0"),
        "no end": ("01-plain-text", drop("event: response.completed"), "neither completed"),
        "number gap": ("01-plain-text", drop("response.in_progress"), "sequence_number"),
        "event line": ("01-plain-text", swap("event: response.created", "event: x"), "event line"),
        "after the end": ("01-plain-text", double("event: response.completed"), "after the end"),
        "DONE": ("01-plain-text", more("data: [DONE]\n\n"), "no object"),
        "item not added": ("01-plain-text", drop("output_item.added"), "not open"),
        "part not added": ("01-plain-text", drop("content_part.added"), "outside its part"),
        "part not done": ("01-plain-text", drop("content_part.done"), "while a part is open"),
        "item not done": ("01-plain-text", drop("output_item.done"), "while an item is open"),
        "delta lost": ("01-plain-text", drop("output_text.delta"), "does not equal its deltas"),
        "arguments lost": ("05-single-tool-call", drop("arguments.delta"), "do not equal the deltas"),
        "output index": ("05-single-tool-call", swap('"output_index":0', '"output_index":1'), "expected 0"),
        "item id": ("01-plain-text", swap('"item_id":"msg_01_0"', '"item_id":"msg_x"', 1), "item_id"),
        "usage details": ("01-plain-text", swap(',"cache_write_tokens":0', ""), "cache_write_tokens"),
        "wrong status": (
            "01-plain-text",
            swap('"status":"completed","background"', '"status":"x","b"'),
            "status",
        ),
        "wrong output": (
            "05-single-tool-call",
            swap('"output":[{', '"output":[{"x":1},{'),
            "output does not equal",
        ),
        "incomplete without reason": ("11-max-tokens", swap('"reason":"max_output_tokens"', ""), "reason"),
        "output_text": (
            "01-plain-text",
            swap('"background"', '"output_text":"","background"'),
            "no wire field",
        ),
    },
    "anthropic_messages": {
        "no event lines": ("01-plain-text", swap("event: message_start\n", ""), "event line None"),
        "no start": ("01-plain-text", drop("event: message_start"), "before message_start"),
        "no stop": ("01-plain-text", drop("event: message_stop"), "neither message_stop nor error"),
        "no delta": ("01-plain-text", drop("event: message_delta"), "without message_delta"),
        "after the end": ("01-plain-text", more('event: error\ndata: {"type":"error"}\n\n'), "after the end"),
        "usage missing in start": (
            "01-plain-text",
            swap('"usage":{"input_tokens"', '"usage":{"x"', 1),
            "input_tokens",
        ),
        "usage missing in delta": ("01-plain-text", swap('"output_tokens":8', '"x":8'), "output_tokens"),
        "index from 1": ("01-plain-text", swap('"index":0', '"index":1'), "expected 0"),
        "block not stopped": ("08-thinking-signature", drop("content_block_stop"), "while another is open"),
        "block not stopped at the end": (
            "01-plain-text",
            drop("content_block_stop"),
            "while a block is open",
        ),
        "block not started": ("01-plain-text", drop("content_block_start"), "not open"),
        "thinking after signature": (
            "08-thinking-signature",
            double("signature_delta"),
            "after the signature",
        ),
        "wrong delta": (
            "08-thinking-signature",
            swap('"thinking_delta"', '"text_delta"'),
            "'thinking' block",
        ),
        "json cut": ("05-single-tool-call", drop("input_json_delta", -1), "not JSON"),
        "stop reason": (
            "05-single-tool-call",
            swap('"stop_reason":"tool_use"', '"stop_reason":"end_turn"'),
            "fit",
        ),
        "unknown stop reason": ("01-plain-text", swap('"end_turn"', '"stop"'), "unknown stop_reason"),
        "unknown event": ("01-plain-text", more('event: done\ndata: {"type":"done"}\n\n'), "unknown event"),
        "DONE": ("01-plain-text", more("data: [DONE]\n\n"), "no object"),
    },
    "gemini_generate": {
        "comment": ("01-plain-text", more(": keep-alive\n\n"), "comment"),
        "event line": ("01-plain-text", swap("data: ", "event: x\ndata: ", 1), "event line"),
        "DONE": ("01-plain-text", more("data: [DONE]\n\n"), "[DONE]"),
        "no space": ("01-plain-text", swap("data: ", "data:", 1), "neither event nor data"),
        "no finish": ("01-plain-text", swap(',"finishReason":"STOP"', ""), "no finishReason"),
        "chunk after finish": ("01-plain-text", double('"finishReason"'), "after its finishReason"),
        "id changes": ("01-plain-text", swap("gem01", "other", 1), "changed"),
        "role": ("01-plain-text", swap('"role":"model"', '"role":"assistant"', 1), "role"),
        "usage sum": ("01-plain-text", swap('"totalTokenCount":21', '"totalTokenCount":20'), "not the sum"),
        "empty part": ("01-plain-text", swap('"parts":[{', '"parts":[{"text":""},{', 1), "empty text part"),
        "args a string": ("05-single-tool-call", swap('"args":{', '"args":"","x":{'), "no object"),
        "signature": (
            "05-single-tool-call",
            swap('"thoughtSignature":"', '"thoughtSignature":"a.b'),
            "not base64",
        ),
        "after an error": (
            "01-plain-text",
            lambda body: b'data: {"error":{"code":1,"message":"","status":""}}\n\n' + body,
            "after an error",
        ),
        "envelope": ("01-plain-text", lambda body: b'data: {"response":{}}\n\n' + body, "without candidates"),
        "empty": ("01-plain-text", lambda body: b"", "no candidate"),
        "broken array": ("01-plain-text", lambda body: b"[{}", "not a JSON array"),
    },
}


@pytest.mark.parametrize(
    ("dialect", "name"), [(dialect, name) for dialect, cases in CASES.items() for name in cases]
)
def test_finds(dialect: str, name: str) -> None:
    sample, breakage, words = CASES[dialect][name]
    stream = load.sample(dialect, sample).stream
    assert stream is not None
    assert lint(dialect, stream) == []
    faults = lint(dialect, breakage(stream))
    assert any(words in fault for fault in faults), faults


def test_pings_are_welcome_anywhere() -> None:
    stream = load.sample("anthropic_messages", "01-plain-text").stream or b""
    events = events_of(stream)
    assert lint("anthropic_messages", b"".join(PING.encode() + event for event in events)) == []


def test_unknown_dialect() -> None:
    with pytest.raises(KeyError):
        lint("morse", b"")
