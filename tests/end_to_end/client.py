"""A plain HTTP client: requests of each dialect, raw bytes, and errors read in each dialect's shape."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

from tests.end_to_end.line import Line
from tests.samples import load

DIALECTS = ("openai_chat", "openai_responses", "anthropic_messages", "gemini_generate")
TERMINAL = {
    "openai_chat": "[DONE]",
    "openai_responses": "response.completed",
    "anthropic_messages": "message_stop",
    "gemini_generate": '"finishReason"',
}
KEEP_ALIVE = {
    "openai_chat": b": keep-alive\n\n",
    "openai_responses": b": keep-alive\n\n",
    "anthropic_messages": b'event: ping\ndata: {"type":"ping"}\n\n',
    "gemini_generate": b"\n",
}


def path(dialect: str, model: str, stream: bool = False) -> str:
    """Where a client of the dialect asks."""
    if dialect == "gemini_generate":
        verb = "streamGenerateContent?alt=sse" if stream else "generateContent"
        return f"/v1beta/models/{model}:{verb}"
    return {
        "openai_chat": "/v1/chat/completions",
        "openai_responses": "/v1/responses",
        "anthropic_messages": "/v1/messages",
    }[dialect]


def body(dialect: str, model: str, stream: bool = False, text: str = "Hello.") -> dict[str, Any]:
    """A small request."""
    streams = {"stream": True} if stream else {}
    said = [{"role": "user", "content": text}]
    match dialect:
        case "openai_chat":
            usage = {"stream_options": {"include_usage": True}} if stream else {}
            return {"model": model, "messages": said, **streams, **usage}
        case "openai_responses":
            return {"model": model, "input": said, **streams}
        case "anthropic_messages":
            return {"model": model, "max_tokens": 100, "messages": said, **streams}
    return {"contents": [{"role": "user", "parts": [{"text": text}]}]}


def headers(dialect: str, key: str) -> dict[str, str]:
    """The headers of the dialect's SDK."""
    match dialect:
        case "anthropic_messages":
            return {"x-api-key": key, "anthropic-version": "2023-06-01"}
        case "gemini_generate":
            return {"x-goog-api-key": key}
    return {"authorization": f"Bearer {key}"}


def error(dialect: str, data: bytes | str) -> dict[str, Any]:
    """Read an error in the dialect's own shape; every other shape fails."""
    value = json.loads(data)
    found: dict[str, Any] = value["error"]
    match dialect:
        case "openai_chat" | "openai_responses":
            assert set(value) == {"error"}
            assert set(found) == {"message", "type", "param", "code"}
        case "anthropic_messages":
            assert value["type"] == "error"
            assert set(found) == {"type", "message"}
        case _:
            assert set(value) == {"error"}
            assert {"code", "message", "status"} <= set(found)
    assert isinstance(found["message"], str)
    return found


def events(data: bytes) -> list[str]:
    """The data of every event, comments left out."""
    blocks = data.replace(b"\r\n", b"\n").decode().split("\n\n")
    found = []
    for block in blocks:
        lines = [line[5:].strip() for line in block.split("\n") if line.startswith("data:")]
        if lines:
            found.append("\n".join(lines))
    return found


PARTING = b": error: "
"""How the reason begins that stands before an aborted connection."""


def in_band(dialect: str, data: bytes) -> str:
    """The message of the error that a stream ends with; a clean end fails.

    Where clients take an error object for final, one that may pass is a comment, and the connection breaks.
    """
    assert not any(TERMINAL[dialect] in event for event in events(data))
    if dialect == "openai_chat" and PARTING in data:
        before, _, words = data.rpartition(PARTING)
        assert before[-2:] in (b"", b"\n\n")
        assert words.endswith(b"\n\n")
        return words.decode().strip()
    last = json.loads(events(data)[-1])
    if dialect == "openai_responses" and last["type"] == "error":
        message = last["message"]  # a vendor's own way
    elif dialect == "openai_responses":
        assert last["type"] == "response.failed"
        message = last["response"]["error"]["message"]
    else:
        message = last["error"]["message"]
    assert isinstance(message, str)
    return message


def model(dialect: str) -> str:
    """The model of the dialect's samples."""
    return load.model(dialect)


@dataclass
class Answer:
    """A reply, read to its end."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    is_broken: bool = False

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Caller:
    """A client of the line, with its key unless told otherwise."""

    def __init__(self, line: Line, session: aiohttp.ClientSession) -> None:
        self.line = line
        self.session = session

    async def send(
        self, method: str, where: str, data: bytes | None = None, named: Mapping[str, str] | None = None
    ) -> Answer:
        """Send as it is, without a key."""
        url = self.line.url + where
        async with self.session.request(method, url, data=data, headers=named, allow_redirects=False) as got:
            return await read(got)

    async def get(self, where: str, **named: str) -> Answer:
        """GET with the key."""
        return await self.send("GET", where, None, self.named(named))

    async def post(self, where: str, value: Any, **named: str) -> Answer:
        """POST with the key; bytes go as they are."""
        data = value if isinstance(value, bytes) else json.dumps(value).encode()
        return await self.send("POST", where, data, {"content-type": "application/json", **self.named(named)})

    async def ask(self, dialect: str, name: str, stream: bool = False, **named: str) -> Answer:
        """A small chat."""
        return await self.post(path(dialect, name, stream), body(dialect, name, stream), **named)

    @asynccontextmanager
    async def open(
        self, dialect: str, name: str, stream: bool = True
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """A chat whose reply is read by the test."""
        data = json.dumps(body(dialect, name, stream)).encode()
        url = self.line.url + path(dialect, name, stream)
        async with self.session.post(url, data=data, headers=self.named({})) as got:
            yield got

    def named(self, more: Mapping[str, str]) -> dict[str, str]:
        """Headers with the key; underscores stand for hyphens."""
        spelled = {name.replace("_", "-"): value for name, value in more.items()}
        return {"authorization": f"Bearer {self.line.key}", **spelled}


async def read(got: aiohttp.ClientResponse) -> Answer:
    """Read a reply to its end, be it an end or a break. Fails where what says that it breaks does not."""
    body, is_broken = b"", False
    try:
        async for piece in got.content.iter_any():
            body += piece
    except aiohttp.ClientPayloadError:
        is_broken = True
        body += b"".join(got.content._buffer)  # the library keeps back what came with the break
    assert is_broken or PARTING not in body, "a clean end of a broken stream"
    return Answer(got.status, got.headers, body, is_broken)


@asynccontextmanager
async def calling(line: Line) -> AsyncIterator[Caller]:
    """A client."""
    jar = aiohttp.DummyCookieJar()
    async with aiohttp.ClientSession(cookie_jar=jar, auto_decompress=True) as session:
        yield Caller(line, session)


@dataclass
class Raw:
    """A bare connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def answer(self) -> Answer:
        """Read one reply; the connection may stay open."""
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
        first, *lines = head.strip().split("\r\n")
        named = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        if "content-length" in named:
            data = await self.reader.readexactly(int(named["content-length"]))
        else:
            data = await self.reader.read()
        return Answer(int(first.split()[1]), named, data)


@asynccontextmanager
async def bare(line: Line) -> AsyncIterator[Raw]:
    """A connection to write bytes on."""
    assert line.proxy.port is not None
    reader, writer = await asyncio.open_connection("127.0.0.1", line.proxy.port)
    try:
        yield Raw(reader, writer)
    finally:
        writer.close()


def head(line: Line, method: str, where: str, *more: str, key: bool = True) -> bytes:
    """The head of a raw request."""
    lines = [f"{method} {where} HTTP/1.1", f"Host: 127.0.0.1:{line.proxy.port}", *more]
    if key:
        lines.append(f"Authorization: Bearer {line.key}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()
