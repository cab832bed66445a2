"""Writes replies on an aiohttp connection."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from aiohttp import HttpVersion11, web


class HttpSink:
    """A :class:`~proxy_core.relay.sink.Sink` on a web request."""

    def __init__(
        self, request: web.BaseRequest, extra: Mapping[str, str], on_first: Callable[[], None]
    ) -> None:
        self._request = request
        self._extra = extra
        self._on_first = on_first
        self._stream: web.StreamResponse | None = None
        self._whole: web.Response | None = None
        # a keep-alive and the reply itself may want to begin at the same time
        self._turn = asyncio.Lock()
        self._is_aborted = False

    @property
    def is_committed(self) -> bool:
        """Whether headers are out."""
        return self._stream is not None

    @property
    def response(self) -> web.StreamResponse:
        """What the server framework wants back."""
        response = self._stream or self._whole
        if response is None:
            raise RuntimeError("an exchange ended without a reply")
        return response

    async def start(self, status: int, headers: Mapping[str, str]) -> None:
        """Send status and headers; the first call counts."""
        async with self._turn:
            if self._stream is not None:
                return
            self._stream = web.StreamResponse(status=status, headers={**headers, **self._extra})
            self._on_first()
            await self._stream.prepare(self._request)

    async def write(self, data: bytes) -> None:
        """Send bytes and wait while the client is slow."""
        async with self._turn:
            if self._stream is None:
                raise RuntimeError("write before start")
            await self._stream.write(data)

    async def finish(self) -> None:
        """End the stream; a client that closed right after its last event is no failure."""
        if self._stream is None:
            return
        try:
            await self._stream.write_eof()
        except ConnectionError:
            return

    def abort(self) -> None:
        """Note that the stream shall break off; :meth:`close` does so when nothing else is left to do."""
        self._is_aborted = True

    def close(self) -> None:
        """Break an aborted stream off; call it last, since the connection's end cancels its handler.

        Closing sends what is written and then FIN. Without the last chunk that is no end, and unlike a reset
        it cannot overtake what was sent. HTTP/1.0 knows no chunks: there only a reset tells of a break.
        """
        transport = self._request.transport
        if not self._is_aborted or transport is None:
            return
        if self._request.version < HttpVersion11:
            transport.abort()
        else:
            transport.close()

    async def respond(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """Give a whole reply; behind headers that are out already only its body."""
        if self._stream is not None:
            await self.write(body)
            await self.finish()
            return
        self._on_first()
        self._whole = web.Response(status=status, headers={**headers, **self._extra}, body=body)
