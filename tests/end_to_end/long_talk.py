"""Long tool conversations with reasoning: a vendor that works in steps, and clients of every habit."""

from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any, Literal

from proxy_core.clock import Clock
from proxy_core.keys import account_secret
from proxy_core.stores.memory import MemoryVault
from tests.end_to_end.line import Line, account, running
from tests.end_to_end.meaning import sdk
from tests.end_to_end.turns import SCHEMA, answered, asked, calls, history, opening, said, texts
from tests.samples import load
from tests.upstreams.delivery import PLAIN, Delivery
from tests.upstreams.server import FakeVendor
from tests.upstreams.vendor import Answer, Call, Exchange, Reply, Vendor

TOOLS = [("shell", SCHEMA), ("other", SCHEMA)]
Habit = Literal["echo", "strip"]


@dataclass(frozen=True, slots=True)
class Worker:
    """Answers each user text with tool calls and then with `DONE <turn>`; every step has its own thinking.

    Even turns begin with two calls at once, each third turn takes a second step.
    """

    delivery: Delivery = PLAIN

    def answer(self, vendor: Vendor, exchange: Exchange) -> Answer:
        """The next step."""
        ask = vendor.ask(exchange)
        kinds = [kind for kind, _ in ask.history]
        turn = kinds.count("text")
        done = len(kinds) - 1 - max(at for at, kind in enumerate(kinds) if kind == "text")
        first = 2 if turn % 2 == 0 else 1
        wanted = first + (turn % 3 == 0)
        thinking = f"Turn {turn} after {done} results: what next?" if ask.think else ""
        if done >= wanted:
            return vendor.write(exchange, Reply(f"DONE {turn}", thinking=thinking))
        count = first if done == 0 else 1
        made = tuple(
            Call("shell", arguments={"command": f"{turn}.{done + n}", "limit": 1.0}) for n in range(count)
        )
        return vendor.write(exchange, Reply(f"Step {turn}.{done}.", made, thinking))


def stripped(dialect: str, said: Sequence[Any]) -> list[Any]:
    """What a client keeps that only knows the official, visible members of its dialect."""
    match dialect:
        case "openai_chat":
            message = said[0]
            kept: dict[str, Any] = {"role": "assistant", "content": message.get("content")}
            wanted = message.get("tool_calls", ())
            made = [{key: call[key] for key in ("id", "type", "function")} for call in wanted]
            return [{**kept, "tool_calls": made} if made else kept]
        case "openai_responses":
            found = []
            for item in said:
                if item["type"] == "function_call":
                    found.append({key: item[key] for key in ("type", "call_id", "name", "arguments")})
                elif item["type"] == "message":
                    text = "".join(part["text"] for part in item["content"])
                    found.append({"role": "assistant", "content": [{"type": "output_text", "text": text}]})
            return found
        case "anthropic_messages":
            blocks = [block for block in said[0]["content"] if block["type"] in ("text", "tool_use")]
            return [{"role": "assistant", "content": blocks}]
    # Gemini CLI 0.61.0 drops thoughts, and keeps signatures where they stand
    parts = [part for part in said[0]["parts"] if not part.get("thought") and part.get("text") != ""]
    return [{"role": "model", "parts": parts}]


@dataclass
class Talk:
    """One conversation of one client, streamed in every other turn. `edit` changes what it sends back."""

    dialect: str
    habit: Habit
    body: dict[str, Any]
    edit: Callable[[list[Any]], list[Any]] = field(default=lambda said: said)
    turns: int = 0

    @classmethod
    def begun(cls, dialect: str, habit: Habit, text: str = "Work through it.") -> "Talk":
        """A conversation that has only its first question."""
        body = opening(dialect, text, TOOLS)
        if habit == "strip":
            body.pop("include", None)
        return cls(dialect, habit, body)

    async def turn(self, tool: Any, model: str) -> str:
        """Ask, do what the model wants until it is done, and return its last words."""
        self.ask()
        while (last := await self.step(tool, model)) is None:
            pass
        return last

    def ask(self) -> None:
        """Say the next thing that the user wants."""
        if self.turns:
            history(self.dialect, self.body).append(asked(self.dialect, f"And now number {self.turns + 1}."))
        self.turns += 1

    async def step(self, tool: Any, model: str) -> str | None:
        """One request; the model's last words, or None where it called tools, which then were used."""
        talk = history(self.dialect, self.body)
        found = await said(tool, self.dialect, model, self.body, stream=self.turns % 2 == 0)
        wanted = calls(self.dialect, found)
        talk += self.edit(found if self.habit == "echo" else stripped(self.dialect, found))
        if not wanted:
            return texts(self.dialect, found)
        talk += answered(self.dialect, wanted, f"{wanted[-1][2]['command']} went well")
        return None


UPSTREAMS: dict[str, tuple[str, dict[str, Any]]] = {
    "details": ("openai_chat", {"compatible": True, "reasoning": "details"}),
    "signature": ("openai_chat", {"compatible": True, "reasoning": "signature"}),
    "words": ("openai_chat", {"compatible": True, "reasoning": "text"}),
    "openai_responses": ("openai_responses", {}),
    "anthropic_messages": ("anthropic_messages", {}),
    "gemini_generate": ("gemini_generate", {}),
}
BUDGET = "budget"
"""An older Anthropic model: it thinks by budget, and a round must begin with thinking."""
BUDGET_MODEL = "claude-haiku-4-5"


def _spoken(upstream: str) -> tuple[str, dict[str, Any]]:
    return ("anthropic_messages", {}) if upstream == BUDGET else UPSTREAMS[upstream]


def vendor_of(upstream: str, demands: bool = True, **more: Any) -> FakeVendor:
    """A fake vendor that wants its reasoning back."""
    dialect, options = _spoken(upstream)
    return FakeVendor(dialect, behaviour=Worker(), demands_seals=demands, **options, **more)


def account_of(name: str, upstream: str, vendor: FakeVendor, model: str, **more: Any) -> dict[str, Any]:
    """An account there; chat vendors are not OpenAI, which gives no reasoning in that dialect."""
    dialect, _ = _spoken(upstream)
    name_there = BUDGET_MODEL if upstream == BUDGET else load.model(dialect)
    provider = {"provider": "openrouter"} if dialect == "openai_chat" else {}
    return account(name, vendor, f"{name_there}={model}", **provider, **more)


class Scene:
    """Vendors, the line in front of them, and SDK clients; everything is closed together."""

    def __init__(self) -> None:
        self._stack = AsyncExitStack()
        self.line: Line | None = None

    async def __aenter__(self) -> "Scene":
        return self

    async def __aexit__(self, *error: Any) -> None:
        await self._stack.aclose()

    async def vendor(self, upstream: str, **more: Any) -> FakeVendor:
        """A running vendor."""
        return await self._stack.enter_async_context(vendor_of(upstream, **more))

    async def start(
        self,
        *accounts: dict[str, Any],
        keys: dict[str, str] | None = None,
        clock: Clock | None = None,
        **sections: Any,
    ) -> Line:
        """A running line; `keys` are upstream keys by account."""
        vault = None
        if keys is not None:
            vault = MemoryVault()
            for name, key in keys.items():
                await vault.put(account_secret(name), key)
        line = running(accounts, vault=vault, clock=clock, **sections)
        self.line = await self._stack.enter_async_context(line)
        return self.line

    async def client(self, dialect: str, key: str | None = None) -> Any:
        """An SDK at the line."""
        assert self.line is not None
        return await self._stack.enter_async_context(sdk(dialect, self.line.url, key or self.line.key))


def refusals(*vendors: FakeVendor) -> list[tuple[int, bytes]]:
    """What vendors refused."""
    return [(answer.status, b"".join(answer.frames)) for one in vendors for answer in one.refusals]


def thinks(body: Any) -> bool:
    """Whether a request to an Anthropic vendor has thinking on."""
    return body.get("thinking", {}).get("type") in ("enabled", "adaptive")
