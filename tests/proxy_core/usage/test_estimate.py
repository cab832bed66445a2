import asyncio
import base64
import json
from dataclasses import replace
from typing import Any

import pytest

from proxy_core.ir.message import (
    HostedStep,
    Inline,
    Media,
    Message,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
    ToolResult,
    Url,
)
from proxy_core.ir.request import Freeform, Function, Hosted, OutputFormat, Request, Tool
from proxy_core.usage.estimate import PER_MESSAGE, PER_REPLY, estimate_input, estimated_input
from proxy_core.usage.pictures import PER_UNKNOWN
from proxy_core.usage.tokens import count

SCHEMA = {"type": "object", "properties": {"query": {"type": "string"}}}
PICTURE = Media("image", Inline("image/png", "QUJD"))


def request(*parts: Part, system: tuple[Part, ...] = (), tools: tuple[Tool, ...] = ()) -> Request:
    messages = (Message("user", parts),) if parts else ()
    return Request("wire", "model", messages, system=system, tools=tools)


def document(mime: str, data: bytes) -> Media:
    return Media("document", Inline(mime, base64.b64encode(data).decode()))


@pytest.mark.parametrize(
    ("part", "tokens"),
    [
        (Text("hello world"), 2),
        (Text("\ud800"), 1),
        (Refusal("hello world"), 2),
        (Reasoning(("hello world", "hello world")), count("hello world\n\nhello world")),
        (ToolCall("a-long-id-that-no-model-reads", "search", '{"query":"x"}'), 1 + count('{"query":"x"}')),
        (ToolResult("id", (Text("hello world"),)), 2),
        (PICTURE, PER_UNKNOWN),
        (Media("image", Url("https://example.test/a.png")), PER_UNKNOWN),
        (ToolResult("id", (PICTURE, Text("hello world"), PICTURE)), 2 + 2 * PER_UNKNOWN),
        (document("text/plain", b"hello world"), 2),
        (document("application/pdf", bytes(250_000)), 6_000),
        (Media("document", Url("https://example.test/a.pdf")), 2_000),
        (Media("audio", Inline("audio/wav", "A" * 4_000_000)), 6_000),
        (Media("video", Inline("video/mp4", "A" * 4_000_000)), 6_315),
        (Opaque("wire", {"a": 1}), count('{"a":1}')),
        (
            Opaque("wire", {"a": ["A" * 2_000, {"b": "word " * 500}]}),
            count('{"a":["",{"b":"' + "word " * 500 + '"}]}'),
        ),
        (HostedStep("web_search", "wire", {"a": 1}), count('{"a":1}')),
    ],
)
def test_every_part_counts_what_the_model_reads(part: Part, tokens: int) -> None:
    assert estimate_input(request(part)) == PER_REPLY + PER_MESSAGE + tokens


@pytest.mark.parametrize(
    ("tool", "tokens"),
    [
        (
            Function("search", "Finds things.", SCHEMA),
            1 + count("Finds things.") + count(json.dumps(SCHEMA, separators=(",", ":"))),
        ),
        (Function("search"), 1 + count("{}")),
        (
            Freeform("search", "Finds things.", "start: /.*/"),
            1 + count("Finds things.") + count("start: /.*/"),
        ),
        (Hosted("web_search", "wire", {}), count("web_search")),
    ],
)
def test_declarations_of_tools_count(tool: Tool, tokens: int) -> None:
    assert estimate_input(request(tools=(tool,))) == PER_REPLY + tokens


def test_instructions_and_every_message_count() -> None:
    said = Message("user", (Text("hello world"),))
    asked = Request("wire", "model", (said, said, said), system=(Text("hello world"),))
    assert estimate_input(asked) == PER_REPLY + 3 * PER_MESSAGE + 4 * 2


def test_the_schema_of_the_answer_counts() -> None:
    asked = replace(request(), output=OutputFormat("schema", "answer", SCHEMA))
    assert estimate_input(asked) == PER_REPLY + count(json.dumps(SCHEMA, separators=(",", ":")))


async def test_it_is_counted_in_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    handed: list[Any] = []
    inner = asyncio.to_thread

    async def noted(function: Any, *arguments: Any) -> Any:
        handed.append(function)
        return await inner(function, *arguments)

    monkeypatch.setattr(asyncio, "to_thread", noted)
    assert await estimated_input(request(Text("hello world"))) == PER_REPLY + PER_MESSAGE + 2
    assert handed == [estimate_input]
