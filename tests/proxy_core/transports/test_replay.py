import pytest

from proxy_core.errors import UpstreamProtocolError, UpstreamTimeout, UpstreamUnavailable
from proxy_core.transport import Transport, UpstreamRequest
from proxy_core.transports.replay import Recorded, ReplayTransport

ASKED = UpstreamRequest("POST", "https://vendor.test/")


async def test_replies_come_in_order_and_requests_are_kept() -> None:
    transport: Transport = ReplayTransport([Recorded(body=[b"a", b"b"]), Recorded(status=429, body=[b"no"])])
    first, second = await transport.send(ASKED), await transport.send(ASKED)
    assert [chunk async for chunk in first.chunks()] == [b"a", b"b"]
    assert (second.status, await second.read(1)) == (429, b"n")
    assert isinstance(transport, ReplayTransport)
    assert transport.requests == [ASKED, ASKED]
    with pytest.raises(UpstreamUnavailable):
        await transport.send(ASKED)
    await transport.close()


async def test_errors_come_at_once_or_after_the_body() -> None:
    transport = ReplayTransport(
        [UpstreamTimeout("Late."), Recorded(body=[b"a"], error=UpstreamProtocolError("Cut."))]
    )
    with pytest.raises(UpstreamTimeout):
        await transport.send(ASKED)
    reply = await transport.send(ASKED)
    chunks = aiter(reply.chunks())
    assert await anext(chunks) == b"a"
    with pytest.raises(UpstreamProtocolError):
        await anext(chunks)


async def test_closing_is_noted() -> None:
    reply = Recorded()
    await reply.close()
    assert reply.is_closed
