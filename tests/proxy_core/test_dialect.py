from dataclasses import FrozenInstanceError

import pytest

from proxy_core.dialect import (
    Call,
    DecodeSource,
    Edits,
    EncodeTarget,
    Endpoint,
    ErrorReply,
    Mode,
    own_path,
)
from proxy_core.errors import Failure, FailureKind
from proxy_core.ir.request import EncodedRequest
from proxy_core.profile import ModelProfile
from tests.proxy_core.relay.rig import dialects, exchange
from tests.samples import load

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


def test_a_lost_member_is_told_as_the_caller_wrote_it() -> None:
    names = {"messages": "contents", "seed": "config.seed", "messages[].reasoning": "contents[].thought"}
    assert own_path("seed", names) == "config.seed"
    assert own_path("messages[12].name", names) == "contents[].name"
    assert own_path("messages[0].reasoning", names) == "contents[].thought"
    assert own_path("tools[3]", names) == "tools[]"
    assert own_path("messages[3].content", names, with_places=True) == "contents[3].content"
    assert own_path("", names) == ""


def test_no_edits_means_leave_it_as_it_is() -> None:
    assert Edits() == Edits(model=None, stream=None, want_usage=False, reasoning=None)


def test_targets_are_values_and_strict_unless_said_otherwise() -> None:
    target = EncodeTarget("m", "one", ModelProfile("m"), False)
    assert target.strict
    assert target == EncodeTarget("m", "one", ModelProfile("m"), False)
    with pytest.raises(FrozenInstanceError):
        target.model = "other"  # type: ignore[misc]


STREAMED = ("openai_chat", "openai_responses", "anthropic_messages", "gemini_generate")


@pytest.mark.parametrize("name", [*STREAMED, "openai_completions"])
@pytest.mark.parametrize("mode", ["stream", "array"])
def test_only_chat_parts_with_a_comment_and_only_from_what_may_pass(name: str, mode: Mode) -> None:
    dialect = dialects()[name]
    passing: tuple[FailureKind, ...] = ("server", "overloaded", "timeout", "rate_limit")
    final: tuple[FailureKind, ...] = ("invalid_request", "permission", "billing", "context_length")
    for kind in passing:
        last = dialect.parting(Failure(kind, 500, "Broken.\nTwice."), mode)
        if name in ("openai_chat", "openai_completions"):
            assert last == b": error: Broken. Twice.\n\n"
        else:
            assert last is None
    for kind in final:
        assert dialect.parting(Failure(kind, 400, "No."), mode) is None


@pytest.mark.parametrize("name", STREAMED)
def test_a_tap_tells_the_opening_from_what_is_said_and_knows_the_last_event(name: str) -> None:
    sample = load.sample(name, "01-plain-text")
    assert sample.stream is not None
    tap, said, done = dialects()[name].tap("stream"), list[bool](), list[bool]()
    frames = [frame + b"\n\n" for frame in sample.stream.replace(b"\r\n", b"\n").split(b"\n\n") if frame]
    for frame in frames:
        tap.feed(b": comment\n\n")
        tap.feed(frame)
        said.append(tap.has_content)
        done.append(tap.is_done)
    first = said.index(True)
    assert said == [False] * first + [True] * (len(frames) - first)
    assert not any(b"Hello" in frame and b"delta" in frame for frame in frames[:first])
    assert done == [False] * (len(frames) - 1) + [name != "gemini_generate"]


@pytest.mark.parametrize("name", STREAMED)
def test_a_decoder_knows_the_last_event(name: str) -> None:
    sample = load.sample(name, "01-plain-text")
    assert sample.stream is not None
    asked = exchange(name, stream=True)
    source = DecodeSource("vendor", asked.request(), EncodedRequest(asked.body))
    decoder, ends, done = dialects()[name].reply_decoder("stream", source), list[bool](), list[bool]()
    for frame in sample.stream.replace(b"\r\n", b"\n").split(b"\n\n"):
        decoder.feed(frame + b"\n\n")
        ends.append(decoder.can_end)
        done.append(decoder.is_done)
    assert (ends[0], ends[-1], done[0], done[-1]) == (len(ends) == 1, True, False, name != "gemini_generate")
    assert not any(is_done and not can_end for can_end, is_done in zip(ends, done, strict=True))
