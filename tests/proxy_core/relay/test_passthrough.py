import json
from collections.abc import Iterable
from typing import Any

import pytest

from proxy_core.errors import UpstreamProtocolError, UpstreamUnavailable
from proxy_core.relay.passthrough import Writer, relay_stream, relay_whole
from proxy_core.transports.replay import Recorded
from tests.proxy_core.relay.rig import (
    ANTHROPIC,
    CHAT,
    GEMINI,
    RESPONSES,
    STREAM,
    Client,
    attempt,
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


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_only_the_first_event_is_held(dialect: str) -> None:
    data, sink = sample(dialect, True).replace(b"\r\n", b"\n"), Client()
    first = data.index(b"\n\n") + 2
    seen: list[int] = []

    def pieces() -> Iterable[bytes]:
        for at in range(len(data)):
            seen.append(len(sink.all))
            yield data[at : at + 1]

    await streamed(dialect, pieces(), sink)
    assert seen[:first] == [0] * first
    # from then on every byte is out before the next one is asked for
    assert seen[first:] == list(range(first, len(data)))


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
    data, sink = sample(dialect, True), Client()
    first = data.index(b"\n\n") if b"\n\n" in data else data.index(b"\r\n\r\n")
    cut = data[: first + 30]
    failure, exchange = await streamed(dialect, [cut], sink, error)
    assert failure is None
    assert sink.all.startswith(cut + b"\n\n")
    tail = sink.all[len(cut) :].decode()
    assert json.loads(tail[tail.index("{") :])
    assert ("Gone." if error else "broke off") in tail
    assert (exchange.status, exchange.failure.kind, exchange.is_complete) == (502, "server", False)


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
