"""The loop itself; what it does with real vendors is tested end to end."""

import asyncio
import json

import pytest

from proxy_core.errors import UpstreamUnavailable
from proxy_core.transports.replay import Recorded
from tests.proxy_core.clocks import settle
from tests.proxy_core.relay.rig import (
    ANTHROPIC,
    CHAT,
    STREAM,
    Client,
    exchange,
    provider,
    recorded,
    rig,
    sample,
)

LIMITED = {"content-type": "application/json", "retry-after": "20"}
ERROR = b'{"error": {"message": "No.", "type": "invalid_request_error", "param": null, "code": null}}'
TWO = [("one", provider(CHAT)), ("two", provider(CHAT))]


async def test_a_failure_moves_on_and_is_not_seen() -> None:
    made = rig(Recorded(status=500, body=[ERROR]), recorded(CHAT, False), accounts=TWO)
    asked, sink = exchange(CHAT), Client()
    await made.relay.run(asked, sink)
    assert (sink.status, asked.status, asked.attempts, asked.failure) == (200, 200, 2, None)
    assert asked.target is not None
    assert asked.target.account == "two"
    assert [name for name, _ in made.rested] == ["one"]


async def test_success_forgets_a_rest_and_says_so() -> None:
    made = rig(UpstreamUnavailable("Gone."), UpstreamUnavailable("Gone."), recorded(CHAT, False))
    asked, sink = exchange(CHAT), Client()
    await made.relay.run(asked, sink)
    assert (sink.status, asked.status, asked.attempts) == (502, 502, 2)
    await made.clock.advance(3)
    await made.relay.run(exchange(CHAT), Client())
    told = [(name, seconds is None) for name, seconds in made.rested]
    assert told == [("one", False), ("one", False), ("one", True)]


async def test_the_caller_s_fault_is_asked_once() -> None:
    made = rig(Recorded(status=400, body=[ERROR]), accounts=TWO)
    asked = exchange(CHAT)
    await made.relay.run(asked, Client())
    assert (asked.status, asked.attempts, len(made.transport.requests)) == (400, 1, 1)
    assert made.rested == []


async def test_when_all_rest_nobody_is_asked() -> None:
    made = rig(Recorded(status=429, headers=LIMITED, body=[ERROR]))
    await made.relay.run(exchange(CHAT), Client())
    await made.clock.advance(5)
    sink = Client()
    await made.relay.run(exchange(CHAT), sink)
    assert (sink.status, sink.headers["retry-after"]) == (429, "15")
    assert json.loads(sink.body)["error"]["code"] in ("model_cooldown", "rate_limit_exceeded")
    assert len(made.transport.requests) == 1


async def test_a_vendor_without_a_hint_gets_ours() -> None:
    made = rig(Recorded(status=429, body=[ERROR]))
    sink = Client()
    await made.relay.run(exchange(CHAT), sink)
    assert (sink.status, sink.headers["retry-after"]) == (429, "1")


@pytest.mark.parametrize("attempts", [1, 2])
async def test_attempts_end(attempts: int) -> None:
    made = rig(
        *[UpstreamUnavailable("Gone.")] * 3,
        accounts=[*TWO, ("three", provider(CHAT))],
        routing={"attempts": attempts},
    )
    asked = exchange(CHAT)
    await made.relay.run(asked, Client())
    assert (asked.attempts, len(made.transport.requests)) == (attempts, attempts)


async def test_an_unknown_model_and_a_body_that_is_wrong() -> None:
    made = rig()
    for asked, status in ((exchange(CHAT, "other"), 404), (exchange(CHAT, body=b"{"), 400)):
        sink = Client()
        await made.relay.run(asked, sink)
        assert (sink.status, asked.status, asked.attempts) == (status, status, 0)


async def test_what_one_provider_cannot_say_another_may() -> None:
    made = rig(recorded(CHAT, False), accounts=[("one", provider(ANTHROPIC)), ("two", provider(CHAT))])
    body = {"model": "m", "n": 3, "messages": [{"role": "user", "content": "x"}]}
    asked = exchange(CHAT, body=json.dumps(body).encode())
    await made.relay.run(asked, Client())
    assert asked.status == 200
    assert asked.target is not None


@pytest.mark.parametrize(("leaves_after", "status"), [(0, 499), (1, 200)])
async def test_a_client_that_leaves_before_or_after_the_end(leaves_after: int, status: int) -> None:
    whole = sample(CHAT, True)
    end = whole.index(b"data: [DONE]")
    made = rig(Recorded(headers=STREAM, body=[whole[:end], whole[end:]]))
    asked = exchange(CHAT, stream=True)
    with pytest.raises(ConnectionResetError):
        await made.relay.run(asked, Client(leaves_after=leaves_after))
    assert asked.status == status


async def test_being_cancelled_while_nothing_is_there_is_499() -> None:
    made = rig()

    async def never(request: object) -> object:
        return await asyncio.Event().wait()

    made.transport.send = never  # type: ignore[method-assign,assignment]
    asked = exchange(CHAT)
    task = asyncio.get_running_loop().create_task(made.relay.run(asked, Client()))
    await settle()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert asked.failure is not None
    assert (asked.status, asked.failure.kind, made.clock.sleepers) == (499, "cancelled", 0)


async def test_a_vendor_that_does_not_stream_is_translated_into_a_stream() -> None:
    made = rig(recorded(CHAT, stream=False))
    asked, sink = exchange(CHAT, stream=True), Client()
    await made.relay.run(asked, sink)
    assert sink.all.rstrip().endswith(b"data: [DONE]")
    assert (asked.status, asked.is_complete) == (200, True)


async def test_replies_are_always_closed() -> None:
    replies = [
        recorded(CHAT),
        Recorded(status=500, body=[ERROR]),
        Recorded(headers=STREAM, body=[b"data: {"]),
    ]
    for reply in replies:
        await rig(reply).relay.run(exchange(CHAT, stream=True), Client())
        assert reply.is_closed


async def test_the_only_account_is_asked_once_more_for_what_may_pass() -> None:
    for fault in (UpstreamUnavailable("Gone."), Recorded(status=500, body=[ERROR])):
        made = rig(fault, recorded(CHAT, False))
        asked, sink = exchange(CHAT), Client()
        await made.relay.run(asked, sink)
        assert (sink.status, asked.attempts, len(made.transport.requests)) == (200, 2, 2)


async def test_a_refused_key_is_read_again_and_only_the_first_time() -> None:
    made = rig(*[Recorded(status=401, body=[ERROR]) for _ in range(4)])
    for calls in (2, 3, 4):
        sink = Client()
        await made.relay.run(exchange(CHAT), sink)
        assert (sink.status, len(made.transport.requests)) == (401, calls)


@pytest.mark.parametrize("status", [400, 403, 404, 413, 429])
async def test_what_will_not_pass_is_asked_once(status: int) -> None:
    made = rig(Recorded(status=status, body=[ERROR]))
    await made.relay.run(exchange(CHAT), Client())
    assert len(made.transport.requests) == 1


async def test_a_vendor_that_names_a_wait_is_not_asked_before() -> None:
    made = rig(Recorded(status=503, headers=LIMITED, body=[ERROR]))
    sink = Client()
    await made.relay.run(exchange(CHAT), sink)
    assert (sink.status, sink.headers["retry-after"], len(made.transport.requests)) == (503, "20", 1)


async def test_a_repeat_waits_for_the_rests_and_then_asks_one_account() -> None:
    made = rig(*[Recorded(status=500, body=[ERROR]) for _ in range(4)], recorded(CHAT, False), accounts=TWO)
    for _ in range(5):
        sink = Client()
        await made.relay.run(exchange(CHAT), sink)
    assert len(made.transport.requests) == 2
    assert (sink.status, sink.headers["retry-after"]) == (503, "1")
    assert b"No." in sink.body
    await made.clock.advance(1.5)
    for _ in range(5):
        await made.relay.run(exchange(CHAT), Client())
    assert len(made.transport.requests) == 4
    # another request is another matter
    other = Client()
    await made.relay.run(exchange(CHAT, headers={"x-other": "1"}, body=_hello("Bye.")), other)
    assert (other.status, len(made.transport.requests)) == (200, 5)


def _hello(text: str) -> bytes:
    return json.dumps({"model": "m", "messages": [{"role": "user", "content": text}]}).encode()


async def test_an_interruption_ends_the_wait_and_blames_nobody() -> None:
    made = rig(accounts=TWO)

    async def never(request: object) -> object:
        return await asyncio.Event().wait()

    made.transport.send = never  # type: ignore[method-assign,assignment]
    asked, sink = exchange(CHAT), Client()
    task = asyncio.get_running_loop().create_task(made.relay.run(asked, sink))
    await settle()
    made.relay.interrupt()
    await task
    assert (sink.status, asked.status, asked.attempts) == (503, 503, 1)
    assert sink.headers["retry-after"] == "5"
    late = Client()
    await made.relay.run(exchange(CHAT), late)
    assert late.status == 503
    assert (made.rested, made.pool.resting(), made.clock.sleepers) == ([], {}, 0)
    made.relay.resume()
    del made.transport.send
    made.transport._replies.append(recorded(CHAT, False))
    again = Client()
    await made.relay.run(exchange(CHAT), again)
    assert again.status == 200
