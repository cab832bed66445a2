import json

import pytest

from proxy_core.ir.message import ToolCall
from proxy_core.ir.stream import Begin, PartBegin, PartDelta
from proxy_core.relay.seen import Seen
from tests.proxy_core.relay.rig import CHAT, dialects, exchange, sample

WORDS = "one two three four five six seven eight nine ten "


def chunk(text: str) -> bytes:
    value = {"id": "c", "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}]}
    return b"data: " + json.dumps(value).encode() + b"\n\n"


def counted(seen: Seen) -> int:
    asked = exchange(CHAT, stream=True)
    return seen.output_tokens(asked.request(), asked.body)


def test_nothing_is_nothing() -> None:
    seen = Seen()
    seen.note(Begin("r", "m"))
    assert (counted(seen), counted(Seen(dialects()[CHAT]))) == (0, 0)


def test_text_and_the_names_of_calls_count() -> None:
    seen = Seen()
    seen.note(PartDelta(0, WORDS))
    words = counted(seen)
    seen.note(PartBegin(1, ToolCall("c", "write_a_letter", "")))
    seen.note(PartDelta(1, '{"to": "everybody"}'))
    assert words in range(9, 14)
    assert counted(seen) in range(words + 6, words + 16)


@pytest.mark.parametrize("kind", ["bytes", "events"])
def test_a_long_stream_is_counted_by_its_beginning(kind: str) -> None:
    found = []
    for times in (20, 4000):
        seen = Seen(dialects()[CHAT]) if kind == "bytes" else Seen()
        for _ in range(times):
            seen.add(chunk(WORDS)) if kind == "bytes" else seen.note(PartDelta(0, WORDS))
        found.append(counted(seen))
        assert len(seen._sample) + sum(map(len, seen._texts)) < 1 << 15
    assert found[1] == pytest.approx(found[0] * 200, rel=0.05)


def test_a_whole_reply_is_kept_whole() -> None:
    seen = Seen(dialects()[CHAT], "whole")
    seen.add(sample(CHAT, False))
    assert 1 <= counted(seen) < 20


def test_without_its_request_nobody_can_read_it() -> None:
    seen = Seen(dialects()[CHAT])
    seen.add(chunk(WORDS))
    assert seen.output_tokens(None, b"") == 0
