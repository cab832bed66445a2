from __future__ import annotations

from typing import Any

from proxy_core.dialects.gemini_generate.pairing import identify, made_up_id
from proxy_core.dialects.gemini_generate.reading import Node


def asks(name: str, id: str | None = None) -> Node:
    return Node.of({"functionCall": {"name": name, **({"id": id} if id else {})}}, "p")


def answers(name: str, id: str | None = None) -> Node:
    return Node.of({"functionResponse": {"name": name, **({"id": id} if id else {})}}, "p")


def ids(*turns: list[Node]) -> dict[Any, str]:
    return {place: identity.id for place, identity in identify(turns).items()}


def test_without_ids_equal_names_pair_first_in_first_out() -> None:
    found = ids([asks("f"), asks("f"), asks("g")], [answers("g"), answers("f"), answers("f")])
    assert found[0, 0] == found[1, 1] != found[0, 1] == found[1, 2]
    assert found[0, 2] == found[1, 0]


def test_an_id_that_only_the_response_has_is_adopted() -> None:
    found = ids([asks("f")], [answers("f", "x")])
    assert found[0, 0] == found[1, 0] == "x"


def test_own_ids_stay_and_may_come_again_in_a_later_round() -> None:
    found = ids([asks("f", "a")], [answers("f", "a")], [asks("f", "a")], [answers("f", "a")])
    assert set(found.values()) == {"a"}


def test_a_response_without_a_name_takes_the_calls_name_in_order() -> None:
    found = identify([[asks("f"), asks("g")], [answers(""), answers("")]])
    assert [found[1, 0].name, found[1, 1].name] == ["f", "g"]


def test_an_orphan_keeps_an_id_of_its_own() -> None:
    found = ids([answers("f")], [asks("f")])
    assert found[0, 0] != found[1, 0]


def test_ids_depend_on_nothing_but_the_seed() -> None:
    assert made_up_id(1, 2, "f") == made_up_id(1, 2, "f") != made_up_id(1, 3, "f")
    assert len(made_up_id("x")) <= 40
