import json
from dataclasses import replace
from typing import Any

import pytest

from proxy_core.errors import Failure, UpstreamTimeout
from proxy_core.relay.attempt import Attempt, RefusedReply
from proxy_core.relay.counting import relay_count
from proxy_core.transport import UpstreamReply
from proxy_core.transports.replay import Recorded
from tests.proxy_core.relay.rig import ANTHROPIC, CHAT, GEMINI, Client, attempt, provider, pulse

BOTH = ("chat", "count_tokens")
Counted = tuple[Client, list[str]]


async def counted(answer: Any, upstream: str = GEMINI, operations: tuple[str, ...] = BOTH) -> Counted:
    asked: list[str] = []

    async def send(found: Attempt, body: bytes, operation: str) -> UpstreamReply:
        asked.append(operation)
        assert json.loads(body)
        if isinstance(answer, Exception):
            raise answer
        reply: UpstreamReply = answer
        return reply

    sink = Client()
    vendor = provider(upstream, operations=operations)
    found = attempt(ANTHROPIC, upstream, sink, pulse(), mode="whole", vendor=vendor)
    await relay_count(replace(found, encoded=None), send)
    return sink, asked


async def test_the_vendor_s_number_is_translated() -> None:
    reply = Recorded(body=[b'{"totalTokens": 42}'])
    sink, asked = await counted(reply)
    assert (sink.status, json.loads(sink.body), asked) == (200, {"input_tokens": 42}, ["count_tokens"])
    assert "x-trunkline-estimated" not in sink.headers
    assert reply.is_closed


@pytest.mark.parametrize(
    "answer",
    [
        UpstreamTimeout("Late."),
        RefusedReply(Failure("server", 500, "x"), 500, {}, b""),
        Recorded(body=[b"<html>"]),
    ],
)
async def test_without_it_there_is_an_estimate_that_says_so(answer: Any) -> None:
    sink, asked = await counted(answer)
    assert json.loads(sink.body)["input_tokens"] > 0
    assert (sink.status, sink.headers["x-trunkline-estimated"]) == (200, "input_tokens")
    assert asked == ["count_tokens"]


@pytest.mark.parametrize(("upstream", "operations"), [(CHAT, ("chat", "count_tokens")), (GEMINI, ("chat",))])
async def test_who_has_no_counter_is_not_asked(upstream: str, operations: tuple[str, ...]) -> None:
    sink, asked = await counted(Recorded(), upstream, operations)
    assert asked == []
    assert "x-trunkline-estimated" in sink.headers
