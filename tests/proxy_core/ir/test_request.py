from collections.abc import MutableMapping
from dataclasses import FrozenInstanceError, fields

import pytest

from proxy_core.ir.request import (
    EncodedRequest,
    Function,
    OutputFormat,
    ReasoningControl,
    ReplyMemory,
    Request,
    Sampling,
    ToolChoice,
)


def test_a_bare_request_asks_for_nothing() -> None:
    request = Request("some", "model", ())
    assert request.reasoning.mode == "unset"
    assert request.output.kind == "text"
    assert all(getattr(request.sampling, field.name) in (None, ()) for field in fields(Sampling))
    assert (request.stream, request.tools, request.tool_choice) == (False, (), None)


@pytest.mark.parametrize(
    "value", [Request("some", "model", ()), Sampling(), ToolChoice(), ReasoningControl(), OutputFormat()]
)
def test_requests_are_values(value: object) -> None:
    with pytest.raises(FrozenInstanceError):
        setattr(value, fields(value)[0].name, "other")  # type: ignore[arg-type]


def test_defaults_cannot_be_written() -> None:
    for mapping in (
        Request("some", "model", ()).extensions,
        Function("a").extensions,
        ReplyMemory().tools,
        ReplyMemory().hosted,
        EncodedRequest(b"").memory.tools,
    ):
        assert mapping == {}
        assert not isinstance(mapping, MutableMapping)
