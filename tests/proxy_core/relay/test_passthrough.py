import json
from collections.abc import Iterable
from typing import Any

import pytest

from proxy_core.errors import UpstreamProtocolError, UpstreamUnavailable
from proxy_core.relay.passthrough import relay_stream, relay_whole
from proxy_core.relay.writer import Writer
from proxy_core.transports.replay import Recorded
from tests.proxy_core.relay.rig import (
    ANTHROPIC,
    CHAT,
    GEMINI,
    RESPONSES,
    STREAM,
    Client,
    attempt,
    dialects,
    pulse,
    sample,
)

DIALECTS = (CHAT, RESPONSES, ANTHROPIC, GEMINI)
ERRORS = {
    CHAT: b'data: {"error":{"message":"Overloaded","type":"server_error","code":503}}\n\n',
    RESPONSES: b'event: error\ndata: {"type":"error","code":"server_error","message":"Overloaded"}\n\n',
    ANTHROPIC: b"event: error\n"
    b'data: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}\n\n',
    GEMINI: b'data: {"error":{"code":503,"message":"Overloaded","status":"UNAVAILABLE"}}\n\n',
}


async def streamed(
    dialect: str, body: Iterable[bytes], sink: Client, error: UpstreamUnavailable | None = None
) -> tuple[Any, Any]:
    found = attempt(dialect, dialect, sink, pulse())
    reply = Recorded(headers=STREAM, body=body, error=error)
    failure = await relay_stream(found, reply, Writer(found))
    return failure, found.exchange


@pytest.mark.parametrize("size", [1, 7, 100_000])
@pytest.mark.parametrize("dialect", DIALECTS)
async def test_bytes_are_untouched_however_they_come(dialect: str, size: int) -> None:
    data, sink = sample(dialect, True), Client()
    failure, exchange = await streamed(
        dialect, [data[at : at + size] for at in range(0, len(data), size)], sink
    )
    assert failure is None
    assert sink.all == data
    assert sink.is_finished
    assert exchange.is_complete
    assert exchange.usage.input_tokens > 0
    assert exchange.failure is None


def begun(dialect: str) -> int:
    """How many bytes of the sample it takes until something was said."""
    data = sample(dialect, True).replace(b"\r\n", b"\n")
    tap, at = dialects()[dialect].tap("stream"), 0
    while not tap.has_content:
        after = data.index(b"\n\n", at) + 2
        tap.feed(data[at:after])
        at = after
    return at


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_the_opening_is_held_until_something_is_said_and_then_events_pass_whole(dialect: str) -> None:
    data, sink = sample(dialect, True).replace(b"\r\n", b"\n"), Client()
    first, seen = begun(dialect), list[int]()

    def pieces() -> Iterable[bytes]:
        for at in range(len(data)):
            seen.append(len(sink.all))
            yield data[at : at + 1]

    await streamed(dialect, pieces(), sink)
    assert seen[:first] == [0] * first
    # from then on every event is out before the next byte is asked for
    ends = [at for at in range(first, len(data)) if data[at - 2 : at] == b"\n\n"]
    assert ends
    assert [seen[at] for at in ends if at < len(seen)] == [at for at in ends if at < len(seen)]
    assert set(seen) <= {0, *ends}


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_an_error_before_anything_is_said_is_returned_and_nothing_sent(dialect: str) -> None:
    data, sink = sample(dialect, True).replace(b"\r\n", b"\n"), Client()
    opening = data[: data.rindex(b"\n\n", 0, begun(dialect) - 2) + 2] if dialect != GEMINI else b""
    failure, _ = await streamed(dialect, [opening, ERRORS[dialect]], sink)
    assert "Overloaded" in failure.message
    assert not sink.is_committed


@pytest.mark.parametrize("size", [1, 1000])
@pytest.mark.parametrize("dialect", DIALECTS)
async def test_an_error_in_the_first_event_is_returned_and_nothing_sent(dialect: str, size: int) -> None:
    data, sink = b": comment\n\n" + ERRORS[dialect], Client()
    if dialect == GEMINI:
        data = ERRORS[dialect]
    failure, _ = await streamed(dialect, [data[at : at + size] for at in range(0, len(data), size)], sink)
    assert "Overloaded" in failure.message
    assert failure.scope == "model"
    assert not sink.is_committed


async def test_the_caller_s_own_fault_goes_by_as_it_is() -> None:
    told = (
        b'event: error\ndata: {"type":"error","error":{"type":"invalid_request_error","message":"No."}}\n\n'
    )
    sink = Client()
    failure, exchange = await streamed(ANTHROPIC, [told], sink)
    assert failure is None
    assert sink.all == told
    assert (exchange.status, exchange.failure.kind) == (400, "invalid_request")


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("error", [None, UpstreamUnavailable("Gone.")])
async def test_a_cut_becomes_an_error_of_its_own(dialect: str, error: UpstreamUnavailable | None) -> None:
    data, sink = sample(dialect, True).replace(b"\r\n", b"\n"), Client()
    whole = begun(dialect)
    failure, exchange = await streamed(dialect, [data[: whole + 20]], sink, error)
    assert failure is None
    # the part of an event at the cut is of no use to anybody
    assert sink.all.startswith(data[:whole])
    tail = sink.all[whole:].decode()
    assert ("Gone." if error else "broke off") in tail
    if dialect == CHAT:
        assert tail.startswith(": error: ")
        assert (sink.is_finished, sink.is_aborted) == (False, True)
    else:
        assert json.loads(tail[tail.index("{") :])
        assert (sink.is_finished, sink.is_aborted) == (True, False)
    assert (exchange.status, exchange.failure.kind, exchange.is_complete) == (502, "server", False)


@pytest.mark.parametrize("size", [1, None])
async def test_a_vendor_s_own_error_object_is_kept_from_clients_that_take_it_for_final(
    size: int | None,
) -> None:
    data, sink = sample(CHAT, True), Client()
    told = [data[: begun(CHAT)], ERRORS[CHAT]]
    if size is not None:
        told = [bytes([byte]) for piece in told for byte in piece]
    failure, exchange = await streamed(CHAT, told, sink)
    assert failure is None
    assert sink.all == data[: begun(CHAT)] + b": error: Overloaded\n\n"
    assert (sink.is_aborted, exchange.status) == (True, 503)


async def test_an_error_that_no_repetition_heals_passes_as_it_is() -> None:
    final = b'data: {"error":{"message":"Not yours.","code":"invalid_api_key"}}\n\n'
    data, sink = sample(CHAT, True), Client()
    await streamed(CHAT, [data[: begun(CHAT)], final], sink)
    assert sink.all == data[: begun(CHAT)] + final
    assert (sink.is_finished, sink.is_aborted) == (True, False)


@pytest.mark.parametrize("dialect", [CHAT, RESPONSES, ANTHROPIC])
async def test_the_reply_ends_with_the_last_event_and_not_with_the_body(dialect: str) -> None:
    data, sink = sample(dialect, True), Client()

    def pieces() -> Iterable[bytes]:
        yield data
        assert sink.is_finished
        yield b"data: more\n\n"

    failure, exchange = await streamed(dialect, pieces(), sink)
    assert failure is None
    assert (sink.all, exchange.is_complete, exchange.failure) == (data, True, None)


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_a_cut_after_the_end_is_no_failure(dialect: str) -> None:
    data, sink = sample(dialect, True), Client()
    failure, exchange = await streamed(dialect, [data], sink, UpstreamUnavailable("Gone."))
    assert (failure, sink.all, exchange.failure) == (None, data, None)


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("body", [[], [b""], [b"data: {"]])
async def test_nothing_useful_is_a_failure_that_may_go_elsewhere(dialect: str, body: list[bytes]) -> None:
    sink = Client()
    failure, _ = await streamed(dialect, body, sink)
    assert failure.kind == "server"
    assert not sink.is_committed


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_a_whole_reply_is_untouched_or_not_sent_at_all(dialect: str) -> None:
    data = sample(dialect, False)
    sink = Client()
    found = attempt(dialect, dialect, sink, pulse(), mode="whole")
    half = len(data) // 2
    assert await relay_whole(found, Recorded(body=[data[:half], data[half:]])) is None
    assert (sink.status, sink.body) == (200, data)
    assert found.exchange.usage is not None
    for broken in (Recorded(body=[]), Recorded(body=[b"<html>"])):
        sink = Client()
        failure = await relay_whole(attempt(dialect, dialect, sink, pulse(), mode="whole"), broken)
        assert failure is not None
        assert failure.scope == "model"
        assert not sink.is_committed
    cut = Recorded(body=[data[:half]], error=UpstreamProtocolError("Cut."))
    found = attempt(dialect, dialect, Client(), pulse(), mode="whole")
    with pytest.raises(UpstreamProtocolError):
        await relay_whole(found, cut)


async def test_an_error_in_a_whole_200_goes_elsewhere() -> None:
    sink = Client()
    found = attempt(CHAT, CHAT, sink, pulse(), mode="whole")
    body = b'{"error": {"message": "Overloaded", "code": 503}}'
    failure = await relay_whole(found, Recorded(body=[body]))
    assert failure is not None
    assert failure.message == "Overloaded"
    assert not sink.is_committed
