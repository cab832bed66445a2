"""Ten turns of tool work with reasoning, from every client to a vendor that wants every seal back."""

import pytest

from tests.end_to_end.long_talk import UPSTREAMS, Habit, Scene, Talk, account_of, refusals, thinks
from tests.samples import load

# google-genai 3.4 subclasses aiohttp's session, which aiohttp dislikes
pytestmark = pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession:DeprecationWarning")

CLIENTS = load.dialects()
# The vendor itself refuses such a client: what it leaves out is official there.
OWN_FAULT = {("anthropic_messages", "anthropic_messages"), ("openai_responses", "openai_responses")}
CASES = [
    pytest.param(client, upstream, habit, id=f"{client}-{upstream}-{habit}")
    for client in CLIENTS
    for upstream in UPSTREAMS
    for habit in ("echo", "strip")
    if habit == "echo" or (client, upstream) not in OWN_FAULT
]


@pytest.mark.parametrize(("client", "upstream", "habit"), CASES)
async def test_ten_turns(client: str, upstream: str, habit: Habit) -> None:
    async with Scene() as scene:
        vendor = await scene.vendor(upstream)
        await scene.start(account_of("one", upstream, vendor, "worker"))
        tool = await scene.client(client)
        talk = Talk.begun(client, habit)
        for number in range(1, 11):
            assert await talk.turn(tool, "worker") == f"DONE {number}"
        assert refusals(vendor) == []
        asked = [request.body for request in vendor.requests if request.method == "POST"]
        assert len(asked) == 23
        if upstream == "anthropic_messages":
            assert all(map(thinks, asked))


async def test_a_responses_client_without_include_talks_to_its_own_vendor() -> None:
    """The vendor then issues nothing that could come back."""
    async with Scene() as scene:
        vendor = await scene.vendor("openai_responses")
        await scene.start(account_of("one", "openai_responses", vendor, "worker"))
        tool = await scene.client("openai_responses")
        talk = Talk.begun("openai_responses", "strip")
        for number in range(1, 11):
            assert await talk.turn(tool, "worker") == f"DONE {number}"
        assert refusals(vendor) == []
