from __future__ import annotations

import json

import pytest

from proxy_core.dialect import Mode
from proxy_core.dialects.gemini_generate.tap import ReplyTap
from proxy_core.errors import Failure
from proxy_core.ir.fold import fold
from tests.proxy_core.dialects.gemini_generate.support import DIALECT, NAME, candidate, events, sse
from tests.samples import load

REPLIES = [sample for sample in load.samples(NAME) if not sample.is_error and not sample.is_count]


def watched(mode: Mode, body: bytes, size: int = 11) -> ReplyTap:
    tap = DIALECT.tap(mode)
    for start in range(0, len(body), size):
        tap.feed(body[start : start + size])
    tap.close()
    tap.close()
    return tap


@pytest.mark.parametrize("sample", REPLIES, ids=lambda sample: sample.name)
def test_a_tap_sees_what_a_decoder_reads(sample: load.Sample) -> None:
    reply = fold(events("whole", sample.response))
    bodies: list[tuple[Mode, bytes | None]] = [("whole", sample.response), ("stream", sample.stream)]
    for mode, body in bodies:
        if body is None:
            continue
        tap = watched(mode, body)
        assert tap.usage == reply.usage
        assert tap.finish is not None
        assert tap.finish.reason == reply.candidates[0].finish.reason
        assert tap.is_complete
        assert tap.failure is None


def test_a_cut_stream_is_not_complete() -> None:
    tap = watched("stream", sse(candidate({"text": "a"})))
    assert not tap.is_complete


def test_errors_and_blocked_prompts_are_seen() -> None:
    error = {"error": {"code": 429, "message": "Slow.", "status": "RESOURCE_EXHAUSTED"}}
    failed = watched("array", json.dumps([candidate({"text": "a"}), error]).encode())
    assert failed.failure is not None
    assert failed.failure.kind == "rate_limit"
    blocked = watched("stream", sse({"promptFeedback": {"blockReason": "OTHER"}}))
    assert blocked.finish is not None
    assert blocked.finish.reason == "filter"


@pytest.mark.parametrize("body", [b"", b"<html>", b"data: [DONE]\n\n", b"[1,2]", b'{"candidates":[3]}'])
@pytest.mark.parametrize("mode", ["whole", "stream", "array"])
def test_nonsense_does_no_harm(mode: Mode, body: bytes) -> None:
    tap = watched(mode, body)
    assert tap.usage is None
    assert not tap.is_complete


@pytest.mark.parametrize("mode", ["whole", "stream", "array"])
def test_its_fault_is_the_dialect_s(mode: Mode) -> None:
    failure = Failure("server", 502, "Gone.")
    assert DIALECT.tap(mode).encode_fault(failure) == DIALECT.encode_fault(failure, mode)
    assert (DIALECT.encode_fault(failure, mode) == b"") == (mode == "whole")


def test_the_last_count_is_told_whichever_chunk_it_stands_in() -> None:
    def chunk(text: str, count: int | None, reason: str | None = None) -> bytes:
        candidate: dict[str, object] = {"content": {"parts": [{"text": text}]}, "index": 0}
        if reason is not None:
            candidate["finishReason"] = reason
        value: dict[str, object] = {"candidates": [candidate]}
        if count is not None:
            value["usageMetadata"] = {"promptTokenCount": 1, "candidatesTokenCount": count}
        return b"data: " + json.dumps(value).encode() + b"\n\n"

    for counts, last in (((1, 2, 3), 3), ((1, 2, None), 2), ((1, None, None), 1), ((None, None, 3), 3)):
        tap = DIALECT.tap("stream")
        for count, reason in zip(counts, (None, None, "STOP"), strict=True):
            tap.feed(chunk("x", count, reason))
        tap.close()
        assert tap.usage is not None
        assert tap.usage.output_tokens == last
