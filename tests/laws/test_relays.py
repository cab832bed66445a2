"""Laws 7 and 8 through the relay itself: what a client gets of a stream that was cut or dealt oddly."""

import json

import pytest

from proxy_core.errors import UpstreamUnavailable
from proxy_core.transports.replay import Recorded
from tests.laws.codecs import NAMES
from tests.laws.profiles import LONG
from tests.laws.streams import telling_cuts
from tests.proxy_core.relay.rig import STREAM, Client, exchange, provider, rig
from tests.samples import load
from tests.upstreams.lint import ending, lint

pytestmark = pytest.mark.timeout(0 if LONG else 60)
SAMPLES = ("08-thinking-signature", "35-text-then-call")
ALL = [(client, upstream) for client in NAMES for upstream in NAMES]


async def told(
    client: str, upstream: str, chunks: list[bytes], error: UpstreamUnavailable | None = None
) -> Client:
    """What a client gets when its vendor sends these bytes."""
    made = rig(Recorded(headers=STREAM, body=chunks, error=error), accounts=[("one", provider(upstream))])
    sink = Client()
    asked = exchange(client, stream=True)
    if client == "openai_chat":
        value = {**json.loads(asked.body), "stream_options": {"include_usage": True}}
        asked = exchange(client, stream=True, body=json.dumps(value).encode())
    await made.relay.run(asked, sink)
    return sink


def stream_of(upstream: str, name: str) -> bytes:
    """A golden stream."""
    body = load.sample(upstream, name).stream
    assert body is not None
    return body


def finished_at(upstream: str, body: bytes) -> int:
    """After how many bytes the vendor has said why it ended."""
    mark = {
        "openai_chat": b'"finish_reason":"',
        "openai_responses": b'"type":"response.completed"',
        "anthropic_messages": b'"stop_reason":"',
        "gemini_generate": b'"finishReason":"',
    }[upstream]
    return body.index(mark)


@pytest.mark.odd_upstream
@pytest.mark.parametrize("breaks", [False, True], ids=["ends", "breaks"])
@pytest.mark.parametrize(("client", "upstream"), ALL)
async def test_law_08_a_client_is_told_of_every_cut(client: str, upstream: str, breaks: bool) -> None:
    """Before the first byte by a status, after it in-band; in good order only what was finished."""
    error = UpstreamUnavailable("The connection broke.") if breaks else None
    for name in SAMPLES:
        body = stream_of(upstream, name)
        cuts = telling_cuts(body)
        for cut in cuts if LONG else cuts[:: max(1, len(cuts) // 25)]:
            sink = await told(client, upstream, [body[:cut]] if cut else [], error)
            if sink.status != 200:
                assert (sink.status or 0) >= 400, (name, cut)
                continue
            heard = cut >= finished_at(upstream, body)
            assert sink.is_finished is not sink.is_aborted, (name, cut)
            # what was passed on and lacks but the last word of its vendor is left as it is
            is_whole = sink.is_finished and not (heard and client == upstream)
            assert lint(client, sink.all, ended=is_whole) == [], (name, cut)
            how = ending(client, sink.all)
            assert how in ("clean", "error") or sink.is_aborted or (heard and client == upstream), (name, cut)
            assert how != "clean" or heard, (name, cut)


@pytest.mark.parametrize(("client", "upstream"), ALL)
async def test_law_07_a_client_gets_the_same_of_one_byte_at_a_time(client: str, upstream: str) -> None:
    for name in SAMPLES:
        body = stream_of(upstream, name)
        whole = await told(client, upstream, [body])
        dealt = await told(client, upstream, [body[at : at + 1] for at in range(len(body))])
        assert (whole.status, dealt.status) == (200, 200)
        assert dealt.all == whole.all
        assert client != upstream or whole.all == body
        assert lint(client, dealt.all) == [], name
