"""Lengths, temperatures and stop strings from one dialect into another."""

import json
from typing import Any

import pytest

from proxy_core.ir.message import Text
from proxy_core.ir.request import ReplyMemory
from proxy_core.ir.restore import Restorer
from proxy_core.ir.stream import PartBegin, PartDelta
from tests.edge_cases.through import ANTHROPIC, CHAT, GEMINI, RESPONSES, encoded, hello
from tests.end_to_end.client import calling, events
from tests.end_to_end.line import account, running
from tests.upstreams.behaviours import Say
from tests.upstreams.delivery import Delivery
from tests.upstreams.server import FakeVendor
from tests.upstreams.vendor import Reply


def length(body: Any) -> Any:
    """The limit on the answer, wherever the dialect has it."""
    names = ("max_completion_tokens", "max_output_tokens", "max_tokens")
    found = [body[name] for name in names if name in body]
    config = body.get("generationConfig", {})
    return [*found, *([config["maxOutputTokens"]] if "maxOutputTokens" in config else [])]


@pytest.mark.parametrize("target", [RESPONSES, ANTHROPIC, GEMINI])
@pytest.mark.parametrize("reverse", [False, True], ids=["old-first", "new-first"])
def test_case_121_of_two_limits_the_newer_name_wins(target: str, reverse: bool) -> None:
    both = [("max_tokens", 111), ("max_completion_tokens", 222)]
    sent = encoded(CHAT, hello(CHAT, **dict(reversed(both) if reverse else both)), target)
    assert length(sent.body) == [222]


@pytest.mark.parametrize("target", [RESPONSES, ANTHROPIC, GEMINI])
def test_case_121_the_older_name_alone_is_taken(target: str) -> None:
    assert length(encoded(CHAT, hello(CHAT, max_tokens=111), target).body) == [111]


@pytest.mark.parametrize("source", [CHAT, RESPONSES, GEMINI])
def test_case_122_no_limit_for_anthropic_is_the_most_that_the_model_writes(source: str) -> None:
    assert length(encoded(source, hello(source), ANTHROPIC, max_output_tokens=64_000).body) == [64_000]
    assert length(encoded(source, hello(source), ANTHROPIC).body) == [32_000]


@pytest.mark.parametrize(
    ("source", "more"),
    [
        (CHAT, {"max_completion_tokens": 70_000}),
        (RESPONSES, {"max_output_tokens": 70_000}),
        (GEMINI, {"generationConfig": {"maxOutputTokens": 70_000}}),
    ],
)
def test_case_122_more_than_the_model_writes_is_limited_and_told(source: str, more: dict[str, Any]) -> None:
    sent = encoded(source, hello(source, **more), ANTHROPIC, max_output_tokens=64_000)
    assert length(sent.body) == [64_000]
    assert sent.lost == ["max_output_tokens"]
    assert encoded(source, hello(source, **more), ANTHROPIC, max_output_tokens=70_000).lost == []


@pytest.mark.parametrize(
    ("model", "sent"),
    [("claude-opus-4-7", {}), ("claude-opus-5-5", {}), ("claude-opus-4-5", {"temperature": 0.4})],
)
async def test_case_123_no_temperature_for_models_that_refuse_one(model: str, sent: dict[str, Any]) -> None:
    async with (
        FakeVendor(ANTHROPIC, behaviour=Say(Reply(text="Hi."))) as vendor,
        running([account("one", vendor, model)]) as line,
        calling(line) as caller,
    ):
        body = hello(CHAT, model=model, temperature=0.4)
        got = await caller.post("/v1/chat/completions", body)
        (seen,) = [one.body for one in vendor.requests if one.method == "POST"]
    assert got.status == 200
    assert {name: seen[name] for name in ("temperature", "top_p") if name in seen} == sent
    assert ("temperature" in got.headers.get("x-trunkline-dropped", "")) is (not sent)


@pytest.mark.parametrize(
    ("source", "knobs"),
    [
        (CHAT, {"temperature": 0.3, "top_p": 0.5}),
        (RESPONSES, {"temperature": 0.3, "top_p": 0.5}),
        (GEMINI, {"generationConfig": {"temperature": 0.3, "topP": 0.5}}),
    ],
)
def test_case_124_of_temperature_and_top_p_anthropic_gets_the_temperature(
    source: str, knobs: dict[str, Any]
) -> None:
    sent = encoded(source, hello(source, **knobs), ANTHROPIC)
    assert sent.body["temperature"] == 0.3
    assert "top_p" not in sent.body
    assert sent.lost == ["top_p"]


def test_case_125_one_stop_string_is_a_list_elsewhere() -> None:
    body = hello(CHAT, stop="END")
    assert encoded(CHAT, body, ANTHROPIC).body["stop_sequences"] == ["END"]
    assert encoded(CHAT, body, GEMINI).body["generationConfig"]["stopSequences"] == ["END"]


@pytest.mark.parametrize(
    ("source", "knobs"),
    [(ANTHROPIC, {"stop_sequences": ["END"]}), (GEMINI, {"generationConfig": {"stopSequences": ["END"]}})],
)
def test_case_125_and_back_it_stays_a_list(source: str, knobs: dict[str, Any]) -> None:
    assert encoded(source, hello(source, **knobs), CHAT).body["stop"] == ["END"]


SAID = "One two STOP three"
CUT: dict[str, tuple[str, dict[str, Any]]] = {
    CHAT: ("/v1/chat/completions", {"stop": "STOP"}),
    ANTHROPIC: ("/v1/messages", {"stop_sequences": ["STOP"], "max_tokens": 100}),
    GEMINI: (
        "/v1beta/models/gpt-6-astra:streamGenerateContent?alt=sse",
        {"generationConfig": {"stopSequences": ["STOP"]}},
    ),
}


def visible(client: str, data: bytes) -> str:
    """The text of a stream."""
    text = ""
    for event in map(json.loads, (one for one in events(data) if one != "[DONE]")):
        match client:
            case "openai_chat":
                text += "".join(choice["delta"].get("content") or "" for choice in event["choices"])
            case "anthropic_messages":
                text += event.get("delta", {}).get("text", "")
            case _:
                parts = event["candidates"][0].get("content", {}).get("parts", [])
                text += "".join(part.get("text", "") for part in parts)
    return text


@pytest.mark.parametrize("client", list(CUT))
@pytest.mark.parametrize("write", [None, 1], ids=["frames", "bytes"])
async def test_case_126_a_stop_string_for_responses_is_cut_here(client: str, write: int | None) -> None:
    where, knobs = CUT[client]
    behaviour = Say(Reply(text=SAID), Delivery(write=write))
    async with (
        FakeVendor(RESPONSES, behaviour=behaviour) as vendor,
        running([account("one", vendor, "gpt-6-astra")]) as line,
        calling(line) as caller,
    ):
        more = {} if client == GEMINI else {"model": "gpt-6-astra", "stream": True}
        got = await caller.post(where, hello(client, **knobs, **more))
        seen = vendor.requests[-1].body
    assert got.status == 200
    assert "stop" not in seen
    assert visible(client, got.body) == "One two "
    finish = {
        CHAT: '"finish_reason":"stop"',
        ANTHROPIC: '"stop_sequence":"STOP"',
        GEMINI: '"finishReason":"STOP"',
    }
    assert finish[client] in got.body.decode()


def test_case_126_a_tail_no_longer_than_needed_is_withheld() -> None:
    """Text flows on at once: only what may still become a stop string waits."""
    restorer = Restorer(ReplyMemory(stop=("STOP",)))
    restorer.feed(PartBegin(0, Text("")))
    given = []
    for piece in ("On", "e S", "T", "A", " S", "TO", "P!"):
        found = restorer.feed(PartDelta(0, piece))
        given.append("".join(one.text for one in found if isinstance(one, PartDelta)))
    assert given == ["On", "e ", "", "STA", " ", "", ""]
