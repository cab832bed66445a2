import json

import pytest

from proxy_core.errors import Failure
from proxy_core.relay.writer import Writer
from tests.proxy_core.relay.rig import ANTHROPIC, CHAT, GEMINI, RESPONSES, Client, attempt, pulse

BROKEN = Failure("server", 502, "Broken.\nTwice.")
REFUSED = Failure("permission", 403, "Not yours.")


async def begun(dialect: str, said: bytes = b"data: {}\n\n") -> tuple[Writer, Client]:
    sink = Client()
    found = attempt(dialect, dialect, sink, pulse())
    await sink.start(200, {})
    writer = Writer(found)
    await writer.write(said)
    return writer, sink


async def test_it_knows_where_a_keep_alive_may_stand() -> None:
    writer, _ = await begun(CHAT, b"")
    assert (writer.is_at_boundary, writer.has_written) == (True, False)
    for piece, is_at_end in ((b"data: 1", False), (b"\n", False), (b"\n", True)):
        await writer.write(piece)
        assert (writer.is_at_boundary, writer.has_written) == (is_at_end, True)


@pytest.mark.parametrize("dialect", [RESPONSES, ANTHROPIC, GEMINI])
async def test_an_error_is_told_in_band(dialect: str) -> None:
    writer, sink = await begun(dialect)
    await writer.break_off(BROKEN, b"data: fault\n\n")
    assert sink.all == b"data: {}\n\ndata: fault\n\n"
    assert (sink.is_finished, sink.is_aborted) == (True, False)


async def test_an_error_stands_alone_behind_what_it_broke_in() -> None:
    writer, sink = await begun(ANTHROPIC, b'data: {"ty')
    await writer.break_off(BROKEN, b"data: fault\n\n")
    assert sink.all == b'data: {"ty\n\ndata: fault\n\n'


async def test_where_objects_are_final_what_may_pass_breaks_the_connection() -> None:
    writer, sink = await begun(CHAT)
    await writer.break_off(BROKEN, b"data: fault\n\n")
    assert sink.all == b"data: {}\n\n: error: Broken. Twice.\n\n"
    assert (sink.is_finished, sink.is_aborted) == (False, True)


async def test_a_part_of_an_event_is_not_completed_by_a_comment() -> None:
    writer, sink = await begun(CHAT, b'data: {"ty')
    await writer.break_off(BROKEN, b"data: fault\n\n")
    assert (sink.all, sink.is_aborted) == (b'data: {"ty', True)


async def test_what_no_repetition_heals_is_an_object() -> None:
    writer, sink = await begun(CHAT)
    found = attempt(CHAT, CHAT, sink, pulse())
    await writer.break_off(REFUSED, found.exchange.dialect.encode_fault(REFUSED, "stream"))
    assert json.loads(sink.all.split(b"data: ")[-1])["error"]["message"] == "Not yours."
    assert (sink.is_finished, sink.is_aborted) == (True, False)
