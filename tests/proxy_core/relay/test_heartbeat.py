import pytest

from proxy_core.relay.heartbeat import Heartbeat
from proxy_core.relay.passthrough import Writer
from tests.proxy_core.relay.rig import ANTHROPIC, CHAT, GEMINI, RESPONSES, Client, attempt, exchange, pulse

FORMS = {
    CHAT: b": keep-alive\n\n",
    RESPONSES: b": keep-alive\n\n",
    ANTHROPIC: b'event: ping\ndata: {"type":"ping"}\n\n',
    GEMINI: b"\n",
}


@pytest.mark.parametrize("dialect", FORMS)
async def test_the_first_beat_commits_and_is_no_part_of_the_reply(dialect: str) -> None:
    sink = Client()
    found = attempt(dialect, dialect, sink, pulse())
    heart = Heartbeat(found.exchange, sink)
    await heart.beat()  # nothing is known yet
    assert not sink.is_committed
    heart.attempt, heart.writer = found, Writer(found)
    await heart.beat()
    assert (sink.status, sink.all) == (200, FORMS[dialect])
    assert heart.is_wanted
    assert not heart.has_written


async def test_never_inside_an_event() -> None:
    sink = Client()
    found = attempt(CHAT, CHAT, sink, pulse())
    heart = Heartbeat(found.exchange, sink)
    heart.attempt, heart.writer = found, Writer(found)
    await sink.start(200, {})
    await heart.writer.write(b"data: {")
    await heart.beat()
    assert sink.all == b"data: {"
    await heart.writer.write(b"}\n")
    await heart.writer.write(b"\n")
    await heart.beat()
    assert sink.all == b"data: {}\n\n: keep-alive\n\n"
    assert heart.has_written


async def test_a_whole_reply_has_no_place_for_one() -> None:
    sink = Client()
    found = attempt(CHAT, CHAT, sink, pulse(), mode="whole")
    heart = Heartbeat(found.exchange, sink)
    heart.attempt = found
    assert not heart.is_wanted
    await heart.beat()
    assert not sink.is_committed
    assert not Heartbeat(exchange(CHAT), sink).is_wanted
