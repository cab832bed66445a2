import pytest

from proxy_core.relay.heartbeat import WHOLE_AFTER_S, Heartbeat
from proxy_core.relay.writer import Writer
from tests.proxy_core.relay.rig import ANTHROPIC, CHAT, GEMINI, RESPONSES, Client, attempt, pulse

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
    heart = Heartbeat(found.exchange, sink, 15)
    await heart.beat()  # nothing is known yet
    assert not sink.is_committed
    heart.attempt, heart.writer = found, Writer(found)
    await heart.beat()
    assert (sink.status, sink.all) == (200, FORMS[dialect])
    assert not heart.has_written


async def test_never_inside_an_event() -> None:
    sink = Client()
    found = attempt(CHAT, CHAT, sink, pulse())
    heart = Heartbeat(found.exchange, sink, 15)
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


async def test_a_whole_reply_gets_a_blank_and_late() -> None:
    sink = Client()
    found = attempt(CHAT, CHAT, sink, pulse(), mode="whole")
    heart = Heartbeat(found.exchange, sink, 15)
    assert heart.quiet_since(100.0) == 100.0 + WHOLE_AFTER_S - 15
    heart.attempt = found
    await heart.beat()
    assert (sink.status, sink.all) == (200, b"\n")
    assert sink.headers["content-type"].startswith("application/json")
    assert heart.quiet_since(200.0) == 200.0


async def test_nothing_follows_the_end_and_counts_have_no_time_for_it() -> None:
    sink = Client()
    found = attempt(CHAT, CHAT, sink, pulse())
    heart = Heartbeat(found.exchange, sink, 15)
    heart.attempt, heart.writer = found, Writer(found)
    found.exchange.is_complete = True
    await heart.beat()
    assert not sink.is_committed
    assert heart.quiet_since(100.0) == 100.0
    assert heart.every_s == 15
