import json
from typing import Any

import pytest

from proxy_core.dialects.openai_responses.compaction import (
    INSTRUCTION,
    Compacting,
    asked_for,
    read_summary,
    summarising,
)
from proxy_core.dialects.openai_responses.fields import fields
from proxy_core.dialects.openai_responses.stream_encode import StreamEncoder, encode_reply
from proxy_core.errors import UnsupportedError, UpstreamProtocolError
from proxy_core.ir.fold import WholeEncoder
from proxy_core.ir.message import Message, Reasoning, Seal, Text, ToolCall
from proxy_core.ir.request import Function, OutputFormat, Request, ToolChoice
from proxy_core.ir.seal import wrap
from proxy_core.ir.stream import Begin, End, Finish, PartBegin, PartDelta, PartEnd, StreamEvent
from tests.edge_cases.through import parsed
from tests.upstreams.lint import lint

REQUEST = Request("openai_responses", "m", (asked_for(),), tools=(Function("f"),), compacts=True)
SAID: list[StreamEvent] = [
    Begin("resp_1", "m"),
    PartBegin(0, Reasoning()),
    PartDelta(0, "Hm."),
    PartEnd(0, Reasoning(("Hm.",))),
    PartBegin(1, Text("")),
    PartDelta(1, "We built a house."),
    PartEnd(1, Text("We built a house.")),
    PartBegin(2, ToolCall("c", "f", "")),
    PartEnd(2, ToolCall("c", "f", "{}")),
    End(Finish("tool")),
]


def _streamed(events: list[StreamEvent]) -> bytes:
    encoder = Compacting(StreamEncoder(REQUEST, 1))
    return b"".join([*(encoder.encode(event) for event in events), encoder.close()])


def _whole() -> Compacting:
    return Compacting(WholeEncoder(lambda reply: encode_reply(reply, REQUEST, 1)))


def _item(data: Any) -> Any:
    (item,) = data["output"]
    assert (item["type"], data["status"]) == ("compaction", "completed")
    return item


def test_everything_becomes_one_item_that_gives_the_summary_back() -> None:
    data = _streamed(SAID)
    assert lint("openai_responses", data) == []
    events = parsed(data)
    done = [event["item"] for event in events if event["type"] == "response.output_item.done"]
    assert done == [_item(events[-1]["response"])]
    assert "house" not in data.decode()
    encoder = _whole()
    assert b"".join(encoder.encode(event) for event in SAID) == b""
    assert _item(json.loads(encoder.close()))["encrypted_content"] == done[0]["encrypted_content"]
    message = read_summary(fields(done[0], "input[0]"))
    assert message.role == "user"
    assert isinstance(message.parts[0], Text)
    assert message.parts[0].text.endswith("\n\nWe built a house.")


def test_no_summary_is_a_failure_that_is_tried_again() -> None:
    silent = [SAID[0], *SAID[1:4], End(Finish("stop"))]
    assert parsed(_streamed(silent))[-1]["type"] == "response.failed"
    encoder = _whole()
    for event in silent:
        encoder.encode(event)
    with pytest.raises(UpstreamProtocolError):
        encoder.close()


@pytest.mark.parametrize(
    "content",
    ["gAAAA-of-a-vendor", "", wrap(Seal("openai", "responses.encrypted", "x")), "trunkline.1:broken"],
)
def test_what_a_vendor_compacted_is_refused(content: str) -> None:
    with pytest.raises(UnsupportedError) as caught:
        read_summary(fields({"type": "compaction", "encrypted_content": content}, "input[3]"))
    assert caught.value.param == "input[3]"


def test_a_summary_is_prose_without_calls_and_the_tools_stay() -> None:
    asked = Request(
        "openai_responses", "m", (Message("user", (Text("Hi"),)), asked_for()), tools=(Function("f"),),
        tool_choice=ToolChoice("required"), output=OutputFormat("json"),
    )  # fmt: skip
    found = summarising(asked)
    assert found.compacts
    assert (found.tool_choice, found.output, found.tools) == (ToolChoice("none"), OutputFormat(), asked.tools)
    assert found.messages[-1].parts == (Text(INSTRUCTION),)
    assert summarising(Request("openai_responses", "m", (asked_for(),))).tool_choice is None
