import json

import pytest
from anthropic.types import Message as SdkMessage

from proxy_core.dialects.anthropic_messages.reply_decode import decode_reply
from proxy_core.dialects.anthropic_messages.reply_encode import encode_reply, message_id
from proxy_core.ir.message import Text, ToolCall
from proxy_core.ir.stream import Candidate, Finish, Reply, Usage
from tests.proxy_core.dialects.anthropic_messages.support import ISSUER, NAME
from tests.samples import load

SAMPLES = [sample for sample in load.samples(NAME) if not sample.is_error and not sample.is_count]


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_every_sample_comes_back(sample: load.Sample) -> None:
    body = encode_reply(decode_reply(sample.response, ISSUER), load.model(NAME))
    assert json.loads(body) == json.loads(sample.response)
    SdkMessage.model_validate_json(body, strict=True)


def test_model_and_finish_are_what_the_client_may_see() -> None:
    call = ToolCall("c1", "f", '{"x": 1.50}')
    reply = Reply(
        "chatcmpl-1", "theirs", (Candidate((call,), Finish("stop", "stop", "elsewhere")),), Usage(5, 6)
    )
    body = encode_reply(reply, "asked")
    message = SdkMessage.model_validate_json(body, strict=True)
    assert (message.model, message.stop_reason, message.usage.input_tokens) == ("asked", "tool_use", 5)
    assert b'{"x": 1.50}' in body


def test_no_usage_is_zeros_and_no_call_is_no_tool_use() -> None:
    reply = Reply("", "m", (Candidate((Text("a"),), Finish("tool")),))
    message = SdkMessage.model_validate_json(encode_reply(reply, "m"), strict=True)
    assert (message.stop_reason, message.usage.output_tokens) == ("end_turn", 0)
    assert message.id == message_id("")
