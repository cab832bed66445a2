import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest

from proxy_core.errors import Failure, FailureKind, UpstreamProtocolError, UpstreamTimeout
from proxy_core.relay.attempt import Attempt, RefusedReply
from proxy_core.relay.counting import PATIENCE_S, estimate, is_estimated, relay_count
from proxy_core.transport import UpstreamReply, UpstreamRequest
from proxy_core.transports.replay import Recorded
from tests.proxy_core.relay.rig import (
    ANTHROPIC,
    CHAT,
    GEMINI,
    Client,
    attempt,
    exchange,
    provider,
    pulse,
    rig,
)

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
    ("answer", "raised"),
    [
        (UpstreamTimeout("Late."), UpstreamTimeout),
        (RefusedReply(Failure("server", 500, "x"), 500, {}, b""), RefusedReply),
        (Recorded(body=[b"<html>"]), UpstreamProtocolError),
    ],
)
async def test_a_counter_that_fails_is_told_to_the_relay(answer: Any, raised: type[Exception]) -> None:
    with pytest.raises(raised):
        await counted(answer)


async def test_the_estimate_says_that_it_is_one() -> None:
    sink = Client()
    await estimate(exchange(ANTHROPIC), sink)
    assert json.loads(sink.body) == {"input_tokens": 3 + 4 + 2}
    assert (sink.status, sink.headers["x-trunkline-estimated"]) == (200, "input_tokens")


@pytest.mark.parametrize(
    ("kind", "status", "upstream", "expected"),
    [
        ("rate_limit", 429, ANTHROPIC, True),
        ("overloaded", 529, ANTHROPIC, True),
        ("server", 500, ANTHROPIC, True),
        ("timeout", 0, ANTHROPIC, True),
        ("not_found", 404, ANTHROPIC, True),
        ("permission", 403, ANTHROPIC, True),
        ("billing", 402, ANTHROPIC, True),
        ("invalid_request", 400, ANTHROPIC, False),
        ("context_length", 400, ANTHROPIC, False),
        ("authentication", 401, ANTHROPIC, False),
        ("authentication", 401, GEMINI, False),
        ("rate_limit", 429, GEMINI, True),
        ("invalid_request", 400, GEMINI, True),  # of our translation
        ("invalid_request", 0, GEMINI, False),  # of the client's own body
        ("unsupported", 0, GEMINI, True),
    ],
)
def test_what_an_estimate_stands_in_for(
    kind: FailureKind, status: int, upstream: str, expected: bool
) -> None:
    asked = exchange(ANTHROPIC)
    asked.upstream_dialect = upstream
    assert is_estimated(asked, RefusedReply(Failure(kind, status, "x"), status, {}, b"")) is expected


@pytest.mark.parametrize(("upstream", "operations"), [(CHAT, ("chat", "count_tokens")), (GEMINI, ("chat",))])
async def test_who_has_no_counter_is_not_asked(upstream: str, operations: tuple[str, ...]) -> None:
    sink, asked = await counted(Recorded(), upstream, operations)
    assert asked == []
    assert "x-trunkline-estimated" in sink.headers


async def silent(request: UpstreamRequest) -> UpstreamReply:
    """A way out behind which nobody answers."""
    await asyncio.Event().wait()
    raise AssertionError


@pytest.mark.parametrize("upstream", [ANTHROPIC, GEMINI])
async def test_a_counter_has_little_time(upstream: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Far less than an answer, whose first byte may take minutes."""
    set_up = rig(accounts=[("one", provider(upstream, operations=BOTH))])
    monkeypatch.setattr(set_up.transport, "send", silent)
    asked, sink = exchange(ANTHROPIC), Client()
    endpoint = next(one for one in asked.dialect.endpoints if one.operation == "count_tokens")
    asked.call = replace(asked.call, endpoint=endpoint)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(set_up.relay.run(asked, sink))
        await set_up.clock.advance(PATIENCE_S / 2)
        assert not sink.is_committed
        await set_up.clock.advance(PATIENCE_S)
    assert (sink.status, sink.headers["x-trunkline-estimated"]) == (200, "input_tokens")
    assert set_up.rested == []
