import json
from typing import Any

import pytest

from proxy_core.provider import LocalAnswer, Step
from proxy_core.providers.demo.catalogue import MODELS
from proxy_core.providers.demo.fault import fail
from proxy_core.providers.demo.question import read
from proxy_core.providers.demo.reply import compose


def failing(model: str, stream: bool = False) -> LocalAnswer:
    body = {"model": model, "messages": [{"role": "user", "content": "hi"}], "stream": stream}
    question = read(json.dumps(body).encode())
    answer = fail(question, compose(question))
    assert answer is not None
    return answer


def sent(model: str, stream: bool = False) -> tuple[LocalAnswer, list[Step], bytes]:
    answer = failing(model, stream)
    steps = list(answer.steps)
    return answer, steps, b"".join(step.data for step in steps)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 429, 500, 503, 529])
def test_refusals_have_their_status_and_openai_s_shape(status: int, stream: bool) -> None:
    answer, _, body = sent(f"demo-{status}", stream)
    assert answer.status == status
    assert set(json.loads(body)["error"]) == {"message", "type", "param", "code"}
    assert ("retry-after" in answer.headers) == (status == 429)


@pytest.mark.parametrize("stream", [False, True])
def test_a_cut_breaks_in_the_middle(stream: bool) -> None:
    answer, steps, body = sent("demo-cut-stream", stream)
    assert answer.status == 200
    assert body
    assert [step.cut for step in steps].index(True) == len(steps) - 1
    assert b"[DONE]" not in body
    if not stream:
        with pytest.raises(ValueError):  # noqa: PT011
            json.loads(body)


def test_silence_ends_cleanly_without_an_end() -> None:
    _, steps, body = sent("demo-silent", stream=True)
    assert not any(step.cut for step in steps)
    assert b'"finish_reason":"' not in body
    assert b"[DONE]" not in body
    _, _, whole = sent("demo-silent")
    assert json.loads(whole)["choices"][0]["finish_reason"] is None


def test_nothing_and_a_web_page() -> None:
    answer, _, body = sent("demo-empty", stream=True)
    assert (answer.status, body) == (200, b"")
    answer, _, body = sent("demo-html")
    assert (answer.status, answer.headers["content-type"]) == (502, "text/html")
    assert body.startswith(b"<!DOCTYPE html>")


def test_an_error_within_a_good_stream() -> None:
    answer, steps, body = sent("demo-overloaded-stream", stream=True)
    assert answer.status == 200
    assert b'"delta"' in steps[0].data
    last: dict[str, Any] = json.loads(steps[-1].data.removeprefix(b"data: "))
    assert last["error"]["type"] == "overloaded_error"
    assert b"[DONE]" not in body
    _, _, whole = sent("demo-overloaded-stream")
    assert "error" in json.loads(whole)


@pytest.mark.parametrize("stream", [False, True])
def test_a_stall_is_long_and_then_answers(stream: bool) -> None:
    _, steps, body = sent("demo-stall", stream)
    assert steps[0].delay_s >= 60
    assert not steps[0].data
    assert b"hi" in body


def test_every_hidden_model_fails_and_no_other() -> None:
    for model in MODELS:
        body = json.dumps({"model": model.id, "messages": []}).encode()
        question = read(body)
        assert (fail(question, compose(question)) is not None) == model.hidden, model.id
