"""Reads a request body: at most so many bytes, also after decompression, which happens off the loop."""

from __future__ import annotations

import asyncio
import io
import zlib
from collections.abc import Mapping

# asyncio would load it on first use, and loading reads files
from concurrent.futures import ThreadPoolExecutor  # noqa: F401
from types import MappingProxyType
from typing import Protocol

import zstandard
from aiohttp import ClientError, web

from proxy_core.errors import ClientError as RequestError
from proxy_core.errors import DecodeError, TooLargeError

_WINDOW_LIMIT = 1 << 27
_MOST_ENCODINGS = 3
_BROKEN = "The body is not what its Content-Encoding says."
_SLOW = "The body stopped coming."
_CUT = "The compressed body is empty or broke off before its end."


class _Inflater(Protocol):
    def __call__(self, data: bytes, most: int, /) -> bytes: ...


async def read_body(request: web.BaseRequest, limit: int) -> bytes:
    """Return the decompressed body. Raises TooLargeError, DecodeError, ClientError."""
    if request.content_length is not None and request.content_length > limit:
        raise _too_large(limit)
    steps = _inflaters(request.headers.get("Content-Encoding", ""))
    if request.headers.get("Expect", "").lower() == "100-continue":
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0
    raw = io.BytesIO()  # gives its bytes away without copying them
    try:
        async for chunk in request.content.iter_any():
            raw.write(chunk)
            if raw.tell() > limit:
                raise _too_large(limit)
        if (broken := request.content.exception()) is not None:
            raise broken  # it came while the reader was being woken, which then only sees an end
    except TimeoutError:
        slow = RequestError(_SLOW)
        slow.status = 408
        raise slow from None
    except (ClientError, web.RequestPayloadError, ConnectionError) as error:
        raise DecodeError("The body broke off before its end.") from error
    if not steps:
        return raw.getvalue()
    return await asyncio.to_thread(_inflated, raw.getvalue(), steps, limit)


def _inflated(body: bytes, steps: list[_Inflater], limit: int) -> bytes:
    for step in steps:
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
        if step is None or len(found) == _MOST_ENCODINGS:
            known = ", ".join(sorted(_STEPS))
            error = RequestError(f"The content encoding {header[:100]!r} is not known. Known are {known}.")
            error.status = 415
            raise error
        found.append(step)
    return found


def _zlib(data: bytes, most: int, window_bits: int) -> bytes:
    """Inflate one stream after the other, as ``cat a.gz b.gz`` makes them. Raises zlib.error, DecodeError."""
    out = b""
    while len(out) <= most:
        worker = zlib.decompressobj(window_bits)
        out += worker.decompress(data, most + 1 - len(out))
        if len(out) > most:
            break
        if not worker.eof:
            raise DecodeError(_CUT)
        data = worker.unused_data
        if not data:
            break
    return out


def _gzip(data: bytes, most: int) -> bytes:
    try:
        return _zlib(data, most, 31)
    except zlib.error as error:
        raise DecodeError(_BROKEN) from error


def _deflate(data: bytes, most: int) -> bytes:
    # zlib by its standard, and raw in the wild
    try:
        return _zlib(data, most, 15)
    except zlib.error:
        pass
    try:
        return _zlib(data, most, -15)
    except zlib.error as error:
        raise DecodeError(_BROKEN) from error


def _zstd(data: bytes, most: int) -> bytes:
    worker = zstandard.ZstdDecompressor(max_window_size=_WINDOW_LIMIT)
    try:
        out = worker.stream_reader(data, read_across_frames=True).read(most + 1)
        is_whole = len(out) > most or _zstd_is_whole(data)
    except zstandard.ZstdError as error:
        raise DecodeError(_BROKEN) from error
    if not is_whole:
        raise DecodeError(_CUT)
    return out


_ZSTD_SKIPPABLE = 0x184D2A50
_RLE_BLOCK = 1


def _zstd_is_whole(data: bytes) -> bool:
    """Walk the blocks of every frame (RFC 8878, section 3.1): the reader takes a cut one for its end."""
    at = 0
    while at < len(data):
        if int.from_bytes(data[at : at + 4], "little") & ~0xF == _ZSTD_SKIPPABLE:
            at += 8 + int.from_bytes(data[at + 4 : at + 8], "little")
            continue
        frame = data[at : at + 18]
        has_checksum = zstandard.get_frame_parameters(frame).has_checksum
        at += zstandard.frame_header_size(frame)
        is_last = False
        while not is_last:
            if at + 3 > len(data):
                return False
            block = int.from_bytes(data[at : at + 3], "little")
            is_last, kind, size = bool(block & 1), block >> 1 & 3, block >> 3
            at += 3 + (1 if kind == _RLE_BLOCK else size)
        at += 4 if has_checksum else 0
    return 0 < len(data) == at


_STEPS: Mapping[str, _Inflater] = MappingProxyType(
    {"gzip": _gzip, "x-gzip": _gzip, "deflate": _deflate, "zstd": _zstd}
)
