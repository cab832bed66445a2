import json
from typing import Any

import pytest

from proxy_core.dialect import Call, Edits, Endpoint
from proxy_core.dialects.anthropic_messages.edit import edit_losses, edit_request, mend
from proxy_core.ir.request import ReasoningControl
from proxy_core.profile import ModelProfile
from tests.proxy_core.dialects.anthropic_messages.support import ADAPTIVE, BUDGET

BODY = b'{"model":"a","max_tokens":9000,"messages":[{"role":"user","content":"1.50 \\u00e9"}],"new":1.50}'


def _edited(
    edits: Edits, profile: ModelProfile = ADAPTIVE, body: bytes = BODY, *, is_chat: bool = True
) -> Any:
    return json.loads(edit_request(body, edits, profile, is_chat=is_chat))


@pytest.mark.parametrize(
    "edits", [Edits(), Edits(model="a"), Edits(stream=False), Edits(reasoning=ReasoningControl())]
)
def test_nothing_to_do_gives_the_same_bytes(edits: Edits) -> None:
    assert edit_request(BODY, edits, ADAPTIVE, is_chat=True) is BODY


def test_model_and_stream_change_and_the_rest_stays() -> None:
    out = edit_request(BODY, Edits(model="b", stream=True), ADAPTIVE, is_chat=True)
    assert out == BODY.replace(b'"a"', b'"b"')[:-1] + b',"stream":true}'


def test_a_count_has_no_stream() -> None:
    assert edit_request(BODY, Edits(stream=True), ADAPTIVE, is_chat=False) is BODY


def test_thinking_by_level() -> None:
    body = (
        BODY[:-1]
        + b',"temperature":0.5,"top_k":3,"thinking":{"type":"disabled"},"output_config":{"format":{"x":1}}}'
    )
    out = _edited(Edits(reasoning=ReasoningControl("level", "high")), body=body)
    assert out["thinking"] == {"type": "adaptive"}
    assert out["output_config"] == {"format": {"x": 1}, "effort": "high"}
    assert not {"temperature", "top_k"} & set(out)


def test_thinking_by_budget_stays_below_max_tokens() -> None:
    body = BODY[:-1] + b',"output_config":{"effort":"high"}}'
    out = _edited(Edits(reasoning=ReasoningControl("budget", budget=50_000)), BUDGET, body)
    assert out["thinking"] == {"type": "enabled", "budget_tokens": 8999}
    assert "output_config" not in out


def test_off_and_forced() -> None:
    off = Edits(reasoning=ReasoningControl("off"))
    assert _edited(off)["thinking"] == {"type": "disabled"}
    body = BODY[:-1] + b',"tool_choice":{"type":"any"},"temperature":0.5}'
    out = _edited(Edits(reasoning=ReasoningControl("level", "high")), body=body)
    assert out["thinking"] == {"type": "disabled"}
    assert out["temperature"] == 0.5
    assert "output_config" not in out


WISH = Edits(reasoning=ReasoningControl("budget", budget=8192))


@pytest.mark.parametrize(
    ("edits", "profile", "body", "why"),
    [
        (WISH, BUDGET, b'{"max_tokens":50}', "no room"),
        (WISH, BUDGET, b'{"max_tokens":9000,"tool_choice":{"type":"any"}}', "forced"),
        (WISH, ModelProfile("x", known=True, thinking=None), BODY, "cannot be told"),
    ],
)
def test_thinking_that_is_left_out_is_told(
    edits: Edits, profile: ModelProfile, body: bytes, why: str
) -> None:
    assert _edited(edits, profile, body).get("thinking") in (None, {"type": "disabled"})
    (loss,) = edit_losses(body, edits, profile)
    assert loss.path == "reasoning"
    assert why in loss.why


@pytest.mark.parametrize(
    ("edits", "profile"),
    [
        (WISH, BUDGET),
        (Edits(reasoning=ReasoningControl("budget", budget=50_000)), BUDGET),
        (Edits(reasoning=ReasoningControl("off")), ModelProfile("x", known=True, thinking=None)),
        (Edits(model="b"), BUDGET),
        (Edits(reasoning=ReasoningControl()), BUDGET),
    ],
)
def test_a_value_that_is_kept_or_moved_is_no_loss(edits: Edits, profile: ModelProfile) -> None:
    assert edit_losses(BODY, edits, profile) == ()


def _call(**headers: str) -> Call:
    endpoint = Endpoint("POST", "/v1/messages", "chat")
    return Call(endpoint, headers={name.replace("_", "-"): value for name, value in headers.items()})


@pytest.mark.parametrize(
    ("betas", "header", "wanted"),
    [
        ('["a","b"]', None, "a,b"),
        ('["a","b"]', "b, c", "b,c,a"),
        ('"a"', None, "a"),
        ("[]", "c", "c"),
        ("[]", None, None),
    ],
)
def test_betas_move_to_the_header(betas: str, header: str | None, wanted: str | None) -> None:
    body = f'{{"model": "m", "betas": {betas}, "max_tokens": 1.0}}'.encode()
    found = mend(body, _call(**({"anthropic_beta": header} if header else {})))
    assert found is not None
    assert found.body == b'{"model": "m", "max_tokens": 1.0}'
    assert found.headers == ({"anthropic-beta": wanted} if wanted else {})


@pytest.mark.parametrize("betas", ["1", "null", '["a\\nb"]', '["a,b"]', "[1]", '["é"]'])
def test_what_no_header_can_hold_stays(betas: str) -> None:
    assert mend(f'{{"betas": {betas}}}'.encode(), _call()) is None


def test_without_betas_nothing_is_looked_at() -> None:
    assert mend(b"no json", _call()) is None
    assert mend(b'{"a": {"betas": ["x"]}}', _call()) is None
