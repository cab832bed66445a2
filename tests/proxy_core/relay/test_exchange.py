import pytest

from proxy_core.errors import DecodeError
from proxy_core.ir.request import Loss
from tests.proxy_core.relay.rig import CHAT, exchange


def test_a_request_is_decoded_once_and_late(monkeypatch: pytest.MonkeyPatch) -> None:
    found = exchange(CHAT)
    assert found.request() is found.request()
    assert found.operation == "chat"
    with pytest.raises(DecodeError):
        exchange(CHAT, body=b"{}").request()


def test_what_was_dropped_fits_into_a_header() -> None:
    found = exchange(CHAT)
    assert found.dropped() == ""
    found.losses = tuple(Loss(path, "No.") for path in ("seed", "top_k", "seed", "ümlaut\r\nx: y"))
    assert found.dropped() == "seed, top_k, ?mlaut??x: y"
    found.losses = tuple(Loss(f"knob_{number}", "No.") for number in range(500))
    assert len(found.dropped()) == 1000
    assert found.dropped().endswith("...")


def test_the_body_is_not_shown_where_exchanges_are_printed() -> None:
    found = exchange(CHAT)
    found.request()
    assert "Request(" not in repr(found)
