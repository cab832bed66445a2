"""Odd shapes of HTTP: of its heads, of its framing, of its encodings; and what is no HTTP at all."""

import gzip
import random
import zlib
from collections.abc import Callable
from functools import cache

import zstandard

from tests.hostile.bodies import CANARY, written
from tests.hostile.shots import Aim, Shot

BOMB = 100 << 20
"""More than the largest request that is taken."""


@cache
def _bomb(kind: str) -> bytes:
    zeros = b" " * (1 << 20)
    if kind == "gzip" or kind == "deflate":
        packer = zlib.compressobj(9, zlib.DEFLATED, 31 if kind == "gzip" else 15)
        return b"".join([packer.compress(zeros) for _ in range(BOMB >> 20)]) + packer.flush()
    big = zstandard.ZstdCompressor(level=9).compressobj()
    return b"".join([big.compress(zeros) for _ in range(BOMB >> 20)]) + big.flush()


def _packed(aim: Aim, encoding: str, body: bytes) -> bytes:
    return aim.post("/v1/chat/completions", body, f"Content-Encoding: {encoding}")


@cache
def _encodings(aim: Aim) -> tuple[Shot, ...]:
    good = written({"model": "demo-echo", "messages": [{"role": "user", "content": CANARY}]})
    nested = good
    for _ in range(3):
        nested = gzip.compress(nested)
    window = zstandard.ZstdCompressor(
        compression_params=zstandard.ZstdCompressionParameters(window_log=30, enable_ldm=True)
    ).compress(good)
    return (
        Shot("gzip bomb", (_packed(aim, "gzip", _bomb("gzip")),)),
        Shot("deflate bomb", (_packed(aim, "deflate", _bomb("deflate")),)),
        Shot("zstd bomb", (_packed(aim, "zstd", _bomb("zstd")),)),
        Shot("gzip bomb in gzip", (_packed(aim, "gzip, gzip", gzip.compress(_bomb("gzip"))),)),
        Shot("zstd with a window of 1 GiB", (_packed(aim, "zstd", window),)),
        Shot("three gzips", (_packed(aim, "gzip, gzip, gzip", nested),)),
        Shot("many small gzip members", (_packed(aim, "gzip", gzip.compress(b"") * 20_000),)),
        Shot("gzip cut", (_packed(aim, "gzip", gzip.compress(good)[:-9]),)),
        Shot("gzip of wrong sum", (_packed(aim, "gzip", gzip.compress(good)[:-8] + b"12345678"),)),
        Shot("zip file", (_packed(aim, "gzip", b"PK\x03\x04" + good),)),
        Shot("zstd cut", (_packed(aim, "zstd", zstandard.compress(good)[:-4]),)),
        Shot("plain called gzip", (_packed(aim, "gzip", good),)),
        Shot("gzip called plain", (_packed(aim, "identity", gzip.compress(good)),)),
        Shot("unknown encoding", (_packed(aim, "br, compress", good),)),
        Shot("declared far too large", (aim.head("POST", "/v1/messages", "Content-Length: 999999999999"),)),
    )


def _chunked(aim: Aim, *chunks: bytes, more: tuple[str, ...] = ()) -> bytes:
    head = aim.head("POST", "/v1/chat/completions", "Transfer-Encoding: chunked", "Connection: close", *more)
    return head + b"".join(chunks)


@cache
def _framings(aim: Aim) -> tuple[Shot, ...]:
    good = written({"model": "demo-echo", "messages": [{"role": "user", "content": CANARY}]})
    size = f"{len(good):x}".encode()
    whole = size + b"\r\n" + good + b"\r\n0\r\n\r\n"
    behind = aim.head("GET", "/health")
    where = "/v1/chat/completions"
    length = f"Content-Length: {len(good)}"
    kept = aim.head("POST", where, length) + good
    return (
        Shot("chunked", (_chunked(aim, whole),)),
        Shot("chunk size is no number", (_chunked(aim, b"zz\r\n" + good),)),
        Shot("chunk size is negative", (_chunked(aim, b"-1\r\n" + good),)),
        Shot("chunk size overflows", (_chunked(aim, b"f" * 40 + b"\r\n" + good),)),
        Shot("chunk too short", (_chunked(aim, b"3\r\n" + good + b"\r\n0\r\n\r\n"),)),
        Shot("chunk never ends", (_chunked(aim, size + b"\r\n" + good[:9]),), half_close=True),
        Shot(
            "chunk extension of 1 MB", (_chunked(aim, size + b";" + b"e" * 1_000_000 + b"\r\n" + whole[6:]),)
        ),
        Shot("chunk with bare LF", (_chunked(aim, size + b"\n" + good + b"\n0\n\n"),), half_close=True),
        Shot("50,000 chunks of one byte", (_chunked(aim, b"1\r\n \r\n" * 50_000, whole),)),
        Shot(
            "1 MB of trailers",
            (_chunked(aim, size, b"\r\n", good, b"\r\n0\r\n", b"A: b\r\n" * 160_000, b"\r\n"),),
        ),
        Shot("TE and CL", (_chunked(aim, whole + behind, more=("Content-Length: 4",)),)),
        Shot(
            "CL and TE", (aim.head("POST", where, "Content-Length: 3", "Transfer-Encoding: chunked") + whole,)
        ),
        Shot("TE twice", (_chunked(aim, whole, more=("Transfer-Encoding: identity",)),)),
        Shot("TE unknown", (aim.head("POST", where, "Transfer-Encoding: xchunked") + whole,)),
        Shot(
            "TE with a tab",
            (aim.head("POST", where, "Transfer-Encoding:\tchunked", "Connection: close") + whole,),
        ),
        Shot(
            "TE with a blank before the colon",
            (aim.head("POST", where, "Transfer-Encoding : chunked") + whole,),
        ),
        Shot(
            "TE in HTTP/1.0",
            (aim.head("POST", where, "Transfer-Encoding: chunked", version="1.0") + whole,),
            True,
        ),
        Shot("CL twice, different", (aim.head("POST", where, length, "Content-Length: 1") + good,)),
        Shot("CL twice, same", (aim.head("POST", where, length, length, "Connection: close") + good,)),
        Shot("CL list", (aim.head("POST", where, f"Content-Length: {len(good)}, {len(good)}") + good,)),
        Shot("CL negative", (aim.head("POST", where, "Content-Length: -5") + good,)),
        Shot("CL plus sign", (aim.head("POST", where, f"Content-Length: +{len(good)}") + good,)),
        Shot("CL hexadecimal", (aim.head("POST", where, "Content-Length: 0x10") + good,)),
        Shot("CL overflows", (aim.head("POST", where, "Content-Length: " + "9" * 40) + good,)),
        Shot(
            "CL too long for the body",
            (aim.head("POST", where, "Content-Length: 5000") + good,),
            half_close=True,
        ),
        Shot("CL too short", (aim.head("POST", where, "Content-Length: 20", "Connection: close") + good,)),
        Shot("no CL", (aim.head("POST", where, "Connection: close") + good,)),
        Shot("folded header", (aim.head("POST", where, "X-A: b\r\n c", length, "Connection: close") + good,)),
        Shot("pipelined", (kept * 3 + aim.post(where, good),)),
        Shot("pipelined with garbage", (kept + b"garbage\r\n\r\n",)),
        Shot(
            "5,000 pipelined",
            (behind * 5000 + aim.head("GET", "/health", "Connection: close"),),
            reads_meanwhile=True,
        ),
        Shot("byte by byte", tuple(bytes([byte]) for byte in aim.post(where, good))),
        Shot(
            "expects 100",
            (aim.head("POST", where, length, "Expect: 100-continue", "Connection: close") + good,),
        ),
        Shot(
            "expects nonsense",
            (aim.head("POST", where, length, "Expect: 200-ok", "Connection: close") + good,),
        ),
    )


@cache
def _heads(aim: Aim) -> tuple[Shot, ...]:
    get: Callable[..., bytes] = aim.head
    ten_thousand = [f"X-{number}: y" for number in range(10_000)]
    websocket = ("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Key: x")
    return (
        Shot("header of 700 kB", (get("GET", "/v1/models", "X-Big: " + "x" * 700_000),)),
        Shot("header name of 700 kB", (get("GET", "/v1/models", "x" * 700_000 + ": y"),)),
        Shot(
            "header block of 700 kB",
            (get("GET", "/v1/models", *(f"X-{one}: " + "y" * 6900 for one in range(100))),),
        ),
        Shot("10,000 headers", (get("GET", "/v1/models", *ten_thousand),)),
        Shot("line of 700 kB", (get("GET", "/v1/models?" + "x" * 700_000),)),
        Shot("method of 700 kB", (get("G" * 700_000, "/v1/models"),)),
        Shot("line of 60 kB", (get("GET", "/v1/models?" + "x" * 60_000, "Connection: close"),)),
        Shot("cut head", (get("GET", "/v1/models")[:-2],), True, True),
        Shot("cut line", (b"GET /v1/mod",), True, True),
        Shot("nothing", (b"",), True, True),
        Shot("only line breaks", (b"\r\n" * 5000,), True, True),
        Shot("bare LF", (get("GET", "/v1/models", "Connection: close").replace(b"\r\n", b"\n"),), True, True),
        Shot("NUL in the path", (get("GET", "/v1/mo\x00dels"),)),
        Shot("NUL in a header", (get("GET", "/v1/models", "X-A: b\x00c"),)),
        Shot("high bytes in the path", (get("GET", "/v1/mod\udcff\udcfels"),)),
        Shot("blank in the path", (get("GET", "/v1/models /x"),)),
        Shot("CR in a header", (get("GET", "/v1/models", "X-A: b\rc: d"),)),
        Shot("no header name", (get("GET", "/v1/models", ": b"),)),
        Shot("no colon", (get("GET", "/v1/models", "nonsense"),)),
        Shot("two hosts", (get("GET", "/v1/models", "Host: evil.test", "Connection: close"),)),
        Shot("no host", (f"GET /v1/models HTTP/1.1\r\nAuthorization: Bearer {aim.key}\r\n\r\n".encode(),)),
        Shot("foreign host", (b"GET / HTTP/1.1\r\nHost: evil.test\r\n\r\n",)),
        Shot("HTTP/1.0", (get("GET", "/v1/models", version="1.0"),)),
        Shot("HTTP/0.9", (b"GET /v1/models\r\n\r\n",)),
        Shot("HTTP/9.9", (get("GET", "/v1/models", version="9.9"),)),
        Shot(
            "HTTP/2 preface", (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\x00\x00\x00\x04\x00\x00\x00\x00\x00",)
        ),
        Shot("TLS hello", (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)) * 2,)),
        Shot("SOCKS", (b"\x05\x01\x00",), True, True),
        Shot("SSH", (b"SSH-2.0-OpenSSH_9.6\r\n",)),
        Shot("random bytes", (random.Random(1).randbytes(5000),)),
        Shot("CONNECT", (get("CONNECT", "api.openai.com:443", "Connection: close"),)),
        Shot("absolute form", (get("GET", f"http://127.0.0.1:{aim.port}/v1/models", "Connection: close"),)),
        Shot("absolute form, elsewhere", (get("GET", "http://evil.test/v1/models", "Connection: close"),)),
        Shot("absolute form, broken", (get("GET", "http://[::/v1/models", "Connection: close"),)),
        Shot("asterisk", (get("OPTIONS", "*", "Connection: close"),)),
        Shot("websocket", (get("GET", "/v1/responses", *websocket),)),
        Shot("websocket, then 1 MB", (get("GET", "/v1/responses", *websocket) + b"\x82" * 1_000_000,)),
        Shot(
            "upgrade to h2c",
            (get("GET", "/v1/models", "Upgrade: h2c", "HTTP2-Settings: AA", "Connection: close"),),
        ),
    )


@cache
def odd_wire(aim: Aim) -> tuple[Shot, ...]:
    """Return every odd shape of HTTP, of its framing and of its encodings."""
    return (*_heads(aim), *_framings(aim), *_encodings(aim))
