from __future__ import annotations

from typing import Any

import pytest

from proxy_core.errors import DecodeError
from proxy_core.ir.request import OutputFormat, ReasoningControl, Sampling
from tests.proxy_core.dialects.gemini_generate.support import decoded

ASK = {"contents": [{"parts": [{"text": "Hi"}]}]}


def test_every_knob() -> None:
    config = {
        "temperature": 1,
        "top_p": 0.9,
        "topK": 40,
        "candidate_count": 2,
        "maxOutputTokens": 10,
        "stopSequences": ["a", "b"],
        "seed": 7,
        "presencePenalty": 0.1,
        "frequencyPenalty": 0.2,
        "responseLogprobs": True,
        "logprobs": 3,
        "responseModalities": ["TEXT", "IMAGE"],
    }
    request = decoded({**ASK, "generation_config": config, "serviceTier": "flex", "store": False})
    assert request.sampling == Sampling(
        10, 1, 0.9, 40, ("a", "b"), 7, 2, 0.1, 0.2, None, True, 3,
        modalities=("text", "image"), service_tier="flex", store=False,
    )  # fmt: skip
    assert request.extensions == {}


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({}, ReasoningControl()),
        ({"includeThoughts": True}, ReasoningControl(show=True)),
        ({"include_thoughts": False, "thinking_budget": 0}, ReasoningControl("off", show=False)),
        ({"thinkingBudget": -1}, ReasoningControl("auto")),
        ({"thinkingBudget": 512}, ReasoningControl("budget", budget=512)),
        ({"thinkingLevel": "XHIGH"}, ReasoningControl("level", level="xhigh")),
        ({"thinkingLevel": "low"}, ReasoningControl("level", level="low")),
        ({"thinkingLevel": "THINKING_LEVEL_UNSPECIFIED"}, ReasoningControl()),
    ],
)
def test_thinking(config: Any, expected: ReasoningControl) -> None:
    assert decoded({**ASK, "generationConfig": {"thinkingConfig": config}}).reasoning == expected


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"responseMimeType": "text/plain"}, OutputFormat()),
        ({"responseMimeType": "application/json"}, OutputFormat("json")),
        (
            {"response_mime_type": "application/json", "responseJsonSchema": {"type": "object"}},
            OutputFormat("schema", schema={"type": "object"}),
        ),
        ({"responseSchema": {"type": "OBJECT"}}, OutputFormat("schema", schema={"type": "object"})),
    ],
)
def test_output(config: Any, expected: OutputFormat) -> None:
    assert decoded({**ASK, "generationConfig": config}).output == expected


def test_what_has_no_neutral_word_is_kept_by_its_place() -> None:
    config = {
        "speechConfig": {"a": 1},
        "responseMimeType": "text/x.enum",
        "thinkingConfig": {"somethingNew": 1},
    }
    request = decoded({**ASK, "generationConfig": config, "safetySettings": [], "labels": {"a": "b"}})
    assert request.extensions["google"] == {
        "generationConfig.speechConfig": {"a": 1},
        "generationConfig.responseMimeType": "text/x.enum",
        "generationConfig.thinkingConfig.somethingNew": 1,
        "safetySettings": [],
        "labels": {"a": "b"},
    }


@pytest.mark.parametrize(
    ("config", "param"),
    [
        ({"temperature": "hot"}, "generationConfig.temperature"),
        ({"maxOutputTokens": 1.5}, "generationConfig.maxOutputTokens"),
        ({"stopSequences": "END"}, "generationConfig.stopSequences"),
        ({"responseJsonSchema": []}, "generationConfig.responseJsonSchema"),
        ({"responseSchema": "x"}, "generationConfig.responseSchema"),
        ({"thinkingConfig": {"thinkingLevel": "HUGE"}}, "generationConfig.thinkingConfig.thinkingLevel"),
    ],
)
def test_what_is_wrong_is_named(config: Any, param: str) -> None:
    with pytest.raises(DecodeError) as caught:
        decoded({**ASK, "generationConfig": config})
    assert caught.value.param == param


@pytest.mark.parametrize("most", [0, -1])
@pytest.mark.parametrize("name", ["maxOutputTokens", "max_output_tokens"])
def test_an_output_limit_is_at_least_one(name: str, most: int) -> None:
    with pytest.raises(DecodeError) as caught:
        decoded({**ASK, "generationConfig": {name: most}})
    assert caught.value.param == "generationConfig.maxOutputTokens"
