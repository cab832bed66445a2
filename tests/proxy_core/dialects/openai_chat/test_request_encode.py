import json
from typing import Any, get_args

import pytest
from openai.types.chat import completion_create_params

from proxy_core.dialects.openai_chat.request_encode import encode_reasoning
from proxy_core.errors import UnsupportedError
from proxy_core.ir.request import OutputFormat, ReasoningControl, Sampling
from proxy_core.profile import LEVELS, ModelProfile, Thinking
from tests.proxy_core.dialects.openai_chat.exchange import (
    CALL,
    DIALECT,
    NAME,
    decode,
    encode,
    losses,
    request,
    target,
)
from tests.samples import load

OFFICIAL = {
    name
    for kind in get_args(completion_create_params.CompletionCreateParams)
    for name in kind.__annotations__ | completion_create_params.CompletionCreateParamsBase.__annotations__
}
EVERYTHING = Sampling(
    max_output_tokens=9, temperature=0.5, top_p=0.9, stop=("a",), seed=1, candidates=2, presence_penalty=0.1,
    frequency_penalty=0.2, logit_bias={"1": 2}, logprobs=True, top_logprobs=3, verbosity="low",
    modalities=("text",), service_tier="flex", cache_key="k", user="u", metadata={"a": "b"}, store=True,
)  # fmt: skip


def test_samples_come_out_as_they_went_in() -> None:
    for sample in load.samples(NAME):
        asked = DIALECT.decode_request(sample.request_bytes, CALL)
        encoded = DIALECT.encode_request(asked, target())
        expected = {**sample.request, "model": "up"}
        for message in expected["messages"]:
            # The two roles have the same rank, and only one of them is known everywhere.
            message["role"] = message["role"].replace("developer", "system")
        assert json.loads(encoded.body) == expected
        assert encoded.losses == ()


@pytest.mark.parametrize("strict", [True, False])
def test_encoding_what_was_encoded_changes_nothing(strict: bool) -> None:
    for sample in load.samples(NAME):
        once = DIALECT.encode_request(DIALECT.decode_request(sample.request_bytes, CALL), target(strict)).body
        assert DIALECT.encode_request(DIALECT.decode_request(once, CALL), target(strict)).body == once


def test_a_strict_target_gets_official_members_only() -> None:
    body = encode(request(sampling=EVERYTHING, reasoning=ReasoningControl("level", "low")), stream=True)
    assert body.keys() <= OFFICIAL
    assert body["stream_options"] == {"include_usage": True}
    assert body["max_completion_tokens"] == 9
    assert losses(request(sampling=EVERYTHING)) == []


def test_every_knob_survives_its_own_dialect() -> None:
    body = encode(request(sampling=EVERYTHING))
    assert DIALECT.decode_request(json.dumps(body).encode(), CALL).sampling == EVERYTHING


def test_top_k_is_for_lenient_targets() -> None:
    asked = request(sampling=Sampling(top_k=5, max_output_tokens=9))
    assert losses(asked) == ["top_k"]
    body = encode(asked, strict=False)
    assert (body["top_k"], body["max_tokens"]) == (5, 9)


def test_stop_strings_beyond_the_fourth_are_cut_here() -> None:
    encoded = DIALECT.encode_request(request(sampling=Sampling(stop=("1", "2", "3", "4", "5"))), target())
    assert json.loads(encoded.body)["stop"] == ["1", "2", "3", "4"]
    assert encoded.memory.stop == ("5",)


def test_a_model_without_sampling_loses_it() -> None:
    asked = request(sampling=Sampling(temperature=0.3, top_p=0.9))
    encoded = DIALECT.encode_request(asked, target(profile=ModelProfile("up", sampling=False)))
    assert [loss.path for loss in encoded.losses] == ["temperature", "top_p"]
    assert not json.loads(encoded.body).keys() & {"temperature", "top_p"}


@pytest.mark.parametrize(
    ("control", "effort"),
    [
        (ReasoningControl(), None),
        (ReasoningControl("auto"), None),
        (ReasoningControl("off"), "none"),
        (ReasoningControl("level", "xhigh"), "xhigh"),
        (ReasoningControl("budget", budget=0), "none"),
        (ReasoningControl("budget", budget=8192), "medium"),
        (ReasoningControl("budget", budget=20000), "high"),
    ],
)
def test_reasoning_is_an_effort(control: ReasoningControl, effort: str | None) -> None:
    profile = ModelProfile("up", thinking=Thinking(levels=LEVELS), known=True)
    assert encode_reasoning(control, profile) == effort


def test_a_model_that_does_not_think_is_told_nothing() -> None:
    assert (
        encode_reasoning(ReasoningControl("level", "high"), ModelProfile("up", thinking=None, known=True))
        is None
    )


def test_an_unknown_budget_becomes_an_effort_too() -> None:
    assert encode_reasoning(ReasoningControl("budget", budget=1024), ModelProfile("up")) == "low"


def test_schemas_have_a_valid_name() -> None:
    form = encode(request(output=OutputFormat("schema", None, {"type": "object"})))["response_format"]
    assert form == {"type": "json_schema", "json_schema": {"name": "reply", "schema": {"type": "object"}}}
    named = encode(request(output=OutputFormat("schema", "my reply!", {}, True, "d")))["response_format"]
    assert named["json_schema"] == {"name": "my_reply_", "description": "d", "schema": {}, "strict": True}
    assert encode(request(output=OutputFormat("json")))["response_format"] == {"type": "json_object"}


def test_tiers_and_long_user_keys_are_fitted() -> None:
    body = encode(request(sampling=Sampling(service_tier="standard_only", user="u" * 90)))
    assert body["service_tier"] == "default"
    assert len(body["safety_identifier"]) == 64
    assert losses(request(sampling=Sampling(service_tier="golden"))) == ["service_tier"]


def test_metadata_keeps_to_the_limits() -> None:
    asked = request(sampling=Sampling(metadata={"a": "b", "n": 3, "long": "x" * 600}))
    assert encode(asked)["metadata"] == {"a": "b"}
    assert losses(asked) == ["metadata.n", "metadata.long"]


def test_extensions_are_owned_lenient_or_lost() -> None:
    asked = decode(prediction={"type": "content", "content": "x"}, min_p=0.1)
    assert encode(asked)["prediction"] == {"type": "content", "content": "x"}
    assert "min_p" not in encode(asked)
    assert losses(asked) == ["min_p"]
    assert encode(asked, strict=False)["min_p"] == 0.1
    assert losses(request(extensions={"anthropic": {"speed": "fast"}})) == ["speed"]


@pytest.mark.parametrize(
    "members",
    [
        {"extensions": {"openai": {"previous_response_id": "r1"}}},
        {"extensions": {"anthropic": {"mcp_servers": [{"name": "x"}]}}},
        {"extensions": {"google": {"cachedContent": "c1"}}},
        {"sampling": Sampling(modalities=("text", "image"))},
        {"sampling": Sampling(modalities=("audio",))},
    ],
)
def test_features_are_refused(members: Any) -> None:
    with pytest.raises(UnsupportedError) as caught:
        encode(request(**members))
    assert caught.value.param


def test_the_same_request_gives_the_same_bytes() -> None:
    asked = request(sampling=EVERYTHING)
    assert DIALECT.encode_request(asked, target()).body == DIALECT.encode_request(asked, target()).body


def test_an_effort_that_the_model_cannot_take_is_told() -> None:
    plain = target(profile=ModelProfile("up", known=True, thinking=None))
    high = DIALECT.encode_request(request(reasoning=ReasoningControl("level", "high")), plain)
    assert "reasoning_effort" not in json.loads(high.body)
    assert [loss.path for loss in high.losses] == ["reasoning"]
    assert DIALECT.encode_request(request(reasoning=ReasoningControl("off")), plain).losses == ()
