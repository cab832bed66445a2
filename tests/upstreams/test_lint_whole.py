"""The rules of whole replies: samples pass, what lacks a member does not, and the lists are the SDKs'."""

import json
from typing import Any

import pytest
from anthropic.types import Message
from openai.types import Completion
from openai.types.chat import ChatCompletion, ChatCompletionMessage
from openai.types.chat.chat_completion import Choice
from openai.types.responses import Response

from tests.samples import load
from tests.upstreams import lint_whole
from tests.upstreams.lint import lint
from tests.upstreams.lint_whole import lint_error

ALL = [
    pytest.param(sample, id=f"{sample.dialect}-{sample.name}")
    for dialect in load.dialects()
    for sample in load.samples(dialect)
    if not sample.is_count
]


@pytest.mark.parametrize("sample", ALL)
def test_samples_pass(sample: load.Sample) -> None:
    rules = lint_error if sample.is_error else lint_whole.lint_whole
    assert rules(sample.dialect, sample.response) == []


@pytest.mark.parametrize(
    ("model", "names"),
    [
        (ChatCompletion, lint_whole.CHAT),
        (Choice, lint_whole.CHOICE),
        (ChatCompletionMessage, lint_whole.MESSAGE),
        (Response, lint_whole.RESPONSE),
        (Message, lint_whole.ANTHROPIC),
        (Completion, lint_whole.COMPLETION),
    ],
)
def test_what_the_sdk_needs_is_asked_for(model: Any, names: str) -> None:
    needed = {name for name, field in model.model_fields.items() if field.is_required()}
    assert needed - set(names.split()) == set()


@pytest.mark.parametrize("dialect", load.dialects())
def test_every_member_that_is_gone_is_found(dialect: str) -> None:
    whole = json.loads(load.sample(dialect, "01-plain-text").response)
    names = {
        "openai_chat": lint_whole.CHAT,
        "openai_responses": lint_whole.RESPONSE,
        "anthropic_messages": lint_whole.ANTHROPIC,
        "gemini_generate": "candidates usageMetadata",
    }[dialect]
    for name in names.split():
        less = {key: value for key, value in whole.items() if key != name}
        assert lint_whole.lint_whole(dialect, json.dumps(less).encode()), name


@pytest.mark.parametrize(
    ("dialect", "old", "new", "words"),
    [
        ("openai_chat", '"total_tokens":21', '"total_tokens":22', "not the sum"),
        ("openai_chat", '"finish_reason":"stop"', '"finish_reason":"tool_calls"', "does not fit"),
        ("openai_chat", '"finish_reason":"stop"', '"finish_reason":"STOP"', "unknown finish_reason"),
        ("openai_chat", '"object":"chat.completion"', '"object":"x"', "object 'x'"),
        ("openai_responses", '"status":"completed"', '"status":"x"', "unknown status"),
        ("openai_responses", '"total_tokens":21', '"total_tokens":22', "not the sum"),
        ("anthropic_messages", '"stop_reason":"end_turn"', '"stop_reason":"tool_use"', "does not fit"),
        ("anthropic_messages", '"text":"Hello there, nice to meet."', '"text":""', "empty text block"),
        ("gemini_generate", '"finishReason":"STOP"', '"x":1', "no finishReason"),
        ("gemini_generate", '"totalTokenCount":21', '"totalTokenCount":22', "not the sum"),
    ],
)
def test_finds(dialect: str, old: str, new: str, words: str) -> None:
    body = json.dumps(json.loads(load.sample(dialect, "01-plain-text").response), separators=(",", ":"))
    assert old in body
    faults = lint_whole.lint_whole(dialect, body.replace(old, new).encode())
    assert any(words in fault for fault in faults), faults


@pytest.mark.parametrize("dialect", [*load.dialects(), "openai_completions"])
def test_errors_have_their_shape(dialect: str) -> None:
    for body in (b"", b"[]", b"{}", b'{"error":"x"}', b'{"error":{}}', b"<html>"):
        assert lint_error(dialect, body)
        assert lint_whole.lint_whole(dialect, body)


CHUNK = '{"id":"c","object":"text_completion","created":1,"model":"m","choices":[%s]}'
TEXT = CHUNK % '{"text":"Hi","index":0,"logprobs":null,"finish_reason":null}'
LAST = CHUNK % '{"text":"","index":0,"logprobs":null,"finish_reason":"stop"}'


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ((TEXT, LAST, "[DONE]"), None),
        ((TEXT, '{"error":{"message":"","type":"","param":null,"code":null}}'), None),
        ((TEXT, "[DONE]"), "no finish_reason"),
        ((TEXT, LAST), "no [DONE]"),
        ((LAST, TEXT, "[DONE]"), "after its finish_reason"),
        ((TEXT, LAST, "[DONE]", TEXT), "data after"),
        ((TEXT, LAST.replace('"id":"c"', '"id":"d"'), "[DONE]"), "changed"),
        ((TEXT, LAST.replace('"stop"', '"tool_calls"'), "[DONE]"), "unknown finish_reason"),
        ((TEXT.replace('"text":"Hi",', ""), LAST, "[DONE]"), "lacks 'text'"),
    ],
)
def test_legacy_completions(lines: tuple[str, ...], words: str | None) -> None:
    faults = lint("openai_completions", "".join(f"data: {line}\n\n" for line in lines).encode())
    assert (faults == []) if words is None else any(words in fault for fault in faults), faults
