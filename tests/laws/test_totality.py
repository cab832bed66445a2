"""Law 14: nothing that a client or a vendor sends makes a decoder raise what the core does not know."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy_core import jsonbytes
from proxy_core.dialect import Edits
from proxy_core.errors import ClientError, UnsupportedError
from proxy_core.ir.request import ReasoningControl
from proxy_core.ir.stream import Begin, End, Fault, StreamEvent
from tests.laws.codecs import (
    NAMES,
    PROFILE,
    call,
    decode,
    dialects,
    encoded,
    ends_cleanly,
    reply_bytes,
    reply_events,
)
from tests.laws.mutations import mutated, mutated_streams, reply_bodies, request_bodies
from tests.laws.profiles import LONG, examples
from tests.laws.values import odd_json
from tests.samples import load
from tests.upstreams.lint import lint

pytestmark = pytest.mark.timeout(0 if LONG else 60)
MEMBERS = sorted({key for name in NAMES for one in load.samples(name) for key in one.request})
objects = st.dictionaries(st.sampled_from(MEMBERS), odd_json, max_size=6).map(jsonbytes.encode)


def read(name: str, body: bytes) -> None:
    """Everything that looks at a client's body; each says no in words or goes on to every other dialect."""
    dialect = dialects()[name]
    edits = Edits(model="other", stream=True, want_usage=True, reasoning=ReasoningControl("level", "high"))
    for attempt in (
        lambda: dialect.peek(body, call(name)),
        lambda: dialect.edit_request(body, call(name), edits, PROFILE),
        lambda: dialect.edit_losses(body, call(name), edits, PROFILE),
    ):
        with suppress(ClientError):
            attempt()
    try:
        request = decode(name, body)
    except (ClientError, UnsupportedError) as error:
        told = error.failure()
        request = None
    if request is None:
        assert told.message
        assert told.status == 400
        return
    for other in NAMES:
        sent = encoded(other, request)
        if sent is not None:
            assert isinstance(jsonbytes.decode(sent.body), dict)


@pytest.mark.parametrize("name", NAMES)
def test_law_14_a_broken_request_is_understood_or_refused(name: str) -> None:
    @examples(60)
    @given(mutated(request_bodies(name)) | objects)
    def law(body: bytes) -> None:
        read(name, body)

    law()


def check_events(events: list[StreamEvent]) -> None:
    """Whatever came: one beginning at most, one fault at most, and that last; an end or a fault."""
    faults = [one for one in events if isinstance(one, Fault)]
    assert len(faults) <= 1
    assert not faults or events[-1] is faults[0]
    assert sum(isinstance(one, Begin) for one in events) <= 1
    ended = [one.candidate for one in events if isinstance(one, End)]
    assert len(set(ended)) == len(ended)
    assert ended or faults


@pytest.mark.parametrize("name", NAMES)
def test_law_14_a_broken_reply_is_understood_or_a_fault(name: str) -> None:
    @examples(60)
    @given(mutated(reply_bodies(name)) | odd_json.map(jsonbytes.encode) | st.binary(max_size=40))
    def law(body: bytes) -> None:
        events = reply_events(name, body, "whole")
        check_events(events)
        tap = dialects()[name].tap("whole")
        tap.feed(body)
        tap.close()
        if not any(isinstance(one, Fault) for one in events):
            for client in NAMES:
                reply_bytes(client, events, "whole")

    law()


@pytest.mark.parametrize("name", NAMES)
def test_law_14_a_broken_stream_ends_in_a_fault_or_in_good_order(name: str) -> None:
    """And what a client of any dialect gets of it keeps the rules of streams."""

    @examples(60)
    @given(mutated_streams(name), st.data())
    def law(body: bytes, data: st.DataObject) -> None:
        cuts = sorted(data.draw(st.lists(st.integers(0, len(body)), max_size=4)))
        events = reply_events(name, body, "stream", *cuts)
        check_events(events)
        tap = dialects()[name].tap("stream")
        tap.feed(body)
        tap.close()
        client = data.draw(st.sampled_from(NAMES))
        told = reply_bytes(client, events, "stream")
        # arguments that the vendor itself broke have gone out before that could be seen; nor can a call be
        # named that it did not name
        broken = ("not JSON", "without id or name", "no id or name", "without name")
        assert [one for one in lint(client, told) if not any(words in one for words in broken)] == []
        assert ends_cleanly(client, told) is not any(isinstance(one, Fault) for one in events)

    law()


@pytest.mark.parametrize("name", NAMES)
def test_law_14_an_error_body_of_any_kind_is_a_failure(name: str) -> None:
    @examples(80)
    @given(
        st.integers(300, 599),
        mutated(reply_bodies(name)) | odd_json.map(jsonbytes.encode) | st.binary(max_size=40),
    )
    def law(status: int, body: bytes) -> None:
        failure: Any = dialects()[name].decode_error(status, body)
        assert failure.message
        assert failure.status >= 400
        assert failure.retry_after_s is None or failure.retry_after_s >= 0

    law()
