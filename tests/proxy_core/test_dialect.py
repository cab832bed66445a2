from dataclasses import FrozenInstanceError

import pytest

from proxy_core.dialect import Call, Edits, EncodeTarget, Endpoint, ErrorReply
from proxy_core.profile import ModelProfile

ENDPOINT = Endpoint("POST", "/v1/chat", "chat")


def test_an_endpoint_that_does_not_say_leaves_streaming_to_the_body() -> None:
    assert ENDPOINT.streams is None
    assert Endpoint("POST", "/v1/chat:stream", "chat", True).streams


def test_what_a_call_brings_cannot_be_written() -> None:
    call = Call(ENDPOINT)
    assert (call.path_model, call.query, call.headers) == (None, {}, {})
    with pytest.raises(TypeError):
        call.headers["a"] = "b"  # type: ignore[index]
    with pytest.raises(TypeError):
        ErrorReply(400, b"").headers["a"] = "b"  # type: ignore[index]


def test_no_edits_means_leave_it_as_it_is() -> None:
    assert Edits() == Edits(model=None, stream=None, want_usage=False, reasoning=None)


def test_targets_are_values_and_strict_unless_said_otherwise() -> None:
    target = EncodeTarget("m", "one", ModelProfile("m"), False)
    assert target.strict
    assert target == EncodeTarget("m", "one", ModelProfile("m"), False)
    with pytest.raises(FrozenInstanceError):
        target.model = "other"  # type: ignore[misc]
