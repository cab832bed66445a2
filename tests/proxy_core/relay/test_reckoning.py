import pytest

from proxy_core.ir.message import Text, ToolCall
from proxy_core.ir.stream import PartBegin, PartDelta, Usage
from proxy_core.relay.exchange import Exchange
from proxy_core.relay.reckoning import owed, reckoned
from proxy_core.relay.seen import Seen
from tests.proxy_core.relay.rig import ANTHROPIC, CHAT, GEMINI, RESPONSES, dialects, exchange, sample

WORDS = "one two three four five six seven eight nine ten "


def asked(dialect: str = CHAT, **more: object) -> Exchange:
    found = exchange(dialect, stream=True)
    for name, value in more.items():
        setattr(found, name, value)
    return found


async def test_what_the_vendor_told_at_its_end_stands() -> None:
    told = Usage(5, 7)
    found = asked(usage=told, is_usage_final=True, seen=Seen(dialects()[CHAT]))
    assert await reckoned(found) is told
    assert await owed(found, found.request()) is None


async def test_nothing_was_used_while_no_vendor_took_the_request() -> None:
    assert await reckoned(asked()) is None


async def test_what_was_told_at_the_beginning_is_completed() -> None:
    seen = Seen()
    seen.note(PartBegin(0, Text("")))
    seen.note(PartDelta(0, WORDS))
    found = await reckoned(asked(usage=Usage(1234, 1, cached_tokens=1000), seen=seen))
    assert found is not None
    assert (found.input_tokens, found.cached_tokens, found.estimated) == (1234, 1000, True)
    assert found.output_tokens in range(9, 14)


async def test_names_of_calls_count() -> None:
    seen = Seen()
    seen.note(PartBegin(0, ToolCall("c", "write_a_very_long_letter", "")))
    seen.note(PartDelta(0, '{"to": "everybody"}'))
    found = await reckoned(asked(seen=seen))
    assert found is not None
    assert found.output_tokens in range(8, 18)
    assert found.input_tokens > 0


@pytest.mark.parametrize("dialect", [CHAT, RESPONSES, ANTHROPIC, GEMINI])
@pytest.mark.parametrize("cut", [1.0, 0.7])
async def test_of_passed_bytes_the_text_counts(dialect: str, cut: float) -> None:
    data, seen = sample(dialect, True), Seen(dialects()[dialect])
    seen.add(data[: int(len(data) * cut)])
    found = await reckoned(asked(dialect, seen=seen))
    assert found is not None
    assert found.estimated
    assert 1 <= found.output_tokens < 20


async def test_a_body_that_nobody_can_read_is_counted_by_its_length() -> None:
    found = asked(seen=Seen(dialects()[CHAT]))
    found.body = b'{"model": "m", "messages": 5, "x": "' + b"y" * 4000 + b'"}'
    used = await reckoned(found)
    assert used is not None
    assert used.input_tokens == len(found.body) // 4
