"""Faults that nobody sees, storms that stay small, and waits that are told."""

import asyncio
import json
from typing import Any

import pytest

from proxy_core.errors import VaultLockedError
from proxy_core.stores.memory import MemoryVault
from tests.end_to_end.client import DIALECTS, TERMINAL, calling, error, in_band, read
from tests.end_to_end.line import account, running
from tests.proxy_core.clocks import FakeClock, HastyClock
from tests.upstreams.behaviours import Behaviour, Fail, Say
from tests.upstreams.delivery import Delivery
from tests.upstreams.server import FakeVendor
from tests.upstreams.vendor import Answer, Exchange, Reply, Vendor, event_stream

CHAT, RESPONSES, ANTHROPIC, GEMINI = DIALECTS
PAIRS = [(client, upstream) for client in DIALECTS for upstream in DIALECTS]
GOOD = Say(Reply("All well."))
# how many events open a reply of the fakes without saying anything
OPENING = {CHAT: 1, RESPONSES: 4, ANTHROPIC: 2, GEMINI: 0}
# how many events it takes until something was said
BEGUN = {CHAT: 4, RESPONSES: 6, ANTHROPIC: 4, GEMINI: 4}


class Opening(Say):
    """Only begins: then it fails in one of the ways in which vendors do."""

    def __init__(self, way: str, gap: float = 0.0) -> None:
        ending: Any = "cut" if way == "cut" else "stop"
        super().__init__(Reply("x"), Delivery(ending=ending, gap=gap))
        object.__setattr__(self, "way", way)

    def answer(self, vendor: Vendor, exchange: Exchange) -> Answer:
        given = super().answer(vendor, exchange)
        frames = [*vendor.noise()[:1], *given.frames[: OPENING[vendor.dialect]]]
        if self.way == "error":  # type: ignore[attr-defined]
            frames.append(vendor.in_band_error("Overloaded"))
        return event_stream(frames)


@pytest.mark.parametrize("way", ["error", "cut", "stop"])
@pytest.mark.parametrize(("client", "upstream"), PAIRS)
async def test_a_reply_that_only_began_is_taken_over_by_another_account(
    client: str, upstream: str, way: str
) -> None:
    async with (
        FakeVendor(upstream, behaviour=Opening(way, 0.01)) as vendor,
        FakeVendor(upstream, behaviour=GOOD) as other,
        running([account("one", vendor, "m"), account("two", other, "m")]) as line,
        calling(line) as caller,
    ):
        found = await caller.ask(client, "m", stream=True)
        assert (found.status, found.is_broken) == (200, False)
        assert b"All well." in found.body
        assert TERMINAL[client].encode() in found.body
        assert b"Overloaded" not in found.body
    (row,) = line.usage.rows
    assert (row.status, row.attempts, row.account, row.error) == (200, 2, "two", None)


HIDDEN: dict[str, Behaviour] = {
    "401": Fail(401, "auth"),
    "500": Fail(500, "server"),
    "502 page": Fail(502, "server", html=True),
    "503": Fail(503, "overloaded"),
    "529": Fail(529, "overloaded"),
    "cut": Say(Reply("x"), Delivery(before_headers=True, ending="cut")),
    "opening, error": Opening("error"),
    "opening, end": Opening("stop"),
}


@pytest.mark.parametrize("fault", HIDDEN)
@pytest.mark.parametrize(("client", "upstream"), [(one, one) for one in DIALECTS] + [(CHAT, GEMINI)])
async def test_one_fault_of_the_only_account_is_never_seen(client: str, upstream: str, fault: str) -> None:
    async with FakeVendor(upstream, behaviour=GOOD) as vendor:
        async with (
            running([account("one", vendor, "m")], clock=HastyClock()) as line,
            calling(line) as caller,
        ):
            vendor.queue.append(HIDDEN[fault])
            found = await caller.ask(client, "m", stream=True)
            assert (found.status, found.is_broken) == (200, False)
            assert b"All well." in found.body
        assert len(vendor.requests) == 2
    assert [(row.status, row.attempts) for row in line.usage.rows] == [(200, 2)]


@pytest.mark.parametrize("client", DIALECTS)
async def test_a_storm_of_retries_stays_small_and_ends_with_the_rest(client: str) -> None:
    clock = FakeClock()
    async with FakeVendor(client, behaviour=Fail(500, "server", "Broken.")) as vendor:
        accounts = [account(name, vendor, "m") for name in ("one", "two", "three")]
        async with running(accounts, clock=clock) as line, calling(line) as caller:
            answers = [await caller.ask(client, "m", stream=True) for _ in range(30)]
            assert len(vendor.requests) == 3
            assert {one.status for one in answers[1:]} <= {503, 529}
            waits = {int(one.headers["retry-after"]) for one in answers}
            assert waits == {1}
            assert "Broken." in error(client, answers[-1].body)["message"]
            # a client that waits as it is told asks a few times more, and then it works again
            for _ in range(6):
                await clock.advance(int(answers[-1].headers["retry-after"]) + 0.01)
                answers.append(await caller.ask(client, "m", stream=True))
            assert len(vendor.requests) <= 9
            vendor.behaviour = GOOD
            await clock.advance(int(answers[-1].headers["retry-after"]) + 0.01)
            assert (await caller.ask(client, "m", stream=True)).status == 200
            assert (await caller.ask(client, "m", stream=True)).status == 200


async def test_a_client_that_counts_its_retries_is_believed() -> None:
    async with FakeVendor(CHAT, behaviour=Fail(500, "server")) as vendor:
        accounts = [account(name, vendor, "m") for name in ("one", "two")]
        async with running(accounts, clock=FakeClock()) as line, calling(line) as caller:
            for count in range(3):
                await caller.post(
                    "/v1/chat/completions",
                    {"model": "m", "messages": [{"role": "user", "content": f"Try {count}"}]},
                    x_stainless_retry_count=str(count),
                )
        assert len(vendor.requests) == 2


@pytest.mark.parametrize("client", DIALECTS)
@pytest.mark.parametrize(
    ("told", "said"), [(0, 1), (1, 1), (20, 20), (60, 59), (90, 59), (300, 59), (301, 301), (7200, 7200)]
)
async def test_a_wait_is_told_so_that_clients_use_it(client: str, told: int, said: int) -> None:
    """Claude Code gives up at 61 s, so its dialect has steps; others hear the truth; 5 minutes are final."""
    if client != ANTHROPIC:
        said = told
    limited = Fail(429, "rate_limit", "Slow down.", retry_after=told)
    async with FakeVendor(client, behaviour=limited) as vendor:
        async with running([account("one", vendor, "m")], clock=FakeClock()) as line, calling(line) as caller:
            for is_ours in (False, True):
                found = await caller.ask(client, "m")
                assert found.status == 429
                assert int(found.headers["retry-after"]) == max(1, said)
                assert (found.headers.get("x-should-retry") == "false") is (told > 300)
                if client == GEMINI and is_ours and told:
                    hints = [one.get("retryDelay") for one in error(client, found.body)["details"]]
                    assert f"{said}s" in hints
        assert len(vendor.requests) <= (2 if told == 0 else 1)


@pytest.mark.parametrize("client", DIALECTS)
@pytest.mark.parametrize("status", [429, 503])
async def test_a_wait_is_told_even_if_the_vendor_names_none(client: str, status: int) -> None:
    kind: Any = "rate_limit" if status == 429 else "overloaded"
    for upstream in DIALECTS:
        async with (
            FakeVendor(upstream, behaviour=Fail(status, kind)) as vendor,
            running([account("one", vendor, "m")], clock=HastyClock()) as line,
            calling(line) as caller,
        ):
            for stream in (True, False):
                found = await caller.ask(client, "m", stream)
                assert found.status in (status, 529)
                assert int(found.headers["retry-after"]) >= 1
                if client == GEMINI:
                    details = error(client, found.body)["details"]
                    assert any(one["@type"].endswith("RetryInfo") for one in details)


class Locked(MemoryVault):
    """A vault that nobody opens."""

    async def get(self, name: str) -> str | None:
        raise VaultLockedError("The vault is locked.")


@pytest.mark.parametrize("client", DIALECTS)
async def test_a_locked_vault_is_a_wait_as_well(client: str) -> None:
    async with (
        FakeVendor(client, behaviour=GOOD) as vendor,
        running([account("one", vendor, "m")], vault=Locked()) as line,
        calling(line) as caller,
    ):
        found = await caller.ask(client, "m")
        assert found.status in (503, 529)
        assert int(found.headers["retry-after"]) >= 1
        if client == GEMINI:
            assert error(client, found.body)["details"][0]["retryDelay"]


@pytest.mark.parametrize("client", DIALECTS)
@pytest.mark.parametrize(
    ("status", "kind"), [(400, "invalid"), (403, "permission"), (404, "not_found"), (413, "too_large")]
)
async def test_what_no_retry_heals_says_so(client: str, status: int, kind: Any) -> None:
    for upstream in DIALECTS:
        async with (
            FakeVendor(upstream, behaviour=Fail(status, kind)) as vendor,
            running([account("one", vendor, "m")]) as line,
            calling(line) as caller,
        ):
            found = await caller.ask(client, "m")
            assert found.status == status
            assert found.headers["x-should-retry"] == "false"
            assert len(vendor.requests) == 1


@pytest.mark.parametrize(("client", "upstream"), PAIRS)
async def test_a_reply_ends_with_the_vendor_s_last_event_and_not_with_its_body(
    client: str, upstream: str
) -> None:
    """A vendor may keep the connection open behind its last event; the client has nothing to do with that."""
    clock = FakeClock()
    held = Delivery(frames=10_000, ending="hold")
    async with (
        FakeVendor(upstream, behaviour=Say(Reply("All well."), held)) as vendor,
        running([account("one", vendor, "m")], clock=clock) as line,
        calling(line) as caller,
        caller.open(client, "m") as reply,
    ):
        await asyncio.wait_for(vendor.held.wait(), 10)
        if upstream == GEMINI:
            # it has no last event, only a reason to stop: a moment of silence behind that is the end
            await clock.advance(16)
        found = await asyncio.wait_for(read(reply), 10)
        assert not found.is_broken
        assert TERMINAL[client].encode() in found.body
        # what is left of the vendor's reply is not waited for either
        await clock.advance(10)
        await asyncio.wait_for(vendor.cancelled.wait(), 10)
    assert [(row.status, row.error) for row in line.usage.rows] == [(200, None)]


@pytest.mark.parametrize(
    ("client", "upstream"), [(one, one) for one in DIALECTS] + [(CHAT, GEMINI), (GEMINI, CHAT)]
)
async def test_stopping_tells_open_streams_in_their_own_words_at_once(client: str, upstream: str) -> None:
    held = Delivery(frames=BEGUN[upstream], ending="hold")
    reply = Say(Reply("This answer is long enough to be sent in several pieces."), held)
    async with FakeVendor(upstream, behaviour=reply) as vendor:
        async with (
            running([account("one", vendor, "m")], clock=FakeClock()) as line,
            calling(line) as caller,
            caller.open(client, "m") as open_reply,
        ):
            await asyncio.wait_for(vendor.held.wait(), 10)
            reading = asyncio.get_running_loop().create_task(read(open_reply))
            await asyncio.wait_for(line.proxy.stop(), 10)
            found = await asyncio.wait_for(reading, 10)
            assert "stopping" in in_band(client, found.body)
        await asyncio.wait_for(vendor.cancelled.wait(), 10)
    (row,) = line.usage.rows
    assert (row.status, row.error, row.attempts) == (503, "overloaded", 1)


@pytest.mark.parametrize("client", DIALECTS)
async def test_stopping_answers_who_still_waits(client: str) -> None:
    late = Delivery(before_headers=True, ending="hold")
    async with (
        FakeVendor(client, behaviour=Say(Reply("x"), late)) as vendor,
        running([account("one", vendor, "m")]) as line,
        calling(line) as caller,
    ):
        asking = asyncio.get_running_loop().create_task(caller.ask(client, "m"))
        await asyncio.wait_for(vendor.held.wait(), 10)
        await line.proxy.stop()
        found = await asyncio.wait_for(asking, 10)
        assert found.status in (503, 529)
        assert int(found.headers["retry-after"]) >= 1
        assert "stopping" in json.dumps(found.json)
        # and it starts again as if nothing had been
        vendor.behaviour = GOOD
        await line.proxy.start()
        assert line.proxy.snapshot().url is not None
