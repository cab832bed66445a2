import json
from typing import Any

import pytest

from proxy_core.errors import UnsupportedError
from proxy_core.ir.message import Message, Reasoning, Seal, Text, ToolCall
from proxy_core.ir.request import (
    Freeform,
    Function,
    Hosted,
    OutputFormat,
    ReasoningControl,
    Request,
    Sampling,
    ToolChoice,
)
from tests.proxy_core.dialects.openai_responses.material import (
    CHAT,
    DIALECT,
    PLAIN,
    THINKER,
    UNKNOWN,
    decode_input,
    encode,
    neutral,
    paths,
    target,
)
from tests.samples import load
from tests.upstreams.openai_responses_fields import CODEX, COUNT_FIELDS, TOP_LEVEL
from tests.upstreams.shapes import record

HI = Message("user", (Text("hi"),))
FULL = neutral(
    HI,
    system=(Text("s"),),
    tools=(
        Function("f", "d", {"type": "object"}),
        Freeform("c", grammar="start: x"),
        Function("g", namespace="n"),
    ),
    tool_choice=ToolChoice("auto", ("f",)),
    reasoning=ReasoningControl("level", "low", show=True),
    output=OutputFormat("schema", "n", {"type": "object", "properties": {}}, True),
    sampling=Sampling(
        max_output_tokens=99, verbosity="low", parallel_tool_calls=False, user="u", logprobs=True
    ),
)


def check_vendor_takes(body: Any) -> None:
    record({}, TOP_LEVEL | CODEX)(body, ())


def test_the_vendor_takes_what_is_written() -> None:
    body = encode(FULL, target(THINKER, stream=True))
    check_vendor_takes(body)
    assert list(body)[:4] == ["model", "instructions", "input", "tools"]
    assert body["stream"] is True
    assert body["text"]["verbosity"] == "low"
    assert body["parallel_tool_calls"] is False


@pytest.mark.parametrize("name", load.names("openai_responses"))
def test_the_vendor_takes_every_sample(name: str) -> None:
    sample = load.sample("openai_responses", name)
    if not sample.is_count:
        check_vendor_takes(encode(DIALECT.decode_request(sample.request_bytes, CHAT)))


def test_the_same_request_gives_the_same_bytes() -> None:
    assert DIALECT.encode_request(FULL, target()) == DIALECT.encode_request(FULL, target())


def test_a_count_has_fewer_members() -> None:
    encoded = DIALECT.encode_count_request(FULL, target(THINKER))
    assert encoded is not None
    body = json.loads(encoded.body)
    record({}, COUNT_FIELDS)(body, ())
    assert {"input", "tools", "instructions", "reasoning"} <= set(body)


SEALED = Message("model", (Reasoning((), Seal("acme", "responses.encrypted", "v")), Text("x")))


@pytest.mark.parametrize(
    ("profile", "request_", "is_asked"),
    [
        (THINKER, neutral(HI), True),
        (PLAIN, neutral(HI, reasoning=ReasoningControl("level", "low")), False),
        (UNKNOWN, neutral(HI), False),
        (UNKNOWN, neutral(HI, reasoning=ReasoningControl("level", "low")), True),
        (UNKNOWN, neutral(SEALED, HI), True),
    ],
)
def test_sealed_reasoning_is_asked_for_where_the_model_thinks(
    profile: Any, request_: Request, is_asked: bool
) -> None:
    body = encode(request_, target(profile))
    assert ("reasoning.encrypted_content" in body.get("include", ())) is is_asked
    assert body["store"] is False


def test_thinking_that_cannot_be_is_a_loss() -> None:
    asked = neutral(HI, reasoning=ReasoningControl("level", "low"))
    assert paths(asked, target(PLAIN)) == ["reasoning"]
    assert "reasoning" not in encode(asked, target(PLAIN))


@pytest.mark.parametrize(
    ("members", "param"),
    [
        ({"sampling": Sampling(candidates=2)}, "n"),
        ({"sampling": Sampling(modalities=("text", "audio"))}, "modalities"),
        ({"tools": (Hosted("bash", "other", {}),)}, "tools[0]"),
        ({"extensions": {"google": {"cachedContent": "cachedContents/1"}}}, "cachedContent"),
        ({"extensions": {"anthropic": {"mcp_servers": [{}]}}}, "mcp_servers"),
    ],
)
def test_features_that_cannot_be_said_are_refused(members: Any, param: str) -> None:
    with pytest.raises(UnsupportedError) as raised:
        encode(neutral(HI, **members))
    assert raised.value.param == param


def test_images_are_made_by_the_hosted_tool() -> None:
    pictures = neutral(HI, sampling=Sampling(modalities=("text", "image"), candidates=1))
    assert encode(pictures)["tools"] == [{"type": "image_generation"}]


def test_names_are_fitted_and_remembered() -> None:
    request = neutral(
        HI,
        Message("model", (ToolCall("c", "mcp.server/tool", "{}"),)),
        tools=(Function("mcp.server/tool"),),
        tool_choice=ToolChoice("required", ("mcp.server/tool",)),
    )
    encoded = DIALECT.encode_request(request, target())
    body = json.loads(encoded.body)
    name = body["tools"][0]["name"]
    check_vendor_takes(body)
    assert encoded.memory.tools[name].name == "mcp.server/tool"
    assert body["tool_choice"]["name"] == name
    assert body["input"][1]["name"] == name


def test_an_odd_verbosity_is_a_loss() -> None:
    assert paths(neutral(HI, sampling=Sampling(verbosity="epic"))) == ["verbosity"]


def test_codex_keeps_its_tools() -> None:
    grammar = {"type": "grammar", "syntax": "lark", "definition": "start: x"}
    request = decode_input(
        {"role": "user", "content": "x"},
        {"type": "custom_tool_call", "call_id": "c", "name": "apply_patch", "input": "*** Begin Patch"},
        {"type": "custom_tool_call_output", "call_id": "c", "output": "ok"},
        tools=[
            {"type": "custom", "name": "apply_patch", "description": "d", "format": grammar},
            {"type": "web_search", "external_web_access": True},
        ],
        tool_choice="auto",
        client_metadata={"thread_id": "t"},
    )
    body = encode(request)
    check_vendor_takes(body)
    assert body["tools"][0]["format"] == grammar
    assert body["input"][1]["input"] == "*** Begin Patch"
    assert body["input"][2] == {"type": "custom_tool_call_output", "call_id": "c", "output": "ok"}
