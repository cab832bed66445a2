import pytest

from proxy_core.relay.event_shelf import MOST_HELD, EventShelf


@pytest.mark.parametrize("end", [b"\n\n", b"\r\n\r\n", b"\r\r"])
def test_only_whole_events_come_out(end: bytes) -> None:
    first, second = b"event: a\ndata: 1" + end, b"data: 22" + end
    shelf, got = EventShelf(), list[bytes]()
    for byte in first + second + b"data: 3":
        shelf.put(bytes([byte]))
        got.append(shelf.take())
    assert [piece for piece in got if piece] == [first, second]
    assert (shelf.size, shelf.take_all(), shelf.size) == (7, b"data: 3", 0)


def test_what_comes_together_goes_together() -> None:
    shelf = EventShelf()
    shelf.put(b"data: 1\n\ndata: 2\n\nda")
    assert shelf.take() == b"data: 1\n\ndata: 2\n\n"
    assert shelf.take() == b""
    shelf.put(b"ta: 3\n\n")
    assert shelf.take() == b"data: 3\n\n"


def test_a_very_long_event_passes_in_pieces() -> None:
    shelf = EventShelf()
    shelf.put(b"data: 1\n\n" + b"x" * (MOST_HELD - 1))
    assert shelf.take() == b"data: 1\n\n"
    shelf.put(b"xx")
    assert shelf.take() == b"x" * (MOST_HELD + 1)
    shelf.put(b"\n\ndata: 2\n\n")
    assert shelf.take() == b"\n\ndata: 2\n\n"
