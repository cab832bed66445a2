"""Vendors that answer what no vendor should: the wire is theirs, and each model's name picks a script."""

import asyncio
import gzip
import json
import random
import zlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType, TracebackType
from typing import Any, Self

from tests.hostile.bodies import damaged, mutated_value, written
from tests.samples import load

JSON = "application/json"
SSE = "text/event-stream"
_DEEP = 100_000


@dataclass(frozen=True, slots=True)
class Asked:
    """What a script knows: who is asked for what, and where the answer goes."""

    dialect: str
    streams: bool
    writer: asyncio.StreamWriter
    rng: random.Random

    @property
    def kind(self) -> str:
        """The content type of a right answer."""
        return SSE if self.streams else JSON

    async def send(self, *pieces: bytes) -> None:
        """Write, and wait where the line does not take it."""
        for piece in pieces:
            self.writer.write(piece)
            await self.writer.drain()

    async def answer(self, body: bytes, *more: str, status: str = "200 OK", kind: str | None = None) -> None:
        """Write a whole answer in good HTTP."""
        head = [
            f"HTTP/1.1 {status}",
            f"Content-Type: {kind or self.kind}",
            f"Content-Length: {len(body)}",
            *more,
        ]
        await self.send("\r\n".join([*head, "", ""]).encode("utf-8", "surrogateescape") + body)

    async def begin(self, *more: str) -> None:
        """Write the head of an answer that ends with the connection."""
        head = ["HTTP/1.1 200 OK", f"Content-Type: {self.kind}", "Connection: close", *more, "", ""]
        await self.send("\r\n".join(head).encode())


Script = Callable[[Asked], Awaitable[None]]


@cache
def recorded(dialect: str, streams: bool) -> bytes:
    """Return a good answer."""
    sample = load.sample(dialect, "05-single-tool-call")
    found = sample.stream if streams else sample.response
    assert found is not None
    return found


def _event(value: bytes, streams: bool) -> bytes:
    return b"data: " + value + b"\n\n" if streams else value


def _body(
    make: Callable[[Asked], bytes], *more: str, status: str = "200 OK", kind: str | None = None
) -> Script:
    async def play(asked: Asked) -> None:
        await asked.answer(make(asked), *more, status=status, kind=kind)

    return play


def _as_asked(asked: Asked) -> bytes:
    return recorded(asked.dialect, asked.streams)


def _wire(data: bytes) -> Script:
    async def play(asked: Asked) -> None:
        await asked.send(data)

    return play


async def _dribble(asked: Asked) -> None:
    await asked.begin()
    for byte in _as_asked(asked):
        await asked.send(bytes([byte]))


async def _cut(asked: Asked) -> None:
    await asked.begin("Content-Length: 1000000")
    await asked.send(_as_asked(asked)[:-9])
    asked.writer.transport.abort()


async def _bad_chunks(asked: Asked) -> None:
    await asked.begin("Transfer-Encoding: chunked")
    await asked.send(b"10\r\n", _as_asked(asked)[:16], b"\r\nzz\r\n")


async def _mutant(asked: Asked) -> None:
    """A recorded answer with one to four changes somewhere in it."""
    names = [name for name in load.names(asked.dialect) if not load.sample(asked.dialect, name).is_error]
    sample = load.sample(asked.dialect, asked.rng.choice(names))
    if not asked.streams or sample.stream is None:
        body = written(mutated_value(asked.rng, json.loads(sample.response)))
        await asked.answer(damaged(asked.rng, body) if asked.rng.random() < 0.2 else body, kind=JSON)
        return
    frames = sample.stream.replace(b"\r\n", b"\n").split(b"\n\n")
    for _ in range(asked.rng.choice((1, 1, 2, 3))):
        at = asked.rng.randrange(len(frames) or 1)
        frames[at : at + 1] = _changed(asked.rng, frames[at], frames) if frames else []
    await asked.answer(b"\n\n".join(frames), kind=SSE)


def _changed(rng: random.Random, frame: bytes, frames: list[bytes]) -> list[bytes]:
    draw = rng.random()
    if draw < 0.15:
        return []
    if draw < 0.25:
        return [frame, frame]
    if draw < 0.35:
        return [rng.choice(frames), frame]
    name, _, data = frame.partition(b"data: ")
    if draw < 0.5:
        return [name + b"data: " + damaged(rng, data)[:200_000].replace(b"\n", b" ")]
    try:
        value = json.loads(data)
    except ValueError:
        return [frame]
    return [name + b"data: " + written(mutated_value(rng, value))]


def _usage(value: str) -> Script:
    names = ("prompt_tokens", "completion_tokens", "total_tokens", "input_tokens", "output_tokens",
             "promptTokenCount", "candidatesTokenCount", "totalTokenCount", "cached_tokens")  # fmt: skip

    def make(asked: Asked) -> bytes:
        data = _as_asked(asked)
        for name in names:
            at = data.find(f'"{name}"'.encode())
            while at >= 0:
                start = data.index(b":", at) + 1
                end = min(one for one in (data.find(b",", start), data.find(b"}", start)) if one >= 0)
                data = data[:start] + value.encode() + data[end:]
                at = data.find(f'"{name}"'.encode(), start)
        return data

    return _body(make)


def _retry_after(value: str) -> Script:
    return _body(
        lambda asked: b'{"error":{"message":"slow down"}}',
        f"Retry-After: {value}",
        status="429 No",
        kind=JSON,
    )


def _early(count: int) -> Script:
    async def play(asked: Asked) -> None:
        await asked.send(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * count)
        await asked.answer(_as_asked(asked))

    return play


@cache
def _bomb(window_bits: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, window_bits)
    zeros = b" " * (1 << 20)
    return b"".join([packer.compress(zeros) for _ in range(400)]) + packer.flush()


SCRIPTS: Mapping[str, Script] = MappingProxyType(
    {
        "good": _body(_as_asked),
        "dribble": _dribble,
        "cut": _cut,
        "bad-chunks": _bad_chunks,
        "mutant": _mutant,
        "empty": _body(lambda asked: b""),
        "no-content": _wire(b"HTTP/1.1 204 No Content\r\n\r\n"),
        "null": _body(lambda asked: _event(b"null", asked.streams)),
        "list": _body(lambda asked: _event(b"[]", asked.streams)),
        "object": _body(lambda asked: _event(b"{}", asked.streams)),
        "text": _body(lambda asked: _event(b'"text"', asked.streams)),
        "huge-number": _body(lambda asked: _event(b"1e400", asked.streams)),
        "not-utf8": _body(lambda asked: _event(b'{"a":"\xff\xfe"}', asked.streams)),
        "surrogate": _body(lambda asked: _as_asked(asked).replace(b"call", b"\\ud800")),
        "deep": _body(lambda asked: _event(b'{"a":' * _DEEP + b"1" + b"}" * _DEEP, asked.streams)),
        "deep-list": _body(lambda asked: _event(b"[" * _DEEP, asked.streams)),
        "html": _body(lambda asked: b"<html>" * 1000, kind="text/html"),
        "image": _body(lambda asked: b"\x89PNG" * 1000, kind="image/png"),
        "other-mode": _body(lambda asked: recorded(asked.dialect, not asked.streams)),
        "garbage-behind": _body(lambda asked: _as_asked(asked) + b"\x00garbage" * 100),
        "second-answer": _body(lambda asked: _as_asked(asked) + b"HTTP/1.1 200 OK\r\n\r\n"),
        "redirect": _body(lambda asked: b"{}", "Location: http://127.0.0.1:1/evil", status="307 Elsewhere"),
        "early-hints": _early(1000),
        "switch": _wire(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\nxxxx"),
        "status-999": _body(lambda asked: b"{}", status="999 What"),
        "status-600-html": _body(lambda asked: b"<b>", status="600 What", kind="text/html"),
        "no-http": _wire(b"\x00\x01\x02\x03 nonsense\r\n\r\n"),
        "nothing": _wire(b""),
        "header-700k": _wire(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 700_000 + b"\r\n\r\n{}"),
        "headers-10000": _wire(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 10_000 + b"\r\n{}"),
        "headers-odd": _body(
            _as_asked, "Set-Cookie: a=b", "X-Request-Id: \udcff\udcfe", "Retry-After: \x01", "Server: evil"
        ),
        "length-too-long": _wire(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{}"
        ),
        "length-negative": _wire(b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n{}"),
        "gzip-unasked": _body(lambda asked: gzip.compress(_as_asked(asked)), "Content-Encoding: gzip"),
        "gzip-cut": _body(lambda asked: gzip.compress(_as_asked(asked))[:-9], "Content-Encoding: gzip"),
        "gzip-none": _body(_as_asked, "Content-Encoding: gzip"),
        "brotli": _body(_as_asked, "Content-Encoding: br"),
        "bomb-gzip": _body(lambda asked: _bomb(31), "Content-Encoding: gzip"),
        "bomb-deflate": _body(lambda asked: _bomb(15), "Content-Encoding: deflate"),
        "comments": _body(lambda asked: b": nothing\n\n" * 50_000),
        "blank": _body(lambda asked: b" " * 500_000),
        "usage-negative": _usage("-5"),
        "usage-nan": _usage("NaN"),
        "usage-1e400": _usage("1e400"),
        "usage-huge": _usage("9" * 400),
        "usage-text": _usage('"many"'),
        "usage-null": _usage("null"),
        "retry-huge": _retry_after("1" + "0" * 400),
        "retry-negative": _retry_after("-5"),
        "retry-nan": _retry_after("NaN"),
        "retry-infinite": _retry_after("inf"),
        "retry-date": _retry_after("Fri, 31 Dec 9999 23:59:59 GMT"),
        "retry-nonsense": _retry_after("\udcff"),
        "error-deep": _body(lambda asked: b"[" * _DEEP, status="400 No", kind=JSON),
        "error-null": _body(lambda asked: b'{"error":null}', status="500 No", kind=JSON),
        "error-odd": _body(
            lambda asked: b'{"error":{"message":{"a":1},"type":[],"code":1e400}}', status="429 No", kind=JSON
        ),
        "error-2-mib": _body(
            lambda asked: b'{"error":{"message":"' + b"x" * (2 << 20) + b'"}}', status="500 No", kind=JSON
        ),
    }
)
"""What a model called ``<dialect>.<name>`` answers."""


class HostileVendor:
    """Reads requests politely and answers by script; the model's name in body or path says by which."""

    def __init__(self, dialect: str, seed: int, scripts: Mapping[str, Script] = SCRIPTS) -> None:
        self.dialect = dialect
        self.scripts = scripts
        self._rng = random.Random(seed)
        self._server: asyncio.Server | None = None
        self.port = 0

    @property
    def base_url(self) -> str:
        """The root of the address."""
        return f"http://127.0.0.1:{self.port}"

    def models(self) -> tuple[str, ...]:
        """One for each script."""
        return tuple(f"{self.dialect}.{name}" for name in self.scripts)

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=1 << 26)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            named = [
                line.partition(":")[2]
                for line in head.split("\r\n")
                if line.lower().startswith("content-length:")
            ]
            body = await reader.readexactly(int(named[0])) if named else b"{}"
            asked = self._asked(head, json.loads(body), writer)
            await self.scripts[self._script(head, json.loads(body))](asked)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    def _asked(self, head: str, body: Any, writer: asyncio.StreamWriter) -> Asked:
        streams = body.get("stream") is True or ":streamGenerateContent" in head
        return Asked(self.dialect, streams, writer, self._rng)

    def _script(self, head: str, body: Any) -> str:
        path = head.split(" ")[1].partition("?")[0]
        name = str(body.get("model") or path.rpartition("/")[2].partition(":")[0])
        return name.rpartition(".")[2]
