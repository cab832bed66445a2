import asyncio
import gzip
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from proxy_core.errors import UpstreamError, UpstreamProtocolError, UpstreamTimeout, UpstreamUnavailable
from proxy_core.transport import UpstreamRequest
from proxy_core.transports.aiohttp import AiohttpTransport
from tests.proxy_core.transports.roads import http_proxy, socks_proxy, speaking, vendor


@asynccontextmanager
async def transport(seconds: float = 5.0) -> AsyncIterator[AiohttpTransport]:
    made = AiohttpTransport(lambda: seconds)
    try:
        yield made
    finally:
        await made.close()


async def hello(request: web.BaseRequest) -> web.StreamResponse:
    told = {name.lower(): value for name, value in request.headers.items()}
    return web.json_response({"path": request.path, "headers": told, "body": (await request.read()).decode()})


async def told(made: AiohttpTransport, url: str, **more: object) -> str:
    reply = await made.send(UpstreamRequest("POST", url, {"x-api-key": "sk-1"}, b"{}", **more))  # type: ignore[arg-type]
    try:
        body = await reply.read(1 << 20)
    finally:
        await reply.close()
    assert reply.status == 200
    return body.decode()


async def test_a_request_goes_as_it_is() -> None:
    async with vendor(hello) as port, transport() as made:
        found = await told(made, f"http://127.0.0.1:{port}/v1/a%2Fb?x=1")
        assert '"x-api-key": "sk-1"' in found
        assert '"body": "{}"' in found
        assert '"accept-encoding": "gzip, deflate"' in found
        streamed = await told(made, f"http://127.0.0.1:{port}/", stream=True)
        assert '"accept-encoding": "identity"' in streamed


@pytest.mark.parametrize("size", [0, 1, (1 << 16) - 1, 1 << 16, (1 << 16) + 1, 900_000])
async def test_a_body_of_any_size_arrives_whole_with_its_length(size: int) -> None:
    body = bytes(range(256)) * (size // 256) + bytes(size % 256)
    seen = []

    async def keep(request: web.BaseRequest) -> web.StreamResponse:
        seen.append((request.headers.get("Content-Length"), await request.read()))
        assert "Transfer-Encoding" not in request.headers
        return web.Response()

    async with vendor(keep) as port, transport() as made:
        for _ in range(2):
            reply = await made.send(UpstreamRequest("POST", f"http://127.0.0.1:{port}/", {}, body))
            assert reply.status == 200
            await reply.close()
    assert seen == [(str(size), body)] * 2


@pytest.mark.parametrize("host", ["vendor.test", "127.0.0.1"])
async def test_an_http_proxy(host: str) -> None:
    async with vendor(hello) as port, http_proxy() as road, transport() as made:
        url = f"http://{host}:{port}/v1/x"
        await told(made, url, proxy=f"http://me:pass@127.0.0.1:{road.port}")
        assert road.seen == [url, "Basic bWU6cGFzcw=="]


@pytest.mark.parametrize(("scheme", "user", "seen"), [
    ("socks5h", "", "vendor.test"), ("socks5h", "me", "vendor.test"), ("socks5", "", "127.0.0.1")
])  # fmt: skip
async def test_a_socks_proxy(scheme: str, user: str, seen: str) -> None:
    host = "vendor.test" if scheme == "socks5h" else "localhost"
    async with vendor(hello) as port, socks_proxy(user) as road, transport() as made:
        who = f"{user}:secret@" if user else ""
        for _ in range(2):
            await told(made, f"http://{host}:{port}/", proxy=f"{scheme}://{who}127.0.0.1:{road.port}")
        credentials = [f"{user}:secret"] if user else []
        assert road.seen == [*credentials, f"{seen}:{port}"]  # the second one used the connection again


async def test_the_environment_s_proxy_is_used_unless_told_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    async with vendor(hello) as port, http_proxy() as road, transport() as made:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{road.port}")
        await told(made, f"http://vendor.test:{port}/")
        assert len(road.seen) == 1
        await told(made, f"http://127.0.0.1:{port}/", proxy="direct")
        await told(made, f"http://localhost:{port}/")  # this machine is nobody's proxy's business
        assert len(road.seen) == 1
        monkeypatch.setenv("NO_PROXY", "vendor.test")
        with pytest.raises(UpstreamUnavailable):
            await told(made, f"http://vendor.test:{port}/")
        assert len(road.seen) == 1


async def test_one_environment_proxy_for_all_may_be_socks(monkeypatch: pytest.MonkeyPatch) -> None:
    async with vendor(hello) as port, socks_proxy() as road, transport() as made:
        monkeypatch.setenv("ALL_PROXY", f"socks5h://127.0.0.1:{road.port}")
        await told(made, f"http://vendor.test:{port}/")
        assert road.seen == [f"vendor.test:{port}"]


async def test_what_is_in_netrc_stays_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login me password hunter2\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    async with vendor(hello) as port, transport() as made:
        assert "authorization" not in await told(made, f"http://127.0.0.1:{port}/")


async def test_compressed_replies_are_opened_and_cookies_forgotten() -> None:
    async def packed(request: web.BaseRequest) -> web.StreamResponse:
        assert "cookie" not in request.headers
        headers = {"Content-Encoding": "gzip", "Set-Cookie": "a=1"}
        return web.Response(body=gzip.compress(b"hello"), headers=headers)

    async with vendor(packed) as port, transport() as made:
        assert [await told(made, f"http://127.0.0.1:{port}/") for _ in range(2)] == ["hello"] * 2


async def test_redirects_are_not_followed() -> None:
    async def away(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(status=302, headers={"Location": "http://evil.test/"})

    async with vendor(away) as port, transport() as made:
        reply = await made.send(UpstreamRequest("POST", f"http://127.0.0.1:{port}/", {"x-api-key": "sk-1"}))
        assert reply.status == 302
        await reply.close()


async def test_pieces_come_as_they_are_sent_and_closing_hangs_up() -> None:
    gone = asyncio.Event()

    async def slow(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"first")
        try:
            await asyncio.Event().wait()
        finally:
            gone.set()
        return response

    runner = web.ServerRunner(web.Server(slow, handler_cancellation=True), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with transport() as made:
        url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
        reply = await made.send(UpstreamRequest("POST", url, stream=True))
        assert await anext(aiter(reply.chunks())) == b"first"
        await reply.close()
        await asyncio.wait_for(gone.wait(), 5)
    await runner.cleanup()


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def failed(made: AiohttpTransport, url: str, **more: object) -> UpstreamError:
    with pytest.raises(UpstreamError) as caught:
        await told(made, url, **more)
    for secret in ("sk-1", "hunter2", "?key"):
        assert secret not in caught.value.message
    return caught.value


async def test_who_is_not_there_is_said_without_secrets() -> None:
    port = closed_port()
    async with transport() as made, http_proxy(refuse=True) as road:
        gone = f"http://127.0.0.1:{port}/x?key=hunter2"
        cases = [
            (gone, None, "cannot be reached"),
            ("http://nobody.invalid/", None, "cannot be found"),
            ("http://vendor.test/", f"http://me:hunter2@127.0.0.1:{port}", "proxy that cannot be reached"),
            ("http://vendor.test/", f"socks5h://me:hunter2@127.0.0.1:{port}", "cannot be reached|refused"),
            ("https://vendor.test/", f"http://me:hunter2@127.0.0.1:{road.port}", "proxy that refused"),
        ]
        for url, proxy, words in cases:
            error = await failed(made, url, proxy=proxy)
            assert isinstance(error, UpstreamUnavailable), error.message
            assert any(word in error.message for word in words.split("|")), error.message
            assert error.status == 502


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ([b""], "without an answer"),
        ([b"hello\r\n\r\n"], "not HTTP|without an answer|broke"),
        ([b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"], "broke off"),
        ([b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"], "broke off"),
        (
            [b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc"],
            "broke off|not HTTP",
        ),
    ],
)
async def test_who_breaks_the_rules_is_a_protocol_error(answer: list[bytes], words: str) -> None:
    async with speaking(*answer) as port, transport() as made:
        error = await failed(made, f"http://127.0.0.1:{port}/")
        assert isinstance(error, UpstreamProtocolError)
        assert any(word in error.message for word in words.split("|")), error.message
        assert "127.0.0.1" in error.message


async def test_a_certificate_that_does_not_verify_is_named() -> None:
    async with vendor(hello) as port, transport() as made:
        error = await failed(made, f"https://127.0.0.1:{port}/")
        assert "certificate" in error.message or "cannot be reached" in error.message


async def test_a_connection_that_takes_too_long_is_a_timeout() -> None:
    hung_up = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()
        hung_up.set()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with transport(0.05) as made:
        # the proxy takes the connection and never opens the tunnel
        error = await failed(made, "https://vendor.test/", proxy=f"http://127.0.0.1:{port}")
        assert isinstance(error, UpstreamTimeout)
        assert error.status == 504
    await asyncio.wait_for(hung_up.wait(), 5)
    server.close()


@pytest.mark.parametrize("url", ["http://", "nonsense", "http://[::1", "ftp://vendor.test/"])
async def test_an_address_that_makes_no_sense_is_said(url: str) -> None:
    async with transport() as made:
        assert isinstance(await failed(made, url), UpstreamUnavailable)


async def test_a_header_that_cannot_be_written_is_not_echoed() -> None:
    async with transport() as made:
        request = UpstreamRequest("POST", "http://127.0.0.1:1/", {"x-api-key": "sk-1\r\nx: y"})
        with pytest.raises(UpstreamUnavailable) as caught:
            await made.send(request)
        assert "sk-1" not in caught.value.message


@pytest.mark.parametrize("waits", [False, True])
@pytest.mark.parametrize("before", [0, 1])
async def test_a_malformed_chunk_ends_the_reply_however_it_arrives(before: int, waits: bool) -> None:
    is_read, is_over = asyncio.Event(), asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"5\r\nhello\r\n" * before)
        if waits:
            await is_read.wait()
        writer.write(b"zz\r\nfoo")
        await reader.read()
        writer.close()
        is_over.set()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]

    async def ask(made: AiohttpTransport) -> bytes:
        reply = await made.send(UpstreamRequest("GET", f"http://127.0.0.1:{port}/"))
        is_read.set()
        try:
            return await reply.read(100)
        finally:
            await reply.close()

    async with transport() as made, asyncio.timeout(10):
        with pytest.raises(UpstreamProtocolError):
            await ask(made)
        await is_over.wait()
    server.close()
