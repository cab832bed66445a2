import asyncio
from typing import Any

import pytest
from aiohttp import HttpVersion, HttpVersion10, HttpVersion11, web
from aiohttp.test_utils import make_mocked_request

from proxy_core.server.reply import HttpSink


def sink() -> tuple[HttpSink, list[str]]:
    first: list[str] = []
    return HttpSink(
        make_mocked_request("POST", "/"), {"server": "Trunkline"}, lambda: first.append("first")
    ), first


async def test_a_whole_reply_is_given_back() -> None:
    reply, first = sink()
    await reply.respond(404, {"x-a": "1"}, b"{}")
    assert isinstance(reply.response, web.Response)
    assert (reply.response.status, reply.response.body, reply.response.headers["x-a"]) == (404, b"{}", "1")
    assert reply.response.headers["server"] == "Trunkline"
    assert (reply.is_committed, first) == (False, ["first"])


async def test_the_first_start_counts() -> None:
    reply, first = sink()
    await asyncio.gather(reply.start(200, {"x-a": "1"}), reply.start(200, {"x-a": "2"}))
    assert (reply.response.headers["x-a"], first, reply.is_committed) == ("1", ["first"], True)


async def test_nobody_may_write_before_the_start() -> None:
    reply, _ = sink()
    with pytest.raises(RuntimeError):
        await reply.write(b"x")
    with pytest.raises(RuntimeError):
        _ = reply.response
    await reply.finish()


async def test_two_who_write_do_not_mix(monkeypatch: pytest.MonkeyPatch) -> None:
    reply, _ = sink()
    await reply.start(200, {})
    written: list[bytes] = []

    async def slow(data: Any) -> None:
        written.append(data + b"(")
        await asyncio.sleep(0)
        written.append(data + b")")

    monkeypatch.setattr(reply.response, "write", slow)
    await asyncio.gather(reply.write(b"a"), reply.write(b"b"))
    assert written == [b"a(", b"a)", b"b(", b"b)"]


async def test_a_client_that_closed_after_its_last_event_is_no_failure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reply, _ = sink()
    await reply.start(200, {})

    async def gone() -> None:
        raise ConnectionResetError

    monkeypatch.setattr(reply.response, "write_eof", gone)
    await reply.finish()
    assert reply.is_committed


class Line(asyncio.Transport):
    """Notes how it ends."""

    ended: str | None = None

    def close(self) -> None:
        self.ended = "close"

    def abort(self) -> None:
        self.ended = "abort"


@pytest.mark.parametrize(
    ("version", "aborts", "ended"),
    [(HttpVersion11, True, "close"), (HttpVersion10, True, "abort"), (HttpVersion11, False, None)],
)
async def test_an_aborted_stream_ends_last_and_without_its_end(
    version: HttpVersion, aborts: bool, ended: str | None
) -> None:
    line = Line()
    reply = HttpSink(make_mocked_request("POST", "/", version=version, transport=line), {}, lambda: None)
    await reply.start(200, {})
    if aborts:
        reply.abort()
    assert line.ended is None
    reply.close()
    assert line.ended == ended


async def test_a_whole_reply_may_follow_headers_that_are_out(monkeypatch: pytest.MonkeyPatch) -> None:
    reply, _ = sink()
    await reply.start(200, {})
    written: list[bytes] = []

    async def note(data: bytes = b"") -> None:
        written.append(data)

    monkeypatch.setattr(reply.response, "write", note)
    monkeypatch.setattr(reply.response, "write_eof", note)
    await reply.respond(200, {"x-late": "1"}, b"{}")
    assert written == [b"{}", b""]
    assert "x-late" not in reply.response.headers
