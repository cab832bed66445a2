from typing import Any

import pytest

from proxy_core.dialects.openai_responses.usage import decode_usage, encode_usage
from proxy_core.ir.stream import Usage


def test_totals_and_details() -> None:
    wire = {
        "input_tokens": 2310,
        "input_tokens_details": {
            "cached_tokens": 1792,
            "cache_write_tokens": 500,
            "cache_write_tokens_details": {"ttl_30m_tokens": 400, "ttl_12h_tokens": 100},
        },
        "output_tokens": 11,
        "output_tokens_details": {"reasoning_tokens": 4},
        "total_tokens": 2321,
    }
    usage = decode_usage(wire)
    assert usage == Usage(2310, 11, 1792, 500, 100, 4)
    assert encode_usage(usage) == {
        **wire,
        "input_tokens_details": {"cached_tokens": 1792, "cache_write_tokens": 500},
    }


def test_not_reported_is_not_zero() -> None:
    assert decode_usage({"input_tokens": 1, "output_tokens": 2}) == Usage(1, 2)
    assert decode_usage(None) is None


def test_clients_need_every_member() -> None:
    assert encode_usage(None) == {
        "input_tokens": 0,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": 0,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": 0,
    }


@pytest.mark.parametrize("odd", ["x", True, float("inf"), float("nan"), [], -3])
def test_odd_numbers_count_nothing(odd: Any) -> None:
    assert decode_usage({"input_tokens": odd, "input_tokens_details": odd}) == Usage()
