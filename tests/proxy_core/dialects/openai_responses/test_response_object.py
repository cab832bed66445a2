import json
from typing import Any

import pytest
from openai.types.responses import Response

from proxy_core.dialects.openai_responses.response_object import Identity, ResponseObject, incomplete_reason
from proxy_core.dialects.openai_responses.usage import encode_usage
from proxy_core.ir.stream import Finish
from tests.proxy_core.dialects.openai_responses.material import CHAT, DIALECT, decode_input
from tests.samples import load

SAMPLES = [one for one in load.samples("openai_responses") if one.stream is not None]


def build(request: Any, **members: Any) -> dict[str, Any]:
    return ResponseObject(Identity("resp_1", request, 5), request, 5).build("completed", [], **members)


def test_ids_are_derived() -> None:
    request = decode_input()
    assert Identity("resp_abc", request, 5).response == "resp_abc"
    assert Identity("resp_abc", request, 5).item("msg", 2) == "msg_abc_2"
    foreign = Identity("msg_01", request, 5)
    assert foreign.response == Identity("msg_01", request, 6).response
    assert foreign.response != Identity("msg_02", request, 5).response
    assert len(Identity("resp_" + "x" * 200, request, 5).item("ctc", 9999)) <= 64
    assert Identity("", request, 5).response != Identity("", request, 6).response


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda one: one.name)
def test_the_echo_is_what_the_vendor_says(sample: load.Sample) -> None:
    request = DIALECT.decode_request(sample.request_bytes, CHAT)
    built = build(request, usage=encode_usage(None))
    theirs = json.loads(sample.response)
    differs = {"id", "created_at", "completed_at", "status", "incomplete_details", "output", "usage"}
    assert {key: value for key, value in built.items() if key not in differs} == {
        key: value for key, value in theirs.items() if key not in differs
    }
    assert set(theirs) - set(built) <= {"completed_at"}
    Response.model_validate(built)


def test_settings_are_said_again() -> None:
    request = decode_input(
        {"role": "developer", "content": "a"},
        instructions="b",
        reasoning={"effort": "none"},
        text={"verbosity": "high"},
        metadata={"k": "v"},
        tools=[{"type": "custom", "name": "c"}],
        tool_choice={"type": "custom", "name": "c"},
    )
    built = build(request)
    assert built["instructions"] is None
    assert built["reasoning"] == {"effort": "none", "summary": None}
    assert built["text"] == {"format": {"type": "text"}, "verbosity": "high"}
    assert built["metadata"] == {"k": "v"}
    assert built["tools"] == [{"type": "custom", "name": "c"}]
    assert built["tool_choice"] == {"type": "custom", "name": "c"}


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("length", "max_output_tokens"),
        ("context_full", "max_output_tokens"),
        ("continue", "max_output_tokens"),
        ("filter", "content_filter"),
        ("stop", None),
        ("tool", None),
        ("pause", None),
    ],
)
def test_reasons(reason: Any, said: str | None) -> None:
    assert incomplete_reason(Finish(reason)) == said
