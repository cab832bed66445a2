from collections.abc import MutableMapping
from dataclasses import FrozenInstanceError, fields
from typing import get_args

import pytest

from proxy_core.errors import UpstreamTimeout
from proxy_core.ir.fold import Folder
from proxy_core.ir.message import Text
from proxy_core.ir.request import ReplyMemory
from proxy_core.ir.restore import Restorer
from proxy_core.ir.stream import (
    Beat,
    Begin,
    End,
    Fault,
    Finish,
    PartBegin,
    PartDelta,
    PartEnd,
    StreamEvent,
    Usage,
    UsageReport,
)

EVENTS: tuple[StreamEvent, ...] = (
    Begin("id", "model"),
    Beat(),
    PartBegin(0, Text("")),
    PartDelta(0, "a"),
    PartEnd(0, Text("a")),
    UsageReport(Usage(1, 2)),
    End(Finish("stop")),
    Fault(UpstreamTimeout("Too slow.").failure()),
)


def test_the_algebra_is_closed() -> None:
    assert {type(event) for event in EVENTS} == set(get_args(StreamEvent))


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_every_event_is_a_value_that_everybody_takes(event: StreamEvent) -> None:
    for field in fields(event):
        with pytest.raises(FrozenInstanceError):
            setattr(event, field.name, None)
    Folder().add(event)
    assert Restorer(ReplyMemory()).feed(event) == [event]


def test_a_detail_of_usage_that_was_not_reported_is_not_zero() -> None:
    usage = Usage(5, 7)
    assert (usage.input_tokens, usage.output_tokens) == (5, 7)
    assert usage.cached_tokens is usage.cache_write_tokens is usage.reasoning_tokens is None
    assert not isinstance(usage.native, MutableMapping)
