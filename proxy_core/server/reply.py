"""Writes replies on an aiohttp connection."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from aiohttp import web


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

    async def respond(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """Give a whole reply."""
        self._on_first()
        self._whole = web.Response(status=status, headers={**headers, **self._extra}, body=body)
