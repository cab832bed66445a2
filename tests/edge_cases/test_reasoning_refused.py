"""Case 112: a vendor refuses the reasoning in a conversation; it is asked once more without."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.edge_cases.through import ANTHROPIC, CHAT, GEMINI, RESPONSES
from tests.end_to_end.client import calling, path
from tests.end_to_end.line import account, running
from tests.end_to_end.turns import SCHEMA, answered, history, opening
from tests.samples import load
from tests.upstreams.behaviours import Say
from tests.upstreams.delivery import PLAIN, Delivery
from tests.upstreams.server import FakeVendor
from tests.upstreams.vendor import Answer, Exchange, Reply, Vendor

HELLO = Say(Reply(text="Hi there."))
UNKNOWN = "gAAAAABnobody+knows/it=="
TOOLS = [("shell", SCHEMA)]
NATIVE: Mapping[str, Any] = {
    RESPONSES: [
        {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": UNKNOWN},
        {"type": "function_call", "call_id": "c1", "name": "shell", "arguments": "{}"},
    ],
    ANTHROPIC: [
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "Hm.", "signature": UNKNOWN},
                {"type": "tool_use", "id": "c1", "name": "shell", "input": {}},
            ],
        }
    ],
    GEMINI: [
        {
            "role": "model",
            "parts": [
                {"functionCall": {"id": "c1", "name": "shell", "args": {}}, "thoughtSignature": "bm9ib2R5"}
            ],
        }
    ],
}


def conversation(dialect: str) -> dict[str, Any]:
    """A conversation with reasoning that nobody here issued, as after a restart with another account."""
    body = opening(dialect, "Go.", TOOLS)
    history(dialect, body).extend([*NATIVE[dialect], *answered(dialect, [("c1", "shell", {})], "ok")])
    if dialect != GEMINI:
        body["model"] = load.model(dialect)
    return body


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("dialect", NATIVE)
async def test_case_112_one_retry_without_reasoning(dialect: str, stream: bool) -> None:
    model = load.model(dialect)
    async with (
        FakeVendor(dialect, behaviour=HELLO) as vendor,
        running([account("one", vendor, model)]) as line,
        calling(line) as caller,
    ):
        body = conversation(dialect)
        if dialect != GEMINI and stream:
            body["stream"] = True
        got = await caller.post(path(dialect, model, stream), body)
        assert got.status == 200, got.body
        assert b"Hi there." in got.body
        assert any(word in got.headers["x-trunkline-dropped"] for word in ("reasoning", "thinking"))
        first, second = [one.raw.decode() for one in vendor.requests if one.method == "POST"]
        known = "bm9ib2R5" if dialect == GEMINI else UNKNOWN
        assert known in first
        assert known not in second
        assert not [event for event in line.events if type(event).__name__ == "AccountChanged"]
        # what was refused once is not offered again
        again = await caller.post(path(dialect, model, stream), body)
        assert again.status == 200
        assert len([one for one in vendor.requests if one.method == "POST"]) == 3


@dataclass(frozen=True, slots=True)
class Refuse:
    """Answers with a 400 of the vendor's, so many times."""

    message: str
    code: str | None = None
    times: list[int] = field(default_factory=lambda: [99])
    delivery: Delivery = PLAIN

    def answer(self, vendor: Vendor, exchange: Exchange) -> Answer:
        """The refusal, or a greeting."""
        if not self.times[0]:
            return HELLO.answer(vendor, exchange)
        self.times[0] -= 1
        error = {"message": self.message, "type": "invalid_request_error", "param": None, "code": self.code}
        return Answer(400, (json.dumps({"error": error}).encode(),))


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("The encrypted content for item rs_1 could not be verified.", "invalid_encrypted_content"),
        ("Item with id 'rs_1' not found. Items are not persisted when `store` is set to false.", None),
        ("Provider: messages.1.content.0: Invalid `signature` in `thinking` block", None),
    ],
)
async def test_case_112_a_second_refusal_is_the_client_s(message: str, code: str | None) -> None:
    async with (
        FakeVendor(RESPONSES, behaviour=Refuse(message, code)) as vendor,
        running([account("one", vendor, load.model(RESPONSES))]) as line,
        calling(line) as caller,
    ):
        vendor.memories[RESPONSES].keep(UNKNOWN)
        got = await caller.post("/v1/responses", conversation(RESPONSES))
        assert got.status == 400
        assert got.json["error"]["message"] == message
        assert len([one for one in vendor.requests if one.method == "POST"]) == 2


async def test_case_112_another_refusal_is_not_retried() -> None:
    async with (
        FakeVendor(RESPONSES, behaviour=Refuse("Unknown parameter: 'signature'.")) as vendor,
        running([account("one", vendor, load.model(RESPONSES))]) as line,
        calling(line) as caller,
    ):
        vendor.memories[RESPONSES].keep(UNKNOWN)
        got = await caller.post("/v1/responses", conversation(RESPONSES))
        assert got.status == 400
        assert len([one for one in vendor.requests if one.method == "POST"]) == 1


async def test_case_112_without_reasoning_there_is_nothing_to_leave_out() -> None:
    async with (
        FakeVendor(CHAT, behaviour=Refuse("Invalid thought_signature.")) as vendor,
        running([account("one", vendor, load.model(CHAT))]) as line,
        calling(line) as caller,
    ):
        body = {"model": load.model(CHAT), "messages": [{"role": "user", "content": "Hello."}]}
        got = await caller.post("/v1/messages", {**body, "max_tokens": 50})
        assert got.status == 400
        assert len([one for one in vendor.requests if one.method == "POST"]) == 1


async def test_case_112_holds_for_a_translated_conversation_too() -> None:
    """A seal that the vendor issued itself, and takes no longer."""
    refuse = Refuse("Invalid encrypted_content.", "invalid_encrypted_content", [0])
    async with (
        FakeVendor(RESPONSES, demands_seals=False) as vendor,
        running([account("one", vendor, load.model(RESPONSES))]) as line,
        calling(line) as caller,
    ):
        body = {**opening(ANTHROPIC, "<run>x</run>", TOOLS), "model": load.model(RESPONSES)}
        got = await caller.post("/v1/messages", body)
        content = got.json["content"]
        (use,) = [block for block in content if block["type"] == "tool_use"]
        body["messages"] += [
            {"role": "assistant", "content": content},
            *answered(ANTHROPIC, [(use["id"], "shell", {})], "ok"),
        ]
        refuse.times[0] = 1
        vendor.behaviour = refuse
        got = await caller.post("/v1/messages", body)
        assert got.status == 200, got.body
        kinds = [[item.get("type") for item in one.body["input"]] for one in vendor.requests[1:]]
        assert ["reasoning" in one for one in kinds] == [True, False]
