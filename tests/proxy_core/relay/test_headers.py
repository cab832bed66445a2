from dataclasses import replace

import pytest

from proxy_core.relay.headers import content_type, joined, ours, passed
from tests.proxy_core.relay.rig import CHAT, TARGET, exchange


def test_only_what_is_allowed_passes_whatever_its_spelling() -> None:
    headers = {"X-Request-ID": "1", "set-cookie": "a", "x-title": "café"}
    assert passed(headers, frozenset({"x-request-id", "x-title"})) == {"X-Request-ID": "1", "x-title": "café"}


@pytest.mark.parametrize("value", ["broken \udcff", "line\r\nbreak", "nul\x00"])
def test_what_cannot_be_written_again_does_not_pass(value: str) -> None:
    assert passed({"x-title": value}, frozenset({"x-title"})) == {}


def test_ours_say_who_served_and_are_plain() -> None:
    found = exchange(CHAT)
    assert ours(found) == {"x-trunkline-request-id": "ex-1"}
    found.target = replace(TARGET, model="grüße\n" + "x" * 300)
    told = ours(found)
    assert told["x-trunkline-provider"] == "vendor"
    assert told["x-trunkline-model"].startswith("gr??e?xxx")
    assert len(told["x-trunkline-model"]) == 200


@pytest.mark.parametrize(
    ("mode", "kind"),
    [("stream", "text/event-stream"), ("whole", "application/json"), ("array", "application/json")],
)
def test_content_types(mode: str, kind: str) -> None:
    assert content_type(mode).startswith(kind)


def test_a_header_of_two_sides_has_every_value_once() -> None:
    assert joined(None, "a, b") == "a, b"
    assert joined("c", "a, c") == "c,a"
    assert joined("", "a") == "a"
