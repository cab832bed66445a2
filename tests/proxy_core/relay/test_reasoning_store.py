"""The store forgets in time, never mixes, and never shows what it holds."""

import logging

from hypothesis import given
from hypothesis import strategies as st

from proxy_core.ir.message import Reasoning, Seal, ToolCall
from proxy_core.ir.reasoning_trace import Step, steps
from proxy_core.relay.reasoning_store import BoundedMap, Origin, ReasoningStore
from tests.proxy_core.clocks import FakeClock

SECRET = "canary-of-a-sealed-thought"


class Jumpy(FakeClock):
    """A clock that may go back."""

    def jump(self, seconds: float) -> None:
        self._at += seconds


def step(value: str = SECRET, text: str = "") -> Step:
    return Step(((0, Reasoning((text,) if text else (), Seal("vendor", "k", value))),))


def store(clock: FakeClock | None = None, **bounds: float) -> ReasoningStore:
    return ReasoningStore(clock or FakeClock(), **bounds)  # type: ignore[arg-type]


def bounded(clock: FakeClock, entries: int = 3, size: int = 800) -> BoundedMap[str, str]:
    return BoundedMap(clock, entries, size, 100.0)


def test_the_least_used_entry_goes_first() -> None:
    found = bounded(FakeClock())
    for name in "abc":
        found.put(name, name.upper(), 10)
    assert found.get("a") == "A"
    found.put("d", "D", 10)
    assert [found.get(name) for name in "abcd"] == ["A", None, "C", "D"]
    assert (len(found), found.size) == (3, 30)


def test_bytes_are_bounded_and_one_entry_has_no_more_than_its_share() -> None:
    found = bounded(FakeClock(), entries=99)
    for name in range(20):
        found.put(str(name), "x", 100)
    assert (len(found), found.size) == (8, 800)
    found.put("large", "x", 101)
    assert found.get("large") is None
    assert found.size == 800


def test_an_entry_that_grows_takes_the_place_of_itself() -> None:
    found = bounded(FakeClock())
    found.put("a", "A", 40)
    found.put("a", "AA", 60)
    assert (found.get("a"), len(found), found.size) == ("AA", 1, 60)


async def test_entries_end_after_their_time_and_use_renews_it() -> None:
    clock = FakeClock()
    found = bounded(clock)
    found.put("used", "A", 1)
    found.put("unused", "B", 1)
    await clock.advance(60)
    assert found.get("used") == "A"
    await clock.advance(60)
    assert found.get("unused") is None
    assert found.get("used") == "A"
    await clock.advance(101)
    assert found.get("used") is None
    assert found.size == 0


async def test_a_clock_that_goes_back_makes_nothing_immortal_and_nothing_fail() -> None:
    clock = Jumpy()
    found = bounded(clock)
    found.put("before", "A", 1)
    clock.jump(-500)
    found.put("after", "B", 1)
    assert (found.get("before"), found.get("after")) == ("A", "B")
    await clock.advance(101)
    assert (found.get("before"), found.get("after")) == (None, None)


@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.integers(0, 120), st.floats(-30, 30)), max_size=60))
def test_no_use_gets_over_the_bounds(uses: list[tuple[str, int, float]]) -> None:
    clock = Jumpy()
    found = bounded(clock)
    for name, size, seconds in uses:
        clock.jump(seconds)
        found.put(name, name, size)
        assert len(found) <= 3
        assert 0 <= found.size <= 800
        assert found.get(name) in (name, None)


def test_a_step_is_found_in_its_conversation_and_by_its_call_only() -> None:
    found = store()
    found.remember(b"scope", b"call", b"context", "vendor", step())
    assert found.recall(b"scope", b"call", b"context") == ("vendor", step())
    assert found.recall(b"other", b"call", b"context") is None
    assert found.recall(b"scope", b"edited", b"context") is None


def test_a_client_that_rewrote_what_came_before_still_finds_the_only_one() -> None:
    found = store()
    found.remember(b"s", b"call", b"one", "vendor", step("a"))
    assert found.recall(b"s", b"call", b"rewritten") == ("vendor", step("a"))
    found.remember(b"s", b"call", b"two", "vendor", step("b"))
    assert found.recall(b"s", b"call", b"one") == ("vendor", step("a"))
    assert found.recall(b"s", b"call", b"two") == ("vendor", step("b"))
    assert found.recall(b"s", b"call", b"rewritten") is None


def test_a_turn_without_reasoning_takes_the_place_of_one_with() -> None:
    found = store()
    found.remember(b"s", b"call", b"one", "vendor", None)
    assert not found.has_steps
    found.remember(b"s", b"call", b"one", "vendor", step())
    found.remember(b"s", b"call", b"one", "vendor", None)
    assert found.recall(b"s", b"call", b"one") is None


def test_one_call_has_no_more_than_a_few_contexts() -> None:
    found = store()
    for number in range(50):
        found.remember(b"s", b"call", str(number).encode(), "vendor", step(str(number)))
    assert found.recall(b"s", b"call", b"49") == ("vendor", step("49"))
    assert found.recall(b"s", b"call", b"0") is None


def test_only_issuers_with_steps_are_worth_a_look() -> None:
    found = store(most_entries=1)
    assert not found.may_have("vendor")
    found.remember(b"s", b"a", b"", "vendor", step())
    assert found.may_have("vendor")
    assert not found.may_have("other")


def test_origins_know_issuer_and_refusals_however_the_value_is_spelled() -> None:
    found = store()
    assert not found.has_origins("dialect")
    found.issued("ab+/cd==", "one", "dialect")
    assert found.has_origins("dialect")
    assert not found.has_origins("another")
    for spelled in ("ab+/cd==", "ab-_cd", b"ab+\\/cd=="):
        assert found.origin(spelled) == Origin("one")
    assert Origin("one").may_go_to("one")
    assert not Origin("one").may_go_to("two")
    found.refused("ab+/cd==", "one", "dialect")
    found.refused("unknown", "one", "dialect")
    assert found.origin("ab+/cd==") == Origin("one", frozenset({"one"}))
    known = found.origin("unknown")
    assert known is not None
    assert (known.may_go_to("one"), known.may_go_to("two")) == (False, True)


def test_nothing_that_is_kept_is_ever_shown(caplog: object) -> None:
    found = store()
    call = ToolCall("c", "shell", "{}", seal=Seal("vendor", "k", SECRET))
    for anchor, one in steps([Reasoning((SECRET,), Seal("vendor", "k", SECRET)), call]):
        found.remember(b"s", anchor, b"", "vendor", one)
        assert SECRET not in repr(one)
    found.issued(SECRET, "vendor", "dialect")
    logging.getLogger("proxy_core").debug("%r", found)
    assert repr(found) == "<ReasoningStore: 1 steps, 1 origins>"
    inner = [*found._steps._entries.values(), *found._origins._entries.values()]
    assert SECRET not in repr(inner)
