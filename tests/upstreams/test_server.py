"""The fake as a server: keys, leaks, content types, paths, records, and which behaviour is chosen."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.samples import load
from tests.upstreams.behaviours import Replay, Say, named
from tests.upstreams.sending import headers_for, send
from tests.upstreams.server import KEY, FakeVendor
from tests.upstreams.vendor import Reply

DIALECTS = load.dialects()


def hello(dialect: str) -> tuple[str, Any]:
    sample = load.sample(dialect, "01-plain-text")
    return sample.path, sample.request


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_a_wrong_key_gets_the_vendors_own_answer(dialect: str) -> None:
    target, body = hello(dialect)
    async with FakeVendor(dialect) as vendor:
        got = await send(vendor, dialect, target, body, headers=headers_for(dialect, "wrong"))
    # Google answers 400 with a reason, the others 401.
    assert got.status == (400 if dialect == "gemini_generate" else 401)
    assert (b"API_KEY_INVALID" in got.body) == (dialect == "gemini_generate")
    assert len(vendor.refusals) == 1
    assert vendor.leaks == []


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_the_key_of_the_line_in_front_must_not_arrive(dialect: str) -> None:
    target, body = hello(dialect)
    async with FakeVendor(dialect, forbidden=["local-key"]) as vendor:
        got = await send(vendor, dialect, target, body, headers={"x-note": "my local-key"})
        assert (got.status, vendor.leaks) == (400, ["local-key in x-note"])
        got = await send(vendor, dialect, target + "?key=local-key", body)
        assert (got.status, vendor.leaks[1:]) == (400, ["local-key in ?key"])


@pytest.mark.parametrize(
    ("dialect", "header"),
    [
        ("openai_chat", "x-api-key"),
        ("openai_responses", "x-goog-api-key"),
        ("anthropic_messages", "x-goog-api-key"),
        ("gemini_generate", "x-api-key"),
        ("gemini_generate", "cookie"),
    ],
)
async def test_foreign_credentials_are_refused(dialect: str, header: str) -> None:
    target, body = hello(dialect)
    async with FakeVendor(dialect) as vendor:
        got = await send(vendor, dialect, target, body, headers={header: "a=b"})
    assert (got.status, vendor.leaks) == (400, [f"header {header}"])


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_only_json_is_read(dialect: str) -> None:
    target, _body = hello(dialect)
    usual = headers_for(dialect, KEY)
    async with FakeVendor(dialect) as vendor, aiohttp.ClientSession(headers=usual) as session:
        for kind, data, status in (
            ("text/plain", b"{}", 415),
            ("application/json", b"{nonsense", 400),
            ("application/json", b"[]", 400),
        ):
            async with session.post(
                vendor.base_url + target, data=data, headers={"content-type": kind}
            ) as response:
                assert response.status == status
                assert "error" in await response.json()


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_unknown_paths_and_models_are_not_found(dialect: str) -> None:
    target, body = hello(dialect)
    async with FakeVendor(dialect, models=["another"]) as vendor:
        assert (await send(vendor, dialect, "/v1/nothing", body)).status == 404
        got = await send(vendor, dialect, target, body)
        assert (got.status, load.model(dialect).encode() in got.body) == (404, True)


async def test_two_dialects_at_one_address() -> None:
    async with FakeVendor("openai_chat", "openai_responses", behaviour=Replay("01-plain-text")) as vendor:
        for dialect in ("openai_chat", "openai_responses"):
            target, body = hello(dialect)
            got = await send(vendor, dialect, target, body)
            assert got.body == load.sample(dialect, "01-plain-text").response
        assert (await send(vendor, "openai_responses", "/v1/responses", method="GET")).status == 426
    with pytest.raises(ValueError, match="unknown dialect"):
        FakeVendor("morse")


async def test_requests_are_recorded_as_they_came() -> None:
    target, body = hello("gemini_generate")
    async with FakeVendor("gemini_generate") as vendor:
        await send(vendor, "gemini_generate", target + "?alt=json", body, headers={"X-Own": "1"})
    (seen,) = vendor.requests
    assert (seen.method, seen.path, seen.query) == ("POST", target, {"alt": "json"})
    assert seen.headers["x-own"] == "1"
    assert seen.body == json.loads(seen.raw) == body


async def test_queue_goes_before_model_and_model_before_the_rest() -> None:
    target, body = hello("openai_chat")
    async with FakeVendor("openai_chat", behaviour=Say(Reply(text="the rest"))) as vendor:
        vendor.queue.extend([named("500"), named("429")])
        vendor.by_model["special"] = Say(Reply(text="special"))
        models = [body["model"], body["model"], "special", "fake-503", body["model"]]
        got = [await send(vendor, "openai_chat", target, {**body, "model": model}) for model in models]
    assert [one.status for one in got] == [500, 429, 200, 503, 200]
    texts = [json.loads(got[i].body)["choices"][0]["message"]["content"] for i in (2, 4)]
    assert texts == ["special", "the rest"]


async def test_a_refused_request_uses_nothing_of_the_queue() -> None:
    target, body = hello("openai_chat")
    async with FakeVendor("openai_chat") as vendor:
        vendor.queue.append(named("500"))
        assert (await send(vendor, "openai_chat", target, {**body, "nonsense": 1})).status == 400
        assert (await send(vendor, "openai_chat", target, body)).status == 500


async def test_it_runs_by_itself() -> None:
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.upstreams", "--dialect", "openai_chat", "--behaviour", "say", "--log"),
        stdout=asyncio.subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    try:
        assert child.stdout is not None
        where = json.loads(await child.stdout.readline())
        target, body = hello("openai_chat")
        usual = headers_for("openai_chat", where["key"])
        async with (
            aiohttp.ClientSession(headers=usual) as session,
            session.post(where["base_url"] + target, json=body) as response,
        ):
            assert (await response.json())["choices"][0]["message"][
                "content"
            ] == "Hello from the fake vendor."
        async with (
            aiohttp.ClientSession() as session,
            session.post(where["base_url"] + target, json=body) as refused,
        ):
            assert refused.status == 401
        assert json.loads(await child.stdout.readline())[:3] == ["POST", target, 401]
    finally:
        child.kill()
        await child.communicate()
