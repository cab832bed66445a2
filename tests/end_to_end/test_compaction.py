"""Compaction on demand: passed on where the vendor has it, done by a summary where it has not."""

import json
from typing import Any

import pytest

from tests.end_to_end.test_captures import UPSTREAMS, bench
from tests.end_to_end.tool_rules import heard
from tests.end_to_end.turns import Given
from tests.samples.recorded import Capture, capture
from tests.upstreams.behaviours import Say
from tests.upstreams.vendor import Reply

SUMMARY = "The user wants secret.txt copied. It was, with `cp`. Nothing is left."
FOREIGN = [name for name in UPSTREAMS if name != "openai_responses"]


def triggered() -> Capture:
    """What Codex sends with its built-in provider: the history with a trigger at its end.

    The recordings have its compaction with another provider, an ordinary question at the same place.
    """
    base = capture("codex-compact/02")
    trigger = {"type": "compaction_trigger"}
    body = {
        **base.body,
        "input": [*base.body["input"][:-1], trigger],
        "tools": capture("codex/02").body["tools"],
    }
    return Capture(base.name, base.method, base.target, base.headers, body)


def followed(item: Any) -> Capture:
    """The next turn: the item stands in the place of the history."""
    base = capture("codex/01")
    return Capture(base.name, base.method, base.target, base.headers, {**base.body, "input": [
        item, *base.body["input"],
    ]})  # fmt: skip


def compacted(events: bytes) -> Any:
    """The one item of a stream."""
    blocks = [line[6:] for line in events.decode().split("\n") if line.startswith("data: ")]
    (item,) = json.loads(blocks[-1])["response"]["output"]
    return item


@pytest.mark.parametrize("upstream", FOREIGN)
async def test_a_summary_becomes_a_compaction_and_is_read_again(upstream: str) -> None:
    async with bench(upstream, "openai_responses") as line:
        asked = triggered()
        got = await line.replay(asked, Say(Reply(text=SUMMARY, thinking="Hm.")))
        reading = heard(asked, got)
        assert (reading.steps, reading.text, reading.calls) == (["compaction"], "", [])
        (seen,) = line.vendor.requests
        assert "compaction_trigger" not in seen.raw.decode()
        assert "replaced by a summary" in seen.raw.decode()
        answer = followed(compacted(got.body))
        assert heard(answer, await line.replay(answer, Say(Reply(text="On we go.")))).text == "On we go."
        assert SUMMARY in json.dumps(line.vendor.requests[-1].body)


async def test_the_summary_of_another_vendor_is_read_by_one_that_compacts_itself() -> None:
    """A conversation may change its provider; our item goes to no vendor as it is."""
    async with bench("openai_chat", "openai_responses") as line:
        item = compacted((await line.replay(triggered(), Say(Reply(text=SUMMARY)))).body)
    async with bench("openai_responses", "openai_responses") as line:
        answer = followed(item)
        assert heard(answer, await line.replay(answer, Say(Reply(text="On we go.")))).text == "On we go."
        (seen,) = line.vendor.requests
        assert SUMMARY in json.dumps(seen.body)
        assert "trunkline" not in seen.raw.decode()


async def test_a_vendor_that_compacts_gets_the_trigger_and_its_item_back() -> None:
    item = {"id": "cmp_1", "type": "compaction", "encrypted_content": "gAAAAbytes"}
    body: dict[str, Any] = {
        "id": "resp_1", "object": "response", "created_at": 1, "model": "gpt-5.5", "status": "completed",
        "error": None, "incomplete_details": None, "instructions": None, "metadata": {}, "output": [item],
        "parallel_tool_calls": True, "temperature": 1.0, "tool_choice": "auto", "tools": [], "top_p": 1.0,
        "usage": {
            "input_tokens": 10, "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
            "output_tokens": 5,
            "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": 15,
        },
    }  # fmt: skip
    begun = {**body, "status": "in_progress", "output": [], "usage": None}
    events: list[dict[str, Any]] = [
        {"type": "response.created", "response": begun},
        {"type": "response.output_item.added", "output_index": 0, "item": item},
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {"type": "response.completed", "response": body},
    ]
    frames = [
        f"event: {event['type']}\ndata: {json.dumps({**event, 'sequence_number': number})}\n\n".encode()
        for number, event in enumerate(events)
    ]
    async with bench("openai_responses", "openai_responses") as line:
        asked = triggered()
        got = await line.replay(asked, Given(body, frames))
        assert heard(asked, got).steps == ["compaction"]
        assert line.vendor.requests[-1].raw == asked.data
        answer = followed(compacted(got.body))
        line.vendor.memories["openai_responses"].keep("gAAAAbytes")
        await line.replay(answer, Say(Reply(text="On we go.")))
        assert line.vendor.requests[-1].raw == answer.data


@pytest.mark.parametrize("upstream", FOREIGN)
async def test_what_a_vendor_compacted_is_refused_elsewhere(upstream: str) -> None:
    async with bench(upstream, "openai_responses") as line:
        answer = followed({"type": "compaction", "encrypted_content": "gAAAAbytes"})
        got = await line.replay(answer, Say(Reply(text="Never.")))
        assert got.status == 400
        assert "start a new conversation" in got.json["error"]["message"]
        assert line.vendor.requests == []
