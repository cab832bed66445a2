"""Which models there are, in three shapes, and what is said of those that are not."""

import asyncio
import json
from typing import Any

import pytest

from tests.end_to_end.client import DIALECTS, calling, error, headers, model
from tests.end_to_end.line import account, running
from tests.proxy_core.clocks import FakeClock
from tests.upstreams.server import FakeVendor

CHAT, RESPONSES, ANTHROPIC, GEMINI = DIALECTS
SHOWN = ["demo-echo", "demo-slow", "demo-think", "demo-tools"]


def ids(dialect: str, value: Any) -> list[str]:
    """The names in a list of the dialect's shape; another shape fails."""
    if dialect == GEMINI:
        assert set(value) <= {"models", "nextPageToken"}
        assert all("generateContent" in one["supportedGenerationMethods"] for one in value["models"])
        return sorted(one["name"].removeprefix("models/") for one in value["models"])
    if dialect == ANTHROPIC:
        assert {"has_more", "first_id", "last_id"} <= set(value)
        assert {one["type"] for one in value["data"]} == {"model"}
    else:
        assert value["object"] == "list"
        assert {one["object"] for one in value["data"]} <= {"model"}
    return sorted(one["id"] for one in value["data"])


LISTS = [
    (dialect, where)
    for dialect in (CHAT, ANTHROPIC, GEMINI)
    for where in ("/v1/models", "/models", "/v1/models/")
]
LISTS += [(GEMINI, "/v1beta/models")]


@pytest.mark.parametrize(("dialect", "where"), LISTS)
async def test_the_list_comes_in_the_shape_of_the_caller(dialect: str, where: str) -> None:
    async with running([]) as line, calling(line) as caller:
        found = await caller.send("GET", where + "?limit=1000", None, headers(dialect, line.key))
        assert found.status == 200
        assert ids(dialect, found.json) == SHOWN
        head = await caller.send("HEAD", where, None, headers(dialect, line.key))
        assert (head.status, head.body) == (200, b"")


async def test_gemini_s_list_without_a_telling_header_is_told_by_its_path() -> None:
    async with running([]) as line, calling(line) as caller:
        assert ids(GEMINI, (await caller.send("GET", f"/v1beta/models?key={line.key}")).json) == SHOWN


@pytest.mark.parametrize("dialect", [CHAT, ANTHROPIC, GEMINI])
async def test_one_model(dialect: str) -> None:
    async with running([]) as line, calling(line) as caller:
        for name in ("demo-echo", "models/demo-echo"):
            found = await caller.send("GET", f"/v1/models/{name}", None, headers(dialect, line.key))
            assert found.status == 200, found.body
            assert found.json.get("name", found.json.get("id")).endswith("demo-echo")
        hidden = await caller.send("GET", "/v1/models/demo-429", None, headers(dialect, line.key))
        assert hidden.status == 404
        missing = await caller.send("GET", "/v1/models/demo-ecko", None, headers(dialect, line.key))
        assert missing.status == 404
        assert "demo-echo" in error(dialect, missing.body)["message"]


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("stream", [False, True])
async def test_an_unknown_model_names_the_nearest(dialect: str, stream: bool) -> None:
    async with running([]) as line, calling(line) as caller:
        found = await caller.ask(dialect, "demo-ecko", stream)
        assert found.status == 404
        told = error(dialect, found.body)
        assert "demo-ecko" in told["message"]
        assert "demo-echo" in told["message"]
        if dialect in (CHAT, RESPONSES):
            assert (told["code"], told["param"]) == ("model_not_found", "model")
        assert "demo-429" not in told["message"]
    (row,) = line.usage.rows
    assert (row.status, row.error, row.requested_model, row.model) == (404, "not_found", "demo-ecko", None)


async def test_with_nothing_at_all_one_is_told_what_to_do() -> None:
    async with running([], routing={"demo": "off"}) as line, calling(line) as caller:
        found = await caller.ask(CHAT, "gpt-5")
        assert found.status == 404
        assert "Add an account" in error(CHAT, found.body)["message"]
        assert ids(CHAT, (await caller.get("/v1/models")).json) == []


@pytest.mark.parametrize(("demo", "is_there"), [("on", True), ("auto", False), ("off", False)])
async def test_the_demo_makes_room_for_the_first_account(demo: str, is_there: bool) -> None:
    async with (
        FakeVendor(CHAT) as vendor,
        running([account("one", vendor, "m")], routing={"demo": demo}) as line,
        calling(line) as caller,
    ):
        listed = ids(CHAT, (await caller.get("/v1/models")).json)
        assert ("demo-echo" in listed) is is_there
        assert "m" in listed
        assert (await caller.ask(CHAT, "demo-echo")).status == (200 if is_there else 404)


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_a_vendor_s_own_list_is_served(dialect: str) -> None:
    name = model(dialect)
    async with FakeVendor(dialect, models=[name, "brand-new-1"]) as vendor:
        async with running([account("one", vendor)]) as line, calling(line) as caller:
            assert {name, "brand-new-1"} <= set(ids(CHAT, (await caller.get("/v1/models")).json))
            found = await caller.ask(CHAT, "brand-new-1")
            assert found.status == 200, found.body
            assert (await caller.ask(CHAT, "gone-1")).status == 404
        assert vendor.leaks == []


async def test_an_unknown_model_waits_for_a_list_that_is_on_its_way() -> None:
    clock = FakeClock()
    async with (
        FakeVendor(CHAT, models=["old-1"]) as vendor,
        running([account("one", vendor)], clock=clock) as line,
        calling(line) as caller,
    ):
        assert (await caller.ask(CHAT, "old-1")).status == 200
        vendor.models = ("old-1", "new-1")
        assert (await caller.ask(CHAT, "new-1")).status == 404
        await clock.advance(7 * 3600)
        assert (await caller.ask(CHAT, "new-1")).status == 200


async def test_pins_suffixes_and_prefixes_work_on_the_wire() -> None:
    async with FakeVendor(CHAT) as vendor, running([account("one", vendor, model(CHAT))]) as line:
        async with calling(line) as caller:
            name = model(CHAT)
            for asked in (name, f"openai/{name}", f"openai://{name}", f"models/{name}", f"{name}(high)"):
                assert (await caller.ask(CHAT, asked)).status == 200, asked
                assert (await caller.ask(GEMINI, asked)).status == 200, asked
        assert {request.body["model"] for request in vendor.requests} == {name}
        assert vendor.requests[-2].body["reasoning_effort"] == "high"


@pytest.mark.parametrize("dialect", [RESPONSES, ANTHROPIC, GEMINI])
async def test_tokens_are_counted_or_estimated_and_that_is_said(dialect: str) -> None:
    where = {
        RESPONSES: "/v1/responses/input_tokens",
        ANTHROPIC: "/v1/messages/count_tokens",
        GEMINI: "/v1beta/models/m:countTokens",
    }[dialect]
    said = [{"role": "user", "content": "Count me."}]
    value = {
        RESPONSES: {"model": "m", "input": said},
        ANTHROPIC: {"model": "m", "messages": said},
        GEMINI: {"contents": [{"parts": [{"text": "Count me."}]}]},
    }[dialect]
    member = {RESPONSES: "input_tokens", ANTHROPIC: "input_tokens", GEMINI: "totalTokens"}[dialect]
    for upstream in DIALECTS:
        async with (
            FakeVendor(upstream) as vendor,
            running([account("one", vendor, "m")]) as line,
            calling(line) as caller,
        ):
            found = await caller.post(where, value)
            assert found.status == 200, found.body
            assert found.json[member] > 0
            is_estimate = upstream == CHAT
            assert ("x-trunkline-estimated" in found.headers) is is_estimate
            assert len(vendor.requests) == (0 if is_estimate else 1)
            burst = await asyncio.gather(*[caller.post(where, value) for _ in range(34)])
            assert {one.status for one in burst} == {200}
        assert {row.operation for row in line.usage.rows} == {"count_tokens"}


async def test_the_banner_lists_every_path_once() -> None:
    async with running([]) as line, calling(line) as caller:
        endpoints = json.loads((await caller.send("GET", "/")).body)["endpoints"]
        assert len(endpoints) == len(set(endpoints)) >= 10


async def test_a_host_gets_an_address_for_every_maker_s_tools() -> None:
    async with running([]) as line:
        seen = line.proxy.snapshot()
        assert seen.urls == {"openai": f"{line.url}/v1", "anthropic": line.url, "gemini": line.url}
        assert seen.state == "running"
