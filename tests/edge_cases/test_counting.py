"""Token counts for every client at every upstream, also when the vendor's counter is busy: cases 194, 195."""

import asyncio
import json
from dataclasses import dataclass
from typing import Any

import pytest

from proxy_core.dialect import EncodeTarget
from proxy_core.events import AccountChanged
from proxy_core.profile import ModelProfile
from tests.edge_cases.through import ANTHROPIC, CHAT, EVERY, GEMINI, ISSUER, RESPONSES, decoded, dialect
from tests.end_to_end.client import Caller, calling
from tests.end_to_end.line import account, running
from tests.samples.recorded import captures
from tests.upstreams.behaviours import Behaviour, Fail, Say
from tests.upstreams.delivery import PLAIN, Delivery
from tests.upstreams.server import FakeVendor
from tests.upstreams.vendor import Answer, Exchange, Reply, Vendor

BURST = 34
COUNTS = {
    ANTHROPIC: ("/v1/messages/count_tokens?beta=true", "input_tokens"),
    RESPONSES: ("/v1/responses/input_tokens", "input_tokens"),
    GEMINI: ("/v1beta/models/m:countTokens", "totalTokens"),
}
COUNTERS = (RESPONSES, ANTHROPIC, GEMINI)
HELLO = Say(Reply(text="Hello."))


@dataclass(frozen=True, slots=True)
class Counter:
    """A vendor whose counter fails in its own way while its chats go well."""

    counts: Behaviour
    chats: Behaviour = HELLO
    delivery: Delivery = PLAIN

    def answer(self, vendor: Vendor, exchange: Exchange) -> Answer:
        """The one or the other."""
        return (self.counts if exchange.route.kind == "count" else self.chats).answer(vendor, exchange)


def context_counts() -> list[dict[str, Any]]:
    """What Claude Code's ``/context`` asks for: a count for each of its tools, and for the conversation."""
    chat = next(one.body for one in captures() if one.tool == "claude" and one.body and one.body.get("tools"))
    said = [{"role": "user", "content": "foo"}]
    bodies = [{"model": "m", "messages": said, "tools": [tool]} for tool in chat["tools"]]
    bodies.append({"model": "m", "messages": chat["messages"], "tools": []})
    return (bodies * BURST)[:BURST]


def body_of(client: str) -> dict[str, Any]:
    """A small request to count."""
    match client:
        case "anthropic_messages":
            return {"model": "m", "messages": [{"role": "user", "content": "Hello there."}]}
        case "openai_responses":
            return {"model": "m", "input": "Hello there."}
    return {"contents": [{"role": "user", "parts": [{"text": "Hello there."}]}]}


async def chat_works(caller: Caller) -> bool:
    chat = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]}
    return (await caller.post("/v1/messages", chat)).status == 200


@pytest.mark.parametrize("upstream", EVERY)
@pytest.mark.parametrize("client", COUNTS)
async def test_case_194_every_client_gets_a_count_from_every_upstream(client: str, upstream: str) -> None:
    """From the vendor's counter where it has one; Chat has none, there it is an estimate and says so."""
    where, name = COUNTS[client]
    async with (
        FakeVendor(upstream, behaviour=HELLO) as vendor,
        running([account("one", vendor, "m")]) as line,
        calling(line) as caller,
    ):
        found = await caller.post(where, body_of(client))
    assert found.status == 200
    assert found.json[name] > 0
    assert ("x-trunkline-estimated" in found.headers) == (upstream == CHAT)
    assert len(vendor.requests) == (0 if upstream == CHAT else 1)
    assert vendor.refusals == []


FAILURES = {
    "limit": Fail(429, "rate_limit", "Too many.", retry_after=3600),
    "bare limit": Fail(429, "rate_limit", "Too many."),
    "overload": Fail(529, "overloaded", "Overloaded"),
    "error": Fail(500, "server"),
    "gateway": Fail(502, "server", html=True),
    "unknown path": Fail(404, "not_found", "Not found"),
    "forbidden": Fail(403, "permission", "Not this."),
}


@pytest.mark.parametrize("upstream", COUNTERS)
@pytest.mark.parametrize("name", FAILURES)
async def test_case_194_a_burst_of_counts_survives_whatever_the_counter_does(
    upstream: str, name: str
) -> None:
    async with (
        FakeVendor(upstream, behaviour=Counter(FAILURES[name])) as vendor,
        running([account("one", vendor, "m")]) as line,
        calling(line) as caller,
    ):
        where, _ = COUNTS[ANTHROPIC]
        bodies = context_counts()[: BURST if name == "limit" else 3]
        found = await asyncio.gather(*(caller.post(where, body) for body in bodies))
        assert {(one.status, one.headers.get("x-trunkline-estimated")) for one in found} == {
            (200, "input_tokens")
        }
        assert all(set(one.json) == {"input_tokens"} and one.json["input_tokens"] > 5 for one in found)
        assert [row.status for row in line.usage.rows] == [200] * len(bodies)
        assert not any(isinstance(event, AccountChanged) for event in line.events)
        assert await chat_works(caller)
    assert sum("count" in one.path.lower() or "input_tokens" in one.path for one in vendor.requests) == len(
        bodies
    )


async def test_case_194_a_counter_that_is_silent_is_not_waited_for() -> None:
    silent = Counter(HELLO, delivery=Delivery(before_headers=True, ending="hold"))
    async with (
        FakeVendor(ANTHROPIC, behaviour=silent) as vendor,
        running([account("one", vendor, "m")], network={"first_byte_timeout_s": 1}) as line,
        calling(line) as caller,
    ):
        found = await caller.post(COUNTS[ANTHROPIC][0], body_of(ANTHROPIC))
        assert (found.status, found.headers["x-trunkline-estimated"]) == (200, "input_tokens")
        await vendor.cancelled.wait()


async def test_case_194_an_account_that_rests_still_gets_a_count() -> None:
    limited = Counter(HELLO, chats=Fail(429, "rate_limit", "Too many.", retry_after=3600))
    async with (
        FakeVendor(ANTHROPIC, behaviour=limited) as vendor,
        running([account("one", vendor, "m")]) as line,
        calling(line) as caller,
    ):
        assert not await chat_works(caller)
        found = await caller.post(COUNTS[ANTHROPIC][0], body_of(ANTHROPIC))
        assert (found.status, found.headers["x-trunkline-estimated"]) == (200, "input_tokens")
        assert not await chat_works(caller), "a count is no news of the chats"
    assert len(vendor.requests) == 1


async def test_case_194_counts_do_not_wait_behind_chats() -> None:
    stuck = Say(Reply(text="Hello."), Delivery(frames=4, ending="hold"))
    async with (
        FakeVendor(ANTHROPIC, behaviour=HELLO) as vendor,
        running([account("one", vendor, "m", "slow")]) as line,
        calling(line) as caller,
    ):
        vendor.by_model["slow"] = stuck
        async with caller.open(ANTHROPIC, "slow"), caller.open(ANTHROPIC, "slow"):
            await vendor.held.wait()
            found = await asyncio.gather(
                *(caller.post(COUNTS[ANTHROPIC][0], body) for body in context_counts())
            )
            assert {one.status for one in found} == {200}
            assert all("x-trunkline-estimated" not in one.headers for one in found)


@pytest.mark.parametrize(("status", "kind"), [(400, "invalid"), (413, "too_large"), (401, "auth")])
async def test_case_194_what_is_wrong_with_the_request_itself_is_told(status: int, kind: Any) -> None:
    async with (
        FakeVendor(ANTHROPIC, behaviour=Counter(Fail(status, kind, "It is wrong."))) as vendor,
        running([account("one", vendor, "m")]) as line,
        calling(line) as caller,
    ):
        found = await caller.post(COUNTS[ANTHROPIC][0], body_of(ANTHROPIC))
        assert found.status == status
        assert found.json["error"]["message"] == "It is wrong."
    assert len(vendor.requests) == 1


async def test_case_194_a_body_that_cannot_be_read_is_a_400() -> None:
    async with (
        FakeVendor(GEMINI, behaviour=Counter(FAILURES["limit"])) as vendor,
        running([account("one", vendor, "m")]) as line,
        calling(line) as caller,
    ):
        found = await caller.post(COUNTS[ANTHROPIC][0], {"model": "m", "messages": 7})
        assert found.status == 400
        unknown = await caller.post(COUNTS[ANTHROPIC][0], {**body_of(ANTHROPIC), "model": "nobody"})
        assert unknown.status == 404
    assert vendor.requests == []


@pytest.mark.parametrize("client", [ANTHROPIC, RESPONSES, CHAT])
def test_case_195_thoughts_are_no_part_of_what_gemini_counts(client: str) -> None:
    """Code Assist, whose counter takes no thought parts, is no upstream of ours; Gemini's own takes them.

    From a client of another dialect there are none to send: a foreign thought is not sent to Gemini at all.
    A Gemini client's count passes through as it is; gemini-cli writes its thoughts as text itself.
    """
    thought = {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"}
    said = {"type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm."}]}
    bodies: dict[str, Any] = {
        ANTHROPIC: {
            "messages": [
                {"role": "user", "content": "q"},
                {"role": "assistant", "content": [thought, {"type": "text", "text": "a"}]},
                {"role": "user", "content": "b"},
            ]
        },
        RESPONSES: {
            "input": [
                {"role": "user", "content": "q"},
                said,
                {"role": "assistant", "content": "a"},
                {"role": "user", "content": "b"},
            ]
        },
        CHAT: {
            "messages": [
                {"role": "user", "content": "q"},
                {"role": "assistant", "content": "a", "reasoning_content": "Hm."},
                {"role": "user", "content": "b"},
            ]
        },
    }
    request = decoded(client, bodies[client])
    gemini = dialect(GEMINI)
    made = gemini.encode_count_request(request, count_target())
    assert made is not None
    counted = json.loads(made.body)["generateContentRequest"]
    assert [turn["parts"] for turn in counted["contents"]] == [
        [{"text": "q"}],
        [{"text": "a"}],
        [{"text": "b"}],
    ]


def count_target() -> EncodeTarget:
    """Whom to count for."""
    return EncodeTarget("m", ISSUER, ModelProfile("m"), stream=False)
