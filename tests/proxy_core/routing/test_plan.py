from types import MappingProxyType

import pytest

from proxy_core.errors import UnsupportedError
from proxy_core.provider import Speech
from proxy_core.routing.plan import Plan, plan


def speech(dialect: str, *operations: str) -> Speech:
    return Speech(dialect, MappingProxyType({operation: f"/{operation}" for operation in operations}))


ONE = speech("one", "chat", "embeddings")
TWO = speech("two", "chat", "count_tokens")
STRANGE = speech("unheard_of", "chat")


def planned(client: str, *, operation: str = "chat", wanted: str = "", foreign: bool = False) -> Plan:
    return plan(
        client,
        (STRANGE, ONE, TWO),
        wanted_dialect=wanted,
        needs_representation=foreign,
        operation=operation,
        known_dialects={"one", "two", "three"},
    )


@pytest.mark.parametrize(
    ("client", "speech_", "passes"), [("one", ONE, True), ("two", TWO, True), ("three", ONE, False)]
)
def test_the_client_s_own_dialect_goes_before_the_provider_s_favourite(
    client: str, speech_: Speech, passes: bool
) -> None:
    assert planned(client) == Plan(speech_, passes)


def test_what_only_the_representation_can_take_out_is_translated() -> None:
    assert planned("two", foreign=True) == Plan(TWO, False)


def test_an_account_may_insist_on_a_dialect_for_chats() -> None:
    assert planned("one", wanted="two") == Plan(TWO, False)
    assert planned("one", wanted="two", operation="embeddings") == Plan(ONE, True)
    with pytest.raises(UnsupportedError):
        planned("one", wanted="three")


def test_a_counter_of_the_vendor_s_goes_before_an_estimate() -> None:
    assert planned("three", operation="count_tokens") == Plan(TWO, False)
    assert planned("three", operation="count_tokens", wanted="one") == Plan(ONE, False)


def test_what_is_not_chat_is_never_translated() -> None:
    with pytest.raises(UnsupportedError, match="embeddings"):
        planned("two", operation="embeddings")
