from typing import Any

import pytest

from proxy_core.dialects.openai_chat.usage import decode_usage, encode_usage
from proxy_core.ir.stream import Usage

FULL = {
    "prompt_tokens": 2310,
    "completion_tokens": 63,
    "total_tokens": 2373,
    "prompt_tokens_details": {"cached_tokens": 1792, "cache_write_tokens": 0, "audio_tokens": 3},
    "completion_tokens_details": {"reasoning_tokens": 48, "accepted_prediction_tokens": 2},
}


def test_a_full_report_survives() -> None:
    usage = decode_usage(FULL)
    assert usage is not None
    assert (usage.input_tokens, usage.output_tokens, usage.cached_tokens) == (2310, 63, 1792)
    assert (usage.cache_write_tokens, usage.reasoning_tokens) == (0, 48)
    assert encode_usage(usage) == FULL


def test_what_was_not_reported_stays_away() -> None:
    assert encode_usage(Usage(1, 2)) == {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}


@pytest.mark.parametrize("value", [None, {}, [], "x", {"total_tokens": 3}])
def test_no_usage_is_none(value: Any) -> None:
    assert decode_usage(value) is None


def test_reasoning_counted_beside_the_output_is_added() -> None:
    usage = decode_usage({
        "prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 22,
        "completion_tokens_details": {"reasoning_tokens": 7},
    })  # fmt: skip
    assert usage == Usage(10, 12, reasoning_tokens=7)


@pytest.mark.parametrize("name", ["prompt_cache_hit_tokens", "cached_tokens"])
def test_cache_hits_beside_the_totals_count(name: str) -> None:
    assert decode_usage({"prompt_tokens": 9, "completion_tokens": 1, name: 4}) == Usage(9, 1, cached_tokens=4)


def test_odd_numbers_do_no_harm() -> None:
    value = {"prompt_tokens": -3, "completion_tokens": "x", "prompt_tokens_details": {"cached_tokens": True}}
    assert decode_usage(value) == Usage(0, 0)
