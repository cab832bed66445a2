"""Several accounts: turns, what moves on to the next, and how long an account rests."""

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest

from proxy_core.events import AccountChanged
from proxy_core.keys import account_secret
from proxy_core.stores.memory import MemoryVault
from tests.end_to_end.client import DIALECTS, TERMINAL, Caller, calling, error, in_band
from tests.end_to_end.line import Line, account, running
from tests.proxy_core.clocks import FakeClock
from tests.upstreams.behaviours import Behaviour, Fail, FailInside, Say
from tests.upstreams.delivery import Delivery
from tests.upstreams.server import KEY, FakeVendor
from tests.upstreams.vendor import Exchange, Reply, Vendor, event_stream

CHAT, RESPONSES, ANTHROPIC, GEMINI = DIALECTS
GOOD = Say(Reply("All well."))
# how many events it takes until something was said
BEGUN = {CHAT: 4, RESPONSES: 6, ANTHROPIC: 4, GEMINI: 4}


@asynccontextmanager
async def several(
    *dialects: str, clock: FakeClock | None = None, **sections: Any
) -> AsyncIterator[tuple[list[FakeVendor], Line, Caller]]:
    """One account at each of some vendors, all serving the model m."""
    async with AsyncExitStack() as stack:
        vendors = [await stack.enter_async_context(FakeVendor(one, behaviour=GOOD)) for one in dialects]
        accounts = [account(f"a{number}", vendor, "m") for number, vendor in enumerate(vendors)]
        line = await stack.enter_async_context(running(accounts, clock=clock, **sections))
        yield vendors, line, await stack.enter_async_context(calling(line))


def asked(vendors: list[FakeVendor]) -> list[int]:
    return [len(vendor.requests) for vendor in vendors]


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_equal_accounts_take_turns(dialect: str) -> None:
    async with several(dialect, dialect, dialect) as (vendors, line, caller):
        for _ in range(6):
            assert (await caller.ask(dialect, "m")).status == 200
        assert asked(vendors) == [2, 2, 2]
    assert [row.account for row in line.usage.rows] == ["a0", "a1", "a2"] * 2


FAILURES: dict[str, Behaviour] = {
    "429": Fail(429, "rate_limit", retry_after=20),
    "401": Fail(401, "auth"),
    "402": Fail(402, "billing"),
    "403": Fail(403, "permission"),
    "404": Fail(404, "not_found"),
    "500": Fail(500, "server"),
    "503": Fail(503, "overloaded"),
    "html": Fail(502, "server", html=True),
    "cut before headers": Say(Reply("x"), Delivery(before_headers=True, ending="cut")),
}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("client", DIALECTS)
@pytest.mark.parametrize("failure", FAILURES)
async def test_a_failure_before_the_first_byte_is_never_seen(failure: str, client: str, stream: bool) -> None:
    upstream = DIALECTS[(DIALECTS.index(client) + 2) % 4]
    for dialects in ((client, client), (upstream, client), (client, upstream)):
        async with several(*dialects) as (vendors, line, caller):
            vendors[0].behaviour = FAILURES[failure]
            found = await caller.ask(client, "m", stream)
            assert found.status == 200, found.body
            assert b"All well." in found.body
            assert asked(vendors) == [1, 1]
        (row,) = line.usage.rows
        assert (row.status, row.attempts, row.account, row.error) == (200, 2, "a1", None)


@pytest.mark.parametrize("client", DIALECTS)
async def test_an_error_inside_a_200_is_never_seen_if_it_is_the_first_thing(client: str) -> None:
    for upstream in DIALECTS:
        for write, gap in ((None, 0.0), (9, 0.003)):
            async with several(upstream, client) as (vendors, _, caller):
                vendors[0].behaviour = FailInside(Say(Reply("x"), Delivery(write=write, gap=gap)), frames=0)
                found = await caller.ask(client, "m", stream=True)
                assert found.status == 200, (upstream, found.body)
                assert b"All well." in found.body
                assert TERMINAL[client].encode() in found.body
                assert b"Overloaded" not in found.body


@pytest.mark.odd_upstream  # the fake does not number its error
@pytest.mark.parametrize("client", DIALECTS)
async def test_after_the_first_byte_the_error_is_in_band(client: str) -> None:
    async with several(client, client) as (vendors, line, caller):
        # a pause after each event, so that the error does not come together with the first one
        beginning = Say(Reply("A long answer that goes on and on and on."), Delivery(gap=0.05))
        vendors[0].behaviour = FailInside(beginning, frames=BEGUN[client])
        found = await caller.ask(client, "m", stream=True)
        assert found.status == 200
        assert "Overloaded" in in_band(client, found.body)
        assert asked(vendors) == [1, 0]
        # and the account goes to the end of the queue
        for _ in range(2):
            assert (await caller.ask(client, "m")).status == 200
        assert asked(vendors) == [1, 2]
    row = next(row for row in line.usage.rows if row.streamed)
    assert row.status >= 500
    assert (row.error, row.attempts) in (("overloaded", 1), ("server", 1))


@pytest.mark.parametrize("kind", ["invalid", "too_large"])
@pytest.mark.parametrize("client", DIALECTS)
async def test_the_caller_s_own_fault_is_asked_once(client: str, kind: Any) -> None:
    status = 413 if kind == "too_large" else 400
    async with several(client, client) as (vendors, line, caller):
        for vendor in vendors:
            vendor.behaviour = Fail(status, kind, "Your request is wrong.")
        found = await caller.ask(client, "m")
        assert found.status == status
        assert error(client, found.body)["message"] == "Your request is wrong."
        assert sum(asked(vendors)) == 1
        assert line.usage.rows[0].attempts == 1


async def test_attempts_have_a_cap() -> None:
    async with several(*[CHAT] * 5, routing={"attempts": 3}) as (vendors, line, caller):
        for vendor in vendors:
            vendor.behaviour = Fail(500, "server", "Broken.")
        found = await caller.ask(CHAT, "m")
        assert found.status == 500
        assert asked(vendors) == [1, 1, 1, 0, 0]
        assert line.usage.rows[0].attempts == 3


@pytest.mark.parametrize("client", DIALECTS)
@pytest.mark.parametrize("upstream", DIALECTS)
async def test_a_limit_is_kept_until_it_ends(client: str, upstream: str) -> None:
    clock = FakeClock()
    async with several(upstream, clock=clock) as (vendors, line, caller):
        vendors[0].behaviour = Fail(429, "rate_limit", "Slow down.", retry_after=20)
        found = await caller.ask(client, "m")
        assert found.status == 429
        assert _wait(client, found) == 20
        vendors[0].behaviour = GOOD
        await clock.advance(15.0)
        found = await caller.ask(client, "m")
        assert found.status == 429
        assert _wait(client, found) == 5
        assert "Slow down." in error(client, found.body)["message"]
        assert asked(vendors) == [1]
        await clock.advance(5.1)
        assert (await caller.ask(client, "m")).status == 200
        assert asked(vendors) == [2]
    rested = [event for event in line.events if isinstance(event, AccountChanged)]
    assert [(event.account, event.state) for event in rested] == [("a0", "resting"), ("a0", "ready")]
    assert rested[0].until == pytest.approx(1_800_000_020, abs=1)
    assert [(row.status, row.attempts) for row in line.usage.rows] == [(429, 1), (429, 0), (200, 1)]


def _wait(client: str, found: Any) -> int:
    if client == GEMINI:
        details = json.loads(found.body)["error"].get("details", [])
        hints = [one["retryDelay"] for one in details if one["@type"].endswith("RetryInfo")]
        assert hints, found.body
    return int(found.headers["retry-after"])


async def test_a_429_always_says_when_to_come_back() -> None:
    for client in DIALECTS:
        async with several(client) as (vendors, _, caller):
            vendors[0].behaviour = Fail(429, "rate_limit", "Slow down.")
            found = await caller.ask(client, "m")
            assert found.status == 429
            assert int(found.headers["retry-after"]) >= 1


async def test_when_all_rest_the_earliest_end_is_told() -> None:
    clock = FakeClock()
    async with several(CHAT, CHAT, clock=clock) as (vendors, _, caller):
        vendors[0].behaviour = Fail(429, "rate_limit", retry_after=7)
        vendors[1].behaviour = Fail(429, "rate_limit", retry_after=90)
        found = await caller.ask(CHAT, "m")
        assert (found.status, found.headers["retry-after"]) == (429, "7")
        assert (await caller.ask(CHAT, "m")).headers["retry-after"] == "7"
        assert asked(vendors) == [1, 1]
        vendors[0].behaviour = GOOD
        await clock.advance(8)
        assert (await caller.ask(CHAT, "m")).status == 200
        assert asked(vendors) == [2, 1]


async def test_a_limit_covers_one_model_only() -> None:
    async with FakeVendor(CHAT, behaviour=GOOD) as vendor:
        vendor.by_model["m"] = Fail(429, "rate_limit", retry_after=60)
        async with running([account("one", vendor, "m", "n")]) as line, calling(line) as caller:
            assert (await caller.ask(CHAT, "m")).status == 429
            assert (await caller.ask(CHAT, "n")).status == 200
            assert (await caller.ask(CHAT, "m")).status == 429
        assert len(vendor.requests) == 2


async def test_an_account_with_a_refused_key_is_asked_last_but_asked() -> None:
    async with several(CHAT, CHAT) as (vendors, _, caller):
        vendors[0].behaviour = Fail(401, "auth")
        for _ in range(4):
            assert (await caller.ask(CHAT, "m")).status == 200
        assert asked(vendors) == [1, 4]
        vendors[1].behaviour = Fail(500, "server")
        vendors[0].behaviour = GOOD
        assert (await caller.ask(CHAT, "m")).status == 200
        assert asked(vendors)[0] == 2


async def test_a_new_account_serves_while_it_runs_and_a_removed_one_does_not() -> None:
    from proxy_core.settings import parse

    vault = MemoryVault()
    for name in ("one", "two"):
        await vault.put(account_secret(name), KEY)
    async with (
        FakeVendor(CHAT, behaviour=GOOD) as first,
        FakeVendor(CHAT, behaviour=GOOD) as second,
        running([account("one", first, "m")], vault=vault) as line,
        calling(line) as caller,
    ):
        assert (await caller.ask(CHAT, "m")).status == 200
        document = {
            "accounts": [account("two", second, "m")],
            "routing": {"local_servers": False},
            "aliases": {"mine": {"model": "m", "reasoning": "high"}},
        }
        await line.proxy.reload(parse(document, {}))
        assert (await caller.ask(CHAT, "mine")).status == 200
        assert asked([first, second]) == [1, 1]
        assert second.requests[0].body["reasoning_effort"] == "high"
        await line.proxy.reload(parse({"routing": {"local_servers": False, "demo": "off"}}, {}))
        assert (await caller.ask(CHAT, "m")).status == 404


class Slowly:
    """Begins, and fails before anything was said: only what a vendor sends first comes before the error."""

    delivery = Delivery()

    def answer(self, vendor: Vendor, exchange: Exchange) -> Any:
        given = GOOD.answer(vendor, exchange)
        return event_stream([given.frames[0], vendor.in_band_error("Overloaded")])


@pytest.mark.parametrize("upstream", [CHAT, RESPONSES, ANTHROPIC])
async def test_a_translated_stream_moves_on_until_something_was_said(upstream: str) -> None:
    client = GEMINI
    async with several(upstream, upstream) as (vendors, _, caller):
        vendors[0].behaviour = Slowly()
        found = await caller.ask(client, "m", stream=True)
        assert b"All well." in found.body
        assert asked(vendors) == [1, 1]
