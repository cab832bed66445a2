"""Opaque values are found in bytes, however these are cut."""

import json

import pytest

from proxy_core.dialect import Mode, SealFields
from proxy_core.relay.seal_watch import SealWatch, marked, values
from tests.proxy_core.relay.rig import ANTHROPIC, CHAT, GEMINI, RESPONSES, dialects

FIELDS = SealFields((b'seal"',), (b'"seal"',), b'"call"')
LONG = "x" * 5000
STREAM = b"".join(
    f"data: {json.dumps(value)}\n\n".encode()
    for value in (
        {"text": 'nothing "seal" here'},
        {"seal": "first/+="},
        {"text": "more"},
        {"a": {"seal": "second"}, "b": [{"seal": LONG}]},
        {"seal": None},
        {"text": "end"},
        {"seal": 'third"\\'},
    )
)


@pytest.mark.parametrize("size", [1, 2, 7, 64, 5000, 1 << 20])
@pytest.mark.parametrize("mode", ["stream", "whole"])
def test_every_value_is_told_once_however_the_bytes_are_cut(size: int, mode: Mode) -> None:
    found: list[bytes] = []
    watch = SealWatch(FIELDS, mode, found.append)
    for start in range(0, len(STREAM), size):
        watch.feed(STREAM[start : start + size])
    watch.close()
    assert found == [b"first/+=", b"second", LONG.encode(), b'third\\"\\\\']


def test_a_value_without_end_is_not_held_for_ever() -> None:
    found: list[bytes] = []
    watch = SealWatch(FIELDS, "stream", found.append)
    watch.feed(b'data: {"seal":"')
    for _ in range(40):
        watch.feed(b"y" * 65536)
    assert watch._size < 1 << 21
    watch.feed(b'"}\n\ndata: {"seal":"short"}\n\n')
    assert found[-1] == b"short"


def test_marks_are_members_not_words() -> None:
    assert marked(b'{"seal":"x"}', FIELDS)
    assert not marked(json.dumps({"text": 'a "seal" in words'}).encode(), FIELDS)


BODIES = {
    CHAT: (
        {
            "messages": [
                {"reasoning_details": [{"type": "reasoning.encrypted", "data": "one"}, {"signature": "two"}]},
                {"tool_calls": [{"extra_content": {"google": {"thought_signature": "three"}}}]},
            ]
        },
        [b"one", b"two", b"three"],
    ),
    RESPONSES: ({"input": [{"type": "reasoning", "encrypted_content": "one"}]}, [b"one"]),
    ANTHROPIC: (
        {
            "messages": [
                {"type": "thinking", "thinking": "", "signature": "one"},
                {"type": "redacted_thinking", "data": "two"},
                {"data": "three", "type": "redacted_thinking"},
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "picture"}},
            ]
        },
        [b"one", b"two", b"three"],
    ),
    GEMINI: (
        {"contents": [{"thoughtSignature": "one"}, {"thought_signature": "two"}]},
        [b"one", b"two"],
    ),
}


@pytest.mark.parametrize("name", BODIES)
def test_each_dialect_s_values_are_found_and_nothing_else(name: str) -> None:
    fields = dialects()[name].seal_fields
    assert fields is not None
    body, wanted = BODIES[name]
    for raw in (json.dumps(body).encode(), json.dumps(body, indent=1).encode()):
        assert marked(raw, fields)
        assert list(values(raw, fields)) == wanted
