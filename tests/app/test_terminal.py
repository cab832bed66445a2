import json

import pytest

from app.terminal import emit, table


def test_columns_are_aligned_and_numbers_stand_right() -> None:
    text = table(["NAME", "COUNT"], [["a", 1], ["longer", 1234567], ["c", None]])
    assert text.splitlines() == [
        "NAME        COUNT",
        "a               1",
        "longer  1,234,567",
        "c               –",
    ]


def test_a_table_without_rows_is_its_head() -> None:
    assert table(["NAME", "COUNT"], []) == "NAME  COUNT"


def test_truth_values_are_no_numbers() -> None:
    assert table(["A"], [[True]]).splitlines() == ["A", "True"]


def test_json_or_text(capsys: pytest.CaptureFixture[str]) -> None:
    emit(True, {"name": "ü", "n": None}, "for people")
    emit(False, {"name": "ü"}, "for people")
    first, second = capsys.readouterr().out.splitlines()
    assert json.loads(first) == {"name": "ü", "n": None}
    assert second == "for people"
