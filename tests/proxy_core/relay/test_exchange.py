import json

import pytest

from proxy_core.errors import DecodeError
from proxy_core.ir.request import Loss
from tests.proxy_core.relay.rig import CHAT, RESPONSES, exchange


def test_a_request_is_decoded_once_and_late(monkeypatch: pytest.MonkeyPatch) -> None:
    found = exchange(CHAT)
    assert found.request() is found.request()
    assert found.operation == "chat"
    with pytest.raises(DecodeError):
        exchange(CHAT, body=b"{}").request()


def test_what_was_dropped_fits_into_a_header() -> None:
    found = exchange(CHAT)
    assert found.dropped() == ""
    found.losses = tuple(
        Loss(path, "No.") for path in ("seed", "top_k", "seed", "ümlaut\r\nx: y", "messages[].what I said")
    )
    assert found.dropped() == "seed, top_k, ?, messages[].?"
    asked = exchange(RESPONSES)
    asked.losses = (
        Loss("messages[2].name", "No."),
        Loss("messages[4].name", "No."),
        Loss("verbosity", "No."),
    )
    assert asked.dropped() == "input[].name, text.verbosity"
    found.losses = tuple(Loss(f"knob_{number}", "No.") for number in range(500))
    assert len(found.dropped()) == 1000
    assert found.dropped().endswith("...")


def test_the_body_is_not_shown_where_exchanges_are_printed() -> None:
    found = exchange(CHAT)
    found.request()
    assert "Request(" not in repr(found)


def test_what_the_body_holds_of_reasoning_is_looked_for_once() -> None:
    item = {"type": "reasoning", "encrypted_content": "one"}
    found = exchange(RESPONSES, body=json.dumps({"model": "m", "input": [item]}).encode())
    assert (found.shows_reasoning, found.seal_values, found.holds_envelope) == (True, (b"one",), False)
    assert found.seal_values is found.seal_values
    wrapped = exchange(RESPONSES, body=b'{"input":"trunkline.1:a:b:YQ"}')
    assert (wrapped.shows_reasoning, wrapped.seal_values, wrapped.holds_envelope) == (False, (), True)
