"""The measure of all: a relay in aiohttp that does nothing but relay; ``python -m tests.bench.bare URL``.

Server and client of the same library as in Trunkline, on the same loop: what Trunkline costs beyond this is
its own. It reads the body, sends it on, and passes bytes back as they come.
"""

import asyncio
import sys

import aiohttp
from aiohttp import web

from tests.bench.loops import run

_PASSED = ("Content-Type", "Authorization", "x-api-key", "x-goog-api-key", "anthropic-version")


class Relay:
    """Sends everything to one upstream."""

    def __init__(self, session: aiohttp.ClientSession, upstream: str) -> None:
        self._session = session
        self._upstream = upstream

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Relay one request."""
        headers = {name: request.headers[name] for name in _PASSED if name in request.headers}
        body = await request.content.read()
        url = self._upstream + request.raw_path
        async with self._session.post(url, data=body, headers=headers) as reply:
            answer = web.StreamResponse(status=reply.status)
            answer.headers["Content-Type"] = reply.headers["Content-Type"]
            if reply.content_length is not None:
                answer.content_length = reply.content_length
            await answer.prepare(request)
            async for chunk in reply.content.iter_any():
                await answer.write(chunk)
            await answer.write_eof()
            return answer


async def serve(upstream: str) -> None:
    """Serve until cancelled; prints the port."""
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0),
        timeout=aiohttp.ClientTimeout(total=None),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
    )
    async with session:
        runner = web.ServerRunner(web.Server(Relay(session, upstream).handle, access_log=None))
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0, backlog=2048).start()
        sys.stdout.write(f"{runner.addresses[0][1]}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    run(serve(sys.argv[1]))
