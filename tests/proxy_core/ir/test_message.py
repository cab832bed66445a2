from collections.abc import MutableMapping
from dataclasses import FrozenInstanceError, fields

import pytest

from proxy_core.ir.message import (
    EMPTY,
    Citation,
    Inline,
    Media,
    Message,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
    ToolResult,
)


def test_thinking_reads_as_paragraphs() -> None:
    assert Reasoning(("One.", "Two.")).text == "One.\n\nTwo."
    assert Reasoning().text == ""


def test_a_result_reads_as_its_text_parts() -> None:
    picture = Media("image", Inline("image/png", "aGk="))
    assert ToolResult("1", (Text("a"), picture, Text("b"))).text == "ab"
    assert ToolResult("1").text == ""


@pytest.mark.parametrize("value", [Text("a"), Refusal("a"), ToolCall("1", "a", "{}"), Message("user", ())])
def test_parts_and_messages_are_values(value: object) -> None:
    with pytest.raises(FrozenInstanceError):
        setattr(value, fields(value)[0].name, "other")  # type: ignore[arg-type]
    assert not hasattr(value, "__dict__")


def test_defaults_are_shared_and_cannot_be_written() -> None:
    assert Message("user", ()).extensions is EMPTY
    assert Citation().native is EMPTY
    assert not isinstance(EMPTY, MutableMapping)
