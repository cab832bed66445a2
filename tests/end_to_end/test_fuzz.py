"""Requests that nobody would write."""

import asyncio
import json

import hypothesis.strategies as st
from hypothesis import HealthCheck, given, settings

from tests.end_to_end.client import DIALECTS, bare, head, path
from tests.end_to_end.line import running

DEMO = "demo-echo"

WORDS = st.sampled_from(
    ["v1", "v1beta", "chat", "completions", "responses", "messages", "models", "count_tokens", "embeddings",
     "demo-echo", "demo-echo:generateContent", "x:streamGenerateContent", "..", "%2f", "%00", "%ff", "ü", "",
     "input_tokens"]
)  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
    | st.sampled_from(["demo-echo", "user", "assistant", "tool", "function", "auto", "text"]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(
            ["role", "content", "type", "text", "name", "tool_calls", "function", "parameters", "parts", "id",
             "functionCall", "input", "output", "call_id", "arguments", "tool_use_id", "image_url", "source"]
        ),
        inner,
        max_size=4,
    ),
    max_leaves=12,
)  # fmt: skip
MEMBERS = (
    "messages", "input", "contents", "prompt", "system", "tools", "tool_choice", "stream", "max_tokens",
    "stop", "generationConfig", "thinking", "reasoning", "reasoning_effort", "response_format", "n", "text",
    "instructions", "systemInstruction", "stream_options", "temperature", "metadata", "toolConfig",
    "output_config", "include",
)  # fmt: skip
BODIES = st.binary(max_size=60) | st.builds(
    lambda members, said: json.dumps({"model": "demo-echo", "max_tokens": 9, **members, **said}).encode(),
    st.dictionaries(st.sampled_from(MEMBERS), JSON, max_size=5),
    st.fixed_dictionaries(
        {}, optional={"messages": st.lists(JSON, max_size=3), "input": JSON, "contents": JSON}
    ),
)
PATHS = st.one_of(
    st.lists(WORDS, max_size=5).map(lambda parts: "/" + "/".join(parts)),
    st.sampled_from([path(dialect, DEMO, stream) for dialect in DIALECTS for stream in (False, True)]),
    st.sampled_from(
        ["/v1/completions", "/v1/embeddings", "/v1/messages/count_tokens", "/v1/responses/input_tokens"]
    ),
)
NAMES = st.sampled_from(
    ["Origin", "X-Api-Key", "Accept", "Content-Type", "Anthropic-Version", "Content-Encoding", "Upgrade",
     "Cookie", "Access-Control-Request-Headers", "X-Title", "OpenAI-Beta"]
)  # fmt: skip
VALUES = st.one_of(
    st.sampled_from(
        [b"http://[", b"null", b"gzip", b"zstd", b"websocket", b"\xff\xfe", b"*/*", b"http://evil.test"]
    ),
    st.binary(max_size=12).map(lambda raw: bytes(byte for byte in raw if byte >= 32 and byte != 127)),
)


async def test_no_request_makes_it_fail() -> None:
    """Bodies, paths and headers of every kind: each gets an answer below 500, in JSON or as a stream."""
    async with running([], server={"allowed_origins": ["*"]}) as line:
        asked = asyncio.get_running_loop()
        wrong: list[str] = []
        seen: set[int] = set()

        async def one(method: str, where: str, named: list[tuple[str, bytes]], data: bytes) -> None:
            async with bare(line) as raw:
                request = head(line, method, where, f"Content-Length: {len(data)}", "Connection: close")
                extra = b"".join(name.encode() + b": " + value + b"\r\n" for name, value in named)
                raw.writer.write(request[:-2] + extra + b"\r\n" + data)
                found = await raw.answer()
                seen.add(found.status)
                if found.status >= 500:
                    wrong.append(f"{method} {where} {named} {data!r}: {found.status} {found.body!r}")

        @settings(max_examples=250, suppress_health_check=[HealthCheck.too_slow])
        @given(
            st.sampled_from(["GET", "POST", "POST", "POST", "OPTIONS", "DELETE"]),
            PATHS,
            st.lists(st.tuples(NAMES, VALUES), max_size=2),
            BODIES,
        )
        def all_of_them(method: str, where: str, named: list[tuple[str, bytes]], data: bytes) -> None:
            where = where.encode("ascii", "ignore").decode() or "/"
            asyncio.run_coroutine_threadsafe(one(method, where, named, data), asked).result(20)

        await asyncio.to_thread(all_of_them)
        assert wrong == []
        assert seen >= {200, 400, 404, 405}  # it went deep enough
