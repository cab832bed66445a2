"""A large picture on its way through the whole proxy: how much memory it takes, counted, never timed."""

import asyncio
import base64
import gc
import json
import os
import socket
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from tests.edge_cases.through import ANTHROPIC, CHAT, EVERY, GEMINI, RESPONSES, hello
from tests.end_to_end.client import headers, path
from tests.end_to_end.line import PROVIDER_OF, Line, running

PICTURE = 15_000_000  # 20 MB in base64
MODEL = "gpt-6-astra"
REFUSAL = b'{"error":{"message":"no","type":"invalid_request_error","param":null,"code":null}}'

# Bytes that live at the same time, as multiples of the body, all copies counted: what came in, whose buffer
# grows by an eighth; and where it is translated the text of the picture, at most twice at once, and the new
# body, whose buffer grows by half.
PASSED, TRANSLATED = 1.3, 4.6


@dataclass
class Sink:
    """A vendor that throws away what it reads and refuses."""

    port: int = 0
    received: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        left = int(head.partition("content-length:")[2].split("\r\n")[0] or 0)
        while left:
            piece = await reader.read(min(left, 1 << 16))
            left, self.received = left - len(piece), self.received + len(piece)
        writer.write(
            b"HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nConnection: close\r\n"
            b"Content-Length: %d\r\n\r\n%b" % (len(REFUSAL), REFUSAL)
        )
        await writer.drain()
        writer.close()


@asynccontextmanager
async def sink() -> AsyncIterator[Sink]:
    found = Sink()
    server = await asyncio.start_server(found.serve, "127.0.0.1", 0)
    found.port = server.sockets[0].getsockname()[1]
    async with server:
        yield found


def picture(client: str) -> bytes:
    """A request with the picture in it."""
    data = base64.b64encode(b"\x89PNG\r\n\x1a\n" + os.urandom(PICTURE)).decode()
    url = f"data:image/png;base64,{data}"
    part: dict[str, object]
    match client:
        case "openai_chat":
            part = {"type": "image_url", "image_url": {"url": url}}
        case "openai_responses":
            part = {"type": "input_image", "detail": "auto", "image_url": url}
        case "anthropic_messages":
            part = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": data}}
        case _:
            part = {"inlineData": {"mimeType": "image/png", "data": data}}
    body = hello(client)
    if client == GEMINI:
        body["contents"][0]["parts"].append(part)
    else:
        body |= {"model": MODEL, "max_tokens": 50} if client == ANTHROPIC else {"model": MODEL}
        body["input" if client == RESPONSES else "messages"] = [{"role": "user", "content": [part]}]
    return json.dumps(body).encode()


async def peak(line: Line, client: str, body: bytes) -> float:
    """Send the body from memory that is there already; return the most memory in use, in bodies."""
    named = "".join(f"{name}: {value}\r\n" for name, value in headers(client, line.key).items())
    head = (
        f"POST {path(client, MODEL)} HTTP/1.1\r\nHost: 127.0.0.1:{line.proxy.port}\r\n{named}"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode()
    loop = asyncio.get_running_loop()
    gc.collect()
    tracemalloc.start(1)
    try:
        with socket.socket() as plug:
            plug.setblocking(False)
            await loop.sock_connect(plug, ("127.0.0.1", line.proxy.port))
            await loop.sock_sendall(plug, head)
            await loop.sock_sendall(plug, memoryview(body))
            answer = await loop.sock_recv(plug, 1 << 16)
        assert b" 400 " in answer[:20], answer
        return tracemalloc.get_traced_memory()[1] / len(body)
    finally:
        tracemalloc.stop()


PAIRS = [(one, one, PASSED) for one in EVERY] + [
    (CHAT, ANTHROPIC, TRANSLATED),
    (RESPONSES, CHAT, TRANSLATED),
    (ANTHROPIC, GEMINI, TRANSLATED),
    (GEMINI, RESPONSES, TRANSLATED),
]


@pytest.mark.odd_upstream  # refuses in one shape, whoever asks
@pytest.mark.parametrize(("client", "upstream", "most"), PAIRS)
async def test_case_138_a_large_picture_is_not_copied_at_every_hop(
    client: str, upstream: str, most: float
) -> None:
    async with sink() as vendor:
        one = {
            "id": "one",
            "provider": PROVIDER_OF[upstream],
            "base_url": f"http://127.0.0.1:{vendor.port}",
            "dialect": upstream,
            "models": [{"upstream": MODEL}],
        }
        async with running([one]) as line:
            await peak(line, client, json.dumps({"model": MODEL}).encode())  # what is loaded on first use
            body = picture(client)
            before = vendor.received
            used = await peak(line, client, body)
        assert vendor.received - before > PICTURE * 4 / 3
    assert used < most, f"{used:.2f} bodies"
