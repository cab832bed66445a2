import json
from typing import get_args

import pytest

from proxy_core.dialects.openai_completions.errors import encode_error, encode_fault
from proxy_core.errors import Failure, FailureKind


@pytest.mark.parametrize("kind", get_args(FailureKind))
def test_every_kind_has_the_official_shape(kind: FailureKind) -> None:
    reply = encode_error(Failure(kind, 418, "why", param="prompt"))
    error = json.loads(reply.body)["error"]
    assert 400 <= reply.status < 600
    assert reply.status != 418
    assert (error["message"], error["param"]) == ("why", "prompt")
    assert error.keys() == {"message", "type", "param", "code"}


def test_hints_for_retries() -> None:
    assert encode_error(Failure("rate_limit", 429, "slow", retry_after_s=0.2)).headers["retry-after"] == "1"
    assert encode_error(Failure("billing", 402, "pay")).headers["x-should-retry"] == "false"
    assert encode_error(Failure("server", 502, "x")).status == 502


def test_a_fault_is_one_event() -> None:
    data = encode_fault(Failure("server", 502, "broke"))
    assert json.loads(data.removeprefix(b"data: "))["error"]["message"] == "broke"
    assert data.endswith(b"\n\n")


def test_only_a_model_that_is_not_found_is_called_so() -> None:
    plain = encode_error(Failure("not_found", 404, "No such path."))
    assert json.loads(plain.body)["error"]["code"] is None
    model = encode_error(Failure("not_found", 404, "No such model.", "model_not_found"))
    assert json.loads(model.body)["error"]["code"] == "model_not_found"
