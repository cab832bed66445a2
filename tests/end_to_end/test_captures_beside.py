"""What real tools send beside their chats, compressed bodies, and what is not served."""

import gzip
import json
import zlib
from collections.abc import Callable

import pytest
import zstandard

from tests.end_to_end.client import error
from tests.end_to_end.test_captures import TEXT, UPSTREAMS, Act, bench
from tests.end_to_end.tool_rules import heard
from tests.samples.recorded import Capture, capture, captures

BESIDE = [one for one in captures() if not one.is_chat]
OUT_OF_SCOPE = [one for one in BESIDE if one.target.startswith("/v1internal")]
PAIRS = pytest.mark.parametrize("upstream", list(UPSTREAMS))
ACT = Act("text")


def test_everything_that_was_recorded_is_replayed_somewhere() -> None:
    said = {one.target.partition("?")[0] for one in BESIDE}
    known = {"/v1/models", "/v1/responses", "/v1beta/models/gemini-2.5-pro:countTokens"}
    assert {one for one in said if not one.startswith(("/v1internal", "/backend-api"))} == known


@pytest.mark.parametrize("name", ["codex-ws/01", "codex-chatgpt/05"])
async def test_a_websocket_gets_426_so_that_codex_posts_at_once(name: str) -> None:
    """Its frames (`WSMSG`) are never sent then: they are the same requests as its POSTs, in pieces."""
    asked = capture(name)
    async with bench("openai_chat", "openai_responses") as line:
        got = await line.replay(asked, ACT)
        assert line.vendor.requests == []
    assert got.status == 426
    assert "POST" in error("openai_responses", got.body)["message"]


async def test_codex_asks_for_the_models() -> None:
    """Codex asks only when it is logged in to ChatGPT; the list is OpenAI's own shape."""
    async with bench("openai_chat", "openai_responses") as line:
        got = await line.replay(capture("codex-chatgpt/01"), ACT)
    assert got.status == 200
    assert {one["id"] for one in got.json["data"]} >= {"gpt-5.5", "my-own-model"}


@pytest.mark.parametrize(
    "asked", [one for one in BESIDE if one.target.startswith("/backend-api")], ids=lambda one: one.name
)
async def test_what_belongs_to_a_login_at_chatgpt_is_not_there(asked: Capture) -> None:
    """Codex goes on after a 404 of these, but for the account check, without which no login starts a turn.

    Logins are not served yet; a key is, and with one Codex asks for none of these.
    """
    async with bench("openai_chat", "openai_responses") as line:
        got = await line.replay(asked, ACT)
        assert line.vendor.requests == []
    assert got.status == 404
    assert error("openai_chat", got.body)["message"]


@pytest.mark.parametrize("asked", OUT_OF_SCOPE, ids=lambda one: one.name)
async def test_code_assist_is_refused_in_words_that_gemini_cli_reads(asked: Capture) -> None:
    """Gemini CLI speaks Code Assist when it is logged in with Google; logins are not served yet."""
    async with bench("gemini_generate", "gemini_generate") as line:
        got = await line.replay(asked, ACT)
        assert line.vendor.requests == []
    assert got.status == 404
    found = error("gemini_generate", got.body)
    assert (found["code"], found["status"]) == (404, "NOT_FOUND")
    assert found["message"]


@PAIRS
async def test_gemini_cli_counts_the_tokens_of_an_image(upstream: str) -> None:
    asked = capture("gemini-image/03")
    async with bench(upstream, "gemini_generate") as line:
        got = await line.replay(asked, ACT)
    assert got.status == 200, got.body
    assert got.json["totalTokens"] > 0


def posted() -> Capture:
    """What Codex posts after 426 with a login: its first frame, without what belongs to a WebSocket."""
    frame = capture("codex-chatgpt/06")
    body = {name: value for name, value in frame.body.items() if name not in ("type", "generate")}
    mine = ("connection", "upgrade", "openai-beta")
    kept = tuple(
        (name, value)
        for name, value in frame.headers
        if name.lower() not in mine and not name.lower().startswith("sec-websocket")
    )
    headers = (*kept, ("content-type", "application/json"), ("accept", "text/event-stream"))
    return Capture(frame.name, "POST", "/v1/responses", headers, body)


PACKED: dict[str, Callable[[bytes], bytes]] = {
    "zstd": zstandard.ZstdCompressor().compress,
    "gzip": gzip.compress,
    "deflate": zlib.compress,
}


@PAIRS
@pytest.mark.parametrize("encoding", list(PACKED))
async def test_compressed_bodies_are_read(encoding: str, upstream: str) -> None:
    """Codex packs its bodies with zstd when it is logged in."""
    asked = posted()
    async with bench(upstream, "openai_responses") as line:
        line.vendor.behaviour = ACT
        named = {**asked.sent_with(line.caller.line.key), "content-encoding": encoding}
        got = await line.caller.send("POST", asked.target, PACKED[encoding](asked.data), named)
        assert line.vendor.refusals == []
        (seen,) = line.vendor.requests
    assert heard(asked, got).text == TEXT
    assert seen.headers.get("content-encoding") is None
    if upstream == asked.dialect:
        assert json.loads(seen.raw) == asked.body
        assert seen.raw == asked.data
