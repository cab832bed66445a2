"""Ids for calls and responses of clients that send none.

Many clients of this dialect identify a call by its name and place only. Responses are paired with the
calls before them, per name, first in first out; where no name fits, in order.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from proxy_core.dialects.gemini_generate.reading import Node

Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Identity:
    """Which call a ``functionCall`` is, or a ``functionResponse`` answers, and the tool's name."""

    id: str
    name: str


@dataclass(slots=True)
class _Call:
    place: Place
    id: str | None
    name: str
    made_up: str
    is_answered: bool = False


def made_up_id(*seed: object) -> str:
    """Return an id that depends on ``seed`` alone: the same in a stream, a whole reply and a replay."""
    digest = hashlib.sha256("/".join(map(str, seed)).encode("utf-8", "surrogatepass"))
    return f"call_{digest.hexdigest()[:24]}"


def identify(turns: Iterable[list[Node]]) -> Mapping[Place, Identity]:
    """Return the identity of every call and response by its place (turn, part). Raises DecodeError."""
    calls: list[_Call] = []
    answers: dict[Place, tuple[_Call | None, Identity]] = {}
    for turn, parts in enumerate(turns):
        responses: list[tuple[Place, Node]] = []
        for index, part in enumerate(parts):
            place = (turn, index)
            if (call := part.node("functionCall")) is not None:
                name = call.text("name") or ""
                calls.append(_Call(place, call.text("id") or None, name, made_up_id(turn, index, name)))
            elif (response := part.node("functionResponse")) is not None:
                responses.append((place, response))
        # Those that say which call they answer choose first: the others go by name and order.
        for place, response in sorted(responses, key=lambda one: not _is_named(one[1], calls)):
            answers[place] = _answer(response, calls, place)
    found = {call.place: Identity(call.id or call.made_up, call.name) for call in calls}
    for place, (answered, own) in answers.items():
        if answered is None:
            found[place] = own
        else:
            found[place] = Identity(answered.id or answered.made_up, own.name or answered.name)
    return found


def _is_named(response: Node, calls: list[_Call]) -> bool:
    own_id = response.text("id")
    return bool(own_id) and any(call.id == own_id for call in calls)


def _answer(response: Node, calls: list[_Call], place: Place) -> tuple[_Call | None, Identity]:
    own_id, name = response.text("id") or None, response.text("name") or ""
    call = _match(own_id, name, [call for call in calls if not call.is_answered])
    if call is None:
        # A second answer to the same call, or one to a call that is not in the history.
        call = next((call for call in reversed(calls) if own_id is not None and call.id == own_id), None)
    if call is not None:
        call.is_answered = True
        call.id = call.id or own_id
    return call, Identity(own_id or made_up_id(*place, name), name)


def _match(own_id: str | None, name: str, pending: list[_Call]) -> _Call | None:
    if own_id is not None:
        same = next((call for call in pending if call.id == own_id), None)
        return same or next((call for call in pending if call.id is None and call.name == name), None)
    same = next((call for call in pending if call.name == name), None)
    return same or (pending[0] if pending else None)
