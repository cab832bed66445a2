import json
from dataclasses import replace

import pytest

from proxy_core.accounts.account import Account
from proxy_core.errors import DecodeError, RouteError, UnsupportedError
from proxy_core.ir.request import ReasoningControl
from proxy_core.ir.seal import PREFIX
from proxy_core.provider import Provider
from proxy_core.relay.attempt import Attempt
from proxy_core.relay.exchange import Exchange
from proxy_core.relay.prepare import prepare, represented, upstream_body
from proxy_core.routing.resolve import Resolution
from tests.proxy_core.relay.rig import (
    ANTHROPIC,
    CHAT,
    GEMINI,
    TARGET,
    Client,
    dialects,
    exchange,
    provider,
    pulse,
)

PLAIN = Resolution((TARGET,), "m")


def prepared(asked: Exchange, vendor: Provider, resolution: Resolution = PLAIN, wanted: str = "") -> Attempt:
    asked.peek = asked.dialect.peek(asked.body, asked.call)
    account = Account("one", vendor, "One", dialect=wanted)
    return prepare(asked, Client(), pulse(), resolution.targets[0], account, dialects(), resolution, 5)


def test_the_same_dialect_and_name_is_verbatim() -> None:
    asked = exchange(CHAT)
    found = prepared(asked, provider(ANTHROPIC, CHAT))
    assert found.plan.is_passthrough
    assert asked.upstream_dialect == CHAT
    assert found.request is None
    assert upstream_body(found, PLAIN) is asked.body


def test_another_name_or_thinking_is_a_shallow_edit() -> None:
    asked = exchange(CHAT)
    other = replace(TARGET, model="other")
    found = prepared(asked, provider(CHAT), Resolution((other,), "m", ReasoningControl("level", "low")))
    edited = json.loads(upstream_body(found, Resolution((other,), "m", ReasoningControl("level", "low"))))
    assert (edited["model"], edited["reasoning_effort"]) == ("other", "low")
    assert edited["messages"] == json.loads(asked.body)["messages"]


def test_another_dialect_is_translated_and_thinking_overridden() -> None:
    thinking = Resolution((TARGET,), "m", ReasoningControl("level", "high"))
    found = prepared(exchange(CHAT, stream=True), provider(ANTHROPIC), thinking)
    assert found.request is not None
    assert (found.request.model, found.request.reasoning.level) == ("m", "high")
    body = json.loads(upstream_body(found, thinking))
    assert (body["model"], body["stream"]) == ("m", True)


def test_an_envelope_of_ours_is_taken_out_even_within_one_dialect() -> None:
    body = {"model": "m", "messages": [{"role": "user", "content": f"{PREFIX}abc"}]}
    found = prepared(exchange(CHAT, body=json.dumps(body).encode()), provider(CHAT))
    assert not found.plan.is_passthrough


def test_an_array_is_only_passed_where_the_vendor_has_arrays() -> None:
    asked = exchange(GEMINI, stream=True)
    asked.call = replace(asked.call, query={})
    assert not prepared(asked, provider(GEMINI)).plan.is_passthrough
    assert prepared(asked, provider(GEMINI, operations=("chat", "array"))).plan.is_passthrough


def test_an_account_that_is_gone_is_a_route_error() -> None:
    with pytest.raises(RouteError):
        prepare(exchange(CHAT), Client(), pulse(), TARGET, None, dialects(), PLAIN, 5)


def test_nothing_that_fits_is_unsupported() -> None:
    with pytest.raises(UnsupportedError):
        prepared(exchange(CHAT), provider(ANTHROPIC), wanted=GEMINI)


def test_depth_is_the_caller_s_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    found = prepared(exchange(CHAT), provider(CHAT))

    def deep() -> None:
        raise RecursionError

    monkeypatch.setattr(Exchange, "request", lambda self: deep())
    with pytest.raises(DecodeError, match="nested too deeply"):
        represented(found, PLAIN)


@pytest.mark.parametrize("speaks", [CHAT, GEMINI, ANTHROPIC])
def test_thinking_that_the_target_cannot_do_is_a_loss_on_either_way(speaks: str) -> None:
    dull = replace(TARGET, profile=replace(TARGET.profile, known=True, thinking=None))
    for control, dropped in (
        (ReasoningControl("level", "high"), "reasoning_effort"),
        (ReasoningControl("off"), ""),
    ):
        asked = exchange(CHAT)
        wish = Resolution((dull,), "m", control)
        found = prepared(asked, provider(speaks), wish)
        assert found.plan.is_passthrough is (speaks == CHAT)
        upstream_body(found, wish)
        assert asked.dropped() == dropped


def test_a_refusal_names_the_member_that_the_caller_wrote() -> None:
    body = b'{"contents":[{"role":"user","parts":[{"text":"Hi."}]}],"generationConfig":{"candidateCount":2}}'
    with pytest.raises(UnsupportedError) as caught:
        prepared(exchange(GEMINI, body=body), provider(ANTHROPIC))
    assert caught.value.param == "generationConfig.candidateCount"
