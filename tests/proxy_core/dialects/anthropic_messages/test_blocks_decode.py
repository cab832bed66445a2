from typing import Any

import pytest

from proxy_core.dialects.anthropic_messages.blocks_decode import (
    decode_content,
    decode_texts,
    settle_carriers,
)
from proxy_core.dialects.anthropic_messages.check import Fields
from proxy_core.dialects.anthropic_messages.words import UNSIGNED
from proxy_core.errors import DecodeError
from proxy_core.ir.message import (
    CacheMark,
    FileReference,
    HostedStep,
    Inline,
    Media,
    Opaque,
    Part,
    Reasoning,
    Seal,
    Text,
    ToolCall,
    ToolResult,
    Url,
)
from proxy_core.ir.seal import wrap
from tests.proxy_core.dialects.anthropic_messages.support import NAME


def _parts(*blocks: Any, role: str = "user") -> list[Part]:
    return decode_content(Fields({"content": list(blocks)}, "messages[0]"), role, {"c1": "f"})


def _one(block: Any, role: str = "user") -> Any:
    (part,) = _parts(block, role=role)
    return part


def test_text_with_a_mark_and_citations() -> None:
    cited = {"type": "char_location", "cited_text": "q", "document_title": "t", "document_index": 0}
    part = _one(
        {
            "type": "text",
            "text": "a",
            "cache_control": {"type": "ephemeral", "ttl": "1h"},
            "citations": [cited],
        }
    )
    assert (part.text, part.cache) == ("a", CacheMark("1h"))
    assert (part.citations[0].quote, part.citations[0].title, part.citations[0].native) == ("q", "t", cited)


@pytest.mark.parametrize(
    ("block", "part"),
    [
        (
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aG_-"}},
            Media("image", Inline("image/png", "aG/+")),
        ),
        (
            {"type": "image", "source": {"type": "base64", "data": "R0lGODlh"}},
            Media("image", Inline("image/gif", "R0lGODlh")),
        ),
        (
            {"type": "image", "source": {"type": "url", "url": "https://x/y.png"}},
            Media("image", Url("https://x/y.png")),
        ),
        (
            {"type": "document", "title": "t", "source": {"type": "url", "url": "https://x/y"}},
            Media("document", Url("https://x/y", "application/pdf"), name="t"),
        ),
        (
            {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "hi"}},
            Media("document", Inline("text/plain", "aGk=")),
        ),
        (
            {"type": "document", "source": {"type": "file", "file_id": "file_1"}},
            Media("document", FileReference("file_1", NAME)),
        ),
    ],
)
def test_media(block: Any, part: Media) -> None:
    assert _one(block) == part


def test_what_only_this_dialect_can_say_of_a_document_is_kept() -> None:
    source = {"type": "text", "media_type": "text/plain", "data": "hi"}
    part = _one({"type": "document", "source": source, "context": "c", "citations": {"enabled": True}})
    assert part.seal == Seal(None, "anthropic.block", '{"context":"c","citations":{"enabled":true}}')


def test_search_results_and_content_documents_read_as_text() -> None:
    inner = [{"type": "text", "text": "one"}, {"type": "text", "text": "two"}]
    found = _one({"type": "search_result", "title": "T", "source": "https://x", "content": inner})
    assert found.text == "T\nhttps://x\none\ntwo"
    document = _one({"type": "document", "source": {"type": "content", "content": inner}})
    assert document.text == "one\ntwo"


def test_thinking() -> None:
    signed = {"type": "thinking", "thinking": "hm", "signature": "c2ln"}
    assert _one(signed, "assistant") == Reasoning(("hm",), Seal(None, "anthropic.signature", "c2ln"))
    assert _parts(signed) == []  # nobody else thinks for the model
    unsigned = {**signed, "signature": wrap(UNSIGNED)}
    assert _one(unsigned, "assistant") == Reasoning(("hm",))
    carried = Seal("vendor-b", "responses.encrypted", "x")
    hidden = {"type": "thinking", "thinking": "", "signature": wrap(carried)}
    assert _one(hidden, "assistant") == Reasoning((), carried)
    redacted = {"type": "redacted_thinking", "data": "ZA=="}
    assert _one(redacted, "assistant") == Reasoning(
        (), Seal(None, "anthropic.redacted", "ZA=="), redacted=True
    )


def test_seals_go_back_to_the_part_beside_their_carrier() -> None:
    seal = Seal("vendor-b", "gemini.signature", "x")
    call, text = ToolCall("1", "f", "{}"), Text("a")
    ahead = Seal("vendor-b", "gemini.signature.next", "x")
    before, behind = Reasoning((), ahead, redacted=True), Reasoning((), seal, redacted=True)
    assert settle_carriers([before, call]) == [ToolCall("1", "f", "{}", seal=seal)]
    assert settle_carriers([text, behind, call]) == [Text("a", seal=seal), call]
    assert settle_carriers([text, before, call]) == [text, ToolCall("1", "f", "{}", seal=seal)]
    assert settle_carriers([before, text]) == [text]
    assert settle_carriers([behind]) == []
    thought = Reasoning(("hm",), seal)
    assert settle_carriers([thought, call]) == [thought, call]


def test_calls() -> None:
    use = {"type": "tool_use", "id": "c1", "name": "f", "input": {"n": 12345678901234567890123, "x": 1.0}}
    assert _one(use, "assistant") == ToolCall("c1", "f", '{"n":12345678901234567890123,"x":1.0}')
    assert _one({"type": "tool_use", "id": "c1", "name": "f"}, "assistant").arguments == "{}"


@pytest.mark.parametrize(
    ("content", "parts", "as_text"),
    [
        ("plain", (Text("plain"),), True),
        (None, (), True),
        ([], (), False),
        ({"a": 1}, (Text('{"a":1}'),), True),
        ([{"type": "text", "text": "a"}], (Text("a"),), False),
        ([{"type": "image", "source": {"type": "base64"}}], None, False),
        ([{"type": "image"}], None, False),
    ],
)
def test_results(content: Any, parts: Any, as_text: bool) -> None:
    result = _one({"type": "tool_result", "tool_use_id": "c1", "content": content, "is_error": True})
    assert isinstance(result, ToolResult)
    assert (result.call_id, result.name, result.is_error, result.as_text) == ("c1", "f", True, as_text)
    if parts is not None:
        assert result.content == parts
    else:
        assert result.text == "[An image without data was left out.]"


def test_a_tool_reference_becomes_a_note() -> None:
    content = [{"type": "tool_reference", "tool_name": "WebFetch"}, {"type": "browser_state", "x": 1}]
    result = _one({"type": "tool_result", "tool_use_id": "c9", "content": content})
    assert result.name is None
    assert [part.text for part in result.content] == [
        "The tool WebFetch is now available.",
        '{"type":"browser_state","x":1}',
    ]


def test_steps_that_the_vendor_ran_and_unknown_blocks_stay_whole() -> None:
    use = {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {}}
    found = {"type": "web_search_tool_result", "tool_use_id": "s1", "content": []}
    other = {"type": "container_upload", "file_id": "x"}
    assert _parts(use, found, role="assistant") == [
        HostedStep("web_search", NAME, use, "s1", "call"),
        HostedStep("web_search", NAME, found, "s1", "result"),
    ]
    assert _one(other) == Opaque(NAME, other)


@pytest.mark.parametrize(
    ("block", "role", "path"),
    [
        ({}, "user", "type"),
        ({"type": "text"}, "user", "text"),
        ({"type": "text", "text": 1}, "user", "text"),
        ({"type": "text", "text": "a", "cache_control": "x"}, "user", "cache_control"),
        ({"type": "image"}, "user", "source"),
        ({"type": "image", "source": {"type": "base64", "data": "!!"}}, "user", "source.data"),
        ({"type": "image", "source": {"type": "base64", "data": "aGk="}}, "user", "source.media_type"),
        ({"type": "tool_use", "id": "1", "name": "f"}, "user", "type"),
        ({"type": "tool_result", "tool_use_id": "1"}, "assistant", "type"),
        ({"type": "tool_result"}, "user", "tool_use_id"),
        ({"type": "tool_use", "name": "f"}, "assistant", "id"),
    ],
)
def test_what_is_wrong_is_named(block: Any, role: str, path: str) -> None:
    with pytest.raises(DecodeError) as caught:
        _parts(block, role=role)
    assert caught.value.param == f"messages[0].content[0].{path}"


def test_instructions_are_text() -> None:
    assert decode_texts(Fields({"system": "a"}), "system") == [Text("a")]
    assert decode_texts(Fields({}), "system") == []
    with pytest.raises(DecodeError):
        decode_texts(Fields({"system": [{"type": "image"}]}), "system")
