import json

import pytest

from proxy_core.dialects.anthropic_messages.reply_decode import decode_reply
from proxy_core.errors import UpstreamProtocolError
from proxy_core.ir.message import Text
from proxy_core.ir.stream import Finish
from tests.proxy_core.dialects.anthropic_messages.support import ISSUER, NAME
from tests.samples import load

SAMPLES = [sample for sample in load.samples(NAME) if not sample.is_error and not sample.is_count]


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_the_samples_mean_what_they_should(sample: load.Sample) -> None:
    reply = decode_reply(sample.response, ISSUER)
    (candidate,) = reply.candidates
    texts = [part.text for part in candidate.parts if isinstance(part, Text)]
    assert "".join(texts) == sample.expect["text"]
    assert candidate.finish.reason == sample.expect["finish"]
    assert reply.usage is not None
    assert reply.usage.input_tokens == sample.expect["usage"]["input"]
    assert reply.usage.output_tokens == sample.expect["usage"]["output"]


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"{}", b'{"content":[3]}', b'{"content":"x"}', b"<html>", b"\xff"]
)
def test_what_is_no_message_is_a_protocol_error(body: bytes) -> None:
    with pytest.raises(UpstreamProtocolError):
        decode_reply(body, ISSUER)


def test_an_error_under_status_200_keeps_its_words() -> None:
    body = {"type": "error", "error": {"type": "overloaded_error", "message": "busy"}}
    with pytest.raises(UpstreamProtocolError, match="busy"):
        decode_reply(json.dumps(body).encode(), ISSUER)


def test_a_bare_message() -> None:
    reply = decode_reply(b'{"content":[]}', ISSUER)
    assert (reply.id, reply.model, reply.usage) == ("", "", None)
    assert reply.candidates[0].finish == Finish("stop", None, NAME)
