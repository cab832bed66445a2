"""What the fuzzer is fed and what it found, in every run; and that the harness notices what it is for."""

import random
import subprocess
import sys

import pytest

from tests.architecture.tree import ROOT
from tests.hostile import harness
from tests.hostile.bodies import mutated_value, written
from tests.hostile.coverage import MISSING, available
from tests.samples import load


def test_samples_bring_out_nothing() -> None:
    count = 0
    for data in harness.inputs():
        harness.exercise(data)
        count += 1
    assert count > 300


@pytest.mark.parametrize(("name", "data"), [pytest.param(*one, id=one[0]) for one in harness.found()])
def test_what_was_found_stays_mended(name: str, data: bytes) -> None:
    harness.exercise(data)


def test_mutated_samples_bring_out_nothing() -> None:
    rng = random.Random(20261121)
    for dialect in load.dialects():
        place = [one.name for one in harness.dialects()].index(dialect)
        for name in load.names(dialect):
            for _ in range(12):
                body = written(mutated_value(rng, load.sample(dialect, name).request))
                harness.exercise(bytes([0, place]) + body)
                harness.exercise(bytes([2, place]) + body)


def test_an_error_that_is_not_ours_comes_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(choice: int, data: bytes) -> None:
        raise KeyError("type")

    monkeypatch.setattr(harness, "TARGETS", (broken,))
    with pytest.raises(KeyError):
        harness.exercise(b"\x00\x00{}")


def test_without_the_fuzzer_the_command_says_so() -> None:
    if available():
        pytest.skip("the fuzzer is installed")
    command = [sys.executable, "-m", "tests.hostile.coverage", "1"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert MISSING in done.stdout
