"""Connections: a request that broke off is told from a client that left; broken HTTP is answered in JSON."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from aiohttp import StreamReader, web
from aiohttp.http import RawRequestMessage
from aiohttp.http_exceptions import BadHttpMessage, LineTooLong
from aiohttp.streams import EMPTY_PAYLOAD
from aiohttp.web_protocol import _ErrInfo

log = logging.getLogger(__name__)

Handle = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
Explain = Callable[[int, str, str], web.Response]
"""Makes a reply from a status, a sentence and a path (``/`` if unknown), for requests that are not HTTP."""


class Refused(BadHttpMessage):
    """A request that is ended by us before it is whole."""


_LONGEST_HEAD = 1 << 18
"""Of a request's line and headers together; the parser's own limits hold for each of them alone."""

_LINGER_S = 5.0
"""How long a client that still sends may take to read why that is of no use."""

_NOT_HTTP = "This is not HTTP that Trunkline understands."
_TOO_LONG = "The headers of this request, or one of them, are too long."

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

    incoming: StreamReader = EMPTY_PAYLOAD
    # of the last request that began to arrive, whether it is being answered or not

    head_size = 0
    # bytes of a request that has not got as far as its body

    received = 0
    # bytes in all

    is_broken = False
    # something came that cannot be parsed; its answer is due

    _ended: asyncio.Future[None] | None = None
    # waits for the end of what a client still sends

    def data_received(self, data: bytes) -> None:
        """Parse what came, and remember what an error about it needs."""
        self.received += len(data)
        if self.is_broken:
            return  # of no use any more; taken, so that the client comes to reading its answer
        if found := _REQUEST_LINE.match(data):
            self.path = found[1].decode("ascii")
        seen = self._request_count
        super().data_received(data)
        if self._request_count != seen:
            self.head_size = 0
            if self._messages:
                self._begun()
        elif self.incoming.is_eof() and not self._upgraded:
            self.head_size += len(data)
            if self.head_size > _LONGEST_HEAD:
                self.refuse(431, _TOO_LONG)

    def _begun(self) -> None:
        message, self.incoming = self._messages[-1]
        if isinstance(message, RawRequestMessage):
            return
        self.is_broken = True
        for body in (self.body, *(payload for _, payload in self._messages)):
            if body is not None and not body.is_eof():
                # the parser gave up inside a body and leaves its reader waiting
                self._break_off(body)

    @property
    def is_answering(self) -> bool:
        """Whether a request is being answered or waits for it."""
        return self._current_request is not None or bool(self._messages)

    def refuse(self, status: int, words: str) -> None:
        """End what arrives with an error; its answer comes after those that are due."""
        self.is_broken = True
        self._messages.append((_ErrInfo(status, Refused(words), words), EMPTY_PAYLOAD))
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def eof_received(self) -> bool | None:  # type: ignore[override]
        """Keep the connection open for an answer if a request or its body is broken; else let it close."""
        if self._ended is not None:
            if not self._ended.done():
                self._ended.set_result(None)
            return True
        if self.is_broken:
            self.close()  # after the answer
            return True
        body = self.body
        if body is None or body.is_eof():
            return None
        self._break_off(body)
        return True

    def cut_body(self) -> None:
        """Give up on a body that stopped coming; whoever reads it gets a TimeoutError."""
        if self.body is not None:
            self._break_off(self.body, TimeoutError())

    def _break_off(self, body: StreamReader, error: BaseException | None = None) -> None:
        body.set_exception(error or web.RequestPayloadError("The body broke off before its end."))
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
        words = _NOT_HTTP if status < 500 else "Trunkline itself failed."
        if isinstance(exc, Refused):
            words = exc.message
        elif isinstance(exc, LineTooLong) or (exc is not None and "Too many headers" in str(exc)):
            status, words = 431, _TOO_LONG
        response = self.explain(status, words, self.path)
        response.force_close()
        return response

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Send the rest of a reply. A client that still sends what is of no use is heard to its end.

        Closing before would make the system throw away the answer with what nobody read.
        """
        done = await super().finish_response(request, resp, start_time)
        transport = self.transport
        if self.is_broken and not self._close and not self._messages and transport is not None:
            self._ended = asyncio.get_running_loop().create_future()
            try:
                transport.write_eof()
                async with asyncio.timeout(_LINGER_S):
                    await self._ended
            except (TimeoutError, OSError, RuntimeError):
                return done
        return done

    @property
    def is_held(self) -> bool:
        """Whether we hold the client up, since what it sent is not worked off."""
        return self._reading_paused or self._buffer_paused

    @property
    def unsent(self) -> int:
        """How much of the reply waits for a client that does not take it."""
        transport = self.transport
        return 0 if transport is None or not self._paused else transport.get_write_buffer_size()

    def abort(self) -> None:
        """Drop the connection as it is."""
        if self.transport is not None:
            self.transport.abort()


def least_missed(connections: Sequence[Connection]) -> Connection:
    """Return the one to drop of too many (oldest first): one that asks nothing, else the newest."""
    silent = (one for one in connections if not one.is_answering)
    return next(silent, connections[-1])


class Server(web.Server):  # type: ignore[misc,type-arg,unused-ignore]
    """Makes connections."""

    def __init__(self, handle: Handle, explain: Explain, most: int, **settings: Any) -> None:
        # without cancellation an upstream runs on after its client left (measured)
        super().__init__(self._answered, request_factory=_request, handler_cancellation=True)
        self._handle = handle
        self._explain = explain
        self._most = most
        self._settings = settings

    def __call__(self) -> Connection:
        """Return the protocol of a new connection."""
        connection = Connection(self, loop=asyncio.get_running_loop(), **self._settings)
        connection.explain = self._explain
        return connection

    def connection_made(self, handler: Any, transport: asyncio.Transport) -> None:
        """Keep a new connection; beyond the limit the one that is missed least makes room."""
        super().connection_made(handler, transport)
        if len(self._connections) > self._most:
            least_missed([one for one in self.connections if isinstance(one, Connection)]).abort()

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
