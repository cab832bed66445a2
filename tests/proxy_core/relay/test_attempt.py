import pytest

from proxy_core.errors import Failure, UpstreamProtocolError
from proxy_core.ir.request import ReasoningControl
from proxy_core.relay.attempt import (
    RefusedReply,
    at_boundary,
    encode_target,
    overridden,
    refuse_errors,
    start,
    stream_headers,
)
from proxy_core.transports.replay import Recorded
from tests.proxy_core.relay.rig import ANTHROPIC, CHAT, Client, attempt, pulse


@pytest.mark.parametrize("status", [200, 201, 299])
async def test_a_good_status_is_no_error(status: int) -> None:
    await refuse_errors(attempt(CHAT, CHAT, Client(), pulse()), Recorded(status=status))


@pytest.mark.parametrize(
    ("status", "kind", "scope"),
    [
        (429, "rate_limit", "model"),
        (401, "authentication", "account"),
        (500, "server", "model"),
        (302, "invalid_request", "request"),
    ],
)
async def test_an_error_is_read_and_kept(status: int, kind: str, scope: str) -> None:
    body = b'{"error": {"message": "Its words.", "type": "x"}}'
    reply = Recorded(
        status=status, headers={"content-type": "application/json", "retry-after": "7"}, body=[body]
    )
    with pytest.raises(RefusedReply) as caught:
        await refuse_errors(attempt(CHAT, CHAT, Client(), pulse()), reply)
    refused = caught.value
    assert (refused.failure.kind, refused.failure.scope, refused.failure.message) == (
        kind,
        scope,
        "Its words.",
    )
    assert (refused.status, refused.body, refused.headers["retry-after"]) == (status, body, "7")
    assert refused.failure.retry_after_s == (7 if status in (429, 500) else None)


async def test_an_error_whose_body_breaks_is_an_error_all_the_same() -> None:
    reply = Recorded(status=503, body=[b"{"], error=UpstreamProtocolError("Cut."))
    with pytest.raises(RefusedReply) as caught:
        await refuse_errors(attempt(CHAT, CHAT, Client(), pulse()), reply)
    assert caught.value.failure.kind == "overloaded"


def test_what_a_reply_reports_gets_the_provider_s_scope() -> None:
    found = attempt(CHAT, CHAT, Client(), pulse())
    assert found.classified(Failure("server", 500, "x"), {}).scope == "model"
    assert found.classified(Failure("rate_limit", 429, "x"), {"retry-after": "3"}).retry_after_s == 3
    assert found.classified(Failure("invalid_request", 400, "x"), {}).scope == "request"


async def test_headers_of_the_vendor_go_to_a_client_of_its_dialect_only() -> None:
    vendor_s = {"x-request-id": "r1", "set-cookie": "a=1"}
    for upstream, passes in ((CHAT, True), (ANTHROPIC, False)):
        sink = Client()
        found = attempt(CHAT, upstream, sink, pulse())
        await start(found, vendor_s)
        assert ("x-request-id" in sink.headers) is passes
        assert "set-cookie" not in sink.headers
        assert sink.headers["x-accel-buffering"] == "no"
        await start(found, {"x-request-id": "r2"})
        assert sink.headers.get("x-request-id") == ("r1" if passes else None)
    assert stream_headers(found, {})["content-type"].startswith("text/event-stream")


@pytest.mark.parametrize(
    ("last", "is_boundary"),
    [
        (b"", True),
        (b"}\n\n", True),
        (b"\r\n\r\n", True),
        (b"}\r\r", True),
        (b"}\n", False),
        (b"x", False),
        (b"\r\n", False),
    ],
)
def test_boundaries(last: bytes, is_boundary: bool) -> None:
    assert at_boundary(last) is is_boundary


def test_a_name_s_thinking_goes_over_the_body_s_and_leaves_how_it_is_shown() -> None:
    request = attempt(CHAT, ANTHROPIC, Client(), pulse()).request
    assert request is not None
    assert overridden(request, None) == request.reasoning
    found = overridden(request, ReasoningControl("level", "high"))
    assert (found.mode, found.level, found.show) == ("level", "high", request.reasoning.show)


def test_whom_to_encode_for() -> None:
    found = encode_target(attempt(CHAT, CHAT, Client(), pulse()), stream=True)
    assert (found.model, found.issuer, found.stream, found.strict) == ("m", "vendor/one", True, True)
    assert not found.without_reasoning
