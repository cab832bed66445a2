import asyncio
import socket

import pytest
from aiohttp import web

from proxy_core.errors import SettingsError
from proxy_core.server import listener as listener_module
from proxy_core.server.listener import listen, most_connections


async def handle(request: web.BaseRequest) -> web.StreamResponse:
    return web.Response(text=request.path)


def explain(status: int, message: str, path: str) -> web.Response:
    return web.Response(status=status, text=message)


async def asked(host: str, port: int) -> bytes:
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(b"GET /here HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    found = await reader.read()
    writer.close()
    return found


async def test_port_zero_picks_one_and_closing_gives_it_back() -> None:
    listener = await listen(handle, explain, "127.0.0.1", 0)
    assert listener.port > 0
    assert listener.url == f"http://127.0.0.1:{listener.port}"
    assert (await asked("127.0.0.1", listener.port)).endswith(b"/here")
    await listener.close()
    with pytest.raises(OSError, match="onnect"):
        await asked("127.0.0.1", listener.port)


@pytest.mark.skipif(not socket.has_ipv6, reason="needs IPv6")
async def test_loopback_is_bound_in_both_families() -> None:
    listener = await listen(handle, explain, "127.0.0.1", 0)
    try:
        found = await asked("::1", listener.port)
    except OSError:
        pytest.skip("this machine has no IPv6 loopback")
    finally:
        await listener.close()
    assert found.endswith(b"/here")


async def test_a_taken_port_is_told_with_a_way_out() -> None:
    listener = await listen(handle, explain, "127.0.0.1", 0)
    with pytest.raises(SettingsError, match="in use.*--port") as caught:
        await listen(handle, explain, "127.0.0.1", listener.port)
    assert caught.value.field == "server.port"
    await listener.close()


async def test_an_address_of_another_machine_is_told() -> None:
    with pytest.raises(SettingsError, match=r"no address 192\.0\.2\.1") as caught:
        await listen(handle, explain, "192.0.2.1", 0)
    assert caught.value.field == "server.host"


def test_as_many_clients_as_there_are_descriptors_for_both_sides(monkeypatch: pytest.MonkeyPatch) -> None:
    resource = pytest.importorskip("resource")
    for limit, most in ((256, 96), (1024, 480), (resource.RLIM_INFINITY, 10_000), (20, 64)):
        monkeypatch.setattr(resource, "getrlimit", lambda _, limit=limit: (limit, limit))
        assert most_connections() == most


async def test_beyond_the_limit_a_silent_connection_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listener_module, "most_connections", lambda: 3)
    listener = await listen(handle, explain, "127.0.0.1", 0)
    silent = [await asyncio.open_connection("127.0.0.1", listener.port) for _ in range(3)]
    assert (await asked("127.0.0.1", listener.port)).endswith(b"/here")
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await silent[0][0].readexactly(1)
    for _, writer in silent:
        writer.close()
    await listener.close()
