from datetime import date

from proxy_core.usage.prices import DATE, PRICES


def test_every_row_is_plausible_and_dated() -> None:
    newest = date.fromisoformat(DATE)
    for name, price in PRICES:
        assert name == name.lower()
        assert date(2026, 1, 1) < date.fromisoformat(price.read_on) <= newest, name
        assert 0 < price.input <= 200_000_000, name
        assert price.output == 0 or price.output > price.input, name
        assert 0 < price.cached <= price.input <= price.write <= 1.25 * price.input, name
        if price.long is not None:
            assert price.long.above >= 100_000
            assert 1 < price.long.output_factor <= price.long.input_factor


def test_no_model_stands_twice() -> None:
    names = [name for name, _ in PRICES]
    assert sorted(set(names)) == sorted(names)
