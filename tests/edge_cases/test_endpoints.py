"""Paths, headers and odd clients: cases 196 to 206. (194 and 195 are in test_counting.)"""

import json
import logging
from typing import Any

import anthropic
import openai
import pytest
from yarl import URL

from tests.edge_cases.through import ANTHROPIC, CHAT, EVERY, GEMINI, RESPONSES, decoded, encoded
from tests.end_to_end.client import bare, body, calling, error, head, path
from tests.end_to_end.line import account, running
from tests.upstreams.behaviours import Fail, Say
from tests.upstreams.server import FakeVendor
from tests.upstreams.vendor import Answer, Exchange, Reply, Vendor

HELLO = Say(Reply(text="Hello."))


class Odd(Fail):
    """Answers with a body of its own."""

    def answer(self, vendor: Vendor, exchange: Exchange) -> Answer:
        return Answer(self.status, (self.message.encode(),), content_type=self.headers["content-type"])


async def test_case_196_a_temperature_that_the_sdk_does_not_know_still_arrives() -> None:
    """The SDK has no such keyword; its users write ``extra_body``."""
    async with (
        FakeVendor(CHAT, behaviour=HELLO) as vendor,
        running([account("one", vendor, "m")]) as line,
        anthropic.AsyncAnthropic(base_url=line.url, api_key=line.key, max_retries=0) as sdk,
    ):
        await sdk.messages.create(
            model="m",
            max_tokens=9,
            messages=[{"role": "user", "content": "Hi"}],
            extra_body={"temperature": 0.3},
        )
    assert vendor.requests[-1].body["temperature"] == 0.3


SPELLINGS = (
    *("models/m", "models/models/m", "models/models%2Fm", "models/tunedModels/m"),
    *("models/publishers/google/models/m", "tunedModels/m", "models%2Fm", "tunedModels%2fm"),
    *("publishers/google/models/m", "publishers%2Fgoogle%2Fmodels%2Fm"),
)


@pytest.mark.parametrize("name", SPELLINGS)
async def test_case_197_a_model_is_found_under_each_of_its_names(name: str) -> None:
    async with (
        FakeVendor(GEMINI, behaviour=HELLO) as vendor,
        running([account("one", vendor, "m")]) as line,
        calling(line) as caller,
    ):
        for base in ("/v1beta", "/v1", ""):
            target = URL(f"{line.url}{base}/{name}:generateContent", encoded=True)
            async with caller.session.post(target, json=body(GEMINI, "m"), headers=caller.named({})) as got:
                assert got.status == 200, await got.read()
    assert vendor.requests[-1].path.endswith("/models/m:generateContent")


@pytest.mark.parametrize("upstream", EVERY)
async def test_case_198_without_alt_sse_a_stream_is_a_json_array(upstream: str) -> None:
    async with (
        FakeVendor(upstream, behaviour=HELLO) as vendor,
        running([account("one", vendor, "m")]) as line,
        calling(line) as caller,
    ):
        found = await caller.post("/v1beta/models/m:streamGenerateContent", body(GEMINI, "m"))
    assert found.headers["content-type"].startswith("application/json")
    parts = [part for one in found.json for part in one["candidates"][0].get("content", {}).get("parts", [])]
    assert "".join(part.get("text", "") for part in parts) == "Hello."
    assert found.json[-1]["candidates"][0]["finishReason"] == "STOP"


@pytest.mark.allow_logs
@pytest.mark.parametrize("fails", [False, True])
async def test_case_199_a_key_in_the_address_is_in_no_log_and_no_error(
    caplog: pytest.LogCaptureFixture, fails: bool
) -> None:
    caplog.set_level(logging.DEBUG)
    behaviour = Fail(500, "server") if fails else HELLO
    async with (
        FakeVendor(GEMINI, behaviour=behaviour) as vendor,
        running([account("one", vendor, "m")]) as line,
        calling(line) as caller,
    ):
        where = f"/v1beta/models/m:generateContent?key={line.key}"
        found = await caller.send("POST", where, json.dumps(body(GEMINI, "m")).encode())
        assert found.status == (500 if fails else 200)
        wrong = "/v1beta/models/m:generateContent?key=canary-of-a-key"
        refused = await caller.send("POST", wrong, json.dumps(body(GEMINI, "m")).encode())
        assert refused.status == 401
        heard = caplog.text + str(line.events) + found.body.decode() + refused.body.decode()
        assert line.key not in heard
        assert "canary" not in heard
    assert all("key" not in one.query and line.key not in str(one) for one in vendor.requests)


@pytest.mark.parametrize("upstream", EVERY)
async def test_case_200_beta_names_go_to_anthropic_alone(upstream: str) -> None:
    betas = "context-management-2025-06-27,made-up-2099-01-01"
    async with (
        FakeVendor(upstream, behaviour=HELLO) as vendor,
        running([account("one", vendor, "m")]) as line,
        calling(line) as caller,
    ):
        found = await caller.ask(ANTHROPIC, "m", anthropic_beta=betas, anthropic_version="2023-06-01")
        assert found.status == 200
    sent = vendor.requests[-1].headers
    assert sent.get("anthropic-beta") == (betas if upstream == ANTHROPIC else None)
    assert ("anthropic-version" in sent) == (upstream == ANTHROPIC)


@pytest.mark.parametrize("upstream", EVERY)
def test_case_200_beta_names_in_the_body_reach_nobody_else(upstream: str) -> None:
    asked = {**body(ANTHROPIC, "m"), "betas": ["made-up-2099-01-01"]}
    sent = encoded(ANTHROPIC, asked, upstream)
    assert "made-up" not in json.dumps(sent.body)
    assert sent.lost == ([] if upstream == ANTHROPIC else ["betas"])
    named = {"anthropic-beta": "made-up-2099-01-01"} if upstream == ANTHROPIC else {}
    assert sent.encoded.headers == named


@pytest.mark.parametrize("where", ["/v1/messages", "/v1/messages/count_tokens"])
async def test_case_200_anthropic_gets_those_of_the_body_in_the_header(where: str) -> None:
    asked = {**body(ANTHROPIC, "m"), "betas": ["made-up-2099-01-01", "b"]}
    if where.endswith("count_tokens"):
        del asked["max_tokens"]
    async with (
        FakeVendor(ANTHROPIC, behaviour=HELLO) as vendor,
        running([account("one", vendor, "m")]) as line,
        calling(line) as caller,
    ):
        for named in ({}, {"anthropic_beta": "a, b"}):
            assert (await caller.post(where, asked, anthropic_version="2023-06-01", **named)).status == 200
    alone, joined = [one for one in vendor.requests if one.method == "POST"]
    assert alone.headers["anthropic-beta"] == "made-up-2099-01-01,b"
    assert joined.headers["anthropic-beta"] == "a,b,made-up-2099-01-01"
    assert alone.body == joined.body == {key: value for key, value in asked.items() if key != "betas"}


@pytest.mark.parametrize("client", EVERY)
async def test_case_201_an_error_that_is_only_a_detail_is_put_into_the_client_s_shape(client: str) -> None:
    odd = Odd(
        400,
        "invalid",
        '{"detail":"Instructions are not valid"}',
        headers={"content-type": "application/json"},
    )
    async with (
        FakeVendor(RESPONSES, behaviour=odd) as vendor,
        running([account("one", vendor, "m")]) as line,
        calling(line) as caller,
    ):
        found = await caller.ask(client, "m")
    assert found.status == 400
    assert error(client, found.body)["message"] == "Instructions are not valid"


PAGE = "<html><title>403</title><body>Cloudflare Ray ID: 8a1b2c3d4e5f, your IP 192.0.2.7</body></html>"


@pytest.mark.parametrize("client", EVERY)
@pytest.mark.parametrize("upstream", EVERY)
async def test_case_202_a_gateway_s_page_is_never_echoed(client: str, upstream: str) -> None:
    page = Odd(403, "permission", PAGE, headers={"content-type": "text/html"})
    async with (
        FakeVendor(upstream, behaviour=page) as vendor,
        running([account("one", vendor, "m")]) as line,
        calling(line) as caller,
    ):
        found = await caller.ask(client, "m")
    assert found.status == 403
    message = error(client, found.body)["message"]
    assert message
    assert [word for word in ("Ray ID", "192.0.2.7", "html>") if word in found.body.decode()] == []


UNSAYABLE: dict[str, dict[str, Any]] = {
    CHAT: {"n": 2},
    RESPONSES: {"background": True},
    ANTHROPIC: {
        "messages": [
            {"role": "user", "content": [{"type": "image", "source": {"type": "file", "file_id": "file_1"}}]}
        ]
    },
}


@pytest.mark.parametrize("client", UNSAYABLE)
async def test_case_203_what_no_repetition_cures_is_not_repeated(client: str) -> None:
    async with (
        FakeVendor(GEMINI if client != CHAT else ANTHROPIC, behaviour=HELLO) as vendor,
        running([account("one", vendor, "m")]) as line,
        calling(line) as caller,
    ):
        found = await caller.post(path(client, "m"), {**body(client, "m"), **UNSAYABLE[client]})
        assert (found.status, found.headers.get("x-should-retry")) == (400, "false")
        assert "retry-after" not in found.headers
        unknown = await caller.ask(client, "nobody")
        assert (unknown.status, unknown.headers.get("x-should-retry")) == (404, "false")
    assert vendor.requests == []


async def test_case_203_the_sdk_asks_once() -> None:
    async with (
        FakeVendor(ANTHROPIC, behaviour=HELLO) as vendor,
        running([account("one", vendor, "m")]) as line,
        openai.AsyncOpenAI(base_url=f"{line.url}/v1", api_key=line.key, max_retries=2) as sdk,
    ):
        with pytest.raises(openai.BadRequestError):
            await sdk.chat.completions.create(model="m", n=2, messages=[{"role": "user", "content": "Hi"}])
        assert len(line.usage.rows) == 1


async def test_case_204_responses_over_a_websocket_is_refused_so_that_clients_turn_to_http() -> None:
    """WebSocket endpoints are a later step; Codex falls back to HTTP when the upgrade gets a 426."""
    async with running([]) as line, bare(line) as raw:
        raw.writer.write(
            head(line, "GET", "/v1/responses", "Upgrade: websocket", "Connection: Upgrade",
                 "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")
        )  # fmt: skip
        found = await raw.answer()
        assert found.status == 426
        assert "HTTP" in error(RESPONSES, found.body)["message"]


@pytest.mark.parametrize("name", ["session_id", "session-id"])
def test_case_205_the_session_of_codex_is_the_cache_key_where_it_sends_none(name: str) -> None:
    for upstream in (CHAT, RESPONSES):
        request = decoded(RESPONSES, {"input": "q"}, headers={name: "s-1"})
        assert encoded(RESPONSES, request, upstream).body["prompt_cache_key"] == "s-1"
        request = decoded(RESPONSES, {"input": "q", "prompt_cache_key": "own"}, headers={name: "s-1"})
        assert encoded(RESPONSES, request, upstream).body["prompt_cache_key"] == "own"


async def test_case_205_within_one_dialect_the_header_itself_goes_on() -> None:
    async with (
        FakeVendor(RESPONSES, behaviour=HELLO) as vendor,
        running([account("one", vendor, "m")]) as line,
        calling(line) as caller,
    ):
        assert (await caller.ask(RESPONSES, "m", session_id="s-1")).status == 200
        assert (await caller.ask(RESPONSES, "m")).status == 200
    named, plain = [one for one in vendor.requests if one.method == "POST"]
    assert (named.headers["session-id"], named.body["prompt_cache_key"]) == ("s-1", "s-1")
    assert "prompt_cache_key" not in plain.body


@pytest.mark.parametrize(
    ("method", "where", "status"),
    [
        ("HEAD", "/", 200),
        ("HEAD", "/v1/models", 200),
        ("HEAD", "/v1/chat/completions", 405),
        ("OPTIONS", "/v1/messages", 405),
        ("POST", "/v1/chat/completions/", 200),
        ("POST", "/v1/v1/chat/completions", 200),
        ("POST", "/v1beta/v1/chat/completions", 200),
        ("POST", "/v1/chat/completions/chat/completions", 200),
        ("POST", "/v1/chat/nonsense", 404),
    ],
)
async def test_case_206_paths_as_people_paste_them(method: str, where: str, status: int) -> None:
    async with running([]) as line, calling(line) as caller:
        data = json.dumps(body(CHAT, "demo-echo")).encode() if method == "POST" else None
        found = await caller.send(method, where, data, caller.named({}))
        assert found.status == status
        if method == "HEAD":
            assert found.body == b""
        if status == 405:
            assert found.headers["allow"] == "POST"
        if status == 404:
            assert where in error(CHAT, found.body)["message"]
