import asyncio

import pytest

from proxy_core.errors import UpstreamProtocolError
from proxy_core.provider import LocalAnswer, Step
from proxy_core.relay.local import LocalReply
from tests.proxy_core.clocks import FakeClock, settle


def reply(clock: FakeClock, *steps: Step) -> LocalReply:
    return LocalReply(LocalAnswer(201, {"Content-Type": "text/plain"}, iter(steps)), clock)


async def test_steps_are_played_in_their_time() -> None:
    clock = FakeClock()
    played = reply(clock, Step(b"a"), Step(b"b", delay_s=2), Step(delay_s=1), Step(b"c"))
    got: list[bytes] = []

    async def read() -> None:
        async for chunk in played.chunks():
            got.append(chunk)

    task = asyncio.get_running_loop().create_task(read())
    await settle()
    assert got == [b"a"]
    await clock.advance(2)
    assert got == [b"a", b"b"]
    await clock.advance(1)
    await task
    assert got == [b"a", b"b", b"c"]
    assert (played.status, played.headers) == (201, {"content-type": "text/plain"})


async def test_a_cut_is_a_broken_reply_and_reading_has_a_limit() -> None:
    with pytest.raises(UpstreamProtocolError):
        await reply(FakeClock(), Step(b"a"), Step(cut=True)).read(100)
    assert await reply(FakeClock(), Step(b"abc"), Step(cut=True)).read(2) == b"ab"
    await reply(FakeClock()).close()
