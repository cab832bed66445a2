"""Reasoning goes to its issuer, and comes out of the store for its own conversation only."""

import json
from dataclasses import replace
from typing import Any

import pytest

from proxy_core.ir.message import Reasoning, Seal, ToolCall
from proxy_core.ir.reasoning_trace import seals_of
from proxy_core.ir.seal import wrap, wrap_base64
from proxy_core.ir.stream import End, Finish, PartEnd
from proxy_core.relay.continuity import Continuity
from proxy_core.relay.exchange import Exchange
from proxy_core.relay.reasoning_store import ReasoningStore
from tests.proxy_core.clocks import FakeClock
from tests.proxy_core.relay.rig import ANTHROPIC, CHAT, GEMINI, RESPONSES, dialects, exchange

ONE, TWO = "vendor/one", "vendor/two"


def pair() -> tuple[Continuity, ReasoningStore]:
    store = ReasoningStore(FakeClock())
    return Continuity(store), store


def with_reasoning(*values: str) -> Exchange:
    """A Responses conversation with native reasoning."""
    items: list[dict[str, Any]] = [{"role": "user", "content": "Go."}]
    for number, value in enumerate(values):
        items += [
            {"type": "reasoning", "id": f"rs_{number}", "summary": [], "encrypted_content": value},
            {"type": "function_call", "call_id": f"c{number}", "name": "shell", "arguments": "{}"},
            {"type": "function_call_output", "call_id": f"c{number}", "output": "ok"},
        ]
    return exchange(RESPONSES, body=json.dumps({"model": "m", "input": items}).encode())


def stripped(**more: Any) -> Exchange:
    """A Chat conversation of a client that knows no reasoning."""
    call = {"id": "c1", "type": "function", "function": {"name": "shell", "arguments": '{"command": "ls"}'}}
    messages = [
        {"role": "user", "content": "Hello."},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": "ok"},
    ]
    return exchange(CHAT, body=json.dumps({"model": "m", "messages": messages}).encode(), **more)


def heard(continuity: Continuity, issuer: str = ONE, kind: str = "chat.signature") -> None:
    """The vendor called a tool in answer to the first request of `stripped`."""
    seal = Seal(issuer, kind, "c2ln")
    listener = continuity.listener(exchange(CHAT), dialects()[ANTHROPIC], issuer)
    listener.note(PartEnd(0, ToolCall("c1", "shell", '{"command":"ls"}', seal=seal)))
    listener.note(End(Finish("tool")))


def test_a_body_goes_as_it_is_to_its_issuer_and_where_nothing_is_known() -> None:
    continuity, store = pair()
    asked = with_reasoning("mine", "unknown")
    assert not continuity.needs_representation(asked, ONE)
    store.issued("mine", ONE, RESPONSES)
    assert not continuity.needs_representation(asked, ONE)
    assert continuity.needs_representation(asked, TWO)


def test_of_another_s_reasoning_nothing_is_left_and_what_is_unknown_goes_on() -> None:
    continuity, store = pair()
    asked = with_reasoning("mine", "unknown")
    store.issued("mine", ONE, RESPONSES)
    for issuer, issuers in ((ONE, [ONE, None]), (TWO, [ONE, None])):
        found = continuity.completed(asked, asked.request(), issuer)
        assert [seal.issuer for seal in seals_of(found)] == issuers


def test_what_an_issuer_refused_it_does_not_get_again() -> None:
    continuity, store = pair()
    asked = with_reasoning("mine", "unknown")
    store.issued("mine", ONE, RESPONSES)
    continuity.refused(asked, None, asked.dialect, ONE)
    assert continuity.needs_representation(asked, ONE)
    found = continuity.completed(asked, asked.request(), ONE)
    assert ONE not in {seal.issuer for seal in seals_of(found)}
    assert None not in {seal.issuer for seal in seals_of(found)}
    # the other one was not asked
    assert None in {seal.issuer for seal in seals_of(continuity.completed(asked, asked.request(), TWO))}


def test_what_was_remembered_and_then_refused_is_not_put_in_again() -> None:
    continuity, _ = pair()
    heard(continuity)
    asked = stripped()
    request = continuity.completed(asked, asked.request(), ONE)
    assert [seal.value for seal in seals_of(request)] == ["c2ln"]
    continuity.refused(asked, request, dialects()[CHAT], ONE)
    assert list(seals_of(continuity.completed(asked, asked.request(), ONE))) == []


def test_a_client_that_strips_gets_its_reasoning_back_for_the_issuer_only() -> None:
    continuity, _ = pair()
    asked = stripped()
    assert not continuity.needs_representation(asked, ONE)
    heard(continuity)
    assert continuity.needs_representation(asked, ONE)
    assert not continuity.needs_representation(asked, TWO)
    assert list(seals_of(continuity.completed(asked, asked.request(), TWO))) == []


def test_another_key_or_session_gets_nothing() -> None:
    continuity, _ = pair()
    heard(continuity)
    other_key = stripped()
    other_key.client_key = "other"
    for asked in (other_key, stripped(headers={"session-id": "s"})):
        assert continuity.completed(asked, asked.request(), ONE) is asked.request()
        assert continuity.latest_issuer(asked, {ONE, TWO}) is None


def test_embeddings_and_bodies_that_nobody_understands_pass() -> None:
    continuity, store = pair()
    heard(continuity)
    store.issued("mine", TWO, CHAT)
    broken = exchange(CHAT, body=b'{"tool_calls": "\xff')
    assert not continuity.needs_representation(broken, ONE)
    assert continuity.latest_issuer(broken, {ONE, TWO}) is None
    endpoint = next(one for one in dialects()[CHAT].endpoints if one.operation == "embeddings")
    embedding = stripped()
    embedding.call = replace(embedding.call, endpoint=endpoint)
    assert not continuity.needs_representation(embedding, ONE)
    assert continuity.latest_issuer(embedding, {ONE, TWO}) is None
    assert type(continuity.tap(embedding, "whole", ONE)) is type(embedding.dialect.tap("whole"))


def test_the_latest_issuer_is_known_by_native_values() -> None:
    continuity, store = pair()
    asked = with_reasoning("first", "second", "third")
    assert continuity.latest_issuer(asked, {ONE, TWO}) is None
    store.issued("first", ONE, RESPONSES)
    store.issued("second", TWO, RESPONSES)
    assert continuity.latest_issuer(asked, {ONE, TWO}) == TWO
    assert continuity.latest_issuer(asked, {ONE}) == ONE
    assert continuity.latest_issuer(asked, set()) is None


@pytest.mark.parametrize("wrapped", [wrap, wrap_base64])
def test_the_latest_issuer_is_known_by_envelopes(wrapped: Any) -> None:
    continuity, _ = pair()
    parts = [
        {"text": "x", "thoughtSignature": wrapped(Seal(issuer, "k", "v" * 50))}
        for issuer in (ONE, TWO, "local", "elsewhere")
    ]
    body = {"contents": [{"role": "user", "parts": [{"text": "Go."}]}, {"role": "model", "parts": parts}]}
    asked = exchange(GEMINI, body=json.dumps(body).encode())
    assert continuity.latest_issuer(asked, {ONE, TWO}) == TWO
    assert continuity.latest_issuer(asked, {ONE}) == ONE
    assert continuity.latest_issuer(asked, {"third"}) is None


def test_the_latest_issuer_is_known_by_what_was_remembered() -> None:
    continuity, _ = pair()
    heard(continuity, TWO)
    assert continuity.latest_issuer(stripped(), {ONE, TWO}) == TWO
    assert continuity.latest_issuer(stripped(), {ONE}) is None


def test_a_passed_reply_tells_who_issued_it_before_its_client_can_send_it_back() -> None:
    continuity, store = pair()
    asked = exchange(RESPONSES, stream=True)
    tap = continuity.tap(asked, "stream", ONE)
    item = {"type": "reasoning", "id": "rs_1", "encrypted_content": "mine"}
    event = {"type": "response.output_item.done", "output_index": 0, "item": item}
    tap.feed(f"data: {json.dumps(event)}\n\n".encode())
    origin = store.origin("mine")
    assert origin is not None
    assert origin.issuer == ONE
    assert continuity.needs_representation(with_reasoning("mine"), TWO)


def test_a_list_with_one_foreign_entry_is_foreign() -> None:
    continuity, store = pair()
    store.issued("theirs", TWO, CHAT)
    details = [
        {"type": "reasoning.text", "text": "Hm.", "signature": "unknown"},
        {"type": "reasoning.encrypted", "data": "theirs"},
    ]
    said = {"role": "assistant", "content": "x", "reasoning_details": details}
    body = {"model": "m", "messages": [{"role": "user", "content": "Go."}, said]}
    asked = exchange(CHAT, body=json.dumps(body).encode())
    assert continuity.needs_representation(asked, ONE)
    (seal,) = seals_of(continuity.completed(asked, asked.request(), ONE))
    assert seal.issuer == TWO
    assert not continuity.needs_representation(asked, TWO)


def test_reasoning_parts_are_what_is_kept() -> None:
    continuity, store = pair()
    listener = continuity.listener(exchange(CHAT), dialects()[ANTHROPIC], ONE)
    listener.note(PartEnd(0, Reasoning(("Hm.",), Seal(ONE, "anthropic.signature", "c2ln"))))
    listener.note(PartEnd(1, ToolCall("c1", "shell", '{"command":"ls"}')))
    listener.note(End(Finish("tool")))
    assert store.has_steps
    asked = stripped()
    thought, call = continuity.completed(asked, asked.request(), ONE).messages[1].parts
    assert isinstance(thought, Reasoning)
    assert (thought.text, thought.seal and thought.seal.issuer) == ("Hm.", ONE)
    assert call == asked.request().messages[1].parts[0]
