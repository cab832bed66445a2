"""The wall clock is set while the line runs: a day ahead, a day back, to its beginning and beyond."""

import json

import pytest

from tests.end_to_end.client import DIALECTS, calling
from tests.end_to_end.line import account, running
from tests.hostile.clocks import DAY_S, JumpingClock
from tests.upstreams.behaviours import Fail
from tests.upstreams.server import FakeVendor

JUMPS = {"a day ahead": DAY_S, "a day back": -DAY_S, "to 1970": None, "a century ahead": 36_525 * DAY_S}


@pytest.mark.parametrize("jump", JUMPS)
@pytest.mark.parametrize("upstream", DIALECTS)
async def test_every_dialect_is_served_after_the_clock_was_set(upstream: str, jump: str) -> None:
    clock = JumpingClock()
    async with (
        FakeVendor(upstream) as vendor,
        running([account("one", vendor, "m")], clock=clock) as line,
        calling(line) as caller,
    ):
        offset = JUMPS[jump]
        clock.offset, clock.at = offset or 0.0, 0.0 if offset is None else None
        for client in DIALECTS:
            for stream in (False, True):
                found = await caller.ask(client, "m", stream)
                assert found.status == 200, found.body
        created = (await caller.ask("openai_chat", "m")).json["created"]
        assert created >= 0
        rows = await line.usage.recent(100)
        assert len(rows) == 2 * len(DIALECTS) + 1
        assert all(row.duration_s >= 0 for row in rows)
        models = await caller.get("/v1/models")
        assert json.loads(models.body)["data"]


@pytest.mark.parametrize("jump", JUMPS)
async def test_a_rest_lasts_as_long_as_it_was_meant_to(jump: str) -> None:
    clock = JumpingClock()
    async with (
        FakeVendor("openai_chat") as vendor,
        running([account("one", vendor, "m")], clock=clock) as line,
        calling(line) as caller,
    ):
        vendor.queue.append(Fail(429, "rate_limit", retry_after=100))
        assert (await caller.ask("openai_chat", "m")).status == 429
        offset = JUMPS[jump]
        clock.offset, clock.at = offset or 0.0, 0.0 if offset is None else None
        refused = await caller.ask("openai_chat", "m")
        assert refused.status == 429
        assert 30 < int(refused.headers["retry-after"]) <= 100
        assert len(vendor.requests) == 1
        line.proxy.reset("one")
        assert (await caller.ask("openai_chat", "m")).status == 200
