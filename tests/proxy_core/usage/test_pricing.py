import pytest

from proxy_core.ir.stream import Usage
from proxy_core.usage.pricing import cost_micro, price_of


@pytest.mark.parametrize(
    ("model", "known_as"),
    [
        ("gpt-4o", "gpt-4o"),
        ("GPT-4o", "gpt-4o"),
        ("openai/gpt-4o-2024-08-06", "gpt-4o"),
        ("claude-sonnet-4-5-20250929", "claude-sonnet-4-5"),
        ("claude-3-5-haiku-latest", "claude-3-5-haiku"),
        ("models/gemini-2.5-pro", "gemini-2.5-pro"),
    ],
)
def test_names(model: str, known_as: str) -> None:
    assert price_of(model) == price_of(known_as) is not None


@pytest.mark.parametrize(
    "model", ["", "gpt-4o-realtime", "gpt", "llama3", "claude-sonnet-4-5-fast", "gpt-5-2025"]
)
def test_a_model_that_is_not_listed_has_no_price(model: str) -> None:
    assert price_of(model) is None
    assert cost_micro(model, Usage(1000, 1000)) is None


@pytest.mark.parametrize(
    ("model", "usage", "micro"),
    [
        ("gpt-4o", Usage(0, 0), 0),
        ("gpt-4o", Usage(1_000_000, 0), 2_500_000),
        ("gpt-4o", Usage(1000, 100), 2500 + 1000),
        # cached tokens are part of the input, reasoning is part of the output
        ("gpt-4o", Usage(1000, 100, cached_tokens=400, reasoning_tokens=60), 1500 + 500 + 1000),
        ("claude-opus-5", Usage(1000, 0, cached_tokens=200, cache_write_tokens=300), 2500 + 100 + 1875),
        # an hour's cache write costs more than a short one
        ("claude-opus-5", Usage(300, 0, cache_write_tokens=300, cache_write_long_tokens=100), 1250 + 1000),
        # more cached than input makes no sense, and no negative price
        ("gpt-4o", Usage(10, 0, cached_tokens=1000), 1250),
        # long prompts
        ("gpt-6-sol", Usage(272_000, 1000), 544_000 + 10_000),
        ("gpt-6-sol", Usage(272_001, 1000), 2 * 544_002 + 15_000),
        ("gemini-2.5-pro", Usage(200_001, 0, cached_tokens=200_001), 50_000),
        # less than half a micro-dollar is nothing
        ("gpt-5-nano", Usage(1, 0), 0),
    ],
)
def test_costs(model: str, usage: Usage, micro: int) -> None:
    assert cost_micro(model, usage) == micro
