from dataclasses import replace

import pytest

from proxy_core.dialects.openai_responses.settings_encode import encode_format, encode_reasoning, user_key
from proxy_core.ir.request import OutputFormat, ReasoningControl, Request, Sampling
from tests.proxy_core.dialects.openai_responses.material import (
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


def sampled(sampling: Sampling) -> Request:
    return neutral(sampling=sampling)


def test_what_the_dialect_lacks_is_lost_by_name() -> None:
    lacking = Sampling(
        top_k=5, seed=1, presence_penalty=0.5, frequency_penalty=0.0, logit_bias={"1": 2}, service_tier="odd"
    )
    assert paths(sampled(lacking)) == [
        "top_k",
        "seed",
        "presence_penalty",
        "frequency_penalty",
        "logit_bias",
        "service_tier",
    ]


def test_stop_is_cut_by_us_and_no_loss() -> None:
    encoded = DIALECT.encode_request(sampled(Sampling(stop=("END",))), target())
    assert encoded.memory.stop == ("END",)
    assert encoded.losses == ()
    assert b"END" not in encoded.body


def test_sampling() -> None:
    body = encode(
        sampled(
            Sampling(
                max_output_tokens=100,
                temperature=0.5,
                top_p=0.9,
                logprobs=True,
                top_logprobs=3,
                service_tier="flex",
                cache_key="k",
                user="u",
                metadata={"a": "b"},
                parallel_tool_calls=True,
            )
        )
    )
    assert body["max_output_tokens"] == 100
    assert (body["temperature"], body["top_p"], body["top_logprobs"]) == (0.5, 0.9, 3)
    assert body["include"] == ["message.output_text.logprobs"]
    assert (body["service_tier"], body["prompt_cache_key"], body["safety_identifier"]) == ("flex", "k", "u")
    assert body["metadata"] == {"a": "b"}
    assert body["store"] is False
    assert "parallel_tool_calls" not in body, "there is no tool"


def test_limits_of_the_vendor() -> None:
    small = sampled(Sampling(max_output_tokens=5, metadata={"a": 1, "b": "x" * 600, "c": "ok"}))
    body = encode(small)
    assert body["max_output_tokens"] == 16
    assert body["metadata"] == {"c": "ok"}
    assert paths(small) == ["max_output_tokens", "metadata.a", "metadata.b"]
    assert user_key("u" * 64) == "u" * 64
    assert len(user_key("u" * 65)) == 64
    assert user_key("u" * 65) != user_key("u" * 66)


def test_a_model_without_sampling() -> None:
    to = target(replace(THINKER, sampling=False))
    request = sampled(Sampling(temperature=0.5, top_p=0.5))
    assert "temperature" not in encode(request, to)
    assert paths(request, to) == ["temperature", "top_p"]


def test_storing_only_when_asked() -> None:
    assert encode(sampled(Sampling(store=True)))["store"] is True
    assert encode(sampled(Sampling()))["store"] is False


@pytest.mark.parametrize(
    ("control", "written"),
    [
        (ReasoningControl(), {}),
        (ReasoningControl("level", "high", show=True), {"effort": "high", "summary": "auto"}),
        (
            ReasoningControl("level", "max", show=True, detail="detailed"),
            {"effort": "high", "summary": "detailed"},
        ),
        (ReasoningControl("budget", budget=1000), {"effort": "low"}),
        (ReasoningControl("off"), {"effort": "none"}),
        (ReasoningControl("auto", show=False), {}),
    ],
)
def test_reasoning(control: ReasoningControl, written: dict[str, str]) -> None:
    assert encode_reasoning(control, THINKER) == written


def test_budgets_become_levels_for_unknown_models_too() -> None:
    assert encode_reasoning(ReasoningControl("budget", budget=20000), UNKNOWN) == {"effort": "high"}
    assert encode_reasoning(ReasoningControl("budget", budget=-1), UNKNOWN) == {}
    assert encode_reasoning(ReasoningControl("level", "high", show=True), PLAIN) == {}


def test_formats() -> None:
    assert encode_format(OutputFormat()) == {"type": "text"}
    assert encode_format(OutputFormat("json")) == {"type": "json_object"}
    assert encode_format(OutputFormat("schema")) == {"type": "json_object"}
    assert encode_format(OutputFormat("schema", None, {"type": "object"}, False, "d")) == {
        "type": "json_schema",
        "name": "output",
        "description": "d",
        "schema": {"type": "object"},
        "strict": False,
    }


def test_extensions_of_the_family_and_of_others() -> None:
    request = neutral(
        extensions={
            "openai": {"truncation": "auto", "prediction": {}, "prompt_cache_options": {"ttl": "30m"}},
            "elsewhere": {"thinking_style": 1},
        }
    )
    body = encode(request)
    assert body["truncation"] == "auto"
    assert body["prompt_cache_options"] == {"ttl": "30m"}
    assert "prediction" not in body
    assert paths(request) == ["thinking_style", "prediction"]
    assert paths(request, target(strict=False)) == [
        "thinking_style",
        "truncation",
        "prediction",
        "prompt_cache_options",
    ]


def test_own_extensions_find_their_place_again() -> None:
    search = {"type": "tool_search", "execution": "client"}
    request = decode_input(
        tools=[{"type": "function", "name": "f", "parameters": None, "strict": None}, search],
        reasoning={"effort": "low", "context": "all_turns"},
        include=["file_search_call.results"],
        brand_new=1,
    )
    body = encode(request, target(THINKER))
    assert body["tools"][1] == search
    assert body["reasoning"] == {"effort": "low", "context": "all_turns"}
    assert body["include"] == ["reasoning.encrypted_content", "file_search_call.results"]
    assert body["brand_new"] == 1
    assert paths(request) == []
