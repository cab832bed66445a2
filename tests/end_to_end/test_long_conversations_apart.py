"""Reasoning of one conversation never gets into another, nor to a call that was edited."""

import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from proxy_core.keys import account_secret, hashed, vault_name
from proxy_core.stores.memory import MemoryVault
from tests.end_to_end.client import Answer, Caller, calling
from tests.end_to_end.line import account, running
from tests.end_to_end.long_talk import UPSTREAMS, Scene, Talk, account_of, refusals
from tests.end_to_end.turns import SCHEMA
from tests.samples import load
from tests.upstreams.delivery import PLAIN, Delivery
from tests.upstreams.server import KEY, FakeVendor
from tests.upstreams.vendor import Answer as Wire
from tests.upstreams.vendor import Exchange, Vendor, whole

# google-genai 3.4 subclasses aiohttp's session, which aiohttp dislikes
pytestmark = pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession:DeprecationWarning")

MODEL = load.model("anthropic_messages")
TOOL = {"type": "function", "function": {"name": "shell", "parameters": SCHEMA}}


@dataclass(frozen=True, slots=True)
class SameIds:
    """A vendor that gives every call the same id and arguments; its seals are noted in order."""

    issued: list[str] = field(default_factory=list)
    delivery: Delivery = PLAIN

    def answer(self, vendor: Vendor, exchange: Exchange) -> Wire:
        """Thinking and a call, or the end."""
        ask = vendor.ask(exchange)
        head = {"id": "msg_1", "type": "message", "role": "assistant", "model": ask.model}
        tail = {"stop_sequence": None, "usage": {"input_tokens": 1, "output_tokens": 1}}
        if ask.history[-1][0] == "result":
            text = {"type": "text", "text": "DONE"}
            return whole({**head, "content": [text], "stop_reason": "end_turn", **tail})
        self.issued.append(exchange.memory.issue(b"\x12\xaa\x01"))
        thought = {"type": "thinking", "thinking": "Hm.", "signature": self.issued[-1]}
        use = {"type": "tool_use", "id": "call_0", "name": "shell", "input": {"command": "ls"}}
        return whole({**head, "content": [thought, use], "stop_reason": "tool_use", **tail})


def _question(text: str) -> dict[str, Any]:
    said = [{"role": "user", "content": text}]
    return {"model": MODEL, "messages": said, "tools": [TOOL], "reasoning_effort": "low"}


def _answered(body: dict[str, Any], got: Answer) -> dict[str, Any]:
    """The next request of a client that knows no reasoning."""
    assert got.status == 200, got.body
    message = got.json["choices"][0]["message"]
    made = [{key: call[key] for key in ("id", "type", "function")} for call in message["tool_calls"]]
    said = {"role": "assistant", "content": message.get("content"), "tool_calls": made}
    result = {"role": "tool", "tool_call_id": "call_0", "content": "ok"}
    return {**body, "messages": [*body["messages"], said, result]}


async def _both(one: Caller, two: Caller, texts: tuple[str, str], heads: list[dict[str, str]]) -> None:
    """Two conversations, turn about."""
    questions = [_question(text) for text in texts]
    first = [
        await caller.post("/v1/chat/completions", body, **head)
        for caller, body, head in zip((one, two), questions, heads, strict=True)
    ]
    for caller, body, got, head in zip((one, two), questions, first, heads, strict=True):
        done = await caller.post("/v1/chat/completions", _answered(body, got), **head)
        assert done.json["choices"][0]["message"]["content"] == "DONE"


def _came_back(vendor: FakeVendor) -> list[list[str]]:
    """The seals in the requests that answer a call."""
    found = []
    for request in vendor.requests[2:]:
        blocks = [block for message in request.body["messages"] for block in message["content"]]
        found.append(
            [block["signature"] for block in blocks if isinstance(block, dict) and "signature" in block]
        )
    return found


@pytest.mark.parametrize(
    ("texts", "heads"),
    [
        pytest.param(("Look.", "Look."), [{"x_session_id": "a"}, {"x_session_id": "b"}], id="named"),
        pytest.param(("Look here.", "Look there."), [{}, {}], id="begun differently"),
    ],
)
async def test_two_sessions_with_equal_call_ids(texts: tuple[str, str], heads: list[dict[str, str]]) -> None:
    behaviour = SameIds()
    async with (
        FakeVendor("anthropic_messages", behaviour=behaviour) as vendor,
        running([account("one", vendor, MODEL)]) as line,
        calling(line) as caller,
    ):
        await _both(caller, caller, texts, heads)
        assert refusals(vendor) == []
        assert _came_back(vendor) == [[seal] for seal in behaviour.issued]


async def test_two_client_keys_with_the_same_conversation() -> None:
    behaviour, vault = SameIds(), MemoryVault()
    await vault.put(vault_name("k1"), hashed("tl-other"))
    await vault.put(account_secret("one"), KEY)
    async with (
        FakeVendor("anthropic_messages", behaviour=behaviour) as vendor,
        running(
            [account("one", vendor, MODEL)], vault=vault, client_keys=[{"id": "k1", "name": "other"}]
        ) as line,
        calling(line) as caller,
    ):
        heads = [{}, {"authorization": "Bearer tl-other"}]
        await _both(caller, caller, ("Look.", "Look."), heads)
        assert _came_back(vendor) == [[seal] for seal in behaviour.issued]


async def test_a_client_with_another_key_gets_nothing_for_a_copied_call() -> None:
    """It knows the id, the name and the arguments; the conversation is not its own."""
    behaviour, vault = SameIds(), MemoryVault()
    await vault.put(vault_name("k1"), hashed("tl-other"))
    await vault.put(account_secret("one"), KEY)
    async with (
        FakeVendor("anthropic_messages", behaviour=behaviour) as vendor,
        running(
            [account("one", vendor, MODEL)], vault=vault, client_keys=[{"id": "k1", "name": "other"}]
        ) as line,
        calling(line) as caller,
    ):
        body = _question("Look.")
        got = await caller.post("/v1/chat/completions", body)
        copied = _answered(body, got)
        await caller.post("/v1/chat/completions", copied, authorization="Bearer tl-other")
        assert behaviour.issued[0] not in vendor.requests[-1].raw.decode()


def _edited(said: list[Any]) -> list[Any]:
    """The same answer with other arguments in its calls, whatever the dialect."""
    text = json.dumps(said)
    for before, after in (("command", "command"), ("1.0", "9.9"), ("2.0", "9.8"), ("2.1", "9.7")):
        text = text.replace(f'"{before}"', f'"{after}"').replace(f'\\"{before}\\"', f'\\"{after}\\"')
    return json.loads(text)  # type: ignore[no-any-return]


@pytest.mark.parametrize("upstream", UPSTREAMS)
@pytest.mark.parametrize("client", load.dialects())
async def test_an_edited_call_does_not_inherit_a_seal(client: str, upstream: str) -> None:
    """The vendor refuses a seal on a call that it did not make so; all other calls need theirs."""
    official = client in ("anthropic_messages", "openai_responses", "gemini_generate")
    if official and UPSTREAMS[upstream][0] == client:
        pytest.skip("what the client sends back itself is its own business")
    async with Scene() as scene:
        vendor = await scene.vendor(upstream)
        await scene.start(account_of("one", upstream, vendor, "worker"))
        tool = await scene.client(client)
        # Gemini's clients hold the signature themselves; others lose what they do not know
        talk = Talk.begun(client, "strip")
        if client == "gemini_generate":
            talk.edit = lambda said: _unsigned(_edited(said))
        else:
            talk.edit = _edited
        for number in range(1, 3):
            assert await talk.turn(tool, "worker") == f"DONE {number}"
        seals = [seal for name, seal in vendor.memories[vendor.dialects[0]].by_call.items()]
        talk.edit = lambda said: said
        for number in range(3, 6):
            assert await talk.turn(tool, "worker") == f"DONE {number}"
        if upstream == "signature":
            # this one wants some signature: it refuses once in each turn, and then gets the stand-in
            assert len(refusals(vendor)) == 2
        else:
            assert refusals(vendor) == []
        wire = vendor.requests[-1].raw.decode()
        assert seals
        assert all(json.dumps(seal)[1:-1] not in wire for seal in seals)


def _unsigned(said: list[Any]) -> list[Any]:
    for content in said:
        for part in content["parts"]:
            if "functionCall" in part:
                part.pop("thoughtSignature", None)
    return said
