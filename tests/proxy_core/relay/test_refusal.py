import json

import pytest

from proxy_core.errors import Failure
from proxy_core.relay.attempt import RefusedReply
from proxy_core.relay.refusal import refuse
from tests.proxy_core.relay.rig import ANTHROPIC, CHAT, GEMINI, RESPONSES, TARGET, Client, exchange

LIMIT = Failure("rate_limit", 429, "Slow down.", retry_after_s=6.2, scope="model")
OWN = b'{"error": {"message":   "Slow down.", "x": 1.50}}'
SAID = {"content-type": "application/json", "retry-after": "60", "x-request-id": "r1", "set-cookie": "a"}


@pytest.mark.parametrize("dialect", [CHAT, RESPONSES, ANTHROPIC, GEMINI])
async def test_a_failure_is_written_in_the_client_s_dialect(dialect: str) -> None:
    asked, sink = exchange(dialect), Client()
    asked.target = TARGET
    await refuse(asked, sink, RefusedReply(LIMIT, 429, SAID, OWN), 5)
    assert (sink.status, asked.status, asked.failure) == (429, 429, LIMIT)
    assert (sink.headers["retry-after"], sink.headers["x-trunkline-provider"]) == ("7", "vendor")
    assert sink.body != OWN
    assert json.loads(sink.body)["error"]["message"] == "Slow down."


async def test_the_vendor_s_own_goes_on_letter_for_letter_with_our_hint() -> None:
    asked, sink = exchange(CHAT), Client()
    asked.upstream_dialect = CHAT
    await refuse(asked, sink, RefusedReply(LIMIT, 429, SAID, OWN), 5)
    assert (sink.status, sink.body) == (429, OWN)
    assert (sink.headers["retry-after"], sink.headers["x-request-id"]) == ("7", "r1")
    assert "set-cookie" not in sink.headers


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [(302, SAID, OWN), (0, {}, b""), (502, {"content-type": "text/html"}, b"<h1>"), (500, SAID, b"")],
)
async def test_what_is_no_error_of_the_dialect_is_written_anew(
    status: int, headers: dict[str, str], body: bytes
) -> None:
    asked, sink = exchange(CHAT), Client()
    asked.upstream_dialect = CHAT
    await refuse(asked, sink, RefusedReply(Failure("server", 502, "Broken."), status, headers, body), 5)
    assert sink.status == 502
    assert json.loads(sink.body)["error"]["message"] == "Broken."


@pytest.mark.parametrize("dialect", [CHAT, RESPONSES, ANTHROPIC, GEMINI])
async def test_after_keep_alives_it_is_the_only_thing_in_the_stream(dialect: str) -> None:
    asked, sink = exchange(dialect, stream=True), Client()
    asked.peek = asked.dialect.peek(asked.body, asked.call)
    await sink.start(200, {})
    await refuse(asked, sink, RefusedReply(LIMIT, 429, SAID, OWN), 5)
    assert "Slow down." in sink.all.decode()
    assert asked.status == 429
    # the clients of one dialect repeat only what was aborted
    assert (sink.is_finished, sink.is_aborted) == ((False, True) if dialect == CHAT else (True, False))
    assert (b"data:" in sink.all) is (dialect != CHAT)


async def test_what_no_repetition_heals_is_told_in_an_object() -> None:
    asked, sink = exchange(CHAT, stream=True), Client()
    asked.peek = asked.dialect.peek(asked.body, asked.call)
    await sink.start(200, {})
    await refuse(asked, sink, RefusedReply(Failure("permission", 403, "Not yours."), 403, {}, b""), 5)
    assert (sink.is_finished, sink.is_aborted) == (True, False)
    assert json.loads(sink.all.removeprefix(b"data: "))["error"]["message"] == "Not yours."


@pytest.mark.parametrize("dialect", [CHAT, RESPONSES, ANTHROPIC, GEMINI])
async def test_a_whole_reply_that_was_begun_can_only_break(dialect: str) -> None:
    asked, sink = exchange(dialect), Client()
    asked.peek = asked.dialect.peek(asked.body, asked.call)
    await sink.start(200, {})
    await refuse(asked, sink, RefusedReply(LIMIT, 0, {}, b""), 5)
    assert (sink.all, sink.is_finished, sink.is_aborted, asked.status) == (b"", False, True, 429)


async def test_a_hint_that_clients_read_in_the_body_is_put_there() -> None:
    bare = b'{"error": {"code": 429, "message": "Slow down.", "status": "RESOURCE_EXHAUSTED"}}'
    asked, sink = exchange(GEMINI), Client()
    asked.upstream_dialect = GEMINI
    await refuse(asked, sink, RefusedReply(LIMIT, 429, SAID, bare), 5)
    (detail,) = json.loads(sink.body)["error"]["details"]
    assert (detail["retryDelay"], sink.headers["retry-after"]) == ("7s", "7")


async def test_also_if_the_body_was_never_right() -> None:
    asked, sink = exchange(CHAT, body=b'{"model": "m", "stream": true, "messages": 5}'), Client()
    asked.peek = asked.dialect.peek(asked.body, asked.call)
    await sink.start(200, {})
    await refuse(asked, sink, RefusedReply(LIMIT, 0, {}, b""), 5)
    assert "Slow down." in sink.all.decode()
