"""Connections: a request that broke off is told from a client that left; broken HTTP is answered in JSON."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import StreamReader, web
from aiohttp.http import RawRequestMessage

log = logging.getLogger(__name__)

Handle = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
Explain = Callable[[int, str, str], web.Response]
"""Makes a reply from a status, a sentence and a path (``/`` if unknown), for requests that are not HTTP."""

_REQUEST_LINE = re.compile(rb"\s*[A-Z]+ (?:https?://[^/ ]*)?(/[!-~]*?)(?:\?[!-~]*)? HTTP/")


class Connection(web.RequestHandler):  # type: ignore[misc,type-arg,unused-ignore]
    """One connection.

    aiohttp 3.14 closes it as soon as the client's side ends. That is right for a client that left (its
    upstream call is then cancelled), and wrong in the middle of a body: that client still listens, and is
    told what was wrong with its request.
    """

    body: StreamReader | None = None
    # of the request that is being answered

    explain: Explain
    path = "/"
    # of the last request that began a packet, for errors before there is a request to ask

    is_broken = False
    # something came that cannot be parsed; its answer is due

    def data_received(self, data: bytes) -> None:
        """Parse what came, and remember what an error about it needs."""
        if found := _REQUEST_LINE.match(data):
            self.path = found[1].decode("ascii")
        super().data_received(data)
        if self._messages and not isinstance(self._messages[-1][0], RawRequestMessage):
            self.is_broken = True
            for body in (self.body, *(payload for _, payload in self._messages)):
                if body is not None and not body.is_eof():
                    # the parser gave up inside a body and leaves its reader waiting
                    self._break_off(body)

    def eof_received(self) -> bool | None:  # type: ignore[override]
        """Keep the connection open for an answer if a request or its body is broken; else let it close."""
        if self.is_broken:
            self.close()  # after the answer
            return True
        body = self.body
        if body is None or body.is_eof():
            return None
        self._break_off(body)
        return True

    def _break_off(self, body: StreamReader) -> None:
        body.set_exception(web.RequestPayloadError("The body broke off before its end."))
        body.feed_eof()
        self.close()  # after the answer

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer what could not be parsed, or what failed beyond our own handler."""
        if status >= 500:
            log.error("a request failed beyond its handler", exc_info=exc)
        if request.writer.output_size > 0:
            raise ConnectionError("a part of the reply is sent already")
        words = "This is not HTTP that Trunkline understands." if status < 500 else "Trunkline itself failed."
        response = self.explain(status, words, self.path)
        response.force_close()
        return response


class Server(web.Server):  # type: ignore[misc,type-arg,unused-ignore]
    """Makes connections."""

    def __init__(self, handle: Handle, explain: Explain, **settings: Any) -> None:
        # without cancellation an upstream runs on after its client left (measured)
        super().__init__(self._answered, request_factory=_request, handler_cancellation=True)
        self._handle = handle
        self._explain = explain
        self._settings = settings

    def __call__(self) -> Connection:
        """Return the protocol of a new connection."""
        connection = Connection(self, loop=asyncio.get_running_loop(), **self._settings)
        connection.explain = self._explain
        return connection

    async def _answered(self, request: web.BaseRequest) -> web.StreamResponse:
        try:
            return await self._handle(request)
        finally:
            # what still comes is read and thrown away, and may end as it likes
            request.protocol.body = None  # type: ignore[attr-defined]


def _request(
    message: Any, payload: Any, protocol: Any, writer: Any, task: asyncio.Task[None]
) -> web.BaseRequest:
    protocol.body = payload
    return web.BaseRequest(message, payload, protocol, writer, task, asyncio.get_running_loop())
