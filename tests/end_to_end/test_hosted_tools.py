"""Searches and code that a vendor runs, seen by the clients of every dialect, and what they send back."""

import json
from typing import Any

import pytest

from tests.end_to_end.client import DIALECTS, Caller, calling, path
from tests.end_to_end.line import account, running
from tests.samples import load
from tests.upstreams.behaviours import UseHosted
from tests.upstreams.lint import lint
from tests.upstreams.server import FakeVendor
from tests.upstreams.vendor import Cite, Reply, Step

PAGES = (("https://example.com/a?x=1&y=2", "A — first"), ("https://example.org/b", "B"))
TEXT = "Ünique 🌍 fact. More."
SEARCHED = Reply(
    TEXT,
    steps=(Step("web_search", query="loopback proxies", sources=PAGES),),
    cites=(Cite(0, 14, *PAGES[0]),),
)
RAN = Reply("It is 4.", steps=(Step("code_execution", code="print(2+2)", output="4\n"),))
STREAM = pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
OFFER: dict[str, dict[str, Any]] = {
    "openai_chat": {"web_search_options": {}},
    "openai_responses": {"tools": [{"type": "web_search"}]},
    "anthropic_messages": {
        "tools": [{"type": "web_search_20250305", "name": "web_search", "max_uses": 8}],
        "tool_choice": {"type": "tool", "name": "web_search"},
    },
    "gemini_generate": {"tools": [{"googleSearch": {}}]},
}
CODE: dict[str, dict[str, Any]] = {
    "openai_responses": {"tools": [{"type": "code_interpreter", "container": {"type": "auto"}}]},
    "anthropic_messages": {"tools": [{"type": "code_execution_20250825", "name": "code_execution"}]},
    "gemini_generate": {"tools": [{"codeExecution": {}}]},
}


def _request(client: str, name: str, stream: bool, more: dict[str, Any], *said: Any) -> dict[str, Any]:
    question = "Perform a web search for the query: loopback proxies"
    if client == "gemini_generate":
        turns = [{"role": "user", "parts": [{"text": question}]}, *said]
        return {"contents": turns, **more}
    key = "input" if client == "openai_responses" else "messages"
    limit = {"max_tokens": 500} if client == "anthropic_messages" else {}
    base = {"model": name, key: [{"role": "user", "content": question}, *said], **limit, **more}
    return {**base, "stream": True} if stream else base


async def _asked(caller: Caller, client: str, name: str, stream: bool, more: Any, *said: Any) -> Any:
    """The reply as one whole body, whichever way it came; a stream is linted."""
    got = await caller.post(path(client, name, stream), _request(client, name, stream, more, *said))
    assert got.status == 200, got.body
    if not stream:
        return got.json
    assert lint(client, got.body) == []
    return _folded(client, [json.loads(data) for data in _data(got.body)])


def _data(body: bytes) -> list[str]:
    lines = body.decode().split("\n")
    return [line[5:].strip() for line in lines if line.startswith("data:") and "[DONE]" not in line]


def _folded(client: str, events: list[Any]) -> Any:
    """The whole that a stream makes, as far as these tests look."""
    if client == "openai_responses":
        return events[-1]["response"]
    if client == "gemini_generate":
        parts = [part for event in events for part in event["candidates"][0]["content"]["parts"]]
        return {"candidates": [{**events[-1]["candidates"][0], "content": {"parts": parts, "role": "model"}}]}
    if client == "openai_chat":
        deltas = [choice["delta"] for event in events for choice in event["choices"]]
        notes = [note for delta in deltas for note in delta.get("annotations") or ()]
        text = "".join(delta.get("content") or "" for delta in deltas)
        return {"choices": [{"message": {"role": "assistant", "content": text, "annotations": notes}}]}
    return _message(events)


def _message(events: list[Any]) -> Any:
    content: list[Any] = []
    for event in events:
        if event["type"] == "content_block_start":
            content.append({**event["content_block"]})
        elif event["type"] == "content_block_delta":
            block, delta = content[event["index"]], event["delta"]
            if delta["type"] == "text_delta":
                block["text"] += delta["text"]
            elif delta["type"] == "citations_delta":
                block.setdefault("citations", []).append(delta["citation"])
            elif delta["type"] == "input_json_delta":
                block["json"] = block.get("json", "") + delta["partial_json"]
    for block in content:
        if "json" in block:
            block["input"] = json.loads(block.pop("json") or "{}")
    return {"content": content}


def _searched(client: str, got: Any) -> None:
    """What a client of the dialect takes for a search and its results."""
    match client:
        case "openai_chat":
            message = got["choices"][0]["message"]
            assert message["content"] == TEXT
            (note,) = message["annotations"]
            assert note["url_citation"]["url"] == PAGES[0][0]
        case "openai_responses":
            (step,) = [item for item in got["output"] if item["type"] == "web_search_call"]
            assert (step["status"], step["action"]["type"]) == ("completed", "search")
            (part,) = [p for item in got["output"] if item["type"] == "message" for p in item["content"]]
            assert part["text"] == TEXT
            (note,) = part["annotations"]
            assert (note["type"], note["url"], note["title"]) == ("url_citation", *PAGES[0])
        case "anthropic_messages":
            kinds = [block["type"] for block in got["content"]]
            use, found = kinds.index("server_tool_use"), kinds.index("web_search_tool_result")
            call, result = got["content"][use], got["content"][found]
            assert (use + 1, call["name"]) == (found, "web_search")
            assert result["tool_use_id"] == call["id"]
            assert PAGES[0][0] in [page["url"] for page in result["content"]]
            assert all(page["title"] and page["type"] == "web_search_result" for page in result["content"])
            (text,) = [block for block in got["content"] if block["type"] == "text"]
            assert text["text"] == TEXT
            assert text["citations"][0]["url"] == PAGES[0][0]
        case _:
            (candidate,) = got["candidates"]
            assert "".join(part.get("text", "") for part in candidate["content"]["parts"]) == TEXT
            grounding = candidate["groundingMetadata"]
            assert grounding["groundingChunks"][0]["web"]["uri"] == PAGES[0][0]
            (support,) = grounding["groundingSupports"]
            assert support["groundingChunkIndices"] == [0]
            assert support["segment"]["text"] == TEXT[:14]
            assert support["segment"]["endIndex"] <= len(TEXT.encode())


def _queries(client: str, got: Any) -> list[str]:
    match client:
        case "openai_responses":
            steps = [item for item in got["output"] if item["type"] == "web_search_call"]
            return [query for step in steps for query in step["action"]["queries"]]
        case "anthropic_messages":
            return [one["input"]["query"] for one in got["content"] if one["type"] == "server_tool_use"]
        case "gemini_generate":
            return list(got["candidates"][0]["groundingMetadata"].get("webSearchQueries", ()))
    return []


def _unforced(client: str) -> dict[str, Any]:
    return {key: value for key, value in OFFER[client].items() if key != "tool_choice"}


def _again(client: str, got: Any) -> list[Any]:
    """The reply as a client sends it back, with a next question."""
    match client:
        case "openai_chat":
            return [got["choices"][0]["message"], {"role": "user", "content": "And now?"}]
        case "openai_responses":
            return [*got["output"], {"role": "user", "content": "And now?"}]
        case "anthropic_messages":
            return [{"role": "assistant", "content": got["content"]}, {"role": "user", "content": "And now?"}]
    return [got["candidates"][0]["content"], {"role": "user", "parts": [{"text": "And now?"}]}]


@STREAM
@pytest.mark.parametrize("upstream", DIALECTS)
@pytest.mark.parametrize("client", DIALECTS)
async def test_a_search_is_shown_in_the_clients_own_words(client: str, upstream: str, stream: bool) -> None:
    name = load.model(upstream)
    async with (
        FakeVendor(upstream, behaviour=UseHosted(SEARCHED)) as vendor,
        running([account("one", vendor, name)]) as line,
        calling(line) as caller,
    ):
        got = await _asked(caller, client, name, stream, OFFER[client])
        if (client, upstream) != ("gemini_generate", "anthropic_messages"):  # see the next test
            _searched(client, got)
        if "openai_chat" not in (client, upstream):
            assert _queries(client, got) == ["loopback proxies"]
        # The next turn: nothing that another vendor cannot know may reach this one.
        await _asked(caller, client, name, stream, _unforced(client), *_again(client, got))
        assert vendor.refusals == []


@STREAM
async def test_a_search_of_anthropics_grounds_an_answer_of_gemini(stream: bool) -> None:
    name = load.model("anthropic_messages")
    async with (
        FakeVendor("anthropic_messages", behaviour=UseHosted(SEARCHED)) as vendor,
        running([account("one", vendor, name)]) as line,
        calling(line) as caller,
    ):
        got = await _asked(caller, "gemini_generate", name, stream, OFFER["gemini_generate"])
    (candidate,) = got["candidates"]
    assert "".join(part.get("text", "") for part in candidate["content"]["parts"]) == TEXT
    grounding = candidate["groundingMetadata"]
    assert grounding["webSearchQueries"] == ["loopback proxies"]
    pages = [(chunk["web"]["uri"], chunk["web"]["title"]) for chunk in grounding["groundingChunks"]]
    assert pages == list(PAGES)
    (support,) = grounding["groundingSupports"]
    # Anthropic marks a block, not a stretch of it.
    assert support["segment"]["text"] == TEXT


@STREAM
@pytest.mark.parametrize("upstream", list(CODE))
@pytest.mark.parametrize("client", list(CODE))
async def test_code_and_its_output_are_shown(client: str, upstream: str, stream: bool) -> None:
    name = load.model(upstream)
    async with (
        FakeVendor(upstream, behaviour=UseHosted(RAN)) as vendor,
        running([account("one", vendor, name)]) as line,
        calling(line) as caller,
    ):
        more = CODE[client]
        if client == upstream == "openai_responses":
            more = {**more, "include": ["code_interpreter_call.outputs"]}
        got = await _asked(caller, client, name, stream, more)
        match client:
            case "openai_responses":
                (step,) = [item for item in got["output"] if item["type"] == "code_interpreter_call"]
                found = (step["code"], step["outputs"][0]["logs"])
            case "anthropic_messages":
                use, result = got["content"][:2] if "code" in str(got["content"][0]) else got["content"][1:3]
                assert result["tool_use_id"] == use["id"]
                found = (use["input"]["code"], result["content"]["stdout"])
            case _:
                parts = {
                    key: value
                    for part in got["candidates"][0]["content"]["parts"]
                    for key, value in part.items()
                }
                found = (parts["executableCode"]["code"], parts["codeExecutionResult"]["output"])
        assert found == ("print(2+2)", "4\n")
        await _asked(caller, client, name, stream, CODE[client], *_again(client, got))
        assert vendor.refusals == []


@pytest.mark.parametrize(
    ("first", "second"), [("openai_responses", "anthropic_messages"), ("gemini_generate", "openai_responses")]
)
@pytest.mark.parametrize("client", ["openai_responses", "anthropic_messages"])
async def test_a_shown_search_is_never_passed_off_to_the_clients_own_vendor(
    client: str, first: str, second: str
) -> None:
    """The provider changes between two turns; the second is strict about results that it did not make."""
    one, two = load.model(first), load.model(second)
    async with (
        FakeVendor(first, behaviour=UseHosted(SEARCHED)) as early,
        FakeVendor(second, behaviour=UseHosted(SEARCHED)) as late,
        running([account("one", early, f"{one}=early"), account("two", late, f"{two}=late")]) as line,
        calling(line) as caller,
    ):
        got = await _asked(caller, client, "early", False, OFFER[client])
        await _asked(caller, client, "late", False, _unforced(client), *_again(client, got))
        assert early.refusals == late.refusals == []
