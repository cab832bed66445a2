"""Long conversations that change their vendor or account on the way, and come back."""

from collections.abc import Mapping

import pytest

from tests.end_to_end.long_talk import (
    BUDGET,
    UPSTREAMS,
    Habit,
    Scene,
    Talk,
    account_of,
    refusals,
    thinks,
    vendor_of,
)
from tests.samples import load
from tests.upstreams.behaviours import Fail

# google-genai 3.4 subclasses aiohttp's session, which aiohttp dislikes
pytestmark = pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession:DeprecationWarning")

CLIENTS = load.dialects()
# Each goes to another vendor of its own dialect, and to one of another dialect.
CHANGES = [
    ("details", "signature"),
    ("openai_responses", "openai_responses"),
    ("anthropic_messages", "anthropic_messages"),
    ("gemini_generate", "gemini_generate"),
    ("details", "openai_responses"),
    ("openai_responses", "anthropic_messages"),
    ("anthropic_messages", "gemini_generate"),
    ("gemini_generate", "signature"),
]
NATIVE = {"details": "openai_chat", "signature": "openai_chat", "words": "openai_chat"}


def _is_own_fault(client: str, habit: Habit, *upstreams: str) -> bool:
    """Whether the client leaves out what is official in the dialect of a vendor of its own."""
    official = client in ("anthropic_messages", "openai_responses")
    return habit == "strip" and official and client in upstreams


@pytest.mark.parametrize("habit", ["echo", "strip"])
@pytest.mark.parametrize(("first", "second"), CHANGES, ids=lambda name: name)
@pytest.mark.parametrize("client", CLIENTS)
async def test_the_vendor_changes_at_turn_five_and_back_at_turn_eight(
    client: str, first: str, second: str, habit: Habit
) -> None:
    if _is_own_fault(client, habit, first, second):
        pytest.skip("the vendor itself refuses such a client")
    async with Scene() as scene:
        one, two = await scene.vendor(first), await scene.vendor(second)
        await scene.start(account_of("one", first, one, "old"), account_of("two", second, two, "new"))
        tool = await scene.client(client)
        talk = Talk.begun(client, habit)
        for number in range(1, 11):
            model = "new" if 5 <= number < 8 else "old"
            assert await talk.turn(tool, model) == f"DONE {number}"
        assert refusals(one, two) == []


ACCOUNTS = ["openai_responses", "anthropic_messages", "gemini_generate", "details"]


@pytest.mark.parametrize("habit", ["echo", "strip"])
@pytest.mark.parametrize("upstream", ACCOUNTS)
@pytest.mark.parametrize("client", CLIENTS)
async def test_the_account_changes_by_failover(client: str, upstream: str, habit: Habit) -> None:
    """Where seals are bound to the account, the other account must not see them; else it must."""
    if _is_own_fault(client, habit, upstream):
        pytest.skip("the vendor itself refuses such a client")
    is_bound = upstream in ("openai_responses", "details")
    async with Scene() as scene:
        vendor = await scene.vendor(upstream, per_key=is_bound, key=None)
        line = await scene.start(
            account_of("one", upstream, vendor, "worker"),
            account_of("two", upstream, vendor, "worker"),
            keys={"one": "sk-org-one", "two": "sk-org-two"},
        )
        tool = await scene.client(client)
        talk = Talk.begun(client, habit)
        used: list[set[str]] = []
        for number in range(1, 11):
            before = len(vendor.requests)
            if number in (5, 8):
                line.proxy.reset("one")
                line.proxy.reset("two")
                vendor.queue.append(Fail(429, "rate_limit", retry_after=3600))
            assert await talk.turn(tool, "worker") == f"DONE {number}"
            used.append({_key(request.headers) for request in vendor.requests[before:]} - {""})
        assert refusals(vendor) == []
    if is_bound and habit == "echo":
        # as long as nothing fails, a conversation stays where its reasoning is
        assert [len(keys) for keys in used] == [1, 1, 1, 1, 2, 1, 1, 2, 1, 1]
        assert used[3] != used[5] != used[8]


def _key(headers: Mapping[str, str]) -> str:
    given = headers.get("x-api-key") or headers.get("x-goog-api-key") or headers.get("authorization", "")
    return given.removeprefix("Bearer ")


@pytest.mark.parametrize("upstream", UPSTREAMS)
@pytest.mark.parametrize("client", CLIENTS)
async def test_the_proxy_is_restarted_in_the_middle_of_a_turn(client: str, upstream: str) -> None:
    """What the client carries survives."""
    async with vendor_of(upstream) as vendor:
        talk = Talk.begun(client, "echo")
        await _in_two_lives(talk, upstream, vendor)
        assert refusals(vendor) == []


@pytest.mark.parametrize("upstream", [*UPSTREAMS, BUDGET])
@pytest.mark.parametrize("client", CLIENTS)
async def test_what_was_remembered_is_lost_by_a_restart_and_nobody_minds(client: str, upstream: str) -> None:
    """A client that carries nothing: the vendor may refuse once, the client never sees it."""
    if _is_own_fault(client, "strip", upstream) or (client, upstream) == ("anthropic_messages", BUDGET):
        pytest.skip("the vendor itself refuses such a client")
    async with vendor_of(upstream, demands=False) as vendor:
        talk = Talk.begun(client, "strip")
        await _in_two_lives(talk, upstream, vendor)
        wire = vendor.requests[-1].raw.decode()
    if upstream == "gemini_generate" and client != "gemini_generate":
        assert "skip_thought_signature_validator" in wire
    if upstream == BUDGET:
        # only the round whose reasoning was lost goes without thinking
        lost = [not thinks(request.body) for request in vendor.requests if request.body]
        assert 1 <= sum(lost) <= 2


async def _in_two_lives(talk: Talk, upstream: str, vendor: object) -> None:
    account = account_of("one", upstream, vendor, "worker")  # type: ignore[arg-type]
    async with Scene() as scene:
        await scene.start(account)
        tool = await scene.client(talk.dialect)
        for number in range(1, 4):
            assert await talk.turn(tool, "worker") == f"DONE {number}"
        talk.ask()
        assert await talk.step(tool, "worker") is None
    async with Scene() as scene:
        await scene.start(account)
        tool = await scene.client(talk.dialect)
        while (last := await talk.step(tool, "worker")) is None:
            pass
        assert last == "DONE 4"
        for number in range(5, 11):
            assert await talk.turn(tool, "worker") == f"DONE {number}"
