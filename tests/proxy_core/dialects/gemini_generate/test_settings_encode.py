from __future__ import annotations

from typing import Any

import pytest

from proxy_core.errors import UnsupportedError
from proxy_core.ir.request import Function, OutputFormat, ReasoningControl, Sampling
from proxy_core.profile import ModelProfile, Thinking
from tests.proxy_core.dialects.gemini_generate.support import NAME, encoded, foreign

UNKNOWN = ModelProfile("m")
LEVELS = ModelProfile(
    "m", known=True, thinking=Thinking(levels=("low", "high"), can_disable=False, dynamic=True)
)
BUDGET = ModelProfile("m", known=True, thinking=Thinking(budget=(128, 32768), can_disable=False))
FREE = ModelProfile("m", known=True, thinking=Thinking(budget=(0, 24576)))
NONE = ModelProfile("m", known=True, thinking=None)


@pytest.mark.parametrize(
    ("profile", "control", "expected"),
    [
        (
            UNKNOWN,
            ReasoningControl("level", level="high"),
            {"thinkingLevel": "HIGH", "includeThoughts": True},
        ),
        (
            UNKNOWN,
            ReasoningControl("level", level="max"),
            {"thinkingLevel": "XHIGH", "includeThoughts": True},
        ),
        (UNKNOWN, ReasoningControl("level", level="none"), {"thinkingBudget": 0}),
        (UNKNOWN, ReasoningControl("budget", budget=100, show=False), {"thinkingBudget": 100}),
        (UNKNOWN, ReasoningControl("off"), {"thinkingBudget": 0}),
        (UNKNOWN, ReasoningControl(show=True), {"includeThoughts": True}),
        (UNKNOWN, ReasoningControl(), None),
        (
            LEVELS,
            ReasoningControl("budget", budget=20000),
            {"thinkingLevel": "HIGH", "includeThoughts": True},
        ),
        (LEVELS, ReasoningControl("off"), {"thinkingLevel": "LOW"}),
        (LEVELS, ReasoningControl("level", level="none", show=True), {"thinkingLevel": "LOW"}),
        (BUDGET, ReasoningControl("budget", budget=0), {"thinkingBudget": 128}),
        (LEVELS, ReasoningControl("auto"), {"includeThoughts": True}),
        (BUDGET, ReasoningControl("level", level="low"), {"thinkingBudget": 1024, "includeThoughts": True}),
        (BUDGET, ReasoningControl("budget", budget=1), {"thinkingBudget": 128, "includeThoughts": True}),
        (BUDGET, ReasoningControl("auto"), {"thinkingBudget": -1, "includeThoughts": True}),
        (FREE, ReasoningControl("off"), {"thinkingBudget": 0}),
        (NONE, ReasoningControl("level", level="high", show=True), None),
    ],
)
def test_thinking_is_a_level_or_a_budget(
    profile: ModelProfile, control: ReasoningControl, expected: Any
) -> None:
    body, _ = encoded(foreign(reasoning=control), profile)
    assert body.get("generationConfig", {}).get("thinkingConfig") == expected


def test_own_callers_are_shown_only_what_they_ask_for() -> None:
    control = ReasoningControl("level", level="low")
    body, _ = encoded(foreign(reasoning=control, dialect=NAME))
    assert body["generationConfig"]["thinkingConfig"] == {"thinkingLevel": "LOW"}


def test_every_knob_is_written_or_reported() -> None:
    sampling = Sampling(
        max_output_tokens=10,
        temperature=0.5,
        top_p=0.9,
        top_k=40,
        stop=("a",),
        seed=1,
        candidates=2,
        presence_penalty=0.1,
        frequency_penalty=0.2,
        logit_bias={"1": 2},
        logprobs=True,
        top_logprobs=3,
        parallel_tool_calls=False,
        verbosity="low",
        modalities=("text", "image"),
        service_tier="priority",
        cache_key="k",
        user="u",
        metadata={"a": "b"},
        store=True,
    )
    body, lost = encoded(foreign(sampling=sampling, tools=(Function("f"),)))
    assert body["generationConfig"] == {
        "temperature": 0.5,
        "topP": 0.9,
        "topK": 40,
        "candidateCount": 2,
        "maxOutputTokens": 10,
        "stopSequences": ["a"],
        "seed": 1,
        "presencePenalty": 0.1,
        "frequencyPenalty": 0.2,
        "responseLogprobs": True,
        "logprobs": 3,
        "responseModalities": ["TEXT", "IMAGE"],
    }
    assert body["serviceTier"] == "priority"
    assert "store" not in body
    assert lost == [
        "logit_bias",
        "parallel_tool_calls",
        "verbosity",
        "prompt_cache_key",
        "user",
        "metadata",
        "store",
    ]


def test_more_stop_strings_than_the_vendor_takes_are_cut_by_us() -> None:
    from tests.proxy_core.dialects.gemini_generate.support import DIALECT, target

    done = DIALECT.encode_request(foreign(sampling=Sampling(stop=tuple("abcdefg"))), target())
    assert done.memory.stop == ("f", "g")
    assert b'"stopSequences":["a","b","c","d","e"]' in done.body


def test_a_model_has_limits() -> None:
    profile = ModelProfile("m", known=True, sampling=False, max_output_tokens=100)
    body, lost = encoded(foreign(sampling=Sampling(max_output_tokens=200, temperature=1.0)), profile)
    assert body["generationConfig"] == {"maxOutputTokens": 100}
    assert lost == ["temperature", "max_output_tokens"]


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        (OutputFormat(), None),
        (OutputFormat("json"), {"responseMimeType": "application/json"}),
        (OutputFormat("schema"), {"responseMimeType": "application/json"}),
        (
            OutputFormat("schema", schema={"type": "object", "$schema": "x"}),
            {"responseMimeType": "application/json", "responseJsonSchema": {"type": "object"}},
        ),
    ],
)
def test_output(output: OutputFormat, expected: Any) -> None:
    body, lost = encoded(foreign(output=output))
    assert body.get("generationConfig") == expected
    assert lost == []


def test_json_beside_functions_is_lost_but_not_for_own_callers() -> None:
    body, lost = encoded(foreign(output=OutputFormat("json"), tools=(Function("f"),)))
    assert "generationConfig" not in body
    assert lost == ["response_format"]
    body, lost = encoded(foreign(output=OutputFormat("json"), tools=(Function("f"),), dialect=NAME))
    assert body["generationConfig"] == {"responseMimeType": "application/json"}
    assert lost == []


def test_own_extensions_go_back_to_their_place_and_others_are_reported() -> None:
    body, lost = encoded(
        foreign(
            dialect=NAME,
            tools=(Function("f"),),
            extensions={
                "google": {
                    "safetySettings": [{"a": 1}],
                    "generationConfig.speechConfig": {"b": 2},
                    "toolConfig.functionCallingConfig.mode": "VALIDATED",
                    "toolConfig.retrievalConfig": {},
                    "somethingNew": 1,
                },
                "openai": {"moderation": 1},
            },
            sampling=Sampling(service_tier="flex", store=True),
        )
    )
    assert body["safetySettings"] == [{"a": 1}]
    assert body["generationConfig"] == {"speechConfig": {"b": 2}}
    assert body["toolConfig"] == {"functionCallingConfig": {"mode": "VALIDATED"}, "retrievalConfig": {}}
    assert (body["serviceTier"], body["store"]) == ("flex", True)
    assert lost == ["somethingNew", "moderation"]


def test_an_unknown_tier_is_lost_and_the_default_one_is_nothing() -> None:
    assert encoded(foreign(sampling=Sampling(service_tier="scale")))[1] == ["service_tier"]
    body, lost = encoded(foreign(sampling=Sampling(service_tier="auto")))
    assert "serviceTier" not in body
    assert lost == []


@pytest.mark.parametrize("key", ["previous_response_id", "conversation", "prompt", "mcp_servers"])
def test_what_needs_anothers_storage_is_refused(key: str) -> None:
    with pytest.raises(UnsupportedError) as caught:
        encoded(foreign(extensions={"openai": {key: "x"}}))
    assert caught.value.param == key
    body, _ = encoded(foreign(extensions={"openai": {key: None, "background": False}}))
    assert key not in body


def test_own_callers_who_want_no_thinking_are_shown_none() -> None:
    control = ReasoningControl("off", show=True)
    body, _ = encoded(foreign(reasoning=control, dialect=NAME), BUDGET)
    assert body["generationConfig"]["thinkingConfig"] == {"thinkingBudget": 128, "includeThoughts": False}


def test_thinking_that_the_model_cannot_do_is_told() -> None:
    assert encoded(foreign(reasoning=ReasoningControl("level", level="high")), NONE)[1] == ["reasoning"]
    assert encoded(foreign(reasoning=ReasoningControl("off")), NONE)[1] == []


def test_a_voice_is_refused_and_not_left_out() -> None:
    voice = {"openai": {"audio": {"voice": "alloy", "format": "wav"}}}
    sound = Sampling(modalities=("text", "audio"))
    with pytest.raises(UnsupportedError) as caught:
        encoded(foreign(sampling=sound, extensions=voice))
    assert (caught.value.param, caught.value.status) == ("audio", 400)
    body, lost = encoded(foreign(sampling=sound))
    assert (body["generationConfig"]["responseModalities"], lost) == (["TEXT", "AUDIO"], [])
    assert encoded(foreign(extensions=voice))[1] == ["audio"]
