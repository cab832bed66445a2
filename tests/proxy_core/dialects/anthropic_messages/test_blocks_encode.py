import json
from typing import Any

import pytest

from proxy_core.dialects.anthropic_messages.blocks_encode import (
    call_input,
    emit,
    encode_message,
    encode_part,
    own_citation,
    shorten,
)
from proxy_core.errors import UnsupportedError
from proxy_core.ir.message import (
    CacheMark,
    Citation,
    FileReference,
    Inline,
    Media,
    Message,
    Part,
    Reasoning,
    Seal,
    Text,
    ToolCall,
    ToolResult,
    Url,
)
from tests.proxy_core.dialects.anthropic_messages.support import ISSUER, NAME, decoded, encoded


def _wire(part: Part) -> Any:
    return json.loads(emit({"block": encode_part(part, ISSUER)}))["block"]


def test_a_lone_text_is_a_string() -> None:
    plain = encode_message(Message("user", (Text("a"),)), ISSUER)
    assert plain == {"role": "user", "content": [{"type": "text", "text": "a"}]}
    shorten([plain])
    assert plain["content"] == "a"
    marked = encode_message(Message("model", (Text("a", cache=CacheMark("30m")),)), ISSUER)
    assert marked["content"] == [{"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}}]
    before = marked["content"]
    shorten([marked])
    assert marked == {"role": "assistant", "content": before}


@pytest.mark.parametrize(
    ("part", "block"),
    [
        (
            Media("image", Inline("image/jpg", "aGk=")),
            {"type": "image", "source": {"type": "base64", "media_type": "image/jpeg", "data": "aGk="}},
        ),
        (
            Media("image", Inline("application/octet-stream", "JVBERi0xLjQ="), name="a.pdf"),
            {
                "type": "document",
                "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0xLjQ="},
                "title": "a.pdf",
            },
        ),
        (
            Media("document", Inline("text/csv; charset=utf-8", "YSxi")),
            {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "a,b"}},
        ),
        (
            Media("image", Url("https://x/a.png"), name="ignored"),
            {"type": "image", "source": {"type": "url", "url": "https://x/a.png"}},
        ),
        (
            Media("document", FileReference("f", NAME)),
            {"type": "document", "source": {"type": "file", "file_id": "f"}},
        ),
        (
            Media("document", Inline("text/plain", ""), name="e.txt"),
            {"type": "text", "text": "[e.txt has no content.]"},
        ),
    ],
)
def test_media(part: Media, block: Any) -> None:
    assert _wire(part) == block


@pytest.mark.parametrize(
    "part",
    [
        Media("image", Inline("image/bmp", "Qk0AAAAAAAAAAA==")),
        Media("audio", Inline("audio/wav", "UklGRgAAAABXQVZF")),
        Media("video", Url("https://x/a.mp4")),
        Media("document", Inline("application/zip", "UEsDBA==")),
        Media("image", FileReference("f", "elsewhere")),
        Media("image", Url("gs://bucket/a.png")),
    ],
)
def test_media_that_the_vendor_does_not_take_is_refused(part: Media) -> None:
    with pytest.raises(UnsupportedError) as caught:
        _wire(part)
    assert caught.value.param


@pytest.mark.parametrize(
    ("arguments", "value"),
    [
        ("", {}),
        (" ", {}),
        ('{"a":1}', {"a": 1}),
        ("[1]", {"_raw": "[1]"}),
        ("{broken", {"_raw": "{broken"}),
        ('{"a":"\ud83d"}', {"a": "\ud83d"}),
    ],
)
def test_arguments(arguments: str, value: Any) -> None:
    assert _wire(ToolCall("1", "f", arguments))["input"] == value


def test_numbers_keep_their_spelling() -> None:
    call = ToolCall("1", "f", '{"a":1.50,"b":1e400}')
    assert b'{"a":1.50,"b":1e400}' in emit(encode_part(call, ISSUER))
    # Half a surrogate pair elsewhere needs the other encoder.
    body = {"a": [encode_part(ToolCall("1", "f", '{"a":1.50}'), ISSUER)], "b": "\ud83d"}
    assert json.loads(emit(body))["a"][0]["input"] == {"a": 1.5}
    assert call_input(ToolCall("1", "f", "ls", form="freeform")) == {"input": "ls"}


def test_results() -> None:
    plain = ToolResult("1", (Text("a"),), is_error=True, cache=CacheMark())
    assert _wire(plain) == {
        "type": "tool_result",
        "tool_use_id": "1",
        "content": "a",
        "is_error": True,
        "cache_control": {"type": "ephemeral"},
    }
    image = Media("image", Inline("image/png", "aGk="))
    mixed = _wire(ToolResult("1", (Text("a"), image), as_text=True))
    assert [block["type"] for block in mixed["content"]] == ["text", "image"]
    assert _wire(ToolResult("1", (Text("a"),), as_text=False))["content"] == [{"type": "text", "text": "a"}]
    assert _wire(ToolResult("1"))["content"] == ""


def test_thinking() -> None:
    assert _wire(Reasoning(("a", "b"), Seal(ISSUER, "anthropic.signature", "s"))) == {
        "type": "thinking",
        "thinking": "a\n\nb",
        "signature": "s",
    }
    redacted = Reasoning((), Seal(ISSUER, "anthropic.redacted", "d"), redacted=True)
    assert _wire(redacted) == {"type": "redacted_thinking", "data": "d"}


def test_citations() -> None:
    own = {"type": "char_location", "cited_text": "a"}
    found = {"type": "web_search_result_location", "url": "u", "encrypted_index": ""}
    assert own_citation(Citation(native=own)) == own
    assert own_citation(Citation(native=found)) is None  # we made that one up for a reply
    assert own_citation(Citation(url="u", native={"type": "url_citation"})) is None
    assert _wire(Text("a", (Citation(native=own),)))["citations"] == [own]


def test_blocks_without_a_neutral_form_come_back_whole() -> None:
    reference = {"type": "tool_reference", "tool_name": "WebFetch", "cache_control": {"type": "ephemeral"}}
    document = {
        "type": "document",
        "source": {"type": "text", "media_type": "text/plain", "data": "hi"},
        "context": "c",
        "citations": {"enabled": True},
    }
    search = {
        "type": "search_result",
        "title": "t",
        "source": "s",
        "content": [{"type": "text", "text": "a"}],
    }
    use = {"type": "tool_use", "id": "c1", "name": "f", "input": {}}
    result = {"type": "tool_result", "tool_use_id": "c1", "content": [reference, search]}
    messages = [
        {"role": "user", "content": [search, document]},
        {"role": "assistant", "content": [use]},
        {"role": "user", "content": [result]},
    ]
    assert encoded(decoded(messages=messages))["messages"] == messages
