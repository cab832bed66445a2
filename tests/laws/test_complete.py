"""All fourteen laws are there, each with a test that can be found by its number."""

import re
from pathlib import Path

LAWS = 14


def test_all_fourteen_laws_have_tests() -> None:
    found = {
        int(number)
        for path in Path(__file__).parent.glob("test_*.py")
        for number in re.findall(r"^def test_law_(\d\d)_\w+\(", path.read_text("utf-8"), re.MULTILINE)
    }
    assert found == set(range(1, LAWS + 1))
