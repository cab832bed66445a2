from __future__ import annotations

import json
from typing import Any

import pytest
from google.genai import errors as sdk
from google.genai import types

from proxy_core.dialect import Mode
from proxy_core.dialects.gemini_generate.contents_decode import SIGNATURE
from proxy_core.dialects.gemini_generate.reply_encode import signature
from proxy_core.errors import Failure
from proxy_core.ir.fold import fold, unfold
from proxy_core.ir.message import (
    Citation,
    HostedStep,
    Inline,
    Media,
    Part,
    Reasoning,
    Refusal,
    Seal,
    Text,
    ToolCall,
)
from proxy_core.ir.seal import has_envelope, unwrap, wrap_base64
from proxy_core.ir.stream import (
    Begin,
    Candidate,
    End,
    Fault,
    Finish,
    PartBegin,
    PartDelta,
    PartEnd,
    Reply,
    StreamEvent,
    Usage,
    UsageReport,
)
from tests.proxy_core.dialects.gemini_generate.support import (
    NAME,
    chunks,
    client,
    events,
    foreign,
    sent,
)
from tests.samples import load

REPLIES = [sample for sample in load.samples(NAME) if not sample.is_error and not sample.is_count]
FOREIGN = Seal("other", "anthropic.signature", "c2VjcmV0")


def reply(*parts: Part, finish: Finish | None = None, usage: Usage | None = None) -> Reply:
    return Reply("r1", "upstream", (Candidate(parts, finish or Finish("stop", "end", "elsewhere")),), usage)


def wire(*parts: Part, mode: Mode = "stream", **more: Any) -> bytes:
    return sent(mode, unfold(reply(*parts, **more)))


def _parts(body: Any) -> list[Any]:
    """The parts of the first candidate, if there is one; ids and empty arguments may be missing in some."""
    for candidate in body.get("candidates", ()):
        return list(candidate["content"].setdefault("parts", []) or ())
    return []


@pytest.mark.parametrize("sample", REPLIES, ids=lambda sample: sample.name)
def test_samples_come_out_as_they_went_in(sample: load.Sample) -> None:
    found = events("whole", sample.response)
    expected = json.loads(sample.response)
    body = json.loads(sent("whole", found))
    for found_part, part in zip(_parts(body), _parts(expected), strict=True):
        if "functionCall" in part:
            part["functionCall"] = {
                "id": found_part["functionCall"]["id"],
                "args": {},
                **part["functionCall"],
            }
    for candidate in expected.get("candidates", ()):
        candidate["content"].setdefault("role", "model")
    expected["usageMetadata"].setdefault("candidatesTokenCount", 0)
    assert {**body, "modelVersion": ""} == {**expected, "modelVersion": ""}
    assert body["modelVersion"] == foreign().model


@pytest.mark.parametrize("sample", REPLIES, ids=lambda sample: sample.name)
@pytest.mark.parametrize("mode", ["stream", "array"])
def test_what_is_streamed_reads_like_the_whole(sample: load.Sample, mode: Mode) -> None:
    whole = fold(events("whole", sample.response))
    again = fold(events(mode, sent(mode, unfold(whole)), 5))
    assert again == whole


def test_only_the_last_chunk_has_reason_and_usage() -> None:
    *first, last = chunks(wire(Text("a"), ToolCall("c", "f", '{\n"x": 1}'), usage=Usage(3, 4)))
    assert not any("usageMetadata" in item or "finishReason" in item["candidates"][0] for item in first)
    assert last["candidates"][0]["finishReason"] == "STOP"
    assert last["usageMetadata"]["totalTokenCount"] == 7
    calls = [
        part["functionCall"]
        for item in first
        for part in item["candidates"][0]["content"]["parts"]
        if "functionCall" in part
    ]
    assert calls == [{"id": "c", "name": "f", "args": {"x": 1}}]


def test_usage_that_comes_after_the_end_is_still_on_the_last_chunk() -> None:
    stream: list[StreamEvent] = [
        Begin("r1", "m"),
        PartBegin(0, Text("")),
        PartEnd(0, Text("all at once")),
        End(Finish("length")),
        UsageReport(Usage(1, 2)),
    ]
    found = chunks(sent("stream", stream))
    assert found[0]["candidates"][0]["content"]["parts"] == [{"text": "all at once"}]
    assert found[-1]["usageMetadata"]["candidatesTokenCount"] == 2
    assert found[-1]["candidates"][0]["finishReason"] == "MAX_TOKENS"


@pytest.mark.parametrize("mode", ["stream", "whole"])
def test_the_first_call_that_nobody_signed_is_marked_as_foreign(mode: Mode) -> None:
    parts = (Text("a"), ToolCall("c", "f", "{}"), ToolCall("d", "g", "{}"))
    body = wire(*parts, mode=mode)
    found = chunks(body) if mode == "stream" else [json.loads(body)]
    given = [
        part.get("thoughtSignature")
        for item in found
        for part in item["candidates"][0]["content"]["parts"]
        if "functionCall" in part
    ]
    assert given == [wrap_base64(Seal("local", "unsigned", "")), None]
    assert has_envelope(body)
    signed = wire(ToolCall("c", "f", "{}", seal=Seal("v", SIGNATURE, "c2ln")), mode=mode)
    assert not has_envelope(signed)


def test_freeform_input_comes_as_the_argument_input() -> None:
    first, _ = chunks(wire(ToolCall("c", "f", "*** Begin", "freeform")))
    (part,) = first["candidates"][0]["content"]["parts"]
    assert part["functionCall"]["args"] == {"input": "*** Begin"}


def test_the_official_client_reads_a_stream() -> None:
    body = wire(
        Reasoning(("one", "two")),
        Text("a\u2028b", seal=Seal("v", SIGNATURE, "c2ln")),
        ToolCall("c", "f", '{"x":1}'),
        Refusal("no"),
        usage=Usage(5, 9, reasoning_tokens=4),
        finish=Finish("tool"),
    )
    found = list(client(body).models.generate_content_stream(model="m", contents="x"))
    contents = [(item.candidates or [])[0].content for item in found]
    parts = [part for content in contents if content for part in content.parts or []]
    assert "".join(part.text for part in parts if part.thought and part.text) == "one\n\ntwo"
    assert "".join(part.text for part in parts if part.text and not part.thought) == "a\u2028bno"
    assert [part.thought_signature for part in parts if part.thought_signature][0] == b"sig"
    (call,) = [part.function_call for part in parts if part.function_call]
    assert (call.id, call.name, call.args) == ("c", "f", {"x": 1})
    last = found[-1]
    assert last.usage_metadata is not None
    assert last.usage_metadata.thoughts_token_count == 4
    assert last.usage_metadata.candidates_token_count == 5
    assert (last.candidates or [])[0].finish_reason == types.FinishReason.STOP


def test_the_official_client_keeps_the_turn_in_its_history() -> None:
    from tests.proxy_core.dialects.gemini_generate.support import DIALECT

    beat = DIALECT.keep_alive("stream")
    pieces = wire(Text("a"), Text("b")).split(b"\n\n")
    body = beat + b"\n\n".join(beat + piece for piece in pieces if piece) + b"\n\n"
    chat = client(body).chats.create(model="m")
    assert "".join(item.text or "" for item in chat.send_message_stream("x")) == "ab"
    assert len(chat.get_history(curated=True)) > 1


def test_the_official_client_reads_a_whole_reply() -> None:
    body = wire(
        Text("Hi", (Citation("https://a.example", "A", "Hi", 0, 2),)), mode="whole", usage=Usage(1, 1)
    )
    found = client(body, kind="application/json").models.generate_content(model="m", contents="x")
    assert found.text == "Hi"
    grounding = (found.candidates or [])[0].grounding_metadata
    assert grounding is not None
    assert (grounding.grounding_chunks or [])[0].web.uri == "https://a.example"  # type: ignore[union-attr]


def test_state_of_other_vendors_rides_in_a_base64_envelope() -> None:
    (part,) = chunks(wire(Reasoning(("t",), FOREIGN)))[1]["candidates"][0]["content"]["parts"]
    assert part["thought"] is True
    assert unwrap(part["thoughtSignature"], SIGNATURE) == FOREIGN


@pytest.mark.parametrize(
    ("parts", "carrier"),
    [
        ((Reasoning((), FOREIGN), ToolCall("c", "f", "{}")), "functionCall"),
        ((Reasoning((), FOREIGN), Text("a")), "text"),
        ((Text("a"), Reasoning((), FOREIGN)), "text"),
        ((Reasoning((), FOREIGN), Reasoning((), FOREIGN)), "text"),
    ],
)
@pytest.mark.parametrize("mode", ["stream", "whole"])
def test_sealed_thinking_without_text_rides_on_what_clients_send_back(
    parts: tuple[Part, ...], carrier: str, mode: Mode
) -> None:
    body = wire(*parts, mode=mode)
    objects = chunks(body) if mode == "stream" else [json.loads(body)]
    signed = [
        part
        for item in objects
        for part in item["candidates"][0]["content"]["parts"]
        if "thoughtSignature" in part
    ]
    assert len(signed) == sum(isinstance(part, Reasoning) for part in parts)
    assert all(carrier in part and "thought" not in part for part in signed)
    assert unwrap(signed[0]["thoughtSignature"], SIGNATURE) == FOREIGN


def test_a_foreign_seal_without_an_issuer_cannot_travel() -> None:
    assert signature(Seal(None, "anthropic.signature", "x")) is None
    assert signature(Seal(None, SIGNATURE, "c2ln")) == "c2ln"


def test_media_goes_out_and_steps_of_others_do_not() -> None:
    image = Media("image", Inline("image/png", "eA=="))
    body = json.loads(wire(image, HostedStep("web_search", "elsewhere", {"a": 1}), mode="whole"))
    parts = body["candidates"][0]["content"]["parts"]
    assert parts == [{"inlineData": {"mimeType": "image/png", "data": "eA=="}}]


def test_candidates_keep_their_numbers() -> None:
    two = Reply(
        "r1", "m", (Candidate((Text("a"),), Finish("stop")), Candidate((Text("b"),), Finish("length"), 1))
    )
    last = chunks(sent("stream", unfold(two)))[-1]
    assert [(item["index"], item["finishReason"]) for item in last["candidates"]] == [
        (0, "STOP"),
        (1, "MAX_TOKENS"),
    ]


def test_a_blocked_prompt_stays_one() -> None:
    body = json.dumps(
        {"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": {"promptTokenCount": 4}}
    ).encode()
    found = json.loads(sent("whole", events("whole", body)))
    assert found["promptFeedback"] == {"blockReason": "SAFETY"}
    assert "candidates" not in found
    other = json.loads(wire(mode="whole", finish=Finish("filter", "refusal", "elsewhere")))
    assert other["candidates"][0]["finishReason"] == "SAFETY"


@pytest.mark.parametrize("mode", ["stream", "array"])
def test_a_fault_is_the_last_word(mode: Mode) -> None:
    stream: list[StreamEvent] = [
        Begin("r1", "m"),
        PartBegin(0, Text("")),
        PartDelta(0, "a"),
        Fault(Failure("overloaded", 503, "Busy.")),
        PartDelta(0, "b"),
        End(Finish("stop")),
    ]
    body = sent(mode, stream)
    found = chunks(body) if mode == "stream" else json.loads(body)
    assert len(found) == 2
    assert found[1]["error"]["status"] == "UNAVAILABLE"
    if mode == "stream":
        with pytest.raises(sdk.ServerError):
            list(client(body).models.generate_content_stream(model="m", contents="x"))


@pytest.mark.parametrize("mode", ["stream", "array"])
def test_an_unfinished_reply_never_ends_well(mode: Mode) -> None:
    body = sent(mode, [Begin("r1", "m"), PartBegin(0, Text("")), PartDelta(0, "a")])
    found = chunks(body) if mode == "stream" else json.loads(body)
    assert found[-1]["error"]["code"] == 502


@pytest.mark.parametrize("mode", ["stream", "whole"])
def test_a_call_whose_arguments_are_no_object_is_written_unless_a_limit_cut_it(mode: Mode) -> None:
    broken = ToolCall("1", "f", "no object")
    for parts, finish in (((broken,), Finish("tool")), ((broken, Text("and on")), Finish("length"))):
        assert b'"args":{"_raw":"no object"}' in wire(*parts, mode=mode, finish=finish)
    cut = wire(Text("a"), broken, mode=mode, finish=Finish("length"))
    assert b"functionCall" not in cut
    assert b'"finishReason":"MAX_TOKENS"' in cut
