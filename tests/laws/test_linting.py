"""The watch over everything that is emitted bites, and only where it should."""

import pytest

from proxy_core.transports.replay import Recorded
from tests.linting import Watch, install
from tests.proxy_core.relay.rig import (
    ANTHROPIC,
    CHAT,
    GEMINI,
    RESPONSES,
    STREAM,
    Client,
    exchange,
    provider,
    rig,
)
from tests.samples import load
from tests.upstreams.lint import ending, lint

pytestmark = pytest.mark.odd_upstream


async def watched(
    watch: Watch, client: str, upstream: str, body: bytes, stream: bool = True, **more: object
) -> Client:
    """One exchange under a watch."""
    headers = STREAM if stream else {"content-type": "application/json"}
    made = rig(Recorded(headers=headers, body=[body]), accounts=[("one", provider(upstream))])
    sink = Client(**more)  # type: ignore[arg-type]
    with pytest.MonkeyPatch.context() as patch:
        install(patch, watch)
        try:
            await made.relay.run(exchange(client, stream=stream), sink)
        except ConnectionError:
            assert more
    return sink


def golden(dialect: str, stream: bool = True) -> bytes:
    sample = load.sample(dialect, "05-single-tool-call")
    body = sample.stream if stream else sample.response
    assert body is not None
    return body


@pytest.mark.parametrize("dialect", [CHAT, RESPONSES, ANTHROPIC, GEMINI])
@pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
async def test_a_good_reply_is_looked_at_and_passes(dialect: str, stream: bool) -> None:
    watch = Watch()
    await watched(watch, dialect, dialect, golden(dialect, stream), stream)
    assert (watch.exchanges, watch.linted, watch.faults) == (1, 1, [])


BAD = {
    CHAT: (b'"index":0,"id":', b'"index":1,"id":', "not dense"),
    RESPONSES: (b'"output_index":0', b'"output_index":3', "output_index 3"),
    ANTHROPIC: (b"event: content_block_stop\n", b"", "event line None"),
    GEMINI: (b'"role":"model"', b'"role":"robot"', "role 'robot'"),
}


@pytest.mark.parametrize("dialect", list(BAD))
async def test_a_bad_stream_is_found(dialect: str) -> None:
    old, new, words = BAD[dialect]
    body = golden(dialect)
    assert old in body
    watch = Watch()
    await watched(watch, dialect, dialect, body.replace(old, new))
    assert any(words in one for one in watch.faults), watch.faults
    assert all(one.startswith(f"{dialect} from {dialect}: ") for one in watch.faults)


async def test_a_bad_whole_reply_and_a_bad_error_are_found() -> None:
    watch = Watch()
    await watched(watch, CHAT, CHAT, golden(CHAT, False).replace(b'"usage"', b'"used"'), False)
    assert watch.faults == [
        f"{CHAT} from {CHAT}: completion lacks 'usage'",
        f"{CHAT} from {CHAT}: usage is not an object",
    ]
    made = rig(Recorded(status=400, body=[b'{"error":{}}']), accounts=[("one", provider(ANTHROPIC))])
    watch = Watch()
    with pytest.MonkeyPatch.context() as patch:
        install(patch, watch)
        await made.relay.run(exchange(ANTHROPIC), Client())
    assert "type" in watch.faults[0]


async def test_odd_bytes_that_are_passed_on_may_be_allowed() -> None:
    old, new, _ = BAD[ANTHROPIC]
    watch = Watch(passes_odd_bytes=True)
    await watched(watch, ANTHROPIC, ANTHROPIC, golden(ANTHROPIC).replace(old, new))
    assert watch.faults == []


async def test_of_a_client_that_left_only_what_it_got_is_judged() -> None:
    watch = Watch()
    sink = await watched(watch, CHAT, ANTHROPIC, golden(ANTHROPIC), leaves_after=1)
    assert sink.written
    assert (watch.linted, watch.faults) == (1, [])


def test_a_beginning_is_judged_without_its_end() -> None:
    for dialect in BAD:
        body = golden(dialect)
        for cut in range(0, len(body), 37):
            assert lint(dialect, body[:cut], ended=False) == [], (dialect, cut)
        assert ending(dialect, body) == "clean"
        assert ending(dialect, body[: len(body) // 3]) == "none"
    assert ending(CHAT, golden(CHAT) + b'data: {"error":{}}\n\n') == "error"
