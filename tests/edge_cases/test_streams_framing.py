"""Streams, part 2: how a reply is framed on the wire (149 to 153, 156 to 166, 184)."""

import gzip
import json
import zlib
from typing import Any

import pytest

from tests.edge_cases.test_streams_order import HEAD, USAGE, _hi, _text, anthropic, chunk, text_block
from tests.edge_cases.through import (
    ANTHROPIC,
    CHAT,
    EVERY,
    GEMINI,
    RESPONSES,
    decoded,
    dialect,
    encoded,
    events,
    frames,
    hello,
    streamed,
    streamed_bytes,
)
from tests.end_to_end.client import KEEP_ALIVE, calling
from tests.end_to_end.line import account, running
from tests.upstreams.behaviours import Say
from tests.upstreams.delivery import Delivery
from tests.upstreams.server import FakeVendor
from tests.upstreams.vendor import Reply

HI = [chunk({"role": "assistant", "content": "Hi."}), chunk({}, "stop")]
AZURE = {"id": "", "object": "", "created": 0, "model": "", "choices": [], "prompt_filter_results": []}


@pytest.mark.parametrize("client", EVERY)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_case_149_a_chunk_without_choices_is_no_event(client: str, place: int) -> None:
    sent = [*HI[:place], AZURE, *HI[place:]]
    assert _meaning(client, streamed(CHAT, sent, client)) == _meaning(client, streamed(CHAT, HI, client))


@pytest.mark.parametrize("upstream", EVERY)
@pytest.mark.parametrize("asks", [True, False])
async def test_case_150_usage_is_one_last_chunk_for_those_who_ask(upstream: str, asks: bool) -> None:
    """And whether they ask or not, we ask, for the ledger."""
    async with (
        FakeVendor(upstream, behaviour=Say(Reply("Hi."))) as vendor,
        running([account("one", vendor, "m")]) as line,
        calling(line) as caller,
    ):
        asked: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "Hello."}]}
        asked |= {"stream": True, **({"stream_options": {"include_usage": True}} if asks else {})}
        found = await caller.post("/v1/chat/completions", asked)
        chunks = [
            json.loads(one[6:]) for one in found.body.decode().split("\n\n") if one.startswith("data: {")
        ]
        told = [one for one in chunks if one.get("usage")]
        if asks:
            assert told == chunks[-1:]
            assert told[0]["choices"] == []
        elif upstream != CHAT or told:
            assert told == []
        assert all(one["choices"] for one in chunks[:-1])
    (row,) = line.usage.rows
    assert row.input_tokens is not None
    assert row.input_tokens > 0
    # only a vendor that nobody asked, since the client's own bytes went there, leaves it to an estimate
    assert row.usage_estimated is (upstream == CHAT and not asks)


def test_case_151_a_null_is_no_usage() -> None:
    sent = [{**one, "usage": None} for one in HI]
    told = streamed(CHAT, [*sent, {**HEAD, "choices": [], "usage": USAGE}], ANTHROPIC)
    assert told[-2]["usage"]["output_tokens"] == 7
    told = streamed(CHAT, sent, CHAT)
    assert not any(event.get("usage") for event in told[:-1])
    tap = dialect(CHAT).tap("stream")
    tap.feed(frames(CHAT, sent))
    assert tap.usage is None


def test_case_152_usage_at_the_end_replaces_that_of_the_beginning() -> None:
    told = streamed(ANTHROPIC, anthropic(text_block("Hi.")), CHAT)
    assert told[-2]["usage"]["completion_tokens"] == 9  # and not 10
    assert told[-2]["usage"]["prompt_tokens"] == 5


@pytest.mark.parametrize("client", EVERY)
def test_case_153_a_ping_is_nothing_to_the_other_dialects(client: str) -> None:
    """A heartbeat of ours comes when a client was told nothing for a while, pings or not."""
    said = anthropic(text_block("Hi."))
    pinged = [said[0], {"type": "ping"}, *said[1:3], {"type": "ping"}, *said[3:]]
    request = decoded(client, hello(client), stream=True)
    sent = encoded(client, request, ANTHROPIC, stream=True).encoded
    kinds = [type(event).__name__ for event in events(ANTHROPIC, pinged, request, sent, "stream")]
    assert kinds.count("Beat") == 2
    if client != ANTHROPIC:
        # a codec may say it in its own form; no reader takes that for an event
        assert streamed(ANTHROPIC, pinged, client) == streamed(ANTHROPIC, said, client)


@pytest.mark.parametrize("client", EVERY)
def test_case_157_what_comes_behind_done_is_not_read(client: str) -> None:
    late = frames(CHAT, HI) + b'data: {"choices":[{"index":0,"delta":{"content":" More."}}]}\n\n'
    assert streamed(CHAT, late, client) == streamed(CHAT, HI, client)


@pytest.mark.parametrize("upstream", EVERY)
@pytest.mark.parametrize("client", EVERY)
def test_case_158_done_is_said_to_chat_clients_alone(client: str, upstream: str) -> None:
    assert (b"[DONE]" in streamed_bytes(upstream, _hi(upstream), client)) is (client == CHAT)


@pytest.mark.parametrize("client", EVERY)
def test_case_159_a_heartbeat_has_the_form_that_the_clients_survive(client: str) -> None:
    beat = dialect(client).keep_alive("stream")
    assert beat == KEEP_ALIVE[client]
    assert (client == GEMINI) is (beat.strip() == b"")


@pytest.mark.parametrize(
    "noise", [b"data: : keepalive\n\n", b"data: keepalive\n\n", b"data:\n\n", b": hello\n\n"]
)
@pytest.mark.parametrize("upstream", EVERY)
def test_case_160_heartbeats_that_are_no_json_are_skipped(upstream: str, noise: bytes) -> None:
    clean = frames(upstream, _hi(upstream))
    noisy = noise + clean.replace(b"\n\n", b"\n\n" + noise)
    for client in EVERY:
        assert streamed(upstream, noisy, client) == streamed(upstream, clean, client)


WORDS = "naïve – 日本 – 😀"


@pytest.mark.parametrize("client", [CHAT, RESPONSES, ANTHROPIC])
@pytest.mark.parametrize("upstream", EVERY)
def test_case_161_a_character_may_be_cut_anywhere(client: str, upstream: str) -> None:
    data = frames(upstream, _said(upstream, WORDS))
    assert _fed(upstream, client, [data[at : at + 1] for at in range(len(data))]) == WORDS


@pytest.mark.parametrize("upstream", EVERY)
def test_case_162_other_separators_are_no_ends_of_lines(upstream: str) -> None:
    words = "one\u2028two\u2029three\u0085four\x0bfive"
    data = b"".join(
        b"data: " + json.dumps(one, ensure_ascii=False).encode() + b"\n\n" for one in _said(upstream, words)
    )
    assert "\u2028".encode() in data
    if upstream == ANTHROPIC:
        data = b"".join(
            b"event: "
            + one["type"].encode()
            + b"\ndata: "
            + json.dumps(one, ensure_ascii=False).encode()
            + b"\n\n"
            for one in _said(upstream, words)
        )
    assert _fed(upstream, ANTHROPIC, [data]) == words


@pytest.mark.parametrize("size", [1, 7, 1000, None])
@pytest.mark.parametrize("form", ["crlf", "multi-line", "plain"])
@pytest.mark.parametrize("upstream", EVERY)
def test_case_163_an_event_may_be_spread_and_many_may_come_at_once(
    upstream: str, form: str, size: int | None
) -> None:
    data = frames(upstream, _said(upstream, WORDS))
    if form == "crlf":
        data = data.replace(b"\n", b"\r\n")
    elif form == "multi-line":
        data = data.replace(b'data: {"', b'data: {\ndata: "')
    cut = [data] if size is None else [data[at : at + size] for at in range(0, len(data), size)]
    assert _fed(upstream, CHAT, cut) == WORDS


@pytest.mark.parametrize("client", [CHAT, RESPONSES, ANTHROPIC])
def test_case_164_two_halves_of_a_character_are_joined(client: str) -> None:
    """A vendor may cut a text between the two escapes of a character beyond the first plane."""
    raw = b'data: {"id":"c","choices":[{"index":0,"delta":{"content":"%s"},"finish_reason":null}]}\n\n'
    data = raw % b"A\\ud83d" + raw % b"\\ude00B" + frames(CHAT, [chunk({}, "stop")])
    assert _text(client, streamed(CHAT, data, client)) == "A😀B"
    streamed_bytes(CHAT, data, client).decode("utf-8")


@pytest.mark.parametrize("client", [CHAT, RESPONSES, ANTHROPIC])
def test_case_165_a_cut_inside_what_people_see_as_one_is_passed_on(client: str) -> None:
    family = ["👩\u200d", "👩\u200d", "👧"]
    sent = [*(chunk({"content": piece}) for piece in family), chunk({}, "stop")]
    found = streamed(CHAT, sent, client)
    assert _text(client, found) == "👩\u200d👩\u200d👧"


@pytest.mark.parametrize("upstream", EVERY)
def test_case_166_a_line_may_be_very_long(upstream: str) -> None:
    words = "x" * (5 << 20)
    data = frames(upstream, _said(upstream, words))
    pieces = [data[at : at + 65_536] for at in range(0, len(data), 65_536)]
    assert len(_fed(upstream, CHAT, pieces)) == len(words)


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
@pytest.mark.parametrize("upstream", EVERY)
async def test_case_184_a_stream_that_is_packed_unasked_is_read(upstream: str, coding: str) -> None:
    class Packed(Say):
        def answer(self, vendor: Any, exchange: Any) -> Any:
            given = super().answer(vendor, exchange)
            pack = gzip.compress if coding == "gzip" else zlib.compress
            data = pack(b"".join(given.frames))
            headers = {**given.headers, "content-encoding": coding}
            return type(given)(given.status, (data,), given.content_type, headers, given.streamed)

    for client in (upstream, ANTHROPIC):
        async with (
            FakeVendor(upstream, behaviour=Packed(Reply("Well packed."), Delivery(write=100))) as vendor,
            running([account("one", vendor, "m")]) as line,
            calling(line) as caller,
        ):
            found = await caller.ask(client, "m", stream=True)
            assert found.status == 200
            assert b"Well packed" in found.body
            assert "content-encoding" not in found.headers


def _said(upstream: str, words: str) -> list[dict[str, Any]]:
    return json.loads(json.dumps(_hi(upstream)).replace('"Hi."', json.dumps(words)))  # type: ignore[no-any-return]


def _fed(upstream: str, client: str, pieces: list[bytes]) -> str:
    """The text that a client has, when the vendor's bytes come in these pieces."""
    from proxy_core.dialect import DecodeSource

    request = decoded(client, hello(client), stream=True)
    sent = encoded(client, request, upstream, stream=True).encoded
    decoder = dialect(upstream).reply_decoder("stream", DecodeSource("vendor", request, sent))
    encoder = dialect(client).reply_encoder("stream", request, 1)
    found = [event for piece in pieces for event in decoder.feed(piece)] + decoder.close()
    data = b"".join(encoder.encode(event) for event in found) + encoder.close()
    from tests.edge_cases.through import parsed

    return _text(client, parsed(data))


def _meaning(client: str, found: list[Any]) -> tuple[str, str]:
    return _text(client, found), json.dumps(found[-1])
