from typing import Any

import pytest

from proxy_core.dialects.openai_responses.output_decode import (
    Origin,
    decode_finish,
    decode_item,
    objects,
    whole_number,
)
from proxy_core.ir.message import HostedStep, Inline, Media, Opaque, Reasoning, Refusal, Seal, Text, ToolCall

ORIGIN = Origin("acme", "resp_1", 2)
NAME = "openai_responses"


def test_messages() -> None:
    content = [
        {"type": "output_text", "text": "a", "annotations": []},
        {"type": "output_text", "text": ""},
        {"type": "refusal", "refusal": "no"},
        {"type": "unknown"},
        5,
    ]
    assert decode_item({"type": "message", "content": content}, ORIGIN) == (Text("a"), Refusal("no"))


def test_reasoning_is_sealed_by_its_issuer() -> None:
    item = {
        "type": "reasoning",
        "id": "rs_1",
        "summary": [{"type": "summary_text", "text": "a"}],
        "content": [{"type": "reasoning_text", "text": "b"}],
        "encrypted_content": "v",
    }
    seal = Seal("acme", "responses.encrypted", "v")
    assert decode_item(item, ORIGIN) == (Reasoning(("a",), seal, id="rs_1"),)
    assert decode_item({**item, "summary": []}, ORIGIN) == (Reasoning(("b",), seal, id="rs_1"),)
    assert decode_item({"type": "reasoning", "id": "rs_1", "summary": []}, ORIGIN) == ()


def test_calls() -> None:
    call = {"type": "function_call", "call_id": "c", "name": "f", "arguments": "", "namespace": "n"}
    assert decode_item(call, ORIGIN) == (ToolCall("c", "f", "{}", namespace="n"),)
    custom = {"type": "custom_tool_call", "call_id": "c", "name": "g", "input": ""}
    assert decode_item(custom, ORIGIN) == (ToolCall("c", "g", "", "freeform"),)
    assert decode_item({"type": "function_call", "call_id": "c", "arguments": "{}"}, ORIGIN) == ()


def test_a_missing_call_id_is_derived_and_stable() -> None:
    call = {"type": "function_call", "name": "f", "arguments": "{}"}
    (first,) = decode_item(call, ORIGIN)
    (again,) = decode_item(call, ORIGIN)
    (other,) = decode_item(call, Origin("acme", "resp_1", 3))
    assert isinstance(first, ToolCall)
    assert isinstance(other, ToolCall)
    assert first == again
    assert first.id != other.id
    assert first.id.startswith("call_")


def test_images_steps_and_the_unknown() -> None:
    image = {"type": "image_generation_call", "id": "ig", "result": "iVBORw0KGgo=", "output_format": "webp"}
    assert decode_item(image, ORIGIN) == (Media("image", Inline("image/png", "iVBORw0KGgo=")),)
    unfinished = {"type": "image_generation_call", "id": "ig", "result": None}
    assert decode_item(unfinished, ORIGIN) == (HostedStep("image_generation", NAME, unfinished, "ig"),)
    web = {"type": "web_search_call", "id": "ws"}
    assert decode_item(web, ORIGIN) == (HostedStep("web_search", NAME, web, "ws"),)
    assert decode_item({"type": "new"}, ORIGIN) == (Opaque(NAME, {"type": "new"}),)


@pytest.mark.parametrize(
    ("response", "parts", "reason", "native"),
    [
        ({"status": "completed"}, (Text("x"),), "stop", "completed"),
        ({"status": "completed"}, (Text("x"), ToolCall("c", "f", "{}")), "tool", "completed"),
        ({"status": "completed"}, (Refusal("x"),), "refusal", "completed"),
        ({"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}, (), "length", None),
        ({"status": "incomplete", "incomplete_details": {"reason": "content_filter"}}, (), "filter", None),
        ({"status": "incomplete", "incomplete_details": {"reason": "steered"}}, (), "other", None),
        ({"status": "incomplete"}, (), "other", "incomplete"),
    ],
)
def test_finish(response: Any, parts: Any, reason: str, native: str | None) -> None:
    finish = decode_finish(response, parts)
    assert finish.reason == reason
    assert finish.native == (native or response["incomplete_details"]["reason"])
    assert finish.dialect == NAME


def test_lenient_reading() -> None:
    assert objects({"a": 1}) == []
    assert objects([1, {"a": 1}]) == [{"a": 1}]
    assert whole_number(1.9) == 1
    assert whole_number(True) is None
    assert whole_number(float("inf")) is None
