import gzip
import zlib
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest
import zstandard
from aiohttp import ClientPayloadError

from proxy_core.errors import ClientError, DecodeError, TooLargeError
from proxy_core.server.body import read_body

TEXT = b'{"a": 1}' * 300


class Content:
    is_late = False
    # the reader was being woken when the error came, and only sees an end

    def __init__(self, *chunks: bytes, error: Exception | None = None) -> None:
        self.chunks, self.error = chunks, error

    async def iter_any(self) -> AsyncIterator[bytes]:
        for chunk in self.chunks:
            yield chunk
        if self.error is not None and not self.is_late:
            raise self.error

    def exception(self) -> Exception | None:
        return self.error


def request(
    *chunks: bytes, encoding: str = "", length: int | None = None, error: Exception | None = None
) -> Any:
    headers = {"Content-Encoding": encoding} if encoding else {}
    return SimpleNamespace(content_length=length, headers=headers, content=Content(*chunks, error=error))


async def test_a_plain_body_in_pieces() -> None:
    assert await read_body(request(b"ab", b"", b"c"), 10) == b"abc"
    assert await read_body(request(b"abc"), 3) == b"abc"


async def test_the_limit_holds_for_what_is_said_and_for_what_comes() -> None:
    with pytest.raises(TooLargeError):
        await read_body(request(length=11), 10)
    with pytest.raises(TooLargeError):
        await read_body(request(b"12345", b"678901"), 10)


@pytest.mark.parametrize("error", [ClientPayloadError("x"), ConnectionResetError()])
async def test_a_body_that_breaks_off(error: Exception) -> None:
    with pytest.raises(DecodeError, match="broke off"):
        await read_body(request(b"ab", error=error), 10)


async def test_a_break_that_looks_like_an_end_is_none() -> None:
    late = request(b"ab", error=ClientPayloadError("x"))
    late.content.is_late = True
    with pytest.raises(DecodeError, match="broke off"):
        await read_body(late, 10)


async def test_a_body_that_stops_coming() -> None:
    with pytest.raises(ClientError, match="stopped coming") as caught:
        await read_body(request(b"ab", error=TimeoutError()), 10)
    assert caught.value.status == 408


def frames(*parts: bytes, **settings: Any) -> bytes:
    return b"".join(zstandard.ZstdCompressor(**settings).compress(part) for part in parts)


def streamed(data: bytes) -> bytes:
    packer = zstandard.ZstdCompressor(write_checksum=True).compressobj()
    return (
        packer.compress(data[:50])
        + packer.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)
        + packer.compress(data[50:])
        + packer.flush()
    )


SKIPPABLE = b"\x50\x2a\x4d\x18\x03\x00\x00\x00abc"
PACKED = {
    "gzip": ("gzip", gzip.compress(TEXT)),
    "members": ("x-gzip", gzip.compress(TEXT[:9]) + gzip.compress(TEXT[9:])),
    "zlib": ("deflate", zlib.compress(TEXT)),
    "raw": ("DEFLATE", zlib.compress(TEXT)[2:-4]),
    "zstd": ("zstd", frames(TEXT)),
    "zstd with checksum": ("zstd", frames(TEXT, write_checksum=True)),
    "zstd frames": ("zstd", SKIPPABLE + frames(TEXT[:9], TEXT[9:])),
    "zstd of one letter": ("zstd", frames(b"a" * 5000)),
    "zstd streamed": ("zstd", streamed(TEXT)),
    "several": ("deflate, identity, zstd", frames(zlib.compress(TEXT))),
}


@pytest.mark.parametrize("name", PACKED)
async def test_it_is_inflated(name: str) -> None:
    encoding, data = PACKED[name]
    found = await read_body(request(data, encoding=encoding), 1 << 20)
    assert found in (TEXT, b"a" * 5000)


@pytest.mark.parametrize("name", PACKED)
@pytest.mark.parametrize("cut", [1, 3, 9])
async def test_a_cut_one_is_noticed(name: str, cut: int) -> None:
    encoding, data = PACKED[name]
    with pytest.raises(DecodeError):
        await read_body(request(data[:-cut], encoding=encoding), 1 << 20)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "zstd"])
@pytest.mark.parametrize("data", [b"", b"\x00\xff\x00 garbage", b"{}"])
async def test_garbage_is_noticed(encoding: str, data: bytes) -> None:
    with pytest.raises(DecodeError):
        await read_body(request(data, encoding=encoding), 100)


async def test_trailing_garbage_is_noticed() -> None:
    with pytest.raises(DecodeError):
        await read_body(request(gzip.compress(TEXT) + b"more", encoding="gzip"), 1 << 20)


@pytest.mark.parametrize("name", ["gzip", "members", "zlib", "raw", "zstd", "zstd frames", "several"])
async def test_the_limit_holds_after_inflating(name: str) -> None:
    encoding, data = PACKED[name]
    assert len(data) < 1000 < len(TEXT)
    with pytest.raises(TooLargeError):
        await read_body(request(data, encoding=encoding), 1000)


@pytest.mark.parametrize("encoding", ["br", "gzip, br", ", ".join(["gzip"] * 4)])
async def test_unknown_or_too_many_encodings_are_415(encoding: str) -> None:
    with pytest.raises(ClientError) as caught:
        await read_body(request(b"x", encoding=encoding), 100)
    assert caught.value.status == 415
