"""The ways in which an answer can travel and break."""

import asyncio
import gzip
import json
from typing import Any

import aiohttp
import pytest

from tests.samples import load
from tests.upstreams.behaviours import Behaviour, Fail, Replay, named
from tests.upstreams.delivery import Delivery
from tests.upstreams.lint import lint
from tests.upstreams.sending import headers_for, send
from tests.upstreams.server import KEY, FakeVendor

DIALECTS = load.dialects()


def streamed(dialect: str) -> tuple[str, Any]:
    sample = load.sample(dialect, "01-plain-text")
    return sample.stream_target, sample.stream_request


def replay(**how: Any) -> Behaviour:
    return Replay("01-plain-text", Delivery(**how))


async def read_until_broken(
    vendor: FakeVendor, dialect: str, body_override: Any = None
) -> tuple[int, bytes, bool]:
    """Status, what arrived, and whether the connection broke."""
    target, body = streamed(dialect)
    got = b""
    async with aiohttp.ClientSession(headers=headers_for(dialect, KEY)) as session:
        try:
            async with session.post(vendor.base_url + target, json=body_override or body) as response:
                async for chunk in response.content.iter_any():
                    got += chunk
                return response.status, got, False
        except aiohttp.ClientError:
            return 200, got, True


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("how", [{"write": 1}, {"write": 7}, {"gap": 0.001}])
async def test_pieces_change_nothing(dialect: str, how: dict[str, Any]) -> None:
    async with FakeVendor(dialect, behaviour=replay(**how)) as vendor:
        got = await send(vendor, dialect, *streamed(dialect))
    assert got.body == load.sample(dialect, "01-plain-text").stream


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_crlf_and_noise_keep_the_dialects_rules(dialect: str) -> None:
    async with FakeVendor(dialect, behaviour=replay(crlf=True, noise=True)) as vendor:
        got = await send(vendor, dialect, *streamed(dialect))
    assert b"\n" not in got.body.replace(b"\r\n", b"")
    assert len(got.body) > len(load.sample(dialect, "01-plain-text").stream or b"") + got.body.count(b"\r\n")
    assert lint(dialect, got.body) == []


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_gzip_although_nobody_asked(dialect: str) -> None:
    sample = load.sample(dialect, "01-plain-text")
    async with FakeVendor(dialect, behaviour=replay(compress=True)) as vendor:
        for target, body, expected in (
            (sample.path, sample.request, sample.response),
            (sample.stream_target, sample.stream_request, sample.stream),
        ):
            got = await send(vendor, dialect, target, body)
            assert got.headers["content-encoding"] == "gzip"
            assert gzip.decompress(got.body) == expected


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_cut_in_the_middle(dialect: str) -> None:
    async with FakeVendor(dialect, behaviour=replay(frames=2, ending="cut")) as vendor:
        _status, got, broken = await read_until_broken(vendor, dialect)
    whole = load.sample(dialect, "01-plain-text").stream or b""
    assert broken
    assert whole.startswith(got)
    assert len(got) < len(whole)


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_cut_before_the_headers(dialect: str) -> None:
    async with FakeVendor(dialect, behaviour=replay(before_headers=True, ending="cut")) as vendor:
        _status, got, broken = await read_until_broken(vendor, dialect)
    assert (got, broken) == (b"", True)


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_a_clean_end_without_the_terminal_event(dialect: str) -> None:
    async with FakeVendor(dialect, behaviour=replay(frames=2, ending="stop")) as vendor:
        status, got, broken = await read_until_broken(vendor, dialect)
    assert (status, broken) == (200, False)
    assert lint(dialect, got) != []


@pytest.mark.parametrize("ending", ["cut", "stop"])
async def test_a_whole_answer_can_break_too(ending: str) -> None:
    sample = load.sample("openai_chat", "01-plain-text")
    async with FakeVendor("openai_chat", behaviour=replay(ending=ending)) as vendor:
        _status, got, broken = await read_until_broken(vendor, "openai_chat", sample.request)
    assert broken
    assert len(got) < len(sample.response)


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("how", [{"before_headers": True}, {"frames": 2}])
async def test_a_client_that_leaves_is_noticed(dialect: str, how: dict[str, Any]) -> None:
    target, body = streamed(dialect)
    async with FakeVendor(dialect, behaviour=replay(ending="hold", **how)) as vendor:
        async with aiohttp.ClientSession(headers=headers_for(dialect, KEY)) as session:

            async def read() -> None:
                async with session.post(vendor.base_url + target, json=body) as response:
                    await response.read()

            async with asyncio.timeout(10), asyncio.TaskGroup() as group:
                reading = group.create_task(read())
                await vendor.held.wait()
                assert not vendor.cancelled.is_set()
                reading.cancel()
        async with asyncio.timeout(10):
            await vendor.cancelled.wait()


async def test_an_orderly_answer_is_no_cancellation() -> None:
    async with FakeVendor("openai_chat", behaviour=replay()) as vendor:
        await send(vendor, "openai_chat", *streamed("openai_chat"))
    assert not vendor.cancelled.is_set()


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(
    ("name", "status"), [("429", 429), ("500", 500), ("503", 503), ("529", 529), ("html", 502)]
)
async def test_error_statuses(dialect: str, name: str, status: int) -> None:
    async with FakeVendor(dialect, behaviour=named(name)) as vendor:
        got = await send(vendor, dialect, *streamed(dialect))
    assert got.status == status
    if name == "html":
        assert got.headers["content-type"].startswith("text/html")
        return
    error = json.loads(got.body)["error"]
    if name == "429" and dialect == "gemini_generate":
        assert error["details"][0]["retryDelay"] == "20s"
    elif name == "429":
        assert got.headers["retry-after"] == "20"


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_overload_inside_200_is_well_formed(dialect: str) -> None:
    async with FakeVendor(dialect, behaviour=named("overloaded-inside")) as vendor:
        got = await send(vendor, dialect, *streamed(dialect))
        assert got.status == 200
        assert lint(dialect, got.body) == []
        assert b"Overloaded" in got.body
        sample = load.sample(dialect, "01-plain-text")
        assert (await send(vendor, dialect, sample.path, sample.request)).status == 503


async def test_an_error_can_have_headers_of_its_own() -> None:
    how = Fail(429, "rate_limit", headers={"x-ratelimit-reset-requests": "6m0s"})
    async with FakeVendor("openai_chat", behaviour=how) as vendor:
        got = await send(vendor, "openai_chat", *streamed("openai_chat"))
    assert got.headers["x-ratelimit-reset-requests"] == "6m0s"
    assert "retry-after" not in got.headers
