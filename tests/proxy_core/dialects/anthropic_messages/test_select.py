from typing import Any

import pytest

from proxy_core.dialects.anthropic_messages.select import media_note, select, thinking_seal
from proxy_core.dialects.anthropic_messages.words import BLOCK
from proxy_core.errors import UnsupportedError
from proxy_core.ir.message import (
    HostedStep,
    Inline,
    Media,
    Message,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Role,
    Seal,
    Text,
    ToolCall,
    ToolResult,
    Url,
)
from proxy_core.ir.request import Loss
from tests.proxy_core.dialects.anthropic_messages.support import ISSUER, NAME, foreign

SIGNED = Reasoning(("hm",), Seal(ISSUER, "anthropic.signature", "c2ln"))
IMAGE = Media("image", Inline("image/png", "aGk="))


def _kept(part: Part, role: Role = "model") -> tuple[Any, list[Loss]]:
    losses: list[Loss] = []
    request = select(foreign(Message("user", ()), Message(role, (part,))), ISSUER, losses)
    return request.messages[1].parts, losses


def test_thinking_goes_only_to_who_signed_it() -> None:
    assert _kept(SIGNED) == ((SIGNED,), [])
    native = Reasoning(("hm",), Seal(None, "anthropic.signature", "c2ln"))
    assert _kept(native)[0] == (SIGNED,)
    for seal in (
        None,
        Seal("vendor-b", "anthropic.signature", "c2ln"),
        Seal(ISSUER, "responses.encrypted", "c2ln"),
    ):
        assert _kept(Reasoning(("hm",), seal)) == ((), [])


def test_redacted_thinking_has_a_kind_of_its_own() -> None:
    redacted = Reasoning((), Seal(ISSUER, "anthropic.redacted", "ZA=="), redacted=True)
    assert thinking_seal(redacted, ISSUER) == "ZA=="
    assert _kept(redacted)[0] == (redacted,)


def test_thinking_in_a_user_turn_is_no_thinking() -> None:
    assert _kept(SIGNED, "user")[0] == ()


def test_seals_of_other_vendors_come_off_and_own_members_stay() -> None:
    sealed = Seal("vendor-b", "gemini.signature", "c2ln")
    assert _kept(Text("a", seal=sealed))[0] == (Text("a"),)
    assert _kept(ToolCall("1", "f", "{}", seal=sealed))[0] == (ToolCall("1", "f", "{}"),)
    assert _kept(ToolResult("1", (Text("a", seal=sealed), IMAGE)))[0] == (
        ToolResult("1", (Text("a"), IMAGE)),
    )
    own = Text("a", seal=Seal(None, BLOCK, "{}"))
    assert _kept(own, "user")[0] == (own,)


def test_steps_and_blocks_of_other_dialects_are_lost_and_said_so() -> None:
    for part in (HostedStep("web_search", "elsewhere", {}), Opaque("elsewhere", {})):
        parts, losses = _kept(part)
        assert parts == ()
        assert [loss.path for loss in losses] == ["messages[1]"]
    own = HostedStep("web_search", NAME, {"type": "server_tool_use"})
    assert _kept(own) == ((own,), [])


def test_media_of_the_model_becomes_a_note() -> None:
    parts, losses = _kept(IMAGE)
    assert parts == (Text("[image left out here: image/png]"),)
    assert len(losses) == 1
    assert _kept(IMAGE, "user") == ((IMAGE,), [])
    assert media_note(Media("document", Url("https://x"), name="a.pdf")) == "[document left out here: a.pdf]"


def test_names_and_details_are_lost() -> None:
    losses: list[Loss] = []
    high = Media("image", Inline("image/png", "aGk="), detail="high")
    auto = Media("image", Inline("image/png", "aGk="), detail="auto")
    messages = (Message("user", (high,), name="bo", extensions={"x": 1}), Message("user", (auto,)))
    select(foreign(*messages), ISSUER, losses)
    assert [loss.path for loss in losses] == ["messages[0].name", "messages[0].x", "messages[0].detail"]


def test_a_refusal_is_text() -> None:
    assert _kept(Refusal("no"))[0] == (Text("no"),)


def test_instructions_are_text_only() -> None:
    with pytest.raises(UnsupportedError) as caught:
        select(foreign(system=(IMAGE,)), ISSUER, [])
    assert caught.value.param == "system"
    with pytest.raises(UnsupportedError):
        _kept(IMAGE, "system")
