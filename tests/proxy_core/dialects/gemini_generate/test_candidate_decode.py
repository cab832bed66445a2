from __future__ import annotations

from typing import Any

from proxy_core.dialects.gemini_generate.candidate_decode import CandidateReader
from proxy_core.dialects.gemini_generate.contents_decode import SIGNATURE
from proxy_core.dialects.gemini_generate.reading import Node
from proxy_core.ir.message import Inline, Media, Part, Reasoning, Seal, Text, ToolCall
from proxy_core.ir.stream import End, PartBegin, PartDelta, PartEnd, StreamEvent


def read(*pieces: list[Any], **members: Any) -> list[StreamEvent]:
    reader = CandidateReader(0, "vendor", "r1")
    events: list[StreamEvent] = []
    for at, parts in enumerate(pieces):
        more = members if at == len(pieces) - 1 else {}
        events += reader.take(Node.of({"content": {"parts": parts}, **more}, "candidate"))
    return events + reader.close()


def parts(*pieces: list[Any], **members: Any) -> list[Part]:
    return [event.part for event in read(*pieces, **members) if isinstance(event, PartEnd)]


def seal(value: str) -> Seal:
    return Seal("vendor", SIGNATURE, value)


def test_one_part_is_open_at_a_time_and_numbers_are_dense() -> None:
    events = read(
        [{"text": "t", "thought": True}, {"text": "a"}], [{"text": "b"}, {"functionCall": {"name": "f"}}]
    )
    shape = [(type(event).__name__, getattr(event, "index", None)) for event in events]
    assert shape == [
        ("PartBegin", 0), ("PartDelta", 0), ("PartEnd", 0),
        ("PartBegin", 1), ("PartDelta", 1), ("PartDelta", 1), ("PartEnd", 1),
        ("PartBegin", 2), ("PartDelta", 2), ("PartEnd", 2), ("End", None),
    ]  # fmt: skip
    assert isinstance(events[0], PartBegin)
    assert isinstance(events[1], PartDelta)


def test_two_texts_in_one_chunk_both_count() -> None:
    assert parts([{"text": "a"}, {"text": "b"}]) == [Text("ab")]


def test_a_signature_that_comes_alone_belongs_to_the_part_before() -> None:
    assert parts([{"text": "a"}], [{"text": "", "thoughtSignature": "c2ln"}]) == [
        Text("a", seal=seal("c2ln"))
    ]
    assert parts([{"text": "a"}], [{"thoughtSignature": "c2ln"}]) == [Text("a", seal=seal("c2ln"))]
    call = {"functionCall": {"id": "a", "name": "f"}}
    assert parts([call], [{"text": "", "thoughtSignature": "c2ln"}]) == [
        ToolCall("a", "f", "{}"),
        Reasoning((), seal("c2ln")),
    ]


def test_several_signed_texts_keep_every_signature() -> None:
    signed = [
        {"text": "a", "thoughtSignature": "b25l"},
        {"text": "b", "thoughtSignature": "dHdv"},
        {"text": "c"},
    ]
    assert parts(signed) == [Text("a", seal=seal("b25l")), Text("b", seal=seal("dHdv")), Text("c")]


def test_parallel_calls_get_ids_of_their_own_and_only_the_first_is_signed() -> None:
    call = {"functionCall": {"name": "f", "args": {"x": 1}}}
    first, second = parts([{**call, "thoughtSignature": "c2ln"}, call])
    assert isinstance(first, ToolCall)
    assert isinstance(second, ToolCall)
    assert (first.seal, second.seal) == (seal("c2ln"), None)
    assert first.id != second.id
    assert parts([{**call, "thoughtSignature": "c2ln"}], [call]) == [first, second]


def test_a_call_without_a_name_and_nonsense_are_left_out() -> None:
    wire = [{"functionCall": {}}, {"functionCall": 3}, 7, {"inlineData": {"data": 3}}, {}, {"text": ""}]
    assert parts(wire, finishReason="STOP") == []
    assert (
        parts([{"functionCall": {"id": 3, "name": "f", "args": []}}])[0]
        == parts([{"functionCall": {"name": "f"}}])[0]
    )


def test_an_image_may_be_signed() -> None:
    wire = {"inlineData": {"mimeType": "image/png", "data": "eA=="}, "thoughtSignature": "c2ln"}
    assert parts([wire]) == [Media("image", Inline("image/png", "eA=="), seal=seal("c2ln"))]


def test_half_a_surrogate_waits_for_the_other_half() -> None:
    events = read([{"text": "a\ud83d"}], [{"text": "\ude00b"}], [{"text": "\ud83d"}])
    texts = [event.text for event in events if isinstance(event, PartDelta)]
    assert texts == ["a", "😀b", "\ufffd"]
    assert "".join(texts).encode()


def test_the_end_keeps_the_vendors_details_and_joins_log_probabilities() -> None:
    reader = CandidateReader(1, "vendor", "r1")
    for token in "ab":
        wire = {"content": {"parts": [{"text": token}]}, "logprobsResult": {"chosenCandidates": [token]}}
        reader.take(Node.of(wire, "candidate"))
    reader.take(Node.of({"finishReason": "MALFORMED_FUNCTION_CALL", "finishMessage": "odd"}, "candidate"))
    assert reader.is_finished
    end = reader.close()[-1]
    assert isinstance(end, End)
    assert end.candidate == 1
    assert end.finish.reason == "malformed_call"
    assert end.finish.detail == {"finishMessage": "odd"}
    assert end.logprobs == {"chosenCandidates": ["a", "b"]}
