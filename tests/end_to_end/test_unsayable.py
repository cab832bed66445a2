"""What the target cannot say: features are refused, knobs are told, stop strings are cut here."""

from typing import Any

import pytest

from tests.end_to_end.client import calling, error, path
from tests.end_to_end.line import account, running
from tests.end_to_end.meaning import sdk
from tests.end_to_end.turns import opening, said
from tests.samples import load
from tests.upstreams.behaviours import Replay, Say
from tests.upstreams.server import FakeVendor
from tests.upstreams.vendor import Reply

# google-genai 3.4 subclasses aiohttp's session, which aiohttp dislikes
pytestmark = pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession:DeprecationWarning")

DIALECTS = load.dialects()
STREAM = pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])

AUDIO = {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}}
REFUSED: dict[str, tuple[str, dict[str, Any], str, tuple[str, ...]]] = {
    "n": ("openai_chat", {"n": 2}, "n", ("openai_responses", "anthropic_messages")),
    "audio in": (
        "openai_chat", {"messages": [{"role": "user", "content": [AUDIO]}]}, "messages[0]",
        ("openai_responses", "anthropic_messages"),
    ),
    "audio out": (
        "openai_chat", {"modalities": ["text", "audio"], "audio": {"voice": "alloy", "format": "wav"}},
        "modalities",
        ("openai_responses", "anthropic_messages"),
    ),
    "voice": (
        "openai_chat", {"modalities": ["text", "audio"], "audio": {"voice": "alloy", "format": "wav"}},
        "audio", ("gemini_generate",),
    ),
    "file id": (
        "openai_chat",
        {"messages": [{"role": "user", "content": [{"type": "file", "file": {"file_id": "file-1"}}]}]},
        "messages[0]", ("anthropic_messages", "gemini_generate"),
    ),
    "previous response": (
        "openai_responses", {"previous_response_id": "resp_1"}, "previous_response_id",
        ("openai_chat", "anthropic_messages", "gemini_generate"),
    ),
    "conversation": (
        "openai_responses", {"conversation": "conv_1"}, "conversation",
        ("openai_chat", "anthropic_messages", "gemini_generate"),
    ),
    "background": (
        "openai_responses", {"background": True, "store": True}, "background",
        ("openai_chat", "anthropic_messages", "gemini_generate"),
    ),
    "item reference": (
        "openai_responses", {"input": [{"type": "item_reference", "id": "msg_1"}]}, "input[0]",
        ("openai_chat", "anthropic_messages", "gemini_generate"),
    ),
    "hosted tool": (
        "openai_responses", {"tools": [{"type": "file_search", "vector_store_ids": ["v"]}]}, "tools",
        ("openai_chat", "anthropic_messages", "gemini_generate"),
    ),
    "candidates": (
        "gemini_generate", {"generationConfig": {"candidateCount": 2}}, "one answer per request",
        ("openai_responses", "anthropic_messages"),
    ),
    "cached content": (
        "gemini_generate", {"cachedContent": "cachedContents/1"}, "cachedContent",
        ("openai_chat", "openai_responses", "anthropic_messages"),
    ),
}  # fmt: skip


@STREAM
@pytest.mark.parametrize(
    ("client", "patch", "names", "upstream"),
    [
        pytest.param(client, patch, names, upstream, id=f"{name}-{upstream}")
        for name, (client, patch, names, upstreams) in REFUSED.items()
        for upstream in upstreams
    ],
)
async def test_a_feature_that_the_vendor_lacks_is_a_400_that_names_it(
    client: str, patch: dict[str, Any], names: str, upstream: str, stream: bool
) -> None:
    model = load.model(upstream)
    async with (
        FakeVendor(upstream, behaviour=Say(Reply(text="Never."))) as vendor,
        running([account("one", vendor, model)]) as line,
        calling(line) as caller,
    ):
        body = {**opening(client, "Hi.", think=False), **patch}
        if client != "gemini_generate":
            body |= {"model": model, "stream": stream}
        got = await caller.post(path(client, model, stream), body)
        generated = [one for one in vendor.requests if one.method == "POST"]
        assert generated == []
    assert got.status == 400, got.body
    found = error(client, got.body)
    assert names in (found.get("param") or "") + found["message"]
    assert len(found["message"]) > 20


# Client dialect → the knobs of its sample that each upstream cannot take, as the header names them.
SAMPLING = ("seed", "presence_penalty", "frequency_penalty", "logit_bias")
DROPPED: dict[tuple[str, str], tuple[str, ...]] = {
    ("openai_chat", "openai_responses"): SAMPLING,
    ("openai_chat", "anthropic_messages"): (*SAMPLING, "logprobs", "top_logprobs", "verbosity", "metadata"),
    ("openai_chat", "gemini_generate"): ("logit_bias", "verbosity", "user"),
    ("gemini_generate", "anthropic_messages"): (
        "generationConfig.seed", "generationConfig.presencePenalty", "safetySettings", "labels",
    ),
    ("gemini_generate", "openai_chat"): ("safetySettings",),
    ("gemini_generate", "openai_responses"): (
        "generationConfig.seed", "generationConfig.frequencyPenalty", "safetySettings",
    ),
    ("openai_responses", "anthropic_messages"): ("top_logprobs", "metadata", "prompt_cache_key"),
    ("openai_responses", "gemini_generate"): ("prompt_cache_key", "user"),
    ("anthropic_messages", "gemini_generate"): ("metadata.user_id",),
}  # fmt: skip


@pytest.mark.parametrize(("client", "upstream"), list(DROPPED))
async def test_dropped_knobs_are_told(client: str, upstream: str) -> None:
    model = load.model(upstream)
    sample = load.sample(client, "64-dropped-knobs")
    async with (
        FakeVendor(upstream, behaviour=Say(Reply(text="Teal."))) as vendor,
        running([account("one", vendor, model)]) as line,
        calling(line) as caller,
    ):
        body = {**sample.request, "model": model} if client != "gemini_generate" else sample.request
        got = await caller.post(path(client, model), body)
        assert vendor.refusals == []
    assert got.status == 200
    told = got.headers.get("x-trunkline-dropped", "").split(", ")
    assert [name for name in DROPPED[client, upstream] if name not in told] == [], told


THINKING_CONFIG = "generationConfig.thinkingConfig"
TIGHT, ROOMY = {"max_tokens": 50}, {"max_tokens": 9000}
FORCED = {
    **ROOMY,
    "tools": [{"name": "f", "input_schema": {"type": "object"}}],
    "tool_choice": {"type": "any"},
}


@STREAM
@pytest.mark.parametrize(
    ("client", "upstream", "model", "suffix", "patch", "dropped"),
    [
        ("openai_chat", "openai_chat", "gpt-4o", "(high)", {}, "reasoning_effort"),
        ("openai_chat", "openai_chat", "gpt-4o", "(none)", {}, None),
        ("openai_chat", "gemini_generate", "gemini-2.0-flash", "(high)", {}, "reasoning_effort"),
        ("gemini_generate", "gemini_generate", "gemini-2.0-flash", "(high)", {}, THINKING_CONFIG),
        ("anthropic_messages", "anthropic_messages", "claude-sonnet-4-5", "(8192)", TIGHT, "thinking"),
        ("anthropic_messages", "anthropic_messages", "claude-sonnet-4-5", "(8192)", FORCED, "thinking"),
        ("anthropic_messages", "anthropic_messages", "claude-sonnet-4-5", "(8192)", ROOMY, None),
        ("openai_chat", "anthropic_messages", "claude-sonnet-4-5", "-maxthinking", {}, None),
    ],
)  # fmt: skip
async def test_thinking_that_was_asked_for_is_told_only_where_it_is_gone(
    client: str, upstream: str, model: str, suffix: str, patch: dict[str, Any], dropped: str | None,
    stream: bool,
) -> None:  # fmt: skip
    async with (
        FakeVendor(upstream, behaviour=Say(Reply(text="Teal."))) as vendor,
        running([account("one", vendor, model)]) as line,
        calling(line) as caller,
    ):
        body = {**opening(client, "Hi.", think=False), **patch}
        if client != "gemini_generate":
            body |= {"model": model + suffix, "stream": stream}
        got = await caller.post(path(client, model + suffix, stream), body)
        assert vendor.refusals == []
    assert got.status == 200, got.body
    assert got.headers.get("x-trunkline-dropped") == dropped


@STREAM
@pytest.mark.parametrize("client", ["openai_chat", "anthropic_messages", "gemini_generate"])
async def test_stop_strings_are_cut_where_the_vendor_cannot(client: str, stream: bool) -> None:
    stops = ["ree, f", "ten"]
    more: dict[str, Any] = {
        "openai_chat": {"stop": stops},
        "anthropic_messages": {"stop_sequences": stops},
        "gemini_generate": {"generationConfig": {"stopSequences": stops}},
    }
    model = load.model("openai_responses")
    async with (
        FakeVendor("openai_responses", behaviour=Say(Reply(text="one, two, three, four, five"))) as vendor,
        running([account("one", vendor, model)]) as line,
        sdk(client, line.url, line.key) as tool,
    ):
        body = {**opening(client, "Count.", think=False), **more[client]}
        found = await tool.ask(model, body, stream)
        assert b"stop" not in vendor.requests[-1].raw.replace(b"stop_reason", b"")
        assert vendor.refusals == []
    assert found.text == "one, two, th"
    assert found.finish == ("stop_sequence" if client == "anthropic_messages" else "stop")


QUOTES = {
    "https://example.com/zurich": "Zürich is in Switzerland.",
    "https://example.org/lake?a=1&b=2": "Its lake is 88 km².",
}


@STREAM
@pytest.mark.parametrize("upstream", DIALECTS)
@pytest.mark.parametrize("client", ["openai_chat", "openai_responses"])
async def test_citations_stand_at_their_words(client: str, upstream: str, stream: bool) -> None:
    sample, model = load.sample(client, "60-web-search-citations"), load.model(upstream)
    async with (
        FakeVendor(upstream, behaviour=Replay(sample.name)) as vendor,
        running([account("one", vendor, model)]) as line,
        sdk(client, line.url, line.key) as tool,
    ):
        found = await said(tool, client, model, {**sample.request, "model": model}, stream)
        assert vendor.refusals == []
    if client == "openai_chat":
        text = found[0]["content"]
        notes = [note["url_citation"] for note in found[0]["annotations"]]
    else:
        parts = [part for item in found if item["type"] == "message" for part in item["content"]]
        assert len(parts) == 1 or upstream == "anthropic_messages"
        text, notes = "", []
        for part in parts:
            for note in part["annotations"]:
                span = {key: note[key] + len(text) for key in ("start_index", "end_index")}
                notes.append({**note, **span})
            text += part["text"]
    assert text == sample.expect["text"]
    assert {note["url"]: text[note["start_index"] : note["end_index"]] for note in notes} == QUOTES
