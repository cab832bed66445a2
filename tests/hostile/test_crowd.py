"""Slow peers beside an ordinary client, streams that nobody reads, and descriptors that run out."""

import sys
from pathlib import Path

import pytest

from tests.end_to_end.line import running
from tests.hostile.crowd import Flood, crowd, deaf, descriptors, latencies, raise_limit, small, standstill
from tests.hostile.house import UPSTREAM, entered, furnished
from tests.hostile.shots import Aim
from tests.hostile.storm import fire
from tests.hostile.vendors import HostileVendor
from tests.upstreams.server import FakeVendor

EVENT = b'data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,' + (
    b'"delta":{"role":"assistant","content":"%s"},"finish_reason":null}]}\n\n' % (b"x" * 1000)
)
KERNEL_AND_OURS = 16 << 20
"""What the sockets of both sides may hold by themselves, and what we may."""


async def test_an_ordinary_client_is_served_beside_many_slow_ones(tmp_path: Path) -> None:
    raise_limit(2000)
    async with furnished(tmp_path, log={"level": "info"}) as place, crowd(place.aim, 300):
        assert len(await latencies(place.aim, 30)) == 30


@pytest.mark.parametrize("client", ["openai_chat", "anthropic_messages"])
async def test_a_client_that_reads_nothing_stops_its_upstream(client: str) -> None:
    flood = Flood(EVENT)
    async with HostileVendor("openai_chat", 1, {"flood": flood}) as vendor:
        table = {
            "id": "one", "provider": "openai", "base_url": vendor.base_url, "dialect": "openai_chat",
            "models": [{"upstream": "openai_chat.flood"}],
        }  # fmt: skip
        async with running([table]) as line:
            assert line.proxy.port is not None
            aim = Aim(line.proxy.port, line.key, ())
            async with deaf(aim, "openai_chat.flood", client, 3):
                assert await standstill(flood, 3, 40) < 3 * KERNEL_AND_OURS


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux changes another process's limits")
async def test_it_serves_again_after_its_descriptors_ran_out(tmp_path: Path) -> None:
    import resource

    async with FakeVendor("openai_chat", key=UPSTREAM) as vendor:
        accounts = [("openai_chat", vendor.base_url, "model-of-openai_chat")]
        async with entered(tmp_path, accounts, log={"level": "info"}) as place:
            assert (await fire(place.aim, small(place.aim))).startswith(b"HTTP/1.1 200")
            pid = place.served.process.pid
            before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
            used = descriptors(pid)
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (used + 4, before[1]))
            async with crowd(place.aim, 60):
                pass
            resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
            assert (await fire(place.aim, small(place.aim))).startswith(b"HTTP/1.1 200")
            assert len(place.served.log) < 200, "the log is flooded"
            assert place.served.stop() == 0
