import json
from typing import Any

import pytest
from openai.types.chat import ChatCompletion

from proxy_core.dialects.openai_chat.reply_decode import decode_reply
from proxy_core.dialects.openai_chat.reply_encode import encode_reply
from proxy_core.errors import UpstreamProtocolError
from proxy_core.ir.message import Citation, Inline, Media, Part, Reasoning, Refusal, Seal, Text, ToolCall
from proxy_core.ir.stream import Candidate, Finish, FinishReason, Reply, Usage
from tests.proxy_core.dialects.openai_chat.exchange import CALL, DIALECT, NAME, request, source
from tests.samples import load

SAMPLES = [sample for sample in load.samples(NAME) if not sample.is_error]


def reply(*parts: Part, reason: FinishReason = "stop", usage: Usage | None = None) -> Reply:
    return Reply("r1", "up", (Candidate(parts, Finish(reason)),), usage)


def body(found: Reply) -> Any:
    data = encode_reply(found, request(), 7)
    ChatCompletion.model_validate_json(data, strict=True)
    return json.loads(data)


def message(*parts: Part) -> Any:
    return body(reply(*parts))["choices"][0]["message"]


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_samples_come_out_as_they_went_in(sample: load.Sample) -> None:
    asked = DIALECT.decode_request(sample.request_bytes, CALL)
    found = json.loads(encode_reply(decode_reply(sample.response, source(asked)), asked, 7))
    expected = json.loads(sample.response)
    own = ("service_tier", "system_fingerprint")
    assert found == {name: value for name, value in expected.items() if name not in own}


def test_the_model_is_the_one_asked_for_and_the_time_is_ours() -> None:
    found = body(reply(Text("a")))
    assert (found["model"], found["created"], found["id"]) == ("m", 7, "r1")
    assert "usage" not in found


def test_thinking_comes_with_its_seal() -> None:
    found = message(
        Reasoning(("a", "b"), Seal("v", "anthropic.signature", "s")),
        Reasoning((), Seal("v", "anthropic.redacted", "x")),
    )
    assert found["reasoning_content"] == "a\n\nb"
    assert [entry["type"] for entry in found["reasoning_details"]] == [
        "reasoning.text",
        "reasoning.encrypted",
    ]
    assert found["content"] == ""


def test_an_empty_answer_is_an_empty_text_and_a_withheld_one_is_none() -> None:
    assert message()["content"] == ""
    assert message(Text(""), Reasoning(("hm",)))["content"] == ""
    assert message(Refusal("no"))["content"] is None
    assert message(ToolCall("c", "f", "{}"))["content"] is None
    assert body(reply(reason="filter"))["choices"][0]["message"]["content"] is None


def test_calls_pictures_sound_and_refusals() -> None:
    found = message(
        Refusal("no"),
        Media("image", Inline("image/png", "aGk=")),
        Media("audio", Inline("audio/wav", "aGk=")),
        ToolCall("c1", "f", "{}", seal=Seal("g", "gemini.signature", "c2ln")),
        ToolCall("c2", "p", "x", "freeform"),
    )
    assert found["refusal"] == "no"
    assert found["images"] == [
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}, "index": 0}
    ]
    assert found["audio"]["data"] == "aGk="
    signature = found["tool_calls"][0]["extra_content"]["google"]["thought_signature"]
    assert signature.startswith("trunkline.1:g:")
    assert found["tool_calls"][1] == {"id": "c2", "type": "custom", "custom": {"name": "p", "input": "x"}}


def test_citations_count_in_the_joined_text() -> None:
    cited = Text("cde", (Citation("https://x", None, None, 1, 2), Citation(title="no address")))
    notes = message(Text("ab"), cited)["annotations"]
    assert [(note["url_citation"]["start_index"], note["url_citation"]["end_index"]) for note in notes] == [
        (3, 4)
    ]


def test_finish_is_in_step_and_probabilities_stay_at_home() -> None:
    call = body(reply(ToolCall("c", "f", "{}")))["choices"][0]
    assert call["finish_reason"] == "tool_calls"
    foreign = Candidate((Text("a"),), Finish("stop", "STOP", "another"), logprobs={"x": 1})
    assert body(Reply("r", "up", (foreign,)))["choices"][0]["logprobs"] is None


def test_a_malformed_call_alone_is_an_error() -> None:
    with pytest.raises(UpstreamProtocolError):
        encode_reply(reply(Reasoning(("hm",)), reason="malformed_call"), request(), 7)
    assert body(reply(Text("a"), reason="malformed_call"))["choices"][0]["finish_reason"] == "stop"
