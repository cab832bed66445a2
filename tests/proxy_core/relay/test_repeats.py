from proxy_core.relay.repeats import WINDOW_S, Repeats
from tests.proxy_core.clocks import FakeClock
from tests.proxy_core.relay.rig import ANTHROPIC, CHAT, exchange


async def test_a_failed_request_is_known_for_a_while() -> None:
    clock = FakeClock()
    repeats = Repeats(clock)
    assert not repeats.has(exchange(CHAT))
    repeats.failed(exchange(CHAT))
    assert repeats.has(exchange(CHAT))
    assert not repeats.has(exchange(CHAT, "other"))
    assert not repeats.has(exchange(ANTHROPIC))
    await clock.advance(WINDOW_S + 1)
    assert not repeats.has(exchange(CHAT))


def test_success_forgets() -> None:
    repeats = Repeats(FakeClock())
    repeats.failed(exchange(CHAT))
    repeats.succeeded(exchange(CHAT))
    assert not repeats.has(exchange(CHAT))


def test_a_client_may_say_so_itself() -> None:
    repeats = Repeats(FakeClock())
    for count, is_repeat in (("0", False), ("", False), ("1", True), ("2", True)):
        assert repeats.has(exchange(CHAT, headers={"x-stainless-retry-count": count})) is is_repeat


def test_it_remembers_so_many_and_no_more() -> None:
    repeats = Repeats(FakeClock())
    for number in range(600):
        repeats.failed(exchange(CHAT, f"m{number}"))
    assert repeats.has(exchange(CHAT, "m599"))
    assert not repeats.has(exchange(CHAT, "m0"))


def test_long_bodies_differ_by_their_ends_and_length() -> None:
    repeats = Repeats(FakeClock())
    body = b'{"model": "m", "messages": [' + b" " * 10_000 + b"%s]}"
    repeats.failed(exchange(CHAT, body=body % b"1"))
    assert repeats.has(exchange(CHAT, body=body % b"1"))
    assert not repeats.has(exchange(CHAT, body=body % b"2"))
    assert not repeats.has(exchange(CHAT, body=body % b" 1"))
