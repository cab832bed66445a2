"""Same dialect: what goes by is not touched, and only what is allowed goes by."""

import asyncio
import json
from typing import Any

import pytest

from tests.end_to_end.client import DIALECTS, TERMINAL, Caller, body, calling, model, path
from tests.end_to_end.line import Line, account, running
from tests.samples import load
from tests.upstreams.behaviours import Fail, Replay, Say
from tests.upstreams.delivery import Delivery
from tests.upstreams.server import FakeVendor
from tests.upstreams.vendor import Exchange, Reply, Vendor, whole

CHAT, RESPONSES, ANTHROPIC, GEMINI = DIALECTS


def odd(dialect: str, name: str) -> bytes:
    """A body that no encoder would write: blanks, order, number spelling, escapes."""
    said = '[ {"role":"user",  "content":"caf\\u00e9 \\/ 1"} ]'
    text = {
        CHAT: '{ "temperature":1.50,  "messages":SAID ,"model":"NAME","seed":7 }',
        RESPONSES: '{"temperature" : 1.50, "input":SAID,\n"model" : "NAME"}',
        ANTHROPIC: '{"max_tokens":64,  "temperature":0.50,"messages":SAID ,"model" :"NAME"}',
        GEMINI: '{"generationConfig" : {"temperature":1.50 } ,"contents":[{"parts":[{"text":"x\\u00e9"}]}]}',
    }[dialect]
    return text.replace("SAID", said).replace("NAME", name).encode()


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_request_and_reply_keep_every_byte(dialect: str) -> None:
    name = model(dialect)
    async with FakeVendor(dialect) as vendor, running([account("one", vendor, name)]) as line:
        async with calling(line) as caller:
            vendor.behaviour = Replay("01-plain-text")
            found = await caller.post(path(dialect, name), odd(dialect, name))
            assert found.status == 200, found.body
            assert found.body == load.sample(dialect, "01-plain-text").response
            found = await caller.ask(dialect, name, stream=True)
            assert found.body == load.sample(dialect, "01-plain-text").stream
        assert vendor.requests[0].raw == odd(dialect, name)


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_an_alias_changes_the_model_s_name_only(dialect: str) -> None:
    name = model(dialect)
    async with FakeVendor(dialect) as vendor, running([account("one", vendor, f"{name}=mine")]) as line:
        async with calling(line) as caller:
            vendor.behaviour = Replay("01-plain-text")
            found = await caller.post(path(dialect, "mine"), odd(dialect, "mine"))
            assert found.status == 200, found.body
            assert found.body == load.sample(dialect, "01-plain-text").response
        (request,) = vendor.requests
        if dialect == GEMINI:
            assert request.raw == odd(dialect, "mine")
            assert f"/{name}:" in request.path
        else:
            for kept in (b'"content":"caf\\u00e9 \\/ 1"', b"1.50" if dialect != ANTHROPIC else b"0.50"):
                assert kept in request.raw
            assert {**request.body, "model": "mine"} == json.loads(odd(dialect, "mine"))
            assert list(request.body) == list(json.loads(odd(dialect, "mine")))


class Lenient(FakeVendor):
    """Takes fields that nobody knows yet."""

    def _accept(self, seen: Any) -> Any:
        known = {name: value for name, value in seen.body.items() if name != "field_of_tomorrow"}
        return super()._accept(type(seen)(**{**_fields(seen), "body": known}))


def _fields(seen: Any) -> dict[str, Any]:
    return {name: getattr(seen, name) for name in seen.__slots__}


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_fields_of_tomorrow_go_through(dialect: str) -> None:
    name = model(dialect)
    value = {**body(dialect, name), "field_of_tomorrow": {"a": 1.50}}
    async with Lenient(dialect) as vendor, running([account("one", vendor, name)]) as line:
        async with calling(line) as caller:
            assert (await caller.post(path(dialect, name), value)).status == 200
        assert b'"field_of_tomorrow": {"a": 1.5}' in vendor.requests[0].raw


COOKIES = {
    "set-cookie": "spy=1",
    "x-request-id": "req-1",
    "request-id": "req-2",
    "server-timing": "gfet4t7; dur=5",
    "server": "secret-gateway",
    "openai-organization": "org-secret",
    "x-internal": "no",
    "access-control-allow-origin": "*",
    "alt-svc": "h3",
}
PASSES = {CHAT: "x-request-id", RESPONSES: "x-request-id", ANTHROPIC: "request-id", GEMINI: "server-timing"}


class Chatty:
    """Says hello, with many headers."""

    def __init__(self, inner: Say) -> None:
        self.inner = inner

    @property
    def delivery(self) -> Delivery:
        return self.inner.delivery

    def answer(self, vendor: Vendor, exchange: Exchange) -> Any:
        given = self.inner.answer(vendor, exchange)
        return type(given)(
            given.status, given.frames, given.content_type, {**given.headers, **COOKIES}, given.streamed
        )


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("dialect", DIALECTS)
async def test_only_listed_headers_pass_in_either_direction(dialect: str, stream: bool) -> None:
    name = model(dialect)
    async with FakeVendor(dialect, behaviour=Chatty(Say(Reply("Hi.")))) as vendor:
        async with running([account("one", vendor, name)]) as line, calling(line) as caller:
            vendor.forbidden = (line.key,)
            where = path(dialect, name, stream)
            where += ("&" if "?" in where else "?") + f"key={line.key}"
            named = {
                **dict.fromkeys(("x-api-key", "x-goog-api-key", "api-key"), line.key),
                "cookie": "session=1",
                "proxy-authorization": "Basic eDp5",
                "x-forwarded-for": "10.1.1.1",
                "x-private": "mine",
                "anthropic-version": "2023-06-01",
                "user-agent": "tool/1",
                "x-client-request-id": "client-1",
                "x-goog-api-client": "genai/1",
            }
            found = await caller.post(where, body(dialect, name, stream), **named)
            assert found.status == 200, found.body
        assert vendor.leaks == []
        sent = vendor.requests[0].headers
        assert not sent.keys() & {"cookie", "proxy-authorization", "x-forwarded-for", "x-private", "origin"}
        assert "tool/1" not in sent["user-agent"]
        told = {ANTHROPIC: "anthropic-version", GEMINI: "x-goog-api-client"}
        passed = told.get(dialect, "x-client-request-id")
        assert passed in sent
        got = {header.lower(): value for header, value in found.headers.items()}
        assert PASSES[dialect] in got
        assert not got.keys() & {"set-cookie", "openai-organization", "x-internal", "alt-svc"}
        assert "access-control-allow-origin" not in got
        assert got["server"] == "Trunkline"


@pytest.mark.parametrize("upstream", DIALECTS)
async def test_a_translated_reply_gets_none_of_the_vendor_s_headers(upstream: str) -> None:
    client = DIALECTS[(DIALECTS.index(upstream) + 1) % 4]
    async with (
        FakeVendor(upstream, behaviour=Chatty(Say(Reply("Hi.")))) as vendor,
        running([account("one", vendor, "m")]) as line,
        calling(line) as caller,
    ):
        found = await caller.ask(client, "m")
        got = {header.lower() for header in found.headers}
        assert not got & (COOKIES.keys() - {"server"})
        assert found.headers["x-trunkline-model"] == "m"
        assert found.headers["x-trunkline-request-id"].startswith("ex-")


# how many events of the sample it takes until something was said
SAID = {"openai_chat": 2, "openai_responses": 5, "anthropic_messages": 4, "gemini_generate": 1}


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_every_piece_goes_on_before_the_next_one_comes(dialect: str) -> None:
    """The vendor sends its first words and is then silent: the client has all of it."""
    name = model(dialect)
    sample = load.sample(dialect, "01-plain-text").stream
    assert sample is not None
    count = SAID[dialect]
    async with (
        FakeVendor(
            dialect, behaviour=Replay("01-plain-text", Delivery(frames=count, ending="hold"))
        ) as vendor,
        running([account("one", vendor, name)]) as line,
        calling(line) as caller,
        caller.open(dialect, name) as reply,
    ):
        got = b""
        while got.count(b"\n\n") + got.count(b"\r\n\r\n") < count:
            got += await asyncio.wait_for(reply.content.readany(), 5)
        await asyncio.wait_for(vendor.held.wait(), 5)
        assert sample.startswith(got)


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("stream", [False, True])
async def test_the_tap_reads_usage(dialect: str, stream: bool) -> None:
    name = model(dialect)
    expect = load.sample(dialect, "01-plain-text").expect["usage"]
    async with FakeVendor(dialect, behaviour=Replay("01-plain-text")) as vendor:
        async with running([account("one", vendor, name)]) as line, calling(line) as caller:
            assert (await caller.ask(dialect, name, stream)).status == 200
        (row,) = line.usage.rows
    assert (row.input_tokens, row.output_tokens) == (expect["input"], expect["output"])
    assert (row.status, row.attempts, row.streamed, row.error) == (200, 1, stream, None)
    assert (row.client_dialect, row.upstream_dialect, row.account) == (dialect, dialect, "one")
    assert row.first_byte_s is not None
    assert 0 <= row.first_byte_s <= row.duration_s


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("dialect", DIALECTS)
async def test_a_vendor_s_error_goes_on_letter_for_letter(dialect: str, stream: bool) -> None:
    name = model(dialect)
    failing = Fail(400, "invalid", "The vendor's very own words: 1.50")
    async with FakeVendor(dialect, behaviour=failing) as vendor:
        async with running([account("one", vendor, name)]) as line, calling(line) as caller:
            found = await caller.ask(dialect, name, stream)
            straight = await _straight(line, caller, vendor, dialect, name, stream)
            assert (found.status, found.body) == straight
            assert found.headers["x-trunkline-provider"]
        (row,) = line.usage.rows
    assert (row.status, row.error, row.attempts) == (400, "invalid_request", 1)


async def _straight(
    line: Line, caller: Caller, vendor: FakeVendor, dialect: str, name: str, stream: bool
) -> tuple[int, bytes]:
    from tests.end_to_end.client import headers

    data = json.dumps(body(dialect, name, stream)).encode()
    named = {"content-type": "application/json", **headers(dialect, str(vendor.key))}
    where = vendor.base_url + path(dialect, name, stream)
    async with caller.session.post(where, data=data, headers=named) as got:
        return got.status, await got.read()


class OnlyWhole(Say):
    """A vendor that never streams."""

    def answer(self, vendor: Vendor, exchange: Exchange) -> Any:
        asked = type(exchange)(exchange.route, {}, exchange.headers, {**exchange.body, "stream": False},
                               exchange.options, exchange.memory)  # fmt: skip
        return vendor.write(asked, self.reply)


@pytest.mark.parametrize("dialect", [CHAT, RESPONSES, ANTHROPIC])
async def test_a_vendor_that_never_streams_is_made_to(dialect: str) -> None:
    name = model(dialect)
    async with (
        FakeVendor(dialect, behaviour=OnlyWhole(Reply("Hello there."))) as vendor,
        running([account("one", vendor, name)]) as line,
        calling(line) as caller,
    ):
        found = await caller.ask(dialect, name, stream=True)
        assert found.status == 200
        assert found.headers["content-type"].startswith("text/event-stream")
        assert b"Hello there." in found.body
        assert TERMINAL[dialect].encode() in found.body


async def test_embeddings_pass_to_where_they_exist_and_are_refused_elsewhere() -> None:
    value = {"model": "embed", "input": "text"}
    async with (
        FakeVendor(CHAT) as vendor,
        running([account("one", vendor, "embed")]) as line,
        calling(line) as caller,
    ):
        found = await caller.post("/v1/embeddings", value)
        assert found.status == 200, found.body
        assert found.json["data"][0]["embedding"]
    assert line.usage.rows[0].operation == "embeddings"
    for dialect in (ANTHROPIC, GEMINI):
        async with FakeVendor(dialect) as vendor, running([account("one", vendor, "embed")]) as line:
            async with calling(line) as caller:
                found = await caller.post("/v1/embeddings", value)
                assert found.status == 400
                assert "embeddings" in found.json["error"]["message"]
            assert vendor.requests == []


async def test_an_account_that_prefers_another_dialect_for_chats_still_has_embeddings() -> None:
    async with FakeVendor(CHAT, RESPONSES) as vendor:
        async with running([account("one", vendor, "m", dialect=RESPONSES)]) as line, calling(line) as caller:
            assert (await caller.post("/v1/embeddings", {"model": "m", "input": "x"})).status == 200
            assert (await caller.ask(CHAT, "m")).status == 200
        assert [request.path for request in vendor.requests] == ["/v1/embeddings", "/v1/responses"]


async def test_html_with_status_200_is_no_reply() -> None:
    class Page(Say):
        def answer(self, vendor: Vendor, exchange: Exchange) -> Any:
            given = whole({})
            return type(given)(
                200, (b"<html>Log in to the hotel's network</html>",), content_type="text/html"
            )

    async with (
        FakeVendor(CHAT, behaviour=Page(Reply(""))) as vendor,
        running([account("one", vendor, "m")]) as line,
        calling(line) as caller,
    ):
        for client in DIALECTS:
            for stream in (False, True):
                found = await caller.ask(client, "m", stream)
                assert found.status in (500, 502), found.body
                assert b"hotel" not in found.body
