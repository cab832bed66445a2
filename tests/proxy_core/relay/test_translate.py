import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from proxy_core.errors import UpstreamUnavailable
from proxy_core.ir.request import ReplyMemory
from proxy_core.relay import translate
from proxy_core.relay.attempt import Attempt
from proxy_core.relay.writer import Writer
from proxy_core.transports.replay import Recorded
from tests.proxy_core.relay.rig import (
    ANTHROPIC,
    CHAT,
    GEMINI,
    RESPONSES,
    STREAM,
    WHOLE,
    Client,
    attempt,
    pulse,
    recorded,
    sample,
)

DIALECTS = (CHAT, RESPONSES, ANTHROPIC, GEMINI)
PAIRS = [(client, upstream) for client in DIALECTS for upstream in DIALECTS if client != upstream]
WORDS = "Hello there"


def made(client: str, upstream: str, mode: str) -> tuple[Attempt, Client]:
    sink = Client()
    return attempt(client, upstream, sink, pulse(), mode), sink  # type: ignore[arg-type]


@pytest.mark.parametrize("upstream_streams", [False, True])
@pytest.mark.parametrize(("client", "upstream"), PAIRS)
async def test_any_mode_pairs_with_any_mode(client: str, upstream: str, upstream_streams: bool) -> None:
    found, sink = made(client, upstream, "stream")
    assert await translate.relay_stream(found, recorded(upstream, upstream_streams), Writer(found)) is None
    assert WORDS in sink.all.decode().replace('"},"', "") or WORDS.split()[0] in sink.all.decode()
    assert (sink.is_finished, found.exchange.is_complete, found.exchange.failure) == (True, True, None)
    assert found.exchange.usage is not None
    assert sink.headers["content-type"].startswith("text/event-stream")
    found, sink = made(client, upstream, "whole")
    assert await translate.relay_whole(found, recorded(upstream, upstream_streams)) is None
    assert (sink.status, sink.headers["content-type"].split(";")[0]) == (200, "application/json")
    assert WORDS.split()[0] in json.dumps(json.loads(sink.body))
    assert not found.exchange.is_complete  # that is for streams: a whole reply is there or not


@pytest.mark.parametrize(("client", "upstream"), PAIRS)
async def test_a_stream_cut_after_something_was_said_ends_with_an_error(client: str, upstream: str) -> None:
    data = sample(upstream, True).replace(b"\r\n", b"\n")
    events = [event + b"\n\n" for event in data.split(b"\n\n") if event]
    said = next(number for number, event in enumerate(events) if b"Hello" in event)
    reply = Recorded(headers=STREAM, body=events[: said + 1], error=UpstreamUnavailable("Gone away."))
    found, sink = made(client, upstream, "stream")
    assert await translate.relay_stream(found, reply, Writer(found)) is None
    assert "Gone away." in sink.all.decode()
    assert found.exchange.failure is not None
    assert (found.exchange.status, found.exchange.failure.scope) == (502, "model")
    for ending in (b"[DONE]", b"response.completed", b"message_stop", b'"finishReason"'):
        assert ending not in sink.all


@pytest.mark.parametrize(("client", "upstream"), PAIRS)
async def test_nothing_is_sent_until_something_was_said(client: str, upstream: str) -> None:
    data = sample(upstream, True).replace(b"\r\n", b"\n")
    first = data[: data.index(b"\n\n") + 2]
    if b"Hello" in first:
        first = b""
    found, sink = made(client, upstream, "stream")
    reply = Recorded(headers=STREAM, body=[first] if first else [], error=UpstreamUnavailable("Gone away."))
    failure = await translate.relay_stream(found, reply, Writer(found))
    assert failure is not None
    assert failure.scope == "model"
    assert not sink.is_committed


@pytest.mark.parametrize(("client", "upstream"), PAIRS)
@pytest.mark.parametrize("body", [b"", b"<html>", b"{", b"[" * 100_000])
async def test_a_whole_reply_that_cannot_be_read_is_returned(client: str, upstream: str, body: bytes) -> None:
    found, sink = made(client, upstream, "whole")
    failure = await translate.relay_whole(found, Recorded(headers=WHOLE, body=[body]))
    assert failure is not None
    assert failure.kind == "server"
    assert sink.status is None


async def test_a_reply_beyond_every_measure_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(translate, "REPLY_LIMIT", 100)
    found, _ = made(CHAT, ANTHROPIC, "whole")
    failure = await translate.relay_whole(found, recorded(ANTHROPIC, False))
    assert failure is not None
    assert "too large" in failure.message


@pytest.mark.parametrize(
    ("mode", "kind", "fits"),
    [
        ("stream", "text/event-stream", True),
        ("stream", "application/json", False),
        ("stream", "", True),
        ("whole", "application/json", True),
        ("whole", "Text/Event-Stream; charset=utf-8", False),
        ("array", "application/json", True),
    ],
)
def test_whether_a_reply_comes_as_asked(mode: str, kind: str, fits: bool) -> None:
    found, _ = made(GEMINI if mode == "array" else CHAT, GEMINI if mode == "array" else CHAT, mode)
    assert translate.comes_as_asked(found, Recorded(headers={"content-type": kind})) is fits


async def test_nothing_is_read_behind_a_stop_string_that_we_cut() -> None:
    found, sink = made(CHAT, RESPONSES, "stream")
    assert found.encoded is not None
    found = replace(found, encoded=replace(found.encoded, memory=ReplyMemory(stop=("there",))))
    rest: list[bytes] = []

    def chunks() -> Iterator[bytes]:
        whole = b"".join(recorded(RESPONSES, True).body)
        for event in whole.split(b"\n\n"):
            if b"output_text.done" in event:
                rest.append(event)
            yield event + b"\n\n"

    reply = Recorded(headers=STREAM, body=chunks())
    assert await translate.relay_stream(found, reply, Writer(found)) is None
    assert rest == []
    assert b"Hello" in sink.all
    assert b"there" not in sink.all
    assert (sink.is_finished, found.exchange.is_complete, found.exchange.failure) == (True, True, None)


async def test_events_that_come_together_go_out_together() -> None:
    data = sample(ANTHROPIC, True)
    found, sink = made(CHAT, ANTHROPIC, "stream")
    reply = Recorded(headers=STREAM, body=[data])
    assert await translate.relay_stream(found, reply, Writer(found)) is None
    apart, other = made(CHAT, ANTHROPIC, "stream")
    events = [event + b"\n\n" for event in data.split(b"\n\n") if event]
    assert await translate.relay_stream(apart, Recorded(headers=STREAM, body=events), Writer(apart)) is None
    assert sink.all == other.all
    assert len(sink.written) < len(other.written)


async def test_others_get_their_turn_within_a_large_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(translate, "_MOST_AT_ONCE", 100)
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    data = sample(ANTHROPIC, True)
    found, sink = made(CHAT, ANTHROPIC, "stream")
    task = asyncio.create_task(other())  # noqa: TID251 - cancelled below
    assert await translate.relay_stream(found, Recorded(headers=STREAM, body=[data]), Writer(found)) is None
    task.cancel()
    assert turns >= len(data) // 100 - 2  # none before the first piece, none behind the last event
    assert WORDS.split()[0] in sink.all.decode()
