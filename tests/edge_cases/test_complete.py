"""Every numbered edge case has a test of its number: a list with holes would look complete."""

import ast
from pathlib import Path

HERE = Path(__file__).parent


def _numbers(prefix: str) -> set[int]:
    """Return the numbers in the names of this folder's tests that begin with the prefix."""
    found = set()
    for path in HERE.glob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith(prefix):
                digits = node.name.removeprefix(prefix).partition("_")[0]
                if digits.isdecimal():
                    found.add(int(digits))
    return found


def test_no_edge_case_is_without_a_test() -> None:
    assert sorted(set(range(1, 207)) - _numbers("test_case_")) == []


def test_no_known_defect_is_without_a_test() -> None:
    assert sorted(set(range(1, 13)) - _numbers("test_z")) == []
