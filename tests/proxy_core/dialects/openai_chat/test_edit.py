import pytest

from proxy_core.dialect import Edits
from proxy_core.dialects.openai_chat.edit import edit_losses, edit_request
from proxy_core.ir.request import ReasoningControl
from proxy_core.profile import ModelProfile

BODY = b'{"model": "a", "temperature": 1.50, "messages": [ {"role":"user"} ], "unknown": {"x":  1e2}}'
PROFILE = ModelProfile("b")


@pytest.mark.parametrize("edits", [Edits(), Edits(model="a"), Edits(stream=False), Edits(want_usage=True)])
def test_nothing_to_do_leaves_every_byte(edits: Edits) -> None:
    assert edit_request(BODY, True, edits, PROFILE) is BODY


def test_only_the_model_changes() -> None:
    found = edit_request(BODY, True, Edits(model="b"), PROFILE)
    assert found == BODY.replace(b'"a"', b'"b"')


def test_usage_is_asked_for_in_a_stream() -> None:
    body = b'{"stream":true,"stream_options":{"include_obfuscation":false}}'
    found = edit_request(body, True, Edits(want_usage=True), PROFILE)
    assert found == b'{"stream":true,"stream_options":{"include_obfuscation":false,"include_usage":true}}'
    assert edit_request(found, True, Edits(want_usage=True), PROFILE) is found


def test_stream_options_go_with_the_stream() -> None:
    body = b'{"stream":true,"stream_options":{"include_usage":true}}'
    assert edit_request(body, True, Edits(stream=False), PROFILE) == b'{"stream":false}'
    assert edit_request(b"{}", True, Edits(stream=True, want_usage=True), PROFILE) == (
        b'{"stream":true,"stream_options":{"include_usage":true}}'
    )


def test_effort_replaces_both_spellings() -> None:
    body = b'{"reasoning_effort":"low","reasoning":{"effort":"low"}}'
    high = Edits(reasoning=ReasoningControl("level", "high"))
    assert edit_request(body, True, high, PROFILE) == b'{"reasoning_effort":"high"}'
    unset = Edits(reasoning=ReasoningControl("auto"))
    assert edit_request(body, True, unset, PROFILE) == b"{}"


def test_an_embedding_changes_its_model_only() -> None:
    edits = Edits(model="b", stream=True, want_usage=True, reasoning=ReasoningControl("level", "high"))
    assert edit_request(b'{"model":"a","input":"x"}', False, edits, PROFILE) == b'{"model":"b","input":"x"}'


def test_an_effort_that_the_model_cannot_take_is_told() -> None:
    plain = ModelProfile("b", known=True, thinking=None)
    high = Edits(reasoning=ReasoningControl("level", "high"))
    assert b"reasoning_effort" not in edit_request(BODY, True, high, plain)
    assert [loss.path for loss in edit_losses(True, high, plain)] == ["reasoning"]
    assert edit_losses(True, high, PROFILE) == ()
    assert edit_losses(True, Edits(reasoning=ReasoningControl("off")), plain) == ()
    assert edit_losses(True, Edits(model="b"), plain) == edit_losses(False, high, plain) == ()
