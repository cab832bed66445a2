from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from proxy_core.dialects.gemini_generate.usage import decode_usage, encode_usage
from proxy_core.ir.stream import Usage


def test_thoughts_are_output_and_cached_tokens_are_input() -> None:
    usage = decode_usage(
        {
            "promptTokenCount": 100,
            "cachedContentTokenCount": 60,
            "candidatesTokenCount": 15,
            "thoughtsTokenCount": 48,
            "toolUsePromptTokenCount": 7,
            "totalTokenCount": 170,
            "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 100}],
        }
    )
    assert usage is not None
    assert (usage.input_tokens, usage.output_tokens) == (107, 63)
    assert (usage.cached_tokens, usage.reasoning_tokens, usage.tool_prompt_tokens) == (60, 48, 7)
    assert encode_usage(usage) == {
        "promptTokenCount": 100,
        "candidatesTokenCount": 15,
        "totalTokenCount": 170,
        "cachedContentTokenCount": 60,
        "thoughtsTokenCount": 48,
        "toolUsePromptTokenCount": 7,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 100}],
    }


def test_missing_candidates_count_is_zero_and_details_stay_unknown() -> None:
    usage = decode_usage({"prompt_token_count": 9, "candidatesTokenCount": True})
    assert usage == Usage(input_tokens=9)


def test_a_keep_alive_counts_nothing() -> None:
    assert decode_usage({"promptTokenCount": 0, "totalTokenCount": 0}) is None
    assert decode_usage(None) is None


counts = st.integers(0, 10**9)


@given(counts, counts, counts, counts)
def test_totals_are_kept_and_never_negative(prompt: int, tool: int, answer: int, thoughts: int) -> None:
    usage = Usage(
        prompt + tool,
        answer + thoughts,
        reasoning_tokens=thoughts,
        tool_prompt_tokens=tool,
        native={"somebody": "else's"},
    )
    wire = encode_usage(usage)
    assert wire["totalTokenCount"] == prompt + tool + answer + thoughts
    assert wire["candidatesTokenCount"] == answer
    assert "somebody" not in wire
    back = decode_usage(wire)
    if wire["totalTokenCount"]:
        assert back is not None
        assert (back.input_tokens, back.output_tokens) == (usage.input_tokens, usage.output_tokens)


def test_details_larger_than_their_total_do_not_go_below_zero() -> None:
    wire = encode_usage(Usage(1, 2, reasoning_tokens=5, tool_prompt_tokens=3))
    assert wire["promptTokenCount"] == 0
    assert wire["candidatesTokenCount"] == 0
