"""Cache marks: how many, in which order of lifetimes, and where nobody takes them."""

from typing import Any

import pytest

from tests.edge_cases.through import ANTHROPIC, CHAT, RESPONSES, Sent, encoded
from tests.end_to_end.client import calling
from tests.end_to_end.line import account, running
from tests.upstreams.behaviours import Say
from tests.upstreams.server import FakeVendor
from tests.upstreams.vendor import Reply

Marks = list[tuple[str, str | None]]


def mark(ttl: str | None = None) -> dict[str, Any]:
    """A mark, as Anthropic spells it and clients of gateways do in Chat."""
    return {"cache_control": {"type": "ephemeral", **({"ttl": ttl} if ttl else {})}}


def chat(tools: list[str | None], system: list[str | None], turns: list[str | None]) -> dict[str, Any]:
    """A chat request with marks of these lifetimes on its tools, its instructions, and one per turn."""
    function = {"parameters": {"type": "object"}}
    return {
        "tools": [
            {"type": "function", "function": {"name": f"f{number}", **function}, **mark(ttl)}
            for number, ttl in enumerate(tools)
        ],
        "messages": [
            {"role": "system", "content": [{"type": "text", "text": "s", **mark(ttl)} for ttl in system]},
            *(
                {
                    "role": "assistant" if number % 2 else "user",
                    "content": [{"type": "text", "text": f"t{number}", **mark(ttl)}],
                }
                for number, ttl in enumerate(turns)
            ),
        ],
    }


def anthropic(body: Any) -> Marks:
    """Every mark in Anthropic's body, in the order in which the vendor reads the prompt."""
    found: Marks = []
    for section in ("tools", "system"):
        found += [(section, one["cache_control"].get("ttl")) for one in body.get(section, ()) if _has(one)]
    for number, message in enumerate(body["messages"]):
        content = message["content"] if isinstance(message["content"], list) else []
        found += [(f"t{number}", one["cache_control"].get("ttl")) for one in content if _has(one)]
    return found


def _has(one: dict[str, Any]) -> bool:
    return "cache_control" in one


def sent(tools: list[str | None], system: list[str | None], turns: list[str | None]) -> Sent:
    """The chat request at Anthropic."""
    return encoded(CHAT, chat(tools, system, turns), ANTHROPIC)


def test_case_132_of_more_than_four_marks_those_in_messages_go_first() -> None:
    found = sent([None], [None], [None] * 5)
    # the last ones serve the next turn
    assert [place for place, _ in anthropic(found.body)] == ["tools", "system", "t3", "t4"]
    assert "cache_control" in found.lost


def test_case_132_then_those_of_the_instructions_and_last_those_of_tools() -> None:
    assert [place for place, _ in anthropic(sent([None] * 2, [None] * 3, [None]).body)] == (
        ["tools"] * 2 + ["system"] * 2
    )
    assert [place for place, _ in anthropic(sent([None] * 6, [None], [None]).body)] == ["tools"] * 4


def test_case_132_four_are_left_alone() -> None:
    found = sent([None], [None], [None, None])
    assert len(anthropic(found.body)) == 4
    assert found.lost == []


def test_case_132_a_mark_at_the_top_level_counts() -> None:
    body = {
        **mark(),
        "system": [{"type": "text", "text": "s", **mark()}],
        "messages": [
            {"role": role, "content": [{"type": "text", "text": role, **mark()}]}
            for role in ("user", "assistant", "user")
        ],
    }
    found = encoded(ANTHROPIC, body, ANTHROPIC)  # as a body with one of our envelopes goes
    assert found.body["cache_control"] == {"type": "ephemeral"}
    assert [place for place, _ in anthropic(found.body)] == ["system", "t1", "t2"]


@pytest.mark.parametrize(
    ("tools", "system", "turns", "lifetimes"),
    [
        ([None], [], ["1h"], [None, "5m"]),
        (["5m"], ["1h"], ["1h"], ["5m", "5m", "5m"]),
        (["1h"], ["5m"], ["1h"], ["1h", "5m", "5m"]),
        (["1h"], ["1h"], ["5m", None], ["1h", "1h", "5m", None]),
    ],
)
def test_case_133_lifetimes_never_grow_along_the_prompt(
    tools: list[str | None], system: list[str | None], turns: list[str | None], lifetimes: list[str | None]
) -> None:
    made = sent(tools, system, turns)
    assert [ttl for _, ttl in anthropic(made.body)] == lifetimes
    shortened = [*tools, *system, *turns].count("1h") - lifetimes.count("1h")
    assert made.lost.count("cache_control.ttl") == shortened


MARKED = [{"type": "input_text", "text": "Hello.", "prompt_cache_breakpoint": {"mode": "explicit"}}]


async def test_case_134_a_vendor_that_only_imitates_responses_gets_no_marks() -> None:
    """ChatGPT's own backend, which the case is about, needs a login, and those are not served yet.

    What we have is the same law for every vendor that does not own the member: a translated request to one
    carries no mark, whole, and says so. Within one dialect the client's bytes pass: it knows its vendor.
    """
    said = {"role": "user", "content": [{"type": "text", "text": "Hello.", **mark()}]}
    async with (
        FakeVendor(RESPONSES, behaviour=Say(Reply(text="Hi."))) as vendor,
        running([account("one", vendor, "m", provider="xai")]) as line,
        calling(line) as caller,
    ):
        got = await caller.post("/v1/messages", {"model": "m", "max_tokens": 50, "messages": [said]})
        (seen,) = [one.body for one in vendor.requests if one.method == "POST"]
    assert got.status == 200, got.body
    assert "prompt_cache_breakpoint" not in str(seen)
    assert "cache_control" in got.headers["x-trunkline-dropped"]


@pytest.mark.parametrize("target", [RESPONSES, CHAT])
def test_case_134_nor_does_one_where_extensions_are_refused(target: str) -> None:
    source = CHAT if target == RESPONSES else RESPONSES
    body = (
        {"input": [{"role": "user", "content": MARKED}]}
        if source == RESPONSES
        else {"messages": [{"role": "user", "content": [{"type": "text", "text": "Hi", **mark()}]}]}
    )
    strict, lenient = encoded(source, body, target), encoded(source, body, target, strict=False)
    assert "prompt_cache_breakpoint" in str(strict.body)
    assert "prompt_cache_breakpoint" not in str(lenient.body)
    assert any("cache" in path for path in lenient.lost)
    assert strict.lost == []
