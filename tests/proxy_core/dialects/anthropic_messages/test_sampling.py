from typing import Any

import pytest

from proxy_core.dialects.anthropic_messages.sampling import (
    encode_sampling,
    max_tokens_for,
    refuse_unsayable,
)
from proxy_core.errors import UnsupportedError
from proxy_core.ir.request import Loss, Request, Sampling
from proxy_core.profile import ModelProfile
from tests.proxy_core.dialects.anthropic_messages.support import ADAPTIVE, UNKNOWN, decoded, foreign

FIXED = ModelProfile("x", known=True, sampling=False)


def _written(
    request: Request, profile: ModelProfile = UNKNOWN, thinking: bool = False
) -> tuple[dict[str, Any], set[str], tuple[str, ...]]:
    body: dict[str, Any] = {}
    losses: list[Loss] = []
    stops = encode_sampling(body, request, profile, thinking_on=thinking, losses=losses)
    return body, {loss.path for loss in losses}, stops


def _sampled(**knobs: Any) -> Request:
    return foreign(sampling=Sampling(**knobs))


@pytest.mark.parametrize(
    ("asked", "profile", "given"),
    [
        (None, UNKNOWN, 32_000),
        (None, ADAPTIVE, 64_000),
        (100_000, ADAPTIVE, 64_000),
        (100_000, UNKNOWN, 100_000),
        (0, UNKNOWN, 1),
    ],
)
def test_max_tokens(asked: int | None, profile: ModelProfile, given: int) -> None:
    assert max_tokens_for(_sampled(max_output_tokens=asked), profile) == given


def test_warming_the_cache_stays_possible() -> None:
    assert max_tokens_for(decoded(max_tokens=0), UNKNOWN) == 0


def test_temperature_wins_over_top_p_and_is_kept_in_range() -> None:
    assert _written(_sampled(temperature=1.7, top_p=0.5, top_k=3.0)) == (
        {"temperature": 1, "top_k": 3},
        {"temperature", "top_p"},
        (),
    )
    assert _written(_sampled(top_p=0.5))[0] == {"top_p": 0.5}


@pytest.mark.parametrize(("profile", "thinking"), [(FIXED, False), (UNKNOWN, True)])
def test_no_sampling_where_none_is_taken(profile: ModelProfile, thinking: bool) -> None:
    request = _sampled(temperature=0.3, top_p=0.9, top_k=1)
    assert _written(request, profile, thinking) == ({}, {"temperature", "top_p", "top_k"}, ())
    assert _written(_sampled(temperature=1), profile, thinking) == ({}, set(), ())


def test_blank_stop_strings_are_cut_by_the_proxy() -> None:
    body, lost, stops = _written(_sampled(stop=("END", "\n\n", "")))
    assert body == {"stop_sequences": ["END"]}
    assert stops == ("\n\n",)
    assert lost == set()


@pytest.mark.parametrize(
    ("tier", "wire"), [("auto", "auto"), ("default", "standard_only"), ("standard", "standard_only")]
)
def test_tiers(tier: str, wire: str) -> None:
    assert _written(_sampled(service_tier=tier))[0] == {"service_tier": wire}


@pytest.mark.parametrize("tier", ["priority", "fast"])
def test_a_faster_tier_is_fast_mode_where_the_model_has_one(tier: str) -> None:
    assert _written(_sampled(service_tier=tier), ModelProfile("m", fast=True))[0] == {"speed": "fast"}
    assert _written(_sampled(service_tier=tier), ModelProfile("m"))[0] == {"speed": "fast"}
    known = ModelProfile("m", known=True)
    assert _written(_sampled(service_tier=tier), known)[:2] == ({}, {"service_tier"})


def test_fast_mode_of_an_own_client_stays() -> None:
    assert _written(decoded(speed="fast"))[0] == {"speed": "fast"}
    assert _written(decoded(speed="standard"))[:2] == ({}, set())


def test_an_unknown_tier_is_lost_for_others_and_passed_on_for_own() -> None:
    assert _written(_sampled(service_tier="flex"))[:2] == ({}, {"service_tier"})
    assert _written(decoded(service_tier="brandnew"))[0] == {"service_tier": "brandnew"}
    assert _written(decoded(service_tier="standard_only"))[0] == {"service_tier": "standard_only"}


def test_everything_without_a_place_is_reported() -> None:
    knobs: dict[str, Any] = {
        "seed": 1,
        "presence_penalty": 0.5,
        "frequency_penalty": 0.5,
        "logit_bias": {"1": 2},
        "logprobs": True,
        "top_logprobs": 2,
        "verbosity": "low",
        "cache_key": "k",
        "metadata": {"a": "b"},
        "store": True,
    }
    told = {name.replace("cache_key", "prompt_cache_key") for name in knobs}
    assert _written(_sampled(**knobs, user="u")) == ({"metadata": {"user_id": "u"}}, told, ())
    assert _written(_sampled(store=False, logprobs=False))[1] == set()


@pytest.mark.parametrize(
    ("knobs", "param"), [({"candidates": 2}, "n"), ({"modalities": ("text", "audio")}, "modalities")]
)
def test_features_are_refused(knobs: dict[str, Any], param: str) -> None:
    with pytest.raises(UnsupportedError) as caught:
        refuse_unsayable(_sampled(**knobs))
    assert caught.value.param == param


def test_state_kept_by_another_vendor_is_a_feature() -> None:
    with pytest.raises(UnsupportedError) as caught:
        refuse_unsayable(foreign(extensions={"google": {"cachedContent": "cachedContents/1"}}))
    assert caught.value.param == "cachedContent"


def test_one_candidate_of_text_is_no_feature() -> None:
    request = _sampled(candidates=1, modalities=("TEXT",))
    refuse_unsayable(request)
    assert _written(request) == ({}, set(), ())
