"""Every path, however it is spelled, and every body that is not right."""

import gzip
import json
import re
import zlib
from collections.abc import Callable

import pytest
import zstandard
from yarl import URL

from tests.end_to_end.client import DIALECTS, bare, body, calling, error, events, head, headers, path
from tests.end_to_end.line import account, running
from tests.upstreams.server import FakeVendor

DEMO = "demo-echo"
CHAT, RESPONSES, ANTHROPIC, GEMINI = DIALECTS


def spellings() -> list[tuple[str, str]]:
    found = []
    for dialect, plain in (
        (CHAT, "/chat/completions"),
        (RESPONSES, "/responses"),
        (ANTHROPIC, "/messages"),
        (GEMINI, f"/models/{DEMO}:generateContent"),
    ):
        forms = ("", "/v1", "/v1/v1", "/v1beta/v1", "/v1beta", "//v1/", f"/v1{plain}", f"/v1{plain}/v1")
        found += [(dialect, form + plain) for form in forms]
        found += [(dialect, f"/v1{plain}/")]
    found.append((GEMINI, f"/v1beta/models/models/{DEMO}:generateContent"))
    return found


@pytest.mark.parametrize(("dialect", "where"), spellings())
async def test_a_path_is_found_however_its_base_url_was_pasted(dialect: str, where: str) -> None:
    async with running([]) as line, calling(line) as caller:
        found = await caller.post(where, body(dialect, DEMO))
        assert found.status == 200, found.body
        assert "Hello." in json.dumps(found.json)


async def test_health_and_banner_need_no_key() -> None:
    async with running([]) as line, calling(line) as caller:
        for where in ("/health", "/healthz", "/health/", "//health", "/v1/health"):
            for method in ("GET", "HEAD"):
                found = await caller.send(method, where)
                assert found.status == 200
                assert found.body == (b"" if method == "HEAD" else b'{"status":"ok"}')
        for where in ("/", "/v1", "/v1beta/"):
            banner = (await caller.send("GET", where)).json
            assert banner["name"] == "Trunkline"
            assert "POST /v1/messages" in banner["endpoints"]


async def test_no_reply_names_what_it_is_made_with() -> None:
    async with running([]) as line, calling(line) as caller, bare(line) as raw:
        found = [await caller.send("GET", "/health"), await caller.send("GET", "/nowhere")]
        found += [await caller.ask(CHAT, DEMO), await caller.ask(CHAT, DEMO, stream=True)]
        raw.writer.write(b"this is not HTTP\r\n\r\n")
        found.append(await raw.answer())
        for one in found:
            assert one.headers.get("server") == "Trunkline"
            assert not re.search(r"aiohttp|python", str(one.headers) + one.body.decode(), re.I)


WRONG = [
    (CHAT, "/v1/chat/completions"),
    (CHAT, "/v1/embeddings"),
    (RESPONSES, "/v1/responses"),
    (ANTHROPIC, "/v1/messages"),
    (ANTHROPIC, "/v1/messages/count_tokens"),
    (GEMINI, "/v1beta/models/x:generateContent"),
    (GEMINI, "/v1/models/x:countTokens"),
]


@pytest.mark.parametrize(("dialect", "where"), WRONG)
async def test_a_wrong_method_is_told_in_the_dialect_of_the_path(dialect: str, where: str) -> None:
    async with running([]) as line, calling(line) as caller:
        found = await caller.send("PUT", where, b"{}", caller.named({}))
        assert found.status == 405
        assert found.headers["allow"] == "POST"
        assert "PUT" in error(dialect, found.body)["message"]


@pytest.mark.parametrize(
    ("dialect", "where", "named"),
    [
        (CHAT, "/v1/nothing", {}),
        (ANTHROPIC, "/v1/messages/batches", {}),
        (ANTHROPIC, "/api/hello", {"anthropic-version": "2023-06-01"}),
        (GEMINI, "/v1beta/cachedContents", {}),
        (GEMINI, "/v1beta/models/x:embedContent", {}),
        (GEMINI, "/v1/models/llama3:8b:bogus", {}),
        (GEMINI, "/upload/v1beta/files", {"x-goog-api-key": "x"}),
    ],
)
async def test_an_unknown_path_is_told_in_the_caller_s_dialect(
    dialect: str, where: str, named: dict[str, str]
) -> None:
    async with running([]) as line, calling(line) as caller:
        found = await caller.send("POST", where, b"{}", named)
        assert found.status == 404
        assert where in error(dialect, found.body)["message"]


async def test_a_websocket_on_responses_gets_426() -> None:
    async with running([]) as line, bare(line) as raw:
        raw.writer.write(
            head(line, "GET", "/v1/responses", "Upgrade: websocket", "Connection: Upgrade",
                 "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
                 "openai-beta: responses_websockets=2026-02-06")
        )  # fmt: skip
        found = await raw.answer()
        assert found.status == 426
        error(RESPONSES, found.body)
        # and the same connection may go on with a POST, as Codex does on a new one
        data = json.dumps(body(RESPONSES, DEMO)).encode()
        raw.writer.write(head(line, "POST", "/v1/responses", f"Content-Length: {len(data)}") + data)
        assert (await raw.answer()).status == 200


@pytest.mark.parametrize("stream", [False, True])
async def test_a_gemini_body_on_the_chat_path_is_answered_in_openai_s_shape(stream: bool) -> None:
    async with running([]) as line, calling(line) as caller:
        value = {"model": DEMO, "stream": stream, **body(GEMINI, DEMO, text="Seven words.")}
        found = await caller.post("/v1/chat/completions", value)
        assert found.status == 200
        if stream:
            chunks = events(found.body)
            assert chunks[-1] == "[DONE]"
            parsed = [json.loads(chunk) for chunk in chunks[:-1]]
            assert {chunk["object"] for chunk in parsed} == {"chat.completion.chunk"}
            text = "".join(c["choices"][0]["delta"].get("content") or "" for c in parsed if c["choices"])
        else:
            assert found.json["object"] == "chat.completion"
            text = found.json["choices"][0]["message"]["content"]
        assert "Seven words." in text


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


PACKERS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "gzip": ("gzip", gzip.compress),
    "gzip of two members": ("gzip", lambda data: gzip.compress(data[:20]) + gzip.compress(data[20:])),
    "zlib": ("deflate", zlib.compress),
    "raw deflate": ("Deflate", raw_deflate),
    "zstd": ("zstd", lambda data: zstandard.ZstdCompressor().compress(data)),
    "both": ("gzip, zstd", lambda data: zstandard.ZstdCompressor().compress(gzip.compress(data))),
}


@pytest.mark.parametrize("name", PACKERS)
async def test_bodies_may_be_compressed(name: str) -> None:
    encoding, pack = PACKERS[name]
    async with running([]) as line, calling(line) as caller:
        data = pack(json.dumps(body(CHAT, DEMO)).encode())
        found = await caller.post(path(CHAT, DEMO), data, content_encoding=encoding)
        assert found.status == 200, found.body


@pytest.mark.parametrize("name", ["gzip", "zlib", "zstd"])
@pytest.mark.parametrize("harm", ["cut", "garbage", "empty"])
async def test_a_broken_compressed_body_is_a_400(name: str, harm: str) -> None:
    encoding, pack = PACKERS[name]
    data = pack(json.dumps(body(ANTHROPIC, DEMO, text="word " * 500)).encode())
    data = {"cut": data[:-9], "garbage": b"\x00" + data[1:], "empty": b""}[harm]
    async with running([]) as line, calling(line) as caller:
        found = await caller.post(path(ANTHROPIC, DEMO), data, content_encoding=encoding)
        assert found.status == 400
        error(ANTHROPIC, found.body)


async def test_an_unknown_content_encoding_is_a_415() -> None:
    async with running([]) as line, calling(line) as caller:
        found = await caller.post(path(CHAT, DEMO), b"x", content_encoding="br")
        assert found.status == 415
        assert "gzip" in error(CHAT, found.body)["message"]


@pytest.mark.parametrize("name", ["gzip", "zlib", "zstd"])
async def test_a_bomb_is_a_413(name: str) -> None:
    encoding, pack = PACKERS[name]
    async with running([], server={"body_limit_mib": 1}) as line, calling(line) as caller:
        bomb = pack(bytes(8 << 20))
        assert len(bomb) < 1 << 17
        found = await caller.post(path(RESPONSES, DEMO), bomb, content_encoding=encoding)
        assert found.status == 413
        assert "1 MiB" in error(RESPONSES, found.body)["message"]


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("chunked", [False, True])
async def test_a_client_that_sends_65_mib_gets_to_read_its_413(dialect: str, chunked: bool) -> None:
    async with running([]) as line, bare(line) as raw:
        size = 65 << 20
        how = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {size}"
        raw.writer.write(head(line, "POST", path(dialect, DEMO), how))
        block = bytes(1 << 20)
        framed = b"%x\r\n%s\r\n" % (len(block), block) if chunked else block
        for _ in range(65):
            raw.writer.write(framed)
            await raw.writer.drain()
        if chunked:
            raw.writer.write(b"0\r\n\r\n")
        found = await raw.answer()
        assert found.status == 413
        assert "64 MiB" in error(dialect, found.body)["message"]


async def test_a_client_that_waits_to_be_asked_is_refused_before_it_sends() -> None:
    async with running([]) as line, bare(line) as raw:
        named = ("Expect: 100-continue", f"Content-Length: {65 << 20}")
        raw.writer.write(head(line, "POST", path(CHAT, DEMO), *named))
        assert (await raw.answer()).status == 413
    async with running([]) as line, bare(line) as raw:
        data = json.dumps(body(CHAT, DEMO)).encode()
        named = ("Expect: 100-continue", f"Content-Length: {len(data)}")
        raw.writer.write(head(line, "POST", path(CHAT, DEMO), *named))
        assert await raw.reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        raw.writer.write(data)
        assert (await raw.answer()).status == 200


ASKED: dict[bool, tuple[str, ...]] = {False: (), True: ("Expect: 100-continue",)}
DEEP = b"[" * 100_000 + b"]" * 100_000
BAD = {
    "not JSON": b"{nope",
    "an array": b"[1, 2]",
    "a word": b'"hello"',
    "empty": b"",
    "bad UTF-8": b'{"model": "\xff\xfe"}',
    "no members": b"{}",
    "wrong model": b'{"model": 5, "messages": 7, "input": 7.5, "contents": 8, "max_tokens": "y"}',
    "deep": b'{"model": "demo-echo", "messages": %s, "input": %s, "contents": %s, "max_tokens": 1}'
    % (DEEP, DEEP, DEEP),
    "half deep": b'{"model": "demo-echo", "messages": [{"role": "user", "content": %s}], "max_tokens": 1, '
    b'"input": [{"role": "user", "content": %s}], "contents": [{"parts": %s}]}'
    % ((b'[{"x":' * 900 + b"1" + b"}]" * 900,) * 3),
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("dialect", DIALECTS)
async def test_a_bad_body_is_a_400_in_the_dialect_of_the_path(dialect: str, name: str) -> None:
    async with running([]) as line, calling(line) as caller:
        found = await caller.post(path(dialect, DEMO), BAD[name])
        assert found.status == 400, found.body
        error(dialect, found.body)
    (row,) = line.usage.rows
    assert (row.status, row.error) == (400, "invalid_request")


async def test_tools_nested_too_deeply_are_a_400() -> None:
    schema = '{"type":"object","properties":{"a":' * 400 + '{"type":"string"}' + "}}" * 400
    tools = '[{"type":"function","function":{"name":"f","parameters":' + schema + "}}]"
    data = '{"model":"m","messages":[{"role":"user","content":"x"}],"tools":' + tools + "}"
    async with (
        FakeVendor(GEMINI) as vendor,
        running([account("one", vendor, "m")]) as line,
        calling(line) as caller,
    ):
        found = await caller.post(path(CHAT, "m"), data.encode())
        assert found.status in (200, 400), found.body
        if found.status == 400:
            error(CHAT, found.body)


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("how", ["length", "chunked"])
async def test_a_cut_body_is_a_400_for_a_client_that_still_listens(dialect: str, how: str) -> None:
    data = json.dumps(body(dialect, DEMO)).encode()
    async with running([]) as line, bare(line) as raw:
        framing = f"Content-Length: {len(data)}" if how == "length" else "Transfer-Encoding: chunked"
        part = data[:-5] if how == "length" else b"%x\r\n%s\r\n" % (len(data) - 5, data[:-5])
        raw.writer.write(head(line, "POST", path(dialect, DEMO), framing) + part)
        raw.writer.write_eof()
        found = await raw.answer()
        assert found.status == 400
        assert "broke off" in error(dialect, found.body)["message"]
        assert await raw.reader.read() == b""  # and the connection ends


async def test_a_client_that_leaves_in_the_middle_of_its_body_costs_nothing() -> None:
    async with running([]) as line, calling(line) as caller:
        async with bare(line) as raw:
            raw.writer.write(head(line, "POST", path(CHAT, DEMO), "Content-Length: 100") + b"{")
            await raw.writer.drain()
            raw.writer.transport.abort()
        assert (await caller.send("GET", "/health")).status == 200
        assert line.usage.rows == []


@pytest.mark.parametrize(
    "line_end", [b"GET / HTTP/9.9\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\r\n\r\n", b"GET\r\n\r\n"]
)
async def test_what_is_not_http_gets_a_400_in_json(line_end: bytes) -> None:
    async with running([]) as line, bare(line) as raw:
        raw.writer.write(line_end)
        found = await raw.answer()
        assert found.status == 400
        error(CHAT, found.body)


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("split", [False, True])
async def test_a_malformed_chunk_is_told_in_the_dialect_of_the_path(dialect: str, split: bool) -> None:
    async with running([]) as line, bare(line) as raw:
        raw.writer.write(head(line, "POST", path(dialect, DEMO), "Transfer-Encoding: chunked", *ASKED[split]))
        if split:
            assert await raw.reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        raw.writer.write(b"zz\r\nab\r\n0\r\n\r\n")
        raw.writer.write_eof()
        found = await raw.answer()
        assert found.status == 400
        error(dialect, found.body)


@pytest.mark.parametrize("where", ["m:generateContent", "m%3AgenerateContent"])
async def test_a_model_that_has_a_colon_is_found_on_every_path(where: str) -> None:
    async with (
        FakeVendor(CHAT) as vendor,
        running([account("one", vendor, "m=llama3:8b")]) as line,
        calling(line) as caller,
    ):
        assert (await caller.get("/v1/models/llama3:8b")).json["id"] == "llama3:8b"
        target = URL(f"{line.url}/v1beta/models/llama3:8b{where[1:]}", encoded=True)
        async with caller.session.post(target, json=body(GEMINI, "m"), headers=caller.named({})) as got:
            assert got.status == 200, await got.read()
        asked = await caller.get("/v1beta/models/llama3:8b:generateContent")
        assert (asked.status, asked.headers["allow"]) == (405, "POST")


async def test_a_list_shows_an_alias_that_stands_for_something() -> None:
    aliases = {"fast": {"model": DEMO, "reasoning": "low"}, "gone": {"model": "nothing-like-it"}}
    async with running([], aliases=aliases) as line, calling(line) as caller:
        for dialect in (CHAT, ANTHROPIC, GEMINI):
            named = headers(dialect, line.key)
            listed = (await caller.send("GET", "/v1/models", None, named)).body
            assert b"fast" in listed
            assert b"gone" not in listed
            one = (await caller.send("GET", "/v1/models/fast", None, named)).json
            assert one.get("name", one.get("id")).endswith("fast")
        shown = (await caller.send("GET", "/v1/models/fast", None, headers(ANTHROPIC, line.key))).json
        assert shown["display_name"] == f"fast → {DEMO}"


async def test_pipelined_requests_are_answered_in_order() -> None:
    async with running([]) as line, bare(line) as raw:
        raw.writer.write(head(line, "GET", "/health") + head(line, "GET", "/nowhere"))
        assert [(await raw.answer()).status, (await raw.answer()).status] == [200, 404]


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_the_sdk_s_own_headers_are_enough(dialect: str) -> None:
    async with running([]) as line, calling(line) as caller:
        data = json.dumps(body(dialect, DEMO)).encode()
        found = await caller.send("POST", path(dialect, DEMO), data, headers(dialect, line.key))
        assert found.status == 200
