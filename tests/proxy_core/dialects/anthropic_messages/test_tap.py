import pytest

from proxy_core.dialect import Mode
from proxy_core.dialects.anthropic_messages.tap import Tap
from proxy_core.errors import Failure
from proxy_core.ir.fold import fold
from tests.proxy_core.dialects.anthropic_messages.support import DIALECT, events_of, frames, stream_of
from tests.samples import load


def test_every_sample_in_any_cut() -> None:
    for sample in load.samples("anthropic_messages"):
        if sample.stream is None:
            continue
        expected = fold(events_of(sample.stream))
        for step in (1, 7, 10_000):
            tap = Tap(is_stream=True)
            for start in range(0, len(sample.stream), step):
                tap.feed(sample.stream[start : start + step])
            tap.close()
            assert (tap.usage, tap.finish) == (expected.usage, expected.candidates[0].finish)
            assert tap.is_complete
            assert tap.failure is None


def test_a_whole_body() -> None:
    sample = load.sample("anthropic_messages", "15-usage-cache")
    tap = Tap(is_stream=False)
    tap.feed(sample.response[:20])
    tap.feed(sample.response[20:])
    assert not tap.is_complete
    tap.close()
    assert tap.usage is not None
    assert tap.usage.input_tokens == sample.expect["usage"]["input"]
    assert tap.is_complete


def test_a_cut_stream_is_not_complete() -> None:
    whole = stream_of()
    tap = Tap(is_stream=True)
    tap.feed(whole[: whole.index(b"event: message_delta")])
    tap.close()
    assert not tap.is_complete
    assert tap.usage is not None
    assert tap.usage.input_tokens == 3


def test_an_error_in_the_stream() -> None:
    tap = Tap(is_stream=True)
    tap.feed(frames({"type": "error", "error": {"type": "overloaded_error", "message": "busy"}}))
    assert tap.failure is not None
    assert tap.failure.kind == "overloaded"
    assert not tap.is_complete


def test_broken_bodies_say_nothing() -> None:
    for is_stream in (True, False):
        tap = Tap(is_stream=is_stream)
        tap.feed(b'event: message_delta\ndata: {"type":"message_delta",\n\n')
        tap.close()
        assert (tap.usage, tap.finish, tap.failure, tap.is_complete) == (None, None, None, False)


def test_a_whole_error_body() -> None:
    tap = Tap(is_stream=False)
    tap.feed(b'{"type":"error","error":{"type":"api_error","message":"x"}}')
    tap.close()
    assert tap.failure is not None


@pytest.mark.parametrize("mode", ["whole", "stream"])
def test_its_fault_is_the_dialect_s(mode: Mode) -> None:
    failure = Failure("server", 502, "Gone.")
    assert DIALECT.tap(mode).encode_fault(failure) == DIALECT.encode_fault(failure, mode)
    assert (DIALECT.encode_fault(failure, mode) == b"") == (mode == "whole")
