from dataclasses import fields, replace

from proxy_core.ir.stream import Usage
from proxy_core.usage.ledger import Outcome, row
from tests.contract.rows import ROW

OUTCOME = Outcome(
    **{field.name: getattr(ROW, field.name) for field in fields(Outcome) if field.name != "usage"},
    usage=Usage(100, 20, 10, 5, reasoning_tokens=7),
)


def test_a_row_has_everything_of_its_exchange() -> None:
    assert row(OUTCOME) == replace(ROW, cost_micro=None)


def test_a_known_model_has_a_cost_and_an_unknown_one_none() -> None:
    micro = 85 * 2.5 + 10 * 1.25 + 5 * 2.5 + 20 * 10
    assert row(replace(OUTCOME, model="gpt-4o")).cost_micro == round(micro)
    assert row(replace(OUTCOME, model=None)).cost_micro is None


def test_without_usage_nothing_is_counted_as_zero() -> None:
    bare = row(replace(OUTCOME, usage=None, model="gpt-4o"))
    assert (bare.input_tokens, bare.output_tokens, bare.cached_tokens, bare.cost_micro) == (None,) * 4
    assert not bare.usage_estimated


def test_an_estimate_says_so() -> None:
    estimated = row(replace(OUTCOME, usage=Usage(10, 0, estimated=True)))
    assert estimated.usage_estimated
    assert estimated.reasoning_tokens is None


def test_counts_that_cannot_be_are_kept_within_what_can() -> None:
    found = row(replace(OUTCOME, model="gpt-4o", usage=Usage(2**70, -5, reasoning_tokens=2**63)))
    assert (found.input_tokens, found.output_tokens, found.reasoning_tokens) == (10**12, 0, 10**12)
    assert found.cost_micro == round(10**12 * 2.5)
    assert row(replace(OUTCOME, usage=Usage(10**400, 10**400), model="gpt-4o")).output_tokens == 10**12
