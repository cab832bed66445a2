from __future__ import annotations

import json

import pytest

from proxy_core.dialect import Edits
from proxy_core.errors import DecodeError
from proxy_core.ir.request import ReasoningControl
from proxy_core.profile import ModelProfile, Thinking
from tests.proxy_core.dialects.gemini_generate.support import DIALECT, call

PROFILE = ModelProfile("m")
HIGH = Edits(reasoning=ReasoningControl("level", level="high"))


def test_nothing_to_do_keeps_every_byte() -> None:
    body = b'{ "contents" : [1.50] , "x":1}'
    assert DIALECT.edit_request(body, call(), Edits(model="y", stream=True, want_usage=True), PROFILE) is body


def test_only_the_thinking_control_changes() -> None:
    body = (
        b'{"contents":[1.50],"generation_config":{"temperature":1.0,'
        b'"thinking_config":{"include_thoughts":true,"thinkingBudget":5}},"z":2e3}'
    )
    assert DIALECT.edit_request(body, call(), HIGH, PROFILE) == (
        b'{"contents":[1.50],"generation_config":{"temperature":1.0,'
        b'"thinkingConfig":{"includeThoughts":true,"thinkingLevel":"HIGH"}},"z":2e3}'
    )


@pytest.mark.parametrize("config", [b"", b',"generationConfig":null'])
def test_a_control_is_added_where_there_was_none(config: bytes) -> None:
    found = DIALECT.edit_request(b'{"contents":[]' + config + b"}", call(), HIGH, PROFILE)
    assert json.loads(found) == {
        "contents": [],
        "generationConfig": {"thinkingConfig": {"thinkingLevel": "HIGH"}},
    }


def test_the_model_inside_a_count_follows_the_address() -> None:
    body = b'{"generateContentRequest":{"model":"models/alias","contents":[1.50]}}'
    found = DIALECT.edit_request(body, call("count"), Edits(model="real"), PROFILE)
    assert found == b'{"generateContentRequest":{"model":"models/real","contents":[1.50]}}'
    plain = b'{"contents":[]}'
    assert DIALECT.edit_request(plain, call("count"), Edits(model="real"), PROFILE) is plain


def test_a_control_that_is_no_object_is_a_decode_error() -> None:
    with pytest.raises(DecodeError):
        DIALECT.edit_request(b'{"generationConfig":{"thinkingConfig":[]}}', call(), HIGH, PROFILE)
    with pytest.raises(DecodeError):
        DIALECT.edit_request(b'{"generationConfig":[]}', call(), HIGH, PROFILE)


@pytest.mark.parametrize(
    ("thinking", "least"),
    [
        (Thinking(budget=(128, 32768), can_disable=False), {"thinkingBudget": 128}),
        (Thinking(levels=("low", "high"), can_disable=False), {"thinkingLevel": "LOW"}),
        (Thinking(budget=(0, 24576)), {"thinkingBudget": 0}),
    ],
)
def test_no_thinking_shows_no_thoughts(thinking: Thinking, least: dict[str, object]) -> None:
    body = b'{"generationConfig":{"thinkingConfig":{"includeThoughts":true}}}'
    none = Edits(reasoning=ReasoningControl("level", level="none"))
    for old in (body, b"{}"):
        found = DIALECT.edit_request(old, call(), none, ModelProfile("m", known=True, thinking=thinking))
        said = json.loads(found)["generationConfig"]["thinkingConfig"]
        assert said == {**least, "includeThoughts": False}


def test_a_control_that_the_model_cannot_take_is_told() -> None:
    plain = ModelProfile("m", known=True, thinking=None)
    assert DIALECT.edit_request(b"{}", call(), HIGH, plain) == b"{}"
    assert [loss.path for loss in DIALECT.edit_losses(b"{}", call(), HIGH, plain)] == ["reasoning"]
    assert DIALECT.edit_losses(b"{}", call(), HIGH, PROFILE) == ()
    assert DIALECT.edit_losses(b"{}", call(), Edits(reasoning=ReasoningControl("off")), plain) == ()
    assert DIALECT.edit_losses(b"{}", call("count"), HIGH, plain) == ()
