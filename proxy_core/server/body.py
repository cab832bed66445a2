"""Reads a request body: at most so many bytes, also after decompression."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Protocol

import zstandard
from aiohttp import ClientError, web

from proxy_core.errors import ClientError as RequestError
from proxy_core.errors import DecodeError, TooLargeError

_WINDOW_LIMIT = 1 << 27


class _Inflater(Protocol):
    def __call__(self, data: bytes, most: int, /) -> bytes: ...


async def read_body(request: web.Request, limit: int) -> bytes:
    """Return the decompressed body. Raises TooLargeError, DecodeError, ClientError."""
    if request.content_length is not None and request.content_length > limit:
        raise _too_large(limit)
    inflate = _inflaters(request.headers.get("Content-Encoding", ""))
    raw = bytearray()
    try:
        async for chunk in request.content.iter_any():
            raw += chunk
            if len(raw) > limit:
                raise _too_large(limit)
    except (ClientError, web.RequestPayloadError, ConnectionError, TimeoutError) as error:
        raise DecodeError("The body broke off before its end.") from error
    body = bytes(raw)
    for step in inflate:
        body = step(body, limit)
        if len(body) > limit:
            raise _too_large(limit)
    return body


def _too_large(limit: int) -> TooLargeError:
    return TooLargeError(
        f"The body is larger than {limit >> 20} MiB. The limit is server.body_limit_mib in the settings."
    )


def _inflaters(header: str) -> list[_Inflater]:
    names = [name.strip().lower() for name in header.split(",") if name.strip()]
    found: list[_Inflater] = []
    # applied by the client from left to right, so undone from right to left
    for name in reversed(names):
        if name == "identity":
            continue
        step = _STEPS.get(name)
        if step is None:
            known = ", ".join(sorted(_STEPS))
            error = RequestError(f"The content encoding {name!r} is not known. Known are {known}.")
            error.status = 415
            raise error
        found.append(step)
    return found


def _zlib_step(*window_bits: int) -> _Inflater:
    def inflate(data: bytes, most: int) -> bytes:
        for bits in window_bits:
            worker = zlib.decompressobj(bits)
            try:
                out = worker.decompress(data, most + 1)
                if len(out) <= most:
                    out += worker.flush()
            except zlib.error:
                continue
            if not worker.eof and len(out) <= most:
                raise DecodeError("The compressed body broke off before its end.")
            return out
        raise DecodeError("The body is not what its Content-Encoding says.")

    return inflate


def _zstd(data: bytes, most: int) -> bytes:
    reader = zstandard.ZstdDecompressor(max_window_size=_WINDOW_LIMIT).stream_reader(
        data, read_across_frames=True
    )
    try:
        out = reader.read(most + 1)
        complete = bool(out) and (len(out) > most or not reader.read(1))
    except zstandard.ZstdError as error:
        raise DecodeError("The body is not what its Content-Encoding says.") from error
    if not complete:
        raise DecodeError("The compressed body is empty or broke off before its end.")
    return out


# "deflate" is zlib by its standard and raw in the wild
_STEPS: Mapping[str, _Inflater] = MappingProxyType(
    {
        "gzip": _zlib_step(31),
        "x-gzip": _zlib_step(31),
        "deflate": _zlib_step(15, -15),
        "zstd": _zstd,
    }
)
