"""Every sample's request is accepted by its own fake, and its answer comes back unchanged and well-formed."""

import json

import pytest

from tests.samples import load
from tests.upstreams.behaviours import Replay
from tests.upstreams.lint import lint
from tests.upstreams.sending import send
from tests.upstreams.server import FakeVendor

ALL = [
    pytest.param(sample, id=f"{sample.dialect}-{sample.name}")
    for d in load.dialects()
    for sample in load.samples(d)
]
STREAMED = [param for param in ALL if param.values[0].stream is not None]  # type: ignore[union-attr]


def vendor_for(sample: load.Sample) -> FakeVendor:
    return FakeVendor(sample.dialect, behaviour=Replay(sample.name))


def test_every_dialect_has_samples_and_seals_where_the_dialect_has_them() -> None:
    assert set(load.dialects()) == {
        "openai_chat",
        "openai_responses",
        "anthropic_messages",
        "gemini_generate",
    }
    assert all(load.names(dialect) for dialect in load.dialects())
    assert all(load.seals(d) for d in ("openai_responses", "anthropic_messages", "gemini_generate"))


def test_a_sample_that_a_dialect_lacks_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        load.sample("openai_chat", "no-such-sample")


@pytest.mark.parametrize("sample", ALL)
async def test_whole(sample: load.Sample) -> None:
    async with vendor_for(sample) as vendor:
        got = await send(vendor, sample.dialect, sample.path, sample.request)
    assert (got.status, got.body) == (sample.status, sample.response)
    assert got.headers.get("retry-after") == sample.headers.get("retry-after")
    assert vendor.requests[0].body == sample.request


@pytest.mark.parametrize("sample", STREAMED)
async def test_streamed(sample: load.Sample) -> None:
    async with vendor_for(sample) as vendor:
        got = await send(vendor, sample.dialect, sample.stream_target, sample.stream_request)
    assert got.status == 200
    assert got.headers["content-type"] == "text/event-stream"
    assert sample.stream is not None
    assert got.body == sample.stream
    assert lint(sample.dialect, got.body) == []


@pytest.mark.parametrize("sample", [param for param in STREAMED if "openai_chat" in str(param.id)])
async def test_chat_usage_only_when_asked(sample: load.Sample) -> None:
    async with vendor_for(sample) as vendor:
        got = await send(vendor, sample.dialect, sample.path, {**sample.request, "stream": True})
    assert b"usage" not in got.body
    assert lint(sample.dialect, got.body) == []


@pytest.mark.parametrize("sample", [param for param in STREAMED if "gemini" in str(param.id)])
async def test_gemini_without_alt_sse_is_an_array(sample: load.Sample) -> None:
    async with vendor_for(sample) as vendor:
        got = await send(
            vendor, sample.dialect, sample.stream_target.removesuffix("?alt=sse"), sample.request
        )
    assert got.headers["content-type"] == "application/json"
    assert isinstance(json.loads(got.body), list)
    assert lint(sample.dialect, got.body) == []
