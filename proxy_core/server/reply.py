"""Writes replies on an aiohttp connection."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from aiohttp import web


class HttpSink:
    """A :class:`~proxy_core.relay.sink.Sink` on a web request."""

    def __init__(self, request: web.Request, extra: Mapping[str, str], on_first: Callable[[], None]) -> None:
        self._request = request
        self._extra = extra
        self._on_first = on_first
        self._stream: web.StreamResponse | None = None
        self._whole: web.Response | None = None

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
        """Send status and headers."""
        response = web.StreamResponse(status=status, headers={**headers, **self._extra})
        self._stream = response
        self._on_first()
        await response.prepare(self._request)

    async def write(self, data: bytes) -> None:
        """Send bytes and wait while the client is slow."""
        if self._stream is None:
            raise RuntimeError("write before start")
        await self._stream.write(data)

    async def finish(self) -> None:
        """End the stream; a client that closed right after its last event is no failure."""
        if self._stream is None:
            return
        try:
            await self._stream.write_eof()
        except (ConnectionError, asyncio.IncompleteReadError):
            return

    async def respond(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """Give a whole reply."""
        self._on_first()
        self._whole = web.Response(status=status, headers={**headers, **self._extra}, body=body)
