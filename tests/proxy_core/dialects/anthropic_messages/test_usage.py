from anthropic.types import MessageDeltaUsage
from anthropic.types import Usage as SdkUsage

from proxy_core.dialects.anthropic_messages.usage import (
    decode_usage,
    encode_delta_usage,
    encode_usage,
    merge_usage,
)
from proxy_core.ir.stream import Usage

WIRE = {
    "input_tokens": 18,
    "cache_creation_input_tokens": 500,
    "cache_read_input_tokens": 1792,
    "output_tokens": 11,
    "cache_creation": {"ephemeral_5m_input_tokens": 400, "ephemeral_1h_input_tokens": 100},
    "output_tokens_details": {"thinking_tokens": 4},
    "server_tool_use": {"web_search_requests": 1, "web_fetch_requests": 0},
    "service_tier": "standard",
}


def test_cached_tokens_are_part_of_the_input_and_come_out_again() -> None:
    usage = decode_usage(WIRE)
    assert (usage.input_tokens, usage.cached_tokens, usage.cache_write_tokens) == (2310, 1792, 500)
    assert (usage.cache_write_long_tokens, usage.reasoning_tokens, usage.output_tokens) == (100, 4, 11)
    assert encode_usage(usage) == WIRE
    SdkUsage.model_validate(encode_usage(usage), strict=True)


def test_nothing_reported_is_not_zero_but_is_written_as_zero() -> None:
    usage = decode_usage({"input_tokens": 3, "output_tokens": 2})
    assert (usage.cached_tokens, usage.cache_write_tokens, usage.reasoning_tokens) == (None, None, None)
    zeros = {
        "input_tokens": 0,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
        "output_tokens": 0,
    }
    assert encode_usage(None) == zeros
    assert encode_delta_usage(None) == zeros
    MessageDeltaUsage.model_validate(zeros, strict=True)


def test_never_below_zero() -> None:
    assert encode_usage(Usage(10, 1, cached_tokens=9, cache_write_tokens=9))["input_tokens"] == 0


def test_a_split_alone_gives_the_sum() -> None:
    split = {"ephemeral_5m_input_tokens": 1, "ephemeral_1h_input_tokens": 2}
    assert decode_usage({"cache_creation": split}).cache_write_tokens == 3


def test_later_totals_overwrite_and_null_keeps() -> None:
    merged = merge_usage({"input_tokens": 5, "output_tokens": 1}, {"input_tokens": None, "output_tokens": 9})
    assert merged == {"input_tokens": 5, "output_tokens": 9}
    assert merge_usage(merged, None) == merged


def test_nonsense_reads_as_not_reported() -> None:
    usage = decode_usage({"input_tokens": "7", "output_tokens": True, "cache_creation": 3, "speed": None})
    assert usage == Usage(native={})


def test_words_of_other_vendors_stay_out() -> None:
    foreign = Usage(1, 1, native={"service_tier": "scale", "speed": "slow", "inference_geo": 4, "x": 1})
    assert set(encode_usage(foreign)) == set(encode_usage(None))
