"""Golden bodies with something taken out, nulled, or made another type."""

import copy
import json
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

from tests.laws.values import odd_json
from tests.samples import load


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a JSON value but its root."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*path, key)
        yield from places(inner, (*path, key))


def changed(value: Any, path: tuple[Any, ...], how: str, other: Any) -> Any:
    """A copy with one place deleted, nulled, doubled or replaced."""
    value = copy.deepcopy(value)
    holder = value
    for step in path[:-1]:
        holder = holder[step]
    if how == "delete":
        del holder[path[-1]]
    elif how == "double" and isinstance(holder, list):
        holder.insert(0, holder[path[-1]])
    else:
        holder[path[-1]] = None if how == "null" else other
    return value


@st.composite
def mutated(draw: Any, bodies: tuple[bytes, ...]) -> bytes:
    """A body with one to three changes."""
    value = json.loads(draw(st.sampled_from(bodies)))
    for _ in range(draw(st.integers(1, 3))):
        found = list(places(value))
        if not found:
            break
        path = draw(st.sampled_from(found))
        value = changed(
            value, path, draw(st.sampled_from(("delete", "null", "double", "other"))), draw(odd_json)
        )
    return json.dumps(value).encode()


def request_bodies(name: str) -> tuple[bytes, ...]:
    """The golden requests."""
    return tuple(one.request_bytes for one in load.samples(name))


def reply_bodies(name: str) -> tuple[bytes, ...]:
    """The golden whole replies."""
    return tuple(one.response for one in load.samples(name) if not one.is_count)


def stream_bodies(name: str) -> tuple[bytes, ...]:
    """The golden streams."""
    return tuple(one.stream for one in load.samples(name) if one.stream is not None)


def _is_json(data: bytes) -> bool:
    try:
        json.loads(data)
    except ValueError:
        return False
    return True


@st.composite
def mutated_streams(draw: Any, name: str) -> bytes:
    """A stream in which one to three events were changed, lost or doubled."""
    events = [
        one + b"\n\n" for one in draw(st.sampled_from(stream_bodies(name))).split(b"\n\n") if one.strip()
    ]
    for _ in range(draw(st.integers(1, 3))):
        if not events:
            break
        at = draw(st.integers(0, len(events) - 1))
        how = draw(st.sampled_from(("change", "change", "lose", "double", "garble")))
        if how == "lose":
            del events[at]
        elif how == "double":
            events.insert(at, events[at])
        elif how == "garble":
            cut = draw(st.integers(0, len(events[at])))
            events[at] = events[at][:cut] + draw(st.binary(max_size=6)) + events[at][cut:]
        else:
            head, mark, data = events[at].partition(b"data: ")
            if mark and _is_json(data):
                events[at] = head + mark + draw(mutated((data.strip(),))) + b"\n\n"
    return b"".join(events)
