"""Output formats, tiers, user keys and unknown members from one dialect into another."""

import json
from itertools import permutations
from typing import Any

import pytest

from proxy_core import jsonbytes
from tests.edge_cases.through import ANTHROPIC, CHAT, EVERY, GEMINI, RESPONSES, encoded, hello
from tests.end_to_end.client import calling, path
from tests.end_to_end.line import account, running
from tests.upstreams.behaviours import Say
from tests.upstreams.server import FakeVendor
from tests.upstreams.vendor import Reply

SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
NESTED = {
    "type": "json_schema",
    "json_schema": {"name": "place", "description": "A place", "schema": SCHEMA, "strict": True},
}
FLAT = {"type": "json_schema", "name": "place", "description": "A place", "schema": SCHEMA, "strict": True}


def test_case_128_a_schema_is_nested_in_chat_and_flat_in_responses() -> None:
    there = encoded(CHAT, hello(CHAT, response_format=NESTED), RESPONSES)
    assert there.body["text"]["format"] == FLAT
    back = encoded(RESPONSES, hello(RESPONSES, text={"format": FLAT}), CHAT)
    assert back.body["response_format"] == NESTED
    assert there.lost == back.lost == []


@pytest.mark.parametrize(
    ("source", "more"), [(CHAT, {"response_format": NESTED}), (RESPONSES, {"text": {"format": FLAT}})]
)
def test_case_128_the_schema_reaches_the_others_too(source: str, more: dict[str, Any]) -> None:
    sent = encoded(source, hello(source, **more), ANTHROPIC).body["output_config"]["format"]
    assert (sent["type"], sent["schema"]["properties"]) == ("json_schema", SCHEMA["properties"])
    config = encoded(source, hello(source, **more), GEMINI).body["generationConfig"]
    assert config["responseMimeType"] == "application/json"
    assert config["responseJsonSchema"]["properties"] == SCHEMA["properties"]


NO_SCHEMA: list[tuple[str, dict[str, Any]]] = [
    (CHAT, {"response_format": {"type": "json_schema", "json_schema": {"name": "x"}}}),
    (CHAT, {"response_format": {"type": "json_schema", "json_schema": None}}),
    (CHAT, {"response_format": {"type": "json_schema"}}),
    (RESPONSES, {"text": {"format": {"type": "json_schema", "name": "x"}}}),
]


@pytest.mark.parametrize(
    ("source", "more", "target"),
    [(source, more, target) for source, more in NO_SCHEMA for target in EVERY if target != source],
)
def test_case_129_a_schema_format_without_a_schema_asks_for_json(
    source: str, more: dict[str, Any], target: str
) -> None:
    body = encoded(source, hello(source, **more), target).body
    match target:
        case "openai_chat":
            assert body["response_format"] == {"type": "json_object"}
        case "openai_responses":
            assert body["text"]["format"] == {"type": "json_object"}
        case "anthropic_messages":
            assert "output_config" not in body
            assert "JSON" in body["system"][-1]["text"]
        case _:
            assert body["generationConfig"] == {"responseMimeType": "application/json"}


@pytest.mark.parametrize("source", [CHAT, RESPONSES])
@pytest.mark.parametrize("tier", ["priority", "fast"])
def test_case_130_a_faster_tier_is_anthropics_fast_mode(source: str, tier: str) -> None:
    sent = encoded(source, hello(source, service_tier=tier), ANTHROPIC, fast=True)
    assert sent.body["speed"] == "fast"
    assert "service_tier" not in sent.body
    assert sent.encoded.headers == {"anthropic-beta": "fast-mode-2026-02-01"}
    assert sent.lost == []


@pytest.mark.parametrize("source", [CHAT, RESPONSES])
def test_case_130_of_an_unknown_model_it_is_asked(source: str) -> None:
    sent = encoded(source, hello(source, service_tier="priority"), ANTHROPIC)
    assert sent.body["speed"] == "fast"
    assert sent.lost == []


def test_case_130_where_the_model_has_none_it_is_told() -> None:
    sent = encoded(CHAT, hello(CHAT, service_tier="priority"), ANTHROPIC, known=True)
    assert not {"speed", "service_tier"} & sent.body.keys()
    assert sent.lost == ["service_tier"]
    assert sent.encoded.headers == {}


@pytest.mark.parametrize(
    ("target", "name"), [(CHAT, "service_tier"), (RESPONSES, "service_tier"), (GEMINI, "serviceTier")]
)
def test_case_130_fast_mode_is_priority_elsewhere(target: str, name: str) -> None:
    sent = encoded(ANTHROPIC, hello(ANTHROPIC, speed="fast"), target)
    assert sent.body[name] == "priority"
    assert sent.lost == []


async def test_case_130_the_beta_header_goes_along() -> None:
    async with (
        FakeVendor(ANTHROPIC, behaviour=Say(Reply(text="Hi."))) as vendor,
        running([account("one", vendor, "claude-opus-5")]) as line,
        calling(line) as caller,
    ):
        for more in ({"service_tier": "priority"}, {}):
            got = await caller.post("/v1/chat/completions", hello(CHAT, model="claude-opus-5", **more))
            assert got.status == 200, got.body
        fast, plain = [one for one in vendor.requests if one.method == "POST"]
    assert (fast.body["speed"], fast.headers["anthropic-beta"]) == ("fast", "fast-mode-2026-02-01")
    assert "anthropic-beta" not in plain.headers


@pytest.mark.parametrize("user", [12, {"id": 1}, ["a"], True, None])
@pytest.mark.parametrize("target", [CHAT, RESPONSES, GEMINI, ANTHROPIC])
def test_case_131_a_user_id_that_is_no_text_is_ignored(user: Any, target: str) -> None:
    sent = encoded(ANTHROPIC, hello(ANTHROPIC, metadata={"user_id": user}), target)
    assert not {"metadata", "user", "safety_identifier"} & sent.body.keys()


@pytest.mark.parametrize("user", [12, {"id": 1}])
@pytest.mark.parametrize("source", [CHAT, RESPONSES])
@pytest.mark.parametrize("target", [ANTHROPIC, GEMINI])
def test_case_131_nor_does_one_reach_anthropic_from_elsewhere(user: Any, source: str, target: str) -> None:
    sent = encoded(source, hello(source, user=user), target)
    assert "metadata" not in sent.body
    assert "user" in sent.lost


def test_case_131_a_text_is_kept() -> None:
    sent = encoded(ANTHROPIC, hello(ANTHROPIC, metadata={"user_id": "u-1"}), CHAT)
    assert sent.body["safety_identifier"] == "u-1"


UNKNOWN = {"brand_new": {"x": 1e2, "y": [1.50]}}


@pytest.mark.parametrize("client", EVERY)
async def test_case_135_an_unknown_member_passes_within_its_dialect(client: str) -> None:
    """The vendor knows its own members better than we do, so also a new one arrives, byte for byte."""
    model = "m-1"
    async with (
        FakeVendor(client, behaviour=Say(Reply(text="Hi."))) as vendor,
        running([account("one", vendor, model)]) as line,
        calling(line) as caller,
    ):
        more: dict[str, Any] = {"model": model} if client != GEMINI else {}
        more |= {"max_tokens": 9} if client == ANTHROPIC else {}
        known = json.dumps(hello(client, **more))
        raw = f'{known[:-1]}, "brand_new": {{"x": 1e2,  "y": [1.50]}}}}'.encode()
        await caller.post(path(client, model), raw)
        (seen,) = [one.raw for one in vendor.requests if one.method == "POST"]
    assert seen == raw


@pytest.mark.parametrize(("source", "target"), list(permutations(EVERY, 2)))
def test_case_135_but_not_into_another(source: str, target: str) -> None:
    sent = encoded(source, hello(source, **UNKNOWN), target)
    assert not {"brand_new", "brandNew"} & set(jsonbytes.members(sent.encoded.body))
    assert sent.lost == ["brandNew" if source == GEMINI else "brand_new"]
