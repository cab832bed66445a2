"""Malformed requests against the program as a person runs it, with a canary for every secret."""

from pathlib import Path

from tests.hostile.assault import assault, every, mutants
from tests.hostile.house import DEMO, House, besieged, furnished
from tests.hostile.odd import odd_wire
from tests.hostile.shots import Shot
from tests.hostile.storm import Found, judge, storm, volley


async def test_malformed_requests_get_a_clean_answer_and_leak_nothing(tmp_path: Path) -> None:
    async with furnished(tmp_path) as place:
        shots = [*odd_wire(place.aim), *storm(place.aim, 700, seed=20261121)]
        found = await volley(place.aim, shots, place.secrets, width=8)
        assert found.wrong == []
        assert found.shots == len(shots)
        assert {200, 400, 404, 405, 413, 415, 426, 431} <= set(found.statuses), "it went deep enough"
        assert place.leaks() == []
        assert place.served.stop() == 0


async def test_hostile_vendors_bring_out_no_failure_of_ours(tmp_path: Path) -> None:
    async with besieged(tmp_path, seed=1) as place:
        models = [one for one in place.models if one != DEMO and ".bomb" not in one]
        for clients in (("openai_chat",), ("anthropic_messages",)):
            assert (await _attacked(place, models, clients)).wrong == []
        found = await assault(place.aim, mutants(seed=1, count=250), place.secrets)
        assert found.wrong == []
        assert place.leaks() == []


async def _attacked(place: House, models: list[str], clients: tuple[str, ...]) -> Found:
    return await assault(place.aim, every(models, clients), place.secrets)


def test_the_judge_sees_what_is_wrong() -> None:
    found = Found()
    shot = Shot("x", (b"GET / HTTP/1.1\r\n\r\n",))
    for answer in (
        b"",
        b"HTTP/1.1 500 No\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 400 No\r\n\r\n<html>",
        b'HTTP/1.1 400 No\r\n\r\n{"a":"the-key"}',
    ):
        judge(shot, answer, ["the-key"], found)
    assert [line.partition(": ")[2].split()[0] for line in found.wrong] == [
        "closed",
        "500",
        "an",
        "an",
        "told",
    ]
