import pytest

from proxy_core.dialect import Mode
from proxy_core.dialects.openai_chat.tap import ChatTap
from proxy_core.errors import Failure
from proxy_core.ir.stream import Usage
from tests.proxy_core.dialects.openai_chat.exchange import DIALECT, NAME, chunk, sse
from tests.samples import load

SAMPLES = [sample for sample in load.samples(NAME) if sample.stream is not None]


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
@pytest.mark.parametrize("step", [1, 5000])
def test_stream_and_whole_are_seen_alike(sample: load.Sample, step: int) -> None:
    assert sample.stream is not None
    stream, whole = ChatTap(is_stream=True), ChatTap(is_stream=False)
    for at in range(0, len(sample.stream), step):
        stream.feed(sample.stream[at : at + step])
    stream.close()
    whole.feed(sample.response)
    whole.close()
    assert stream.usage is not None
    assert stream.usage.input_tokens == sample.expect["usage"]["input"]
    assert (stream.usage, stream.finish, stream.is_complete) == (whole.usage, whole.finish, True)
    assert whole.is_complete


def test_a_cut_stream_is_not_complete() -> None:
    tap = ChatTap(is_stream=True)
    tap.feed(sse(chunk({"content": "finish_reason"}), done=False))
    tap.close()
    assert not tap.is_complete
    assert tap.finish is None


def test_an_error_going_by_is_seen() -> None:
    tap = ChatTap(is_stream=True)
    tap.feed(sse(chunk({"content": "a"}), {"error": {"message": "busy", "code": 503}}))
    tap.close()
    assert tap.failure is not None
    assert tap.failure.kind == "overloaded"
    assert not tap.is_complete


def test_an_embedding_is_counted() -> None:
    tap = ChatTap(is_stream=False)
    tap.feed(b'{"object":"list","data":[],"usage":{"prompt_tokens":4,"total_tokens":4}}')
    tap.close()
    assert tap.usage == Usage(4, 0)
    assert tap.is_complete


@pytest.mark.parametrize("data", [b"", b"<html>", b"[]", b'{"choices":3,"error":{}}'])
def test_nonsense_does_no_harm(data: bytes) -> None:
    tap = ChatTap(is_stream=False)
    tap.feed(data)
    tap.close()
    assert tap.usage is None


@pytest.mark.parametrize("mode", ["whole", "stream"])
def test_its_fault_is_the_dialect_s(mode: Mode) -> None:
    failure = Failure("server", 502, "Gone.")
    assert DIALECT.tap(mode).encode_fault(failure) == DIALECT.encode_fault(failure, mode)
    assert (DIALECT.encode_fault(failure, mode) == b"") == (mode == "whole")
