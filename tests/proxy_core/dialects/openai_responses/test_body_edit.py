from proxy_core.dialect import Call, Edits, Endpoint, Operation
from proxy_core.dialects.openai_responses.body_edit import edit_losses, edit_request, mend
from proxy_core.ir.request import ReasoningControl
from proxy_core.jsonbytes import decode_object
from proxy_core.profile import ModelProfile
from tests.proxy_core.dialects.openai_responses.material import PLAIN, THINKER

BODY = b'{ "model":"m", "x":1.50, "stream":true, "reasoning":{"effort":"high","context":"all_turns"} }'


def edit(edits: Edits, profile: ModelProfile = THINKER, body: bytes = BODY) -> bytes:
    return edit_request(body, edits, profile)


def test_nothing_to_do_keeps_every_byte() -> None:
    assert edit(Edits()) is BODY
    assert edit(Edits("m", True, want_usage=True)) is BODY
    assert edit(Edits(reasoning=ReasoningControl("level", "high"))) is BODY


def test_only_what_is_named_changes() -> None:
    assert edit(Edits("up", False)) == BODY.replace(b'"m"', b'"up"').replace(b"true", b"false")


def test_reasoning_is_fitted_to_the_model() -> None:
    budget = decode_object(edit(Edits(reasoning=ReasoningControl("budget", budget=900, show=True))))
    assert budget["reasoning"] == {"context": "all_turns", "effort": "low", "summary": "auto"}
    auto = decode_object(edit(Edits(reasoning=ReasoningControl("auto"))))
    assert auto["reasoning"] == {"context": "all_turns"}
    added = decode_object(edit(Edits(reasoning=ReasoningControl("off")), body=b'{"model":"m"}'))
    assert added["reasoning"] == {"effort": "none"}


def test_a_model_that_does_not_think_gets_no_reasoning() -> None:
    high = Edits(reasoning=ReasoningControl("level", "high"))
    edited = decode_object(edit(high, PLAIN))
    assert "reasoning" not in edited
    assert edited["x"] == 1.5
    assert [loss.path for loss in edit_losses(high, PLAIN)] == ["reasoning"]
    assert edit_losses(high, THINKER) == edit_losses(Edits("up"), PLAIN) == ()
    assert edit_losses(Edits(reasoning=ReasoningControl("off")), PLAIN) == ()


def _call(operation: Operation, **headers: str) -> Call:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Call(Endpoint("POST", "/v1/responses", operation), headers=named)


def test_a_session_is_the_cache_key_where_there_is_none() -> None:
    body = b'{"model": "m", "n": 1.0}'
    found = mend(body, _call("chat", session_id="s"))
    assert found is not None
    assert found.body == b'{"model": "m", "n": 1.0,"prompt_cache_key":"s"}'
    assert found.headers == {}
    assert mend(b'{"prompt_cache_key": "k"}', _call("chat", session_id="s")) is None
    assert mend(body, _call("chat")) is None
    assert mend(body, _call("chat", session_id="x" * 1000)) is None
    assert mend(body, _call("count_tokens", session_id="s")) is None
