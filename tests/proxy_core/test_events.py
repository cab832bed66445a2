from dataclasses import FrozenInstanceError, fields, is_dataclass
from typing import get_args

import pytest

from proxy_core import events
from proxy_core.events import Event, ServerChanged

KINDS = get_args(Event)


def test_every_event_is_in_the_union() -> None:
    defined = {one for one in vars(events).values() if isinstance(one, type) and is_dataclass(one)}
    assert set(KINDS) == defined


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_events_have_no_place_for_secrets_or_bodies(kind: type) -> None:
    names = {field.name for field in fields(kind)}
    assert not names & {"key", "secret", "token", "credential", "body", "headers", "prompt"}


def test_events_are_values() -> None:
    event = ServerChanged("running", "http://127.0.0.1:1/")
    assert event == ServerChanged("running", "http://127.0.0.1:1/")
    with pytest.raises(FrozenInstanceError):
        event.state = "stopped"  # type: ignore[misc]
