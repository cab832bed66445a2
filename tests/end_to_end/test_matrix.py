"""Every client dialect × every upstream dialect × every sample, whole and streamed, with official SDKs."""

from typing import Any

import pytest

from tests.end_to_end.client import calling, path
from tests.end_to_end.line import account, running
from tests.end_to_end.meaning import Meaning, SdkError, sdk
from tests.samples import load
from tests.upstreams.behaviours import Replay
from tests.upstreams.lint import lint
from tests.upstreams.server import FakeVendor

# google-genai 3.4 subclasses aiohttp's session, which aiohttp dislikes
pytestmark = pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession:DeprecationWarning")

DIALECTS = load.dialects()


def _shared(client: str, upstream: str) -> list[str]:
    return [name for name in load.names(client) if name in load.names(upstream)]


def expected(name: str, client: str, upstream: str) -> dict[str, Any]:
    """What the client can see of a sample's meaning."""
    expect: dict[str, Any] = dict(load.sample(client, name).expect)
    usage = dict(expect["usage"])
    if "gemini_generate" in (client, upstream):
        usage["write"] = 0
    if expect["finish"] == "stop_sequence" and not client == upstream == "anthropic_messages":
        expect["finish"] = "stop"
    return {**expect, "usage": usage}


PAIRS = [
    pytest.param(client, upstream, id=f"{client}-{upstream}") for client in DIALECTS for upstream in DIALECTS
]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize(("client", "upstream"), PAIRS)
async def test_meaning_survives(client: str, upstream: str, stream: bool) -> None:
    model = load.model(upstream)
    wrong: list[str] = []
    async with (
        FakeVendor(upstream, demands_seals=client == upstream) as vendor,
        running([account("one", vendor, model)]) as line,
        sdk(client, line.url, line.key) as tool,
    ):
        vendor.forbidden = (line.key,)
        for name in _shared(client, upstream):
            sample = load.sample(client, name)
            if sample.is_count:
                continue
            vendor.behaviour = Replay(name)
            if sample.is_error:
                wrong += await _failure(tool, model, sample, stream)
                line.proxy.reset("one")
            else:
                wrong += await _differences(tool, model, sample, stream, expected(name, client, upstream))
            wrong += [f"{name}: refused with {answer.frames!r}" for answer in vendor.refusals]
            vendor.refusals.clear()
        assert vendor.leaks == []
    assert wrong == []


@pytest.mark.parametrize(("client", "upstream"), PAIRS)
async def test_every_stream_keeps_the_rules(client: str, upstream: str) -> None:
    """The raw bytes: SDKs are more patient than other clients."""
    model = load.model(upstream)
    wrong: list[str] = []
    async with (
        FakeVendor(upstream) as vendor,
        running([account("one", vendor, model)]) as line,
        calling(line) as caller,
    ):
        for name in _shared(client, upstream):
            sample = load.sample(client, name)
            if sample.is_count or sample.is_error:
                continue
            vendor.behaviour = Replay(name)
            body = sample.stream_request
            if "model" in body:
                body["model"] = model
            got = await caller.post(path(client, model, stream=True), body)
            assert got.headers["content-type"].startswith("text/event-stream"), name
            wrong += [f"{name}: {fault}" for fault in lint(client, got.body)]
    assert wrong == []


async def _failure(tool: Any, model: str, sample: load.Sample, stream: bool) -> list[str]:
    with pytest.raises(SdkError) as caught:
        await tool.ask(model, sample.request, stream)
    found = (caught.value.status, caught.value.retry_after)
    fits = found[0] == sample.status and found[1] in ("20", "20s")
    return [] if fits else [f"{sample.name}: {found} {caught.value.message}"]


async def _differences(
    tool: Any, model: str, sample: load.Sample, stream: bool, want: dict[str, Any]
) -> list[str]:
    try:
        found: Meaning = await tool.ask(model, sample.request, stream)
    except SdkError as error:
        return [f"{sample.name}: {error.status} {error.message}"]
    return [
        f"{sample.name}: {field} is {getattr(found, field)!r}, wanted {want[field]!r}"
        for field in ("text", "thinking", "calls", "finish", "usage")
        if getattr(found, field) != want[field]
    ]


COUNTS = [
    pytest.param(client, upstream, name, id=f"{client}-{upstream}-{name}")
    for client in DIALECTS
    for upstream in DIALECTS
    for name in load.names(client)
    if load.sample(client, name).is_count
]


@pytest.mark.parametrize(("client", "upstream", "name"), COUNTS)
async def test_counts_are_the_vendors_where_it_counts(client: str, upstream: str, name: str) -> None:
    model = load.model(upstream)
    sample = load.sample(client, name)
    async with (
        FakeVendor(upstream, behaviour=Replay(name)) as vendor,
        running([account("one", vendor, model)]) as line,
        sdk(client, line.url, line.key) as tool,
    ):
        counted = await tool.count(model, sample.request)
        assert vendor.refusals == []
        if name in load.names(upstream):
            assert counted == sample.expect["count"]
        else:
            assert 0.5 * sample.expect["count"] < counted < 2 * sample.expect["count"]
