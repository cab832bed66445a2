"""Who listens to replies remembers complete turns, from events as well as from bytes."""

import json
from typing import Any

import pytest

from proxy_core.dialect import Mode
from proxy_core.errors import UpstreamProtocolError
from proxy_core.ir.message import Reasoning, Seal, Text, ToolCall
from proxy_core.ir.reasoning_trace import call_anchor, context
from proxy_core.ir.stream import End, Fault, Finish, PartEnd
from proxy_core.relay.exchange import Exchange
from proxy_core.relay.reasoning_store import Origin, ReasoningStore
from proxy_core.relay.seal_watch import SealWatch
from proxy_core.relay.turn_listener import (
    SESSION_HEADERS,
    TurnListener,
    TurnReader,
    WatchingTap,
    decoded,
    inner_values,
    scope_of,
)
from tests.proxy_core.clocks import FakeClock
from tests.proxy_core.relay.rig import ANTHROPIC, CHAT, dialects, exchange

SEAL = Seal("vendor/one", "anthropic.signature", "c2ln")
CALL = ToolCall("c1", "shell", '{"command":"ls"}')
OTHER_CALL = ToolCall("c2", "shell", "{}")


def store() -> ReasoningStore:
    return ReasoningStore(FakeClock())


def recalled(kept: ReasoningStore, asked: Exchange, call: ToolCall = CALL) -> Any:
    request = asked.request()
    return kept.recall(scope_of(asked, request), call_anchor(call), context(request.messages))


def heard(kept: ReasoningStore, asked: Exchange, *events: Any, upstream: str = ANTHROPIC) -> None:
    listener = TurnListener(kept, asked, dialects()[upstream], "vendor/one")
    for event in events:
        listener.note(event)


def test_a_turn_is_remembered_when_it_is_complete() -> None:
    kept, asked = store(), exchange(CHAT)
    events = (PartEnd(0, Reasoning(("Hm.",), SEAL)), PartEnd(1, CALL))
    heard(kept, asked, *events)
    assert recalled(kept, asked) is None
    heard(kept, asked, *events, Fault(UpstreamProtocolError("Cut.").failure()))
    assert recalled(kept, asked) is None
    heard(kept, asked, *events, End(Finish("tool")))
    issuer, step = recalled(kept, asked)
    assert (issuer, step.seals) == ("vendor/one", (SEAL,))


def test_candidates_are_turns_of_their_own() -> None:
    kept, asked = store(), exchange(CHAT)
    heard(
        kept,
        asked,
        PartEnd(0, Reasoning((), SEAL), 0),
        PartEnd(0, Text("I will."), 1),
        PartEnd(1, CALL, 0),
        PartEnd(1, OTHER_CALL, 1),
        End(Finish("tool"), 0),
        End(Finish("tool"), 1),
    )
    assert recalled(kept, asked) is not None
    assert recalled(kept, asked, OTHER_CALL) is None


def test_only_what_the_client_gets_bare_needs_an_origin() -> None:
    for client, known in ((CHAT, None), (ANTHROPIC, Origin("vendor/one"))):
        kept = store()
        heard(kept, exchange(client), PartEnd(0, Reasoning((), SEAL)))
        assert kept.origin("c2ln") == known


def test_a_conversation_is_told_by_its_key_and_session_else_by_how_it_began() -> None:
    plain = exchange(CHAT)
    scopes = {scope_of(plain, plain.request())}
    for name in SESSION_HEADERS:
        named = exchange(CHAT, headers={name: "s1"})
        scopes.add(scope_of(named, named.request()))
    assert len(scopes) == 2
    other = exchange(CHAT, headers={"session-id": "s2"})
    scopes.add(scope_of(other, other.request()))
    keyed = exchange(CHAT)
    keyed.client_key = "codex"
    scopes.add(scope_of(keyed, keyed.request()))
    begun = exchange(CHAT, body=b'{"model":"m","messages":[{"role":"user","content":"Else."}]}')
    scopes.add(scope_of(begun, begun.request()))
    assert len(scopes) == 5


def test_a_body_that_cannot_be_read_is_nobody_s_conversation() -> None:
    broken = exchange(CHAT, body=b"{")
    assert decoded(broken) is None
    kept = store()
    heard(kept, broken, PartEnd(0, Reasoning((), SEAL)), PartEnd(1, CALL), End(Finish("tool")))
    assert not kept.has_steps


def test_a_list_in_a_seal_has_values_of_its_own() -> None:
    entries = [{"type": "reasoning.text", "signature": "one"}, {"type": "reasoning.encrypted", "data": "two"}]
    listed = Seal(None, "chat.details", json.dumps(entries))
    assert inner_values(listed, dialects()[CHAT]) == [b"one", b"two"]
    assert inner_values(SEAL, dialects()[CHAT]) == ["c2ln"]


def reply(signature: str | None = "c2ln", calls: bool = True) -> dict[str, Any]:
    call: dict[str, Any] = {
        "id": "c1",
        "type": "function",
        "function": {"name": "shell", "arguments": '{"command":"ls"}'},
    }
    if signature is not None:
        call["extra_content"] = {"google": {"thought_signature": signature}}
    message = {"role": "assistant", "content": None, "tool_calls": [call]}
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls"}
    return {"id": "r", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}


def chunks() -> bytes:
    (choice,) = reply()["choices"]
    (call,) = choice["message"]["tool_calls"]
    deltas: list[dict[str, Any]] = [
        {"role": "assistant", "content": ""},
        {"content": "Long before. " * 9},
        {"tool_calls": [{**call, "index": 0}]},
    ]
    head = {"id": "r", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    made = [{**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas]
    made.append({**head, "choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]})
    return b"".join(f"data: {json.dumps(one)}\n\n".encode() for one in made) + b"data: [DONE]\n\n"


def passed(kept: ReasoningStore, asked: Exchange, mode: Mode, *pieces: bytes) -> TurnReader:
    """A reply that goes by, seen by a watch and a reader."""
    fields = asked.dialect.seal_fields
    assert fields is not None
    watch = SealWatch(fields, mode, lambda value: None)
    reader = TurnReader(
        TurnListener(kept, asked, asked.dialect, "vendor/one"), asked, mode, "vendor/one", watch
    )
    for piece in pieces:
        watch.feed(piece)
        reader.feed(piece)
    watch.close()
    reader.close()
    return reader


@pytest.mark.parametrize("size", [1, 50, 1 << 20])
@pytest.mark.parametrize("stream", [False, True])
def test_a_passed_reply_is_read_beside_the_road(stream: bool, size: int) -> None:
    kept, asked = store(), exchange(CHAT, stream=stream)
    data = chunks() if stream else json.dumps(reply()).encode()
    pieces = [data[start : start + size] for start in range(0, len(data), size)]
    passed(kept, asked, "stream" if stream else "whole", *pieces)
    issuer, step = recalled(kept, asked)
    assert (issuer, [seal.value for seal in step.seals]) == ("vendor/one", ["c2ln"])


def test_a_reply_without_reasoning_is_never_decoded() -> None:
    kept, asked = store(), exchange(CHAT)
    reader = passed(kept, asked, "whole", json.dumps(reply(None)).encode())
    assert reader._decoder is None
    assert not kept.has_steps


def test_a_client_that_sends_reasoning_back_needs_no_reader() -> None:
    said = {"role": "assistant", "content": "x", "reasoning_content": "Hm."}
    body = {"model": "m", "messages": [{"role": "user", "content": "Go."}, said]}
    kept, asked = store(), exchange(CHAT, body=json.dumps(body).encode())
    passed(kept, asked, "whole", json.dumps(reply()).encode())
    assert not kept.has_steps


def test_a_reply_that_is_nonsense_after_its_mark_ends_the_reading() -> None:
    kept, asked = store(), exchange(CHAT)
    reader = passed(kept, asked, "whole", b'{"reasoning_content": nonsense')
    reader.feed(b"more")
    assert not kept.has_steps


def test_a_reply_that_is_too_long_is_not_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("proxy_core.relay.turn_listener._MOST_HELD", 1000)
    kept, asked = store(), exchange(CHAT, stream=True)
    reader = passed(kept, asked, "stream", b": comment\n\n" * 200, chunks())
    assert not reader._held
    assert not kept.has_steps


def test_a_watching_tap_is_the_dialect_s_own_tap_with_company() -> None:
    asked, found = exchange(CHAT), list[bytes]()
    inner = asked.dialect.tap("whole")
    fields = asked.dialect.seal_fields
    assert fields is not None
    kept, watch = store(), SealWatch(fields, "whole", found.append)
    listener = TurnListener(kept, asked, asked.dialect, "v")
    tap = WatchingTap(inner, watch, TurnReader(listener, asked, "whole", "v", watch))
    tap.feed(json.dumps({**reply(), "usage": {"prompt_tokens": 3, "completion_tokens": 4}}).encode())
    tap.close()
    assert found == [b"c2ln"]
    assert tap.usage is not None
    assert (tap.usage.input_tokens, tap.is_complete, tap.failure) == (3, True, None)
    assert (tap.finish, tap.is_done, tap.has_content) == (inner.finish, inner.is_done, inner.has_content)
    assert tap.encode_fault(UpstreamProtocolError("Cut.").failure()) == b""
    assert recalled(kept, asked) is not None
